"""What levers multiply products or offers by: of many members by arrays, of one from what was worked out before."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.policy.masks import Words, multiplied
from recsys.types import Rows

Boost = tuple[NDArray[np.float32], Words]
"""What each thing is multiplied by (1 = nothing), and the bits of the levers that do it; of one shape."""

_MOST_BYTES = 1 << 24
_BYTES_OF_ONE = 12


@dataclass(frozen=True, slots=True)
class LeverNames:
    """
    The levers that name each product, or each offer; those that the same levers name are alike.

    Attributes:
        alike: Shape (n,): the row of ``distinct`` of each; of products there is one more, which the row -1 finds.
        distinct: Shape (k,): bits of the levers that name them.
        every: Shape (n,): the same of each by itself.
        any_of_them: Bits of all levers that name one.
    """

    alike: NDArray[np.intp]
    distinct: Words
    every: Words
    any_of_them: int
    _known: dict[int, Boost] = field(default_factory=dict, repr=False)
    _known_of_all: dict[int, Boost] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, names: Words) -> "LeverNames":
        """From the bits of each, shape (n,)."""
        distinct, alike = np.unique(names, return_inverse=True)
        return cls(alike.reshape(-1), distinct, names, int(np.bitwise_or.reduce(distinct, initial=0)))

    def of_candidates(self, holds: Words, candidates: Rows, factors: NDArray[np.float32]) -> Boost:
        """
        Of the candidates of each member.

        Args:
            holds: Shape (m, 1), or (m, 0) without levers: bits that hold for each member.
            candidates: Shape (m, c).
            factors: See `lever_table`.
        """
        if not self.any_of_them:
            return _nothing(candidates.shape)
        bits = self.every.take(candidates) & holds
        return multiplied(bits, factors), bits

    def of_all(self, holds: Words, factors: NDArray[np.float32]) -> Boost:
        """Of everything there is, for each member: shape (m, n)."""
        if not self.any_of_them:
            return _nothing((len(holds), len(self.alike)))
        bits = self.distinct & holds
        return multiplied(bits, factors).take(self.alike, axis=1), bits.take(self.alike, axis=1)

    def of_one(self, holds: int, factors: NDArray[np.float32]) -> Boost:
        """Shape (k,): of each row of ``distinct``, for who these bits hold for; as many alike share one answer."""
        key = holds & self.any_of_them
        found = self._known.get(key)
        if found is None:
            bits = self.distinct & np.uint64(key)
            found = _remembered(self._known, key, (multiplied(bits, factors), bits))
        return found

    def all_of_one(self, holds: int, factors: NDArray[np.float32]) -> Boost:
        """Shape (1, n): of everything there is, for who these bits hold for; nobody may write to it."""
        key = holds & self.any_of_them
        found = self._known_of_all.get(key)
        if found is None:
            factor, bits = self.of_one(key, factors)
            found = _remembered(self._known_of_all, key, (factor.take(self.alike)[None], bits.take(self.alike)[None]))
        return found


def _nothing(shape: tuple[int, ...]) -> Boost:
    return np.ones(shape, dtype=np.float32), np.zeros(shape, dtype=np.uint64)


def _remembered(known: dict[int, Boost], key: int, found: Boost) -> Boost:
    """The same, kept; what is full starts anew, which costs time and changes no answer."""
    for one in found:
        one.flags.writeable = False
    if len(known) >= max(1, _MOST_BYTES // (_BYTES_OF_ONE * max(1, found[0].size))):
        known.clear()
    known[key] = found
    return found
