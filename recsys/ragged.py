"""Lists of different lengths in two flat arrays, so that they can be memory-mapped and joined without loops."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.types import Rows


@dataclass(frozen=True, slots=True)
class Ragged:
    """
    One list of rows for each of n owners.

    Attributes:
        indptr: Shape (n + 1,), int64: list i is ``values[indptr[i]:indptr[i + 1]]``.
        values: Shape (total,), int32.

    Example:
        >>> lists = Ragged.of([[3, 1], [], [2]])
        >>> lists.take(np.array([2, 0, -1])).lists()
        [[2], [3, 1], []]
    """

    indptr: NDArray[np.int64]
    values: Rows

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> "Ragged":
        """Pack Python lists."""
        lengths = np.fromiter((len(one) for one in lists), dtype=np.int64, count=len(lists))
        flat = [value for one in lists for value in one]
        return cls(_indptr(lengths), np.array(flat, dtype=np.int32))

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def lengths(self) -> NDArray[np.int64]:
        """Shape (n,): how long each list is."""
        return self.indptr[1:] - self.indptr[:-1]

    def owners(self) -> NDArray[np.int64]:
        """Shape (total,): whose list each value is in."""
        return np.repeat(np.arange(len(self)), self.lengths())

    def positions(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """
        Where the values of some owners lie, in the order of *rows*; an owner below zero has none.

        Returns:
            The new indptr, shape (len(rows) + 1,), and positions into ``values``, shape (total of those,).
            Use the positions on any array with the layout of ``values``.
        """
        if len(self) == 0:
            return np.zeros(len(rows) + 1, dtype=np.int64), np.empty(0, dtype=np.int64)
        safe = np.maximum(rows, 0)
        starts = self.indptr[safe]
        lengths = self.indptr[safe + 1] - starts
        lengths[rows < 0] = 0
        indptr = _indptr(lengths)
        return indptr, np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])

    def take(self, rows: NDArray[np.integer]) -> "Ragged":
        """The lists of some owners, in the order of *rows*; an owner below zero has an empty list."""
        indptr, positions = self.positions(rows)
        return Ragged(indptr, self.values[positions])

    def lists(self) -> list[list[int]]:
        """The values as Python lists, for tests and explanations."""
        return [self.values[start:stop].tolist() for start, stop in zip(self.indptr, self.indptr[1:], strict=False)]


def blocks_of_owners(owner: NDArray[np.integer], length: int) -> list[slice]:
    """
    Slices of about *length* entries that never part an owner's.

    Args:
        owner: Shape (n,), ascending.
        length: At least 1; a block is longer only where the last owner in it goes on.
    """
    slices, start = [], 0
    while start < len(owner):
        last = min(start + length, len(owner)) - 1
        stop = int(np.searchsorted(owner, owner[last], side="right"))
        slices.append(slice(start, stop))
        start = stop
    return slices


def _indptr(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    indptr = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=indptr[1:])
    return indptr
