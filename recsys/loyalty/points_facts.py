"""The facts that points are posted from: lots earned, points taken, members merged; as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.types import EpochSeconds, Instants, Rows

PointAmounts = NDArray[np.int64]
"""Whole points."""

NONE = -1
"""No lot, no order."""

NEVER = int(np.iinfo(np.int64).max)
"""The end of what does not end."""

MOST_POINTS = 10**12
"""In one fact: sums over a million members stay far inside 64 bits."""


class Account(IntEnum):
    """Where points are; append only. `MEMBER` is what the member can use; a debt is a negative balance of `DEBT`."""

    ISSUED = 0
    MEMBER = 1
    PENDING = 2
    REDEEMED = 3
    EXPIRED = 4
    CLAWED_BACK = 5
    DEBT = 6
    WRITTEN_OFF = 7
    ADJUSTED = 8
    MERGED = 9


class Reason(IntEnum):
    """Why points moved; append only. The first four make a lot, the next three take points."""

    ORDER = 0
    EVENT = 1
    ADJUSTMENT = 2
    REFUND = 3
    REDEMPTION = 4
    RETURN = 5
    CORRECTION = 6
    USABLE = 7
    EXPIRY = 8
    DEBT_PAID = 9
    MERGE = 10


LOT_SOURCES = np.array([Account.ISSUED, Account.ISSUED, Account.ADJUSTED, Account.REDEEMED], dtype=np.uint8)
"""By reason: the account a lot comes from. A refund gives back what a cancelled redemption took."""

TAKE_TARGETS = np.array([0, 0, 0, 0, Account.REDEEMED, Account.CLAWED_BACK, Account.ADJUSTED], dtype=np.uint8)
"""By reason: the account that taken points go to."""


@dataclass(frozen=True, slots=True)
class Earnings:
    """
    Points given: each row is a lot.

    Attributes:
        member: Shape (n,), int32.
        at: Shape (n,), int64 epoch seconds.
        points: Shape (n,), int64, at least 1.
        number: Shape (n,), int64, at least 0: the lot's own, given once.
        reason: Shape (n,), uint8: `Reason` up to REFUND.
        order: Shape (n,), int64: the order it came from; NONE where there is none.
    """

    member: Rows
    at: Instants
    points: PointAmounts
    number: NDArray[np.int64]
    reason: NDArray[np.uint8]
    order: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.member)

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, Reason, int]]) -> Self:
        """Columns of (member, at, points, number, reason, order)."""
        return cls(*_columns(rows, np.int32, np.int64, np.int64, np.int64, np.uint8, np.int64))

    def take(self, rows: NDArray[np.integer] | slice) -> "Earnings":
        """Some of them, in the order of *rows*."""
        return Earnings(*(getattr(self, name)[rows] for name in Earnings.__slots__))


@dataclass(frozen=True, slots=True)
class Takings:
    """
    Points taken: redeemed, taken back with a return, corrected.

    Attributes:
        member: Shape (n,), int32.
        at: Shape (n,), int64 epoch seconds.
        points: Shape (n,), int64, at least 1.
        number: Shape (n,), int64, at least 0: the taking's own, given once.
        reason: Shape (n,), uint8: REDEMPTION, RETURN or CORRECTION.
        lot: Shape (n,), int64: the lot that a return or correction takes from first; NONE where there is none, as for
            every redemption.
        order: Shape (n,), int64: the order redeemed on or returned; NONE where there is none.
    """

    member: Rows
    at: Instants
    points: PointAmounts
    number: NDArray[np.int64]
    reason: NDArray[np.uint8]
    lot: NDArray[np.int64]
    order: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.member)

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, Reason, int, int]]) -> Self:
        """Columns of (member, at, points, number, reason, lot, order)."""
        return cls(*_columns(rows, np.int32, np.int64, np.int64, np.int64, np.uint8, np.int64, np.int64))

    def take(self, rows: NDArray[np.integer] | slice) -> "Takings":
        """Some of them, in the order of *rows*."""
        return Takings(*(getattr(self, name)[rows] for name in Takings.__slots__))


@dataclass(frozen=True, slots=True)
class Merges:
    """
    Members found to be one person: all that *source* has and will have is *target*'s from *at* on.

    Attributes:
        source, target: Shape (n,), int32.
        at: Shape (n,), int64 epoch seconds.
    """

    source: Rows
    target: Rows
    at: Instants

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int]]) -> Self:
        """Columns of (source, target, at)."""
        return cls(*_columns(rows, np.int32, np.int32, np.int64))


@dataclass(frozen=True, slots=True)
class PointsFacts:
    """Everything that moves points but the calendar; rows in any order."""

    earnings: Earnings
    takings: Takings
    merges: Merges

    @classmethod
    def of(cls, earnings: Earnings | None = None, takings: Takings | None = None, merges: Merges | None = None) -> Self:
        """What is absent is empty."""
        return cls(earnings or Earnings.of([]), takings or Takings.of([]), merges or Merges.of([]))

    def require_sound(self, *, n_members: int, after: EpochSeconds, now: EpochSeconds) -> None:
        """
        Refuse facts that cannot be posted.

        Args:
            n_members: Members have the rows below it.
            after: All facts are later than it.
            now: No fact is later than it.

        Raises:
            InputError: The first thing wrong, with its value.
        """
        first, last = (Reason.ORDER, Reason.REFUND), (Reason.REDEMPTION, Reason.CORRECTION)
        for what, facts, (least, most) in (("lot", self.earnings, first), ("taking", self.takings, last)):
            _require(facts.member, 0, n_members - 1, f"the member row of a {what}")
            _require(facts.points, 1, MOST_POINTS, f"the points of a {what}")
            _require(facts.number, 0, NEVER, f"the number of a {what}")
            _require(facts.reason, least, most, f"the reason of a {what}")
            _require(facts.at, after + 1, now, f"the instant of a {what}")
        _require(self.merges.source, 0, n_members - 1, "the source row of a merge")
        _require(self.merges.target, 0, n_members - 1, "the target row of a merge")
        _require(self.merges.at, after + 1, now, "the instant of a merge")
        aimed = self.takings.number[(self.takings.reason == Reason.REDEMPTION) & (self.takings.lot != NONE)]
        if len(aimed):
            raise InputError(
                f"redemption {aimed[0]} names a lot; redemptions take the lots that end first, give lot {NONE}"
            )


def _columns(rows: Sequence[tuple[int, ...]], *dtypes: type[np.generic]) -> list[NDArray[Any]]:
    return [np.array([row[i] for row in rows], dtype=dtype) for i, dtype in enumerate(dtypes)]


def _require(values: NDArray[np.integer], least: int, most: int, what: str) -> None:
    if len(values) and (values.min() < least or values.max() > most):
        wrong = values.min() if values.min() < least else values.max()
        raise InputError(f"{what} is {wrong}; it may be {least} to {most}; correct the facts or the period posted")
