"""What members stand to gain or lose in their programme, as the bundle knew it, as of now."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar, TypeVarTuple

import numpy as np
from numpy.typing import NDArray

from recsys.batch import EVENT_KINDS
from recsys.members import MemberBatch
from recsys.policy.calendar.birthday import UNKNOWN_DAYS, BirthdayDistance, birthday_distance
from recsys.types import SECONDS_PER_DAY, UNKNOWN_ROW, EpochSeconds, EventKind, Instants, KeepMask, MoneyMinor

UNKNOWN = -1
"""Stands for a number that nobody knows, or that there is not."""

_PURCHASE = EVENT_KINDS.index(EventKind.PURCHASE)

_Instant = TypeVarTuple("_Instant")
_Found = TypeVar("_Found")


def _once(read: Callable[[MemberBatch, *_Instant], _Found]) -> Callable[[MemberBatch, *_Instant], _Found]:
    """Ask once a call: windows, costs and reasons depend on the same columns."""

    @wraps(read)
    def known_by(batch: MemberBatch, *at: *_Instant) -> _Found:
        found: _Found | None = batch.known.get((read, *at))
        if found is None:
            found = batch.known[read, *at] = read(batch, *at)
        return found

    return known_by


@dataclass(frozen=True, slots=True)
class PointsEnding:
    """
    The next points to end, if they are not redeemed.

    Attributes:
        points: Shape (m,), int64: never more than the member has; 0 where none are known to end.
        at: Shape (m,), int64: when; `UNKNOWN` where none are known to end.
        days: Shape (m,), int64: whole days that are left; `UNKNOWN` where none are known to end.
    """

    points: NDArray[np.int64]
    at: Instants
    days: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TierAhead:
    """
    The way to the tier above the one that is held.

    Attributes:
        tier: Shape (m,), int8: row of that tier; `UNKNOWN_ROW` where there is none, or the way is not known.
        gap_minor, gap_orders: Shape (m,), int64: what is missing to it; `UNKNOWN` where it is not asked for.
    """

    tier: NDArray[np.int8]
    gap_minor: MoneyMinor
    gap_orders: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TierFall:
    """
    The fall that comes if nothing is bought.

    Attributes:
        tier: Shape (m,), int8: row of the tier that is held then; `UNKNOWN_ROW` where nobody falls.
        at: Shape (m,), int64: when; `UNKNOWN` where nobody falls.
        gap_minor, gap_orders: Shape (m,), int64: what has to be bought before; `UNKNOWN` where it is not asked for.
    """

    tier: NDArray[np.int8]
    at: Instants
    gap_minor: MoneyMinor
    gap_orders: NDArray[np.int64]


@_once
def points_ending(batch: MemberBatch, now: EpochSeconds) -> PointsEnding:
    """The points whose end is the next after *now*; where those that the bundle knew of have ended, none are known."""
    at, points = known(batch, "next_expiry_at"), known(batch, "next_expiry_points")
    ahead = (at > now) & (points > 0)
    if not ahead.any():
        nothing = np.full(len(batch), UNKNOWN, dtype=np.int64)
        return PointsEnding(np.zeros_like(nothing), nothing, nothing)
    left = np.where(ahead, np.minimum(points, np.maximum(batch.points, 0)), 0)
    ends = left > 0
    return PointsEnding(left, np.where(ends, at, UNKNOWN), np.where(ends, (at - now) // SECONDS_PER_DAY, UNKNOWN))


@_once
def tier_ahead(batch: MemberBatch) -> TierAhead:
    """The next tier by the rules; not known where the member bought since, or holds another tier than by the rules."""
    tier = known(batch, "next_tier")
    told = tier > batch.tier
    if not told.any():
        nothing = np.full(len(batch), UNKNOWN, dtype=np.int64)
        return TierAhead(nothing.astype(np.int8), nothing, nothing)
    told &= _by_the_rules(batch)
    return TierAhead(
        np.where(told, tier, UNKNOWN_ROW).astype(np.int8),
        np.where(told, known(batch, "to_next_minor"), UNKNOWN),
        np.where(told, known(batch, "to_next_orders"), UNKNOWN),
    )


@_once
def tier_fall(batch: MemberBatch, now: EpochSeconds) -> TierFall:
    """The next fall after *now*; not known where the member bought since, or holds another tier than by the rules."""
    tier, at = known(batch, "tier_falls_to"), known(batch, "tier_falls_at")
    falls = (at > now) & (tier >= 0) & (tier < batch.tier)
    if not falls.any():
        nothing = np.full(len(batch), UNKNOWN, dtype=np.int64)
        return TierFall(nothing.astype(np.int8), nothing, nothing, nothing)
    falls &= _by_the_rules(batch)
    return TierFall(
        np.where(falls, tier, UNKNOWN_ROW).astype(np.int8),
        np.where(falls, at, UNKNOWN),
        np.where(falls, known(batch, "to_keep_minor"), UNKNOWN),
        np.where(falls, known(batch, "to_keep_orders"), UNKNOWN),
    )


def birthdays(batch: MemberBatch, now: EpochSeconds, zone: str) -> BirthdayDistance:
    """Days to and since the birthday, by the days of the policy's *zone*."""
    days = known(batch, "days_to_birthday")
    if not (days != UNKNOWN_DAYS).any():
        nobody = np.full(len(days), UNKNOWN_DAYS, dtype=np.int32)
        return BirthdayDistance(nobody, nobody)
    return birthday_distance(days, as_of=batch.profile.as_of, now=now, zone=zone)


def bought_since(batch: MemberBatch) -> KeepMask:
    """Shape (m,): the member bought something after what the bundle knows, so its sums are out of date."""
    bought = np.zeros(len(batch), dtype=np.bool_)
    if len(batch.touched_kind):
        bought[batch.touched.owners()[batch.touched_kind == _PURCHASE]] = True
    return bought


def known(batch: MemberBatch, name: str) -> NDArray[np.int64]:
    """Shape (m,): a whole-numbered column of the profile; `UNKNOWN` of strangers and where the bundle has no such."""
    column = batch.profile.columns.get(name)
    if column is None or not len(column):
        return np.full(len(batch), UNKNOWN, dtype=np.int64)
    # Strangers have row -1 and read somebody's value here, which is then replaced.
    values: NDArray[np.int64] = column.take(batch.row).astype(np.int64, copy=False)
    values[batch.row < 0] = UNKNOWN
    return values


def aged(batch: MemberBatch, name: str, now: EpochSeconds) -> NDArray[np.int64]:
    """As `known`, of days since something: so many whole days more as the bundle is old."""
    days = known(batch, name)
    return np.where(days < 0, UNKNOWN, days + max((now - batch.profile.as_of) // SECONDS_PER_DAY, 0))


def _by_the_rules(batch: MemberBatch) -> KeepMask:
    told: KeepMask = (known(batch, "tier_by_rules") == batch.tier) & (batch.row >= 0) & ~bought_since(batch)
    return told
