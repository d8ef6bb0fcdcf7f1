"""The chain of hashes that makes an append-only record tell when a line of it was changed or taken out."""

import hashlib
from collections.abc import Iterable

NO_HASH = "0" * 64
"""What the first link follows."""


def chained(previous: str, content: str) -> str:
    """
    The hash of a link: SHA-256 over the hash before it, a line end, and its content.

    Args:
        previous: Hash of the link before; `NO_HASH` for the first.
        content: Of this link, any text.

    Returns:
        64 hexadecimal digits.

    >>> chained(NO_HASH, "a") == chained(NO_HASH, "b")
    False
    """
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


def first_broken(links: Iterable[tuple[str, str]]) -> int | None:
    """
    Where a chain breaks. What was cut off at its end cannot be seen here: keep the last hash somewhere else too.

    Args:
        links: Content and hash of each link, oldest first.

    Returns:
        The place of the first link that does not follow from those before it, counted from 1; ``None`` where all do.

    >>> first = chained(NO_HASH, "a")
    >>> first_broken([("a", first), ("b", chained(first, "b"))])
    >>> first_broken([("b", first)])
    1
    """
    previous = NO_HASH
    for place, (content, digest) in enumerate(links, start=1):
        if chained(previous, content) != digest:
            return place
        previous = digest
    return None
