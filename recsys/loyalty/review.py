"""Reviews at the end of a period: when they are, and which tier they leave a member."""

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.calendar import LocalDays, ProgrammeCalendar, add_months
from recsys.loyalty.conditions import Sums
from recsys.loyalty.ladder import Downgrade, Ladder
from recsys.loyalty.timeline import Timeline
from recsys.ragged import Ragged
from recsys.types import Instants


def next_period_ends(
    attained: LocalDays, after: LocalDays, downgrade: Downgrade, calendar: ProgrammeCalendar
) -> LocalDays:
    """
    The first day of the period that follows the one in which each member is, later than *after*.

    Args:
        attained: Shape (n,): day on which the tier was attained; periods of months are counted from it, so that the
            31st stays the 31st where there is one.
        after: Shape (n,): not before ``attained``.
        downgrade: With a review at the end of a period.
        calendar: The programme's.
    """
    if downgrade.calendar is not None:
        return calendar.next_period_starts(after, downgrade.calendar, first_month=downgrade.first_month)
    assert downgrade.period_months is not None
    months = downgrade.period_months
    elapsed = _months(after) - _months(attained)
    periods = np.maximum(elapsed // months, 1)
    ends = add_months(attained, periods * months)
    early = ends <= after
    return np.where(early, add_months(attained, (periods + 1) * months), ends).astype(np.int32)


def review_instants(period_ends: LocalDays, downgrade: Downgrade, calendar: ProgrammeCalendar) -> Instants:
    """The instant at which a tier that was not kept is lost: the beginning of the day after the grace days."""
    return calendar.starts_of(period_ends + np.int32(downgrade.grace_days))


def closing_sums(
    timeline: Timeline, members: NDArray[np.integer], period_ends: Instants, until: Instants
) -> tuple[NDArray[np.int64], Sums]:
    """
    What counts at a review: the window as its period closes, and then every fact of the grace days on top.

    Args:
        timeline: Of the block.
        members: Shape (n,).
        period_ends: Shape (n,): first instant after the period.
        until: Shape (n,): only facts up to this instant; before the end of the period it closes the window early.

    Returns:
        Owners, shape (n_states,), positions in *members*, ascending, and the sums of one state after the other: as the
        period closes, and after each instant of the grace days that has a fact.
    """
    closing = period_ends - 1
    left = timeline.n_left(members, closing)
    first = np.maximum(timeline.n_arrived(members, np.minimum(closing, until)), left)
    stop = np.maximum(timeline.n_arrived(members, until), first)
    lengths = stop - first + 1
    states = Ragged(np.concatenate([[0], np.cumsum(lengths)]), np.empty(0, dtype=np.int32))
    owners = np.repeat(np.arange(len(members)), lengths)
    arrived = np.repeat(first - states.indptr[:-1], lengths) + np.arange(states.indptr[-1])
    # A state counts after all facts of its instant: the next fact of the member comes later.
    more = arrived < stop[owners]
    here = np.maximum(arrived - 1, 0)
    settled = np.ones(len(arrived), dtype=bool)
    settled[more] = timeline.arrives[here[more]] != timeline.arrives[arrived[more]]
    settled[states.indptr[:-1]] = True
    owners, arrived = owners[settled], arrived[settled]
    return owners, timeline.sums(left[owners], arrived)


def tiers_kept(
    ladder: Ladder, timeline: Timeline, members: NDArray[np.integer], period_ends: Instants, until: Instants
) -> NDArray[np.int8]:
    """The highest tier whose keep each member meets in any state of a review (see `closing_sums`), shape (n,)."""
    owners, sums = closing_sums(timeline, members, period_ends, until)
    kept = np.zeros(len(members), dtype=np.int8)
    np.maximum.at(kept, owners, ladder.keep.levels(sums))
    return kept


def landed(tier: NDArray[np.int8], kept: NDArray[np.int8], downgrade: Downgrade) -> NDArray[np.int8]:
    """Where a review leaves a member: the tier where it was kept, else the highest kept, else one below at most."""
    lost = kept < tier
    below = tier - np.int8(1) if downgrade.soft_landing else kept
    return np.where(lost, below, tier).astype(np.int8)


def _months(days: LocalDays) -> NDArray[np.int64]:
    return np.asarray(days, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
