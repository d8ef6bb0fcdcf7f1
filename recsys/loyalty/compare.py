"""Who would move where if the programme had other ladders: both histories, member by member."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.facts import TierFacts
from recsys.loyalty.history import Tiers
from recsys.loyalty.programme import Programme
from recsys.loyalty.tiers import tier_history
from recsys.types import EpochSeconds, Rows


@dataclass(frozen=True, slots=True)
class Moves:
    """
    Each member's tier under two programmes at one instant.

    Attributes:
        from_tiers, to_tiers: Names of the tiers of the first and of the second.
        from_tier, to_tier: Shape (n_members,), int8: rows of those; UNKNOWN_ROW before joining.
    """

    from_tiers: tuple[str, ...]
    to_tiers: tuple[str, ...]
    from_tier: Tiers
    to_tier: Tiers

    def matrix(self) -> NDArray[np.int64]:
        """Shape (n_from, n_to): how many members have each pair of tiers; those of one programme only are left out."""
        both = (self.from_tier >= 0) & (self.to_tier >= 0)
        shape = len(self.from_tiers), len(self.to_tiers)
        pairs = self.from_tier[both].astype(np.int64) * shape[1] + self.to_tier[both]
        return np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)

    def rows(self, from_tier: str, to_tier: str) -> Rows:
        """The member rows with a pair of tiers, ascending."""
        here = self.from_tier == self.from_tiers.index(from_tier)
        there = self.to_tier == self.to_tiers.index(to_tier)
        return np.flatnonzero(here & there).astype(np.int32)


def compare_ladders(facts: TierFacts, first: Programme, second: Programme, *, as_of: EpochSeconds) -> Moves:
    """
    Re-compute every member's history under both programmes, as if each had always held.

    Args:
        facts: Of all members; grants are rows of both programmes' tiers.
        first: What moves are from.
        second: What moves are to.
        as_of: When the tiers are compared.
    """
    tiers = [tier_history(facts, programme, as_of=as_of).tier_at(as_of) for programme in (first, second)]
    return Moves(first.tiers, second.tiers, *tiers)
