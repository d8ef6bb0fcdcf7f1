"""The replenishment clock: when each member needs something of a family again, and if that is soon, now or late."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features.rhythm.gaps import Days, Floats, History, Rows, present_gaps
from features.rhythm.hazard import Expected, Rhythm, fit_rhythm
from features.rhythm.settings import ClockSettings, RhythmSettings

NEVER = int(np.iinfo(np.int32).max)
"""The day of what does not come."""
_BLOCK = 1 << 20


class DueState(StrEnum):
    """Where a pair of member and family stands in its own gap."""

    EARLY = "early"
    DUE = "due"
    OVERDUE = "overdue"


DUE_STATES = tuple(DueState)
"""What the numbers of ``ReplenishmentClock.state`` mean."""


@dataclass(frozen=True, slots=True)
class ReplenishmentClock:
    """
    Every pair of member and family with a purchase before the as-of day, sorted by member, then family.

    Attributes:
        as_of_day: The first day of which nothing is known.
        member, family: Shape (n,), int32.
        n_purchases: Shape (n,), int32: days with a purchase.
        last_day: Shape (n,), int32.
        early_day, due_day, late_day: Shape (n,), int32: by whose ends the share `ClockSettings.early_share`, half and
            ``late_share`` of such gaps are over, of those that end.
        state: Shape (n,), int8: position in DUE_STATES. Early before ``early_day``, overdue after ``late_day``.
        probability: Shape (n,), float32: chance of a purchase within ``settings.horizon_days`` from the as-of day on,
            given the silence; that many never come back counts.
        next_change_day: Shape (n_members,), int32: the first day after the as-of day on which a state of the member
            changes if nothing is bought; NEVER where none will.
        expected: The pairs' gaps.
        rhythm: What all of it is worked out from.

    Example:
        >>> day = np.tile(np.arange(0, 60, 10), 40)
        >>> member, family = np.repeat(np.arange(40), 6), np.zeros(240, dtype=np.int32)
        >>> clock = ReplenishmentClock.fit(
        ...     member, family, day, as_of_day=58, n_members=40, rng=np.random.default_rng(1)
        ... )
        >>> int(clock.due_day[0]), DUE_STATES[clock.state[0]].value
        (60, 'early')
    """

    as_of_day: int
    member: Rows
    family: Rows
    n_purchases: Rows
    last_day: Days
    early_day: Days
    due_day: Days
    late_day: Days
    state: NDArray[np.int8]
    probability: NDArray[np.float32]
    next_change_day: Days
    expected: Expected
    rhythm: Rhythm

    @classmethod
    def fit(
        cls,
        member: NDArray[np.integer],
        family: NDArray[np.integer],
        day: NDArray[np.integer],
        *,
        as_of_day: int,
        n_members: int,
        rng: np.random.Generator,
        rhythm: Rhythm | None = None,
        settings: ClockSettings | None = None,
        weights: RhythmSettings | None = None,
    ) -> Self:
        """
        Set the clock of every pair.

        Args:
            member, family, day: Shape (n_rows,): purchases, fastest where sorted and distinct. From *as_of_day* on they
                are left out.
            as_of_day: In the days of *day*.
            n_members: Members are below it.
            rng: Draws the members that a rhythm is fitted on, where there are too many.
            rhythm: Fitted before, on other members or days; used as it is.
            settings: Shares and horizon.
            weights: How a rhythm is fitted, where none is given.

        Raises:
            InputError: The columns do not fit each other.
        """
        settings = settings or ClockSettings()
        history = History.of(member, family, day).before(as_of_day).of_members(n_members)
        if rhythm is None:
            weights = weights or RhythmSettings()
            rhythm = fit_rhythm(history, as_of_day, weights, n_members=n_members, rng=rng)
        starts = history.starts()
        owner, of_family = history.member[starts], history.family[starts]
        own = present_gaps(history, starts, rhythm.settings.decay)
        last_day = history.day[np.append(starts[1:], len(history))[: len(starts)] - 1]
        expected = rhythm.expected(own, owner, of_family)
        n = len(starts)
        days, chance = np.empty((3, n), dtype=np.int32), np.empty(n, dtype=np.float32)
        for first in range(0, n, _BLOCK):
            rows = slice(first, first + _BLOCK)
            one, last = expected.take(rows), last_day[rows]
            for row, share in zip(days, (settings.early_share, 0.5, settings.late_share), strict=True):
                row[rows] = day_by_whose_end(last, rhythm.quantile(one, share))
            chance[rows] = rhythm.probability(one, as_of_day - 1 - last, settings.horizon_days)
        early_day, due_day, late_day = days
        state = (as_of_day >= early_day).astype(np.int8) + (as_of_day > late_day)
        change = np.select([state == 0, state == 1], [early_day, late_day + 1], NEVER)
        return cls(
            as_of_day=as_of_day,
            member=owner,
            family=of_family,
            n_purchases=(own.repeats + 1).astype(np.int32),
            last_day=last_day,
            early_day=early_day,
            due_day=due_day,
            late_day=late_day,
            state=state.astype(np.int8),
            probability=chance,
            next_change_day=_next_change(owner, change, n_members),
            expected=expected,
            rhythm=rhythm,
        )

    def probability_within(self, horizon_days: float) -> Floats:
        """Shape (n,): as ``probability``, of another horizon."""
        return self.rhythm.probability(self.expected, self.as_of_day - 1 - self.last_day, horizon_days)


def day_by_whose_end(last_day: Days, gap_days: Floats) -> Days:
    """Shape (n,): the last day that a gap of so many days touches."""
    return (last_day + np.ceil(gap_days)).astype(np.int32)


def _next_change(owner: Rows, day: NDArray[np.integer], n_members: int) -> Days:
    """The earliest day of each member; owners are sorted."""
    found = np.full(n_members, NEVER, dtype=np.int32)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(starts):
        found[owner[starts]] = np.minimum.reduceat(day, starts)
    return found
