"""From when a lot is usable, and when it ends."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.calendar import LocalDays, Period, ProgrammeCalendar, add_months
from recsys.loyalty.points_facts import NEVER
from recsys.loyalty.points_rules import PointsRules
from recsys.types import Instants

_EPOCH = date(1970, 1, 1)


def local_day(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def rules_in_force(at: Instants, history: Sequence[PointsRules], calendar: ProgrammeCalendar) -> NDArray[np.int64]:
    """
    Shape (n,): which rules of the history hold at each instant.

    Raises:
        InputError: An instant is before the first of the rules.
    """
    starts = calendar.starts_of(np.array([local_day(rules.from_date) for rules in history], dtype=np.int64))
    version = np.searchsorted(starts, at, side="right") - 1
    if len(version) and version.min() < 0:
        raise InputError(
            f"points moved at {at.min()}, before the rules of {history[0].from_date} (from {starts[0]}), the first "
            "there are; add the rules that held then"
        )
    return version


def lot_dates(at: Instants, history: Sequence[PointsRules], calendar: ProgrammeCalendar) -> tuple[Instants, Instants]:
    """
    From when lots are usable, and the first instant after their end, by the rules in force when they were earned.

    A lot ends with a local day: one of 29 February twelve months later with 28 February. Where points end by
    inactivity the end is that of a member who does nothing more; see `moved_by_activity`.

    Args:
        at: Shape (n,): when they were earned.

    Returns:
        Two of shape (n,), int64; NEVER where a lot does not end. A lot may end before it is usable.
    """
    usable_at, expires_at = at.copy(), np.full(len(at), NEVER, dtype=np.int64)
    version = rules_in_force(at, history, calendar)
    days = calendar.local_days(at)
    for number, rules in enumerate(history):
        rows: NDArray[np.int64] | slice = slice(None) if len(history) == 1 else np.flatnonzero(version == number)
        day = days[rows]
        if rules.earning.pending_days:
            usable_at[rows] = calendar.starts_of(day + rules.earning.pending_days)
        last = _last_days(day, rules)
        if last is not None:
            expires_at[rows] = calendar.starts_of(last + 1)
    return usable_at, expires_at


def moved_by_activity(
    life: NDArray[np.int64],
    at: Instants,
    expires_at: Instants,
    *,
    activity: tuple[NDArray[np.int64], Instants, Instants],
) -> Instants:
    """
    The ends of lots where every activity before the end moves it.

    Args:
        life: Shape (n,): whose lots.
        at: Shape (n,): from when on activity counts for each lot.
        expires_at: Shape (n,): its end if nothing happens.
        activity: Whose, when, and the end it moves all lots to, each of shape (m,).

    Returns:
        Shape (n,). An activity at the very end comes too late.
    """
    if not len(activity[0]) or not len(life):
        return expires_at
    order = np.lexsort((activity[2], activity[1], activity[0]))
    who, when, until = (column[order] for column in activity)
    last = np.ones(len(who), dtype=np.bool_)
    last[:-1] = (who[1:] != who[:-1]) | (when[1:] >= until[:-1])
    ends = until[np.flatnonzero(last)][np.cumsum(last) - last]
    low = min(int(when.min()), int(at.min()))
    span = max(int(when.max()), int(at.max())) - low + 2
    first = np.searchsorted(who * span + (when - low), life * span + (at - low))
    found = np.minimum(first, len(who) - 1)
    moved = (first < len(who)) & (who[found] == life) & (when[found] < expires_at)
    return np.where(moved, ends[found], expires_at)


def _last_days(days: LocalDays, rules: PointsRules) -> LocalDays | None:
    """The last local day of each lot."""
    expiry = rules.expiry
    if expiry.rolling_months is not None:
        return add_months(days, expiry.rolling_months)
    if expiry.inactivity_months is not None:
        return add_months(days, expiry.inactivity_months)
    if expiry.year_end is not None:
        following = calendar_year_after(days, expiry.year_end.first_month)
        return add_months(following, 12 * expiry.year_end.years) - np.int32(1)
    return None


def calendar_year_after(days: LocalDays, first_month: int) -> LocalDays:
    """The first day of the programme year after the one of each day."""
    return ProgrammeCalendar("UTC").next_period_starts(days, Period.YEAR, first_month=first_month)
