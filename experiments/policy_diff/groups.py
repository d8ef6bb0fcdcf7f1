"""The groups that gain and lose: members by tier and stage, and those of whom nothing personal may be used."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.members import MemberBatch
from recsys.types import STAGES

NOT_PERSONAL = "not personalised"
"""Stands for tier and stage of who did not agree to personalisation, was erased, or is not known."""


@dataclass(frozen=True, slots=True)
class Groups:
    """
    Tiers times stages, and one more for members of whom nothing personal may be used.

    Attributes:
        tiers: Low to high.

    >>> groups = Groups(("ordinary", "gold"))
    >>> len(groups), groups.names[1], groups.names[-1]
    (11, ('ordinary', 'new'), ('not personalised', ''))
    """

    tiers: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tiers) * len(STAGES) + 1

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Tier and stage of each group."""
        return (*((tier, stage.value) for tier in self.tiers for stage in STAGES), (NOT_PERSONAL, ""))

    @property
    def tier_names(self) -> tuple[str, ...]:
        """The tiers, and the group of who has none."""
        return (*self.tiers, NOT_PERSONAL)

    def of(self, batch: MemberBatch) -> NDArray[np.int64]:
        """Shape (m,): the group of each member."""
        group = batch.tier.astype(np.int64) * len(STAGES) + batch.stage
        return np.where(batch.row < 0, len(self) - 1, group)

    def tier_of(self) -> NDArray[np.int64]:
        """Shape (len(self),): position in ``tier_names`` of each group."""
        return np.append(np.repeat(np.arange(len(self.tiers)), len(STAGES)), len(self.tiers))
