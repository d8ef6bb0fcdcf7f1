"""External ids to rows and back, in arrays that can be memory-mapped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.types import UNKNOWN_ROW, Rows


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """
    Sorted, distinct external ids; an id's position is its row.

    Attributes:
        encoded: Shape (n,), dtype ``S``: the ids as UTF-8 bytes, ascending, without repeats.

    Example:
        >>> products = Vocabulary.of(["milk", "bread"])
        >>> products.rows(["milk", "caviar"]).tolist()
        [1, -1]
        >>> products.ids(products.rows(["bread"]))
        ['bread']
    """

    encoded: NDArray[np.bytes_]

    @classmethod
    def of(cls, ids: Iterable[str]) -> "Vocabulary":
        """
        Sort the ids and drop repeats.

        Raises:
            InputError: An id is empty, holds a NUL character, which arrays of bytes cannot keep, or a lone surrogate.
        """
        distinct = sorted({encode_id(value) for value in ids})
        for value in distinct:
            if not value or b"\0" in value:
                raise InputError(f"the id {decode_id(value)!a} is empty or holds a NUL character; give every row an id")
            if not _is_utf8(value):
                raise InputError(f"the id {decode_id(value)!a} holds half a character (a lone surrogate); correct it")
        return cls(np.array(distinct, dtype=np.bytes_) if distinct else np.empty(0, dtype="S1"))

    def __len__(self) -> int:
        return len(self.encoded)

    def row(self, value: str) -> int:
        """The row of one id, UNKNOWN_ROW where it is not in the vocabulary."""
        return int(self.rows([value])[0])

    def rows(self, ids: Sequence[str]) -> Rows:
        """Shape (len(ids),): the row of each id, any text; UNKNOWN_ROW where it is not in the vocabulary."""
        if not len(ids) or not len(self.encoded):
            return np.full(len(ids), UNKNOWN_ROW, dtype=np.int32)
        # NumPy would widen a copy of the whole vocabulary to an id longer than any of it, and take an id that ends in
        # NUL for the one without: neither can be known, and no known id is empty.
        width = self.encoded.dtype.itemsize
        wanted = [encode_id(value) for value in ids]
        possible = [value if len(value) <= width and not value.endswith(b"\0") else b"" for value in wanted]
        sought = np.array(possible, dtype=self.encoded.dtype)
        found = self.encoded.searchsorted(sought)
        found[found == len(self.encoded)] = 0
        return np.where(self.encoded[found] == sought, found, UNKNOWN_ROW).astype(np.int32)

    def ids(self, rows: Rows) -> list[str]:
        """The ids of known rows, in the order given."""
        return [value.decode() for value in self.encoded[rows].tolist()]

    def id(self, row: int) -> str:
        """The id of one known row."""
        return bytes(self.encoded[row]).decode()


def encode_id(value: str) -> bytes:
    """Any text as bytes: its UTF-8, with a lone surrogate, which has none, encoded as if it had."""
    return value.encode("utf-8", "surrogatepass")


def decode_id(value: bytes) -> str:
    """The text of which `encode_id` made these bytes."""
    return value.decode("utf-8", "surrogatepass")


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
