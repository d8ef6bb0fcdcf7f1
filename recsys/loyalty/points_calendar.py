"""Points of the whole programme: what is owed to members, what ends when, and month by month how it came about."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.calendar import Period, ProgrammeCalendar
from recsys.loyalty.points_balances import Balances, expiring
from recsys.loyalty.points_entries import Entries
from recsys.loyalty.points_facts import NEVER, Account, PointAmounts
from recsys.loyalty.points_rules import RedemptionRules
from recsys.loyalty.points_state import PointsState

_FLOWS: Mapping[str, tuple[Account, int]] = {
    "earned": (Account.ISSUED, -1),
    "adjusted": (Account.ADJUSTED, -1),
    "written_off": (Account.WRITTEN_OFF, -1),
    "redeemed": (Account.REDEEMED, 1),
    "expired": (Account.EXPIRED, 1),
    "clawed_back": (Account.CLAWED_BACK, 1),
}


@dataclass(frozen=True, slots=True)
class Liability:
    """
    What the programme owes at the instant of a state; debts of members are not set off against points of others.

    Attributes:
        usable, pending, debt: Points of all members.
        worth_minor: Of usable and pending points together, in minor units, rounded down once.
    """

    usable: int
    pending: int
    debt: int
    worth_minor: int


def liability(state: PointsState, redemption: RedemptionRules) -> Liability:
    """Add up what members hold, valued by what it redeems for; what will never be redeemed is not taken off."""
    balances = Balances.of(state)
    usable, pending = int(balances.usable.sum()), int(balances.pending.sum())
    return Liability(usable, pending, int(balances.debt.sum()), redemption.worth(usable + pending))


@dataclass(frozen=True, slots=True)
class RollForward:
    """
    Month by month: ``opening + earned + adjusted + written_off - redeemed - expired - clawed_back = closing``.

    Opening and closing are usable and pending points less debts. Every array has shape (n_months,), int64. A flow can
    be below zero in a month: a refund after the month of its redemption, a return of what expired earlier.

    Attributes:
        month: The first day of each local month, days since 1970, ascending, without gaps.
        earned, adjusted, redeemed, expired, clawed_back: Flows as in `Lifetime`.
        written_off: Debts forgiven at once: taken back without anybody's points.
    """

    month: NDArray[np.int32]
    opening: PointAmounts
    earned: PointAmounts
    adjusted: PointAmounts
    written_off: PointAmounts
    redeemed: PointAmounts
    expired: PointAmounts
    clawed_back: PointAmounts
    closing: PointAmounts


def roll_forward(entries: Entries, *, calendar: ProgrammeCalendar, opening: int = 0) -> RollForward:
    """
    The flows of each month from the first entry to the last.

    Args:
        entries: All movements of the time, of any members.
        calendar: Where months end.
        opening: Usable and pending points less debts before the first of them.
    """
    months, row = _months(calendar.local_days(entries.at), calendar)
    change = np.zeros((len(months), len(Account)), dtype=np.int64)
    np.add.at(change, (row, entries.target), entries.points)
    np.subtract.at(change, (row, entries.source), entries.points)
    held = change[:, [Account.MEMBER, Account.PENDING, Account.DEBT]].sum(axis=1)
    closing = opening + np.cumsum(held)
    flows = {name: sign * change[:, account] for name, (account, sign) in _FLOWS.items()}
    return RollForward(month=months, opening=closing - held, closing=closing, **flows)


@dataclass(frozen=True, slots=True)
class ExpiryCalendar:
    """
    What ends in each local month if nobody spends it.

    Attributes:
        month: Shape (n_months,): the first day of each, days since 1970, ascending, without gaps.
        points: Shape (n_months, n_tiers), int64: by the tier that the holder has now.
        never: Shape (n_tiers,), int64: points without an end.
    """

    month: NDArray[np.int32]
    points: PointAmounts
    never: PointAmounts


def expiry_calendar(
    state: PointsState, *, calendar: ProgrammeCalendar, tier: NDArray[np.integer], n_tiers: int
) -> ExpiryCalendar:
    """
    Open lots by the local month of their last day, usable and pending alike.

    Args:
        state: Lots as they stand.
        calendar: Where months end.
        tier: Shape (n_members,): from 0, below *n_tiers*.
        n_tiers: At least 1.
    """
    ending = expiring(state, NEVER)
    months, row = _months(calendar.local_days(ending.expires_at - 1), calendar)
    points = np.zeros((len(months), n_tiers), dtype=np.int64)
    np.add.at(points, (row, tier[ending.member]), ending.points)
    endless = np.flatnonzero(state.lots.expires_at == NEVER)
    never = np.zeros(n_tiers, dtype=np.int64)
    np.add.at(never, tier[state.lots.holder[endless]], state.lots.left[endless])
    return ExpiryCalendar(months, points, never)


def _months(days: NDArray[np.int32], calendar: ProgrammeCalendar) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """First days of all months from the earliest to the latest, and in which of them each day lies."""
    if not len(days):
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    ends = np.array([days.min(), days.max()])
    first, last = calendar.period_starts(ends, Period.MONTH).astype("datetime64[D]").astype("datetime64[M]")
    months = np.arange(first, last + 1).astype("datetime64[D]").astype(np.int32)
    return months, np.searchsorted(months, days, side="right") - 1
