"""The numbers that an offer's trigger tells a member of: points and days, the gap to a tier, the day of a fall."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.members import MemberBatch
from recsys.offers.membership import PointsEnding, TierAhead, TierFall, birthdays, points_ending, tier_ahead, tier_fall
from recsys.types import EpochSeconds


@dataclass(frozen=True, slots=True)
class NudgeFacts:
    """
    What the members of a call can be told of, as of its instant, one entry a member in each column.

    Attributes:
        points: That end next.
        ahead: The way to the next tier.
        fall: The fall that comes if nothing is bought.
        days_to_birthday: Shape (m,), int32; -1 where it is not known.
        zone: Name in the IANA data base, in which days are told.
    """

    points: PointsEnding
    ahead: TierAhead
    fall: TierFall
    days_to_birthday: NDArray[np.int32]
    zone: str

    @classmethod
    def of(cls, batch: MemberBatch, now: EpochSeconds, zone: str) -> "NudgeFacts":
        """Read them out of the profile; days are those of the policy's *zone*."""
        return cls(
            points_ending(batch, now),
            tier_ahead(batch),
            tier_fall(batch, now),
            birthdays(batch, now, zone).days_to,
            zone,
        )
