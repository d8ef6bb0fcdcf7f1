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
            InputError: An id is empty or holds a NUL character, which arrays of bytes cannot keep.
        """
        distinct = sorted({value.encode() for value in ids})
        for value in distinct:
            if not value or b"\0" in value:
                raise InputError(f"the id {value.decode()!r} is empty or holds a NUL character; give every row an id")
        return cls(np.array(distinct, dtype=np.bytes_) if distinct else np.empty(0, dtype="S1"))

    def __len__(self) -> int:
        return len(self.encoded)

    def row(self, value: str) -> int:
        """The row of one id, UNKNOWN_ROW where it is not in the vocabulary."""
        return int(self.rows([value])[0])

    def rows(self, ids: Sequence[str]) -> Rows:
        """Shape (len(ids),): the row of each id, UNKNOWN_ROW where it is not in the vocabulary."""
        if not len(ids):
            return np.empty(0, dtype=np.int32)
        wanted = np.array([value.encode() for value in ids], dtype=np.bytes_)
        if not len(self.encoded):
            return np.full(len(wanted), UNKNOWN_ROW, dtype=np.int32)
        # NumPy compares byte strings without their trailing NULs, and casts to the longer type without cutting.
        found = np.searchsorted(self.encoded, wanted)
        found[found == len(self.encoded)] = 0
        known = self.encoded[found] == wanted
        # An id ending in NUL would compare equal to the id without it.
        ends = np.array([value.endswith("\0") for value in ids])
        return np.where(known & ~ends, found, UNKNOWN_ROW).astype(np.int32)

    def ids(self, rows: Rows) -> list[str]:
        """The ids of known rows, in the order given."""
        return [value.decode() for value in self.encoded[rows].tolist()]

    def id(self, row: int) -> str:
        """The id of one known row."""
        return bytes(self.encoded[row]).decode()
