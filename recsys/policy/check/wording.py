"""How findings are worded: lists that stay short, counts that agree, and the nearest of the names that exist."""

import difflib
from collections.abc import Iterable, Sequence

from recsys.policy.reading.problems import Path, Problem, Severity

_SHOWN = 5
_NEAR = 0.6


def error(code: str, message: str, *, hint: str, path: Path, offset: tuple[int, int] | None = None) -> Problem:
    """A finding that keeps a policy from being submitted."""
    return Problem(code, Severity.ERROR, message, hint, path, None, offset)


def warning(code: str, message: str, *, hint: str, path: Path, offset: tuple[int, int] | None = None) -> Problem:
    """A finding that somebody should look at."""
    return Problem(code, Severity.WARNING, message, hint, path, None, offset)


def listed(names: Iterable[object], *, shown: int = _SHOWN, joined: str = "and") -> str:
    """
    Some names, the others counted.

    >>> listed(["a", "b", "c"]), listed(range(9), shown=2)
    ('a, b and c', '0, 1 and 7 more')
    """
    found = [str(name) for name in names]
    if len(found) > shown + 1:
        return f"{', '.join(found[:shown])} {joined} {len(found) - shown} more"
    return f" {joined} ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found)


def counted(n: int, one: str, many: str = "") -> str:
    """
    A number and its noun.

    >>> counted(1, "member"), counted(2_000, "category", "categories")
    ('1 member', '2,000 categories')
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def meant(name: str, known: Sequence[str]) -> str:
    """What to do about a name that nothing has: the nearest that exists, or those that exist."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=_NEAR) or [
        one for one in known if one.casefold() == name.casefold()
    ]
    if near:
        return f"did you mean {near[0]!r}?"
    return f"it may be {listed(map(repr, known), shown=10, joined='or')}" if known else "there is none"
