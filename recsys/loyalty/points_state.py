"""What the points ledger hands out: the movements, the state after them, and the redemptions it refused."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.points_entries import Entries
from recsys.loyalty.points_facts import NONE, PointAmounts
from recsys.loyalty.points_run import LotBook
from recsys.types import EpochSeconds, Rows

BEGINNING = -(1 << 40)
"""Before every fact: the instant of a state that nothing was posted to (some 34,000 years before 1970)."""


@dataclass(frozen=True, slots=True)
class PointsState:
    """
    All that later facts need to know of earlier ones.

    Attributes:
        at: Everything up to this instant, itself included, is posted.
        lots: All lots, by member, age and number; spent and ended ones too, because a return may come for them.
        debt: Shape (n_members,), int64.
        merged_into: Shape (n_members,), int32: by whom a member was taken over; NONE for who was not.
        n_entries: Entries posted so far.
    """

    at: EpochSeconds
    lots: LotBook
    debt: PointAmounts
    merged_into: Rows
    n_entries: int

    @classmethod
    def empty(cls, n_members: int) -> "PointsState":
        """Before the first fact."""
        none = np.empty(0, dtype=np.int64)
        lots = LotBook(np.empty(0, dtype=np.int32), *([none] * 7))
        merged_into = np.full(n_members, NONE, dtype=np.int32)
        return cls(BEGINNING, lots, np.zeros(n_members, dtype=np.int64), merged_into, 0)


@dataclass(frozen=True, slots=True)
class Refused:
    """
    Redemptions of more than there was; nothing was taken.

    Attributes:
        number, points, usable: Shape (n,), int64: which, what it asked for, what there was.
    """

    number: NDArray[np.int64]
    points: PointAmounts
    usable: PointAmounts

    def require_none(self) -> None:
        """
        Refuse to go on.

        Raises:
            InputError: There is one; the message says what the balance was.
        """
        if len(self.number):
            more = f" ({len(self.number) - 1} more like it)" if len(self.number) > 1 else ""
            raise InputError(
                f"redemption {self.number[0]} asks for {self.points[0]} points and the balance is {self.usable[0]}"
                f"{more}; redeem at most the balance"
            )


@dataclass(frozen=True, slots=True)
class Posting:
    """What facts did: the movements, the state after them, and what was refused."""

    entries: Entries
    closing: PointsState
    refused: Refused
