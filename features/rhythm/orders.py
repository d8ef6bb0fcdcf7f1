"""The rhythm of a member's orders: how long this member's gaps are, and what the silence so far says."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features.rhythm.clock import NEVER, day_by_whose_end
from features.rhythm.gaps import Days, Floats, History, OwnGaps, Rows, present_gaps
from features.rhythm.hazard import Expected, Rhythm, fit_rhythm
from features.rhythm.life_table import LifeTable
from features.rhythm.settings import RhythmSettings
from recsys.errors import InputError

_WATCHED_DAYS = np.array([0, 7, 30, 90, 365, np.inf])
"""Ages of watching a member without an order between which the chance of a first one is constant."""
_PRIOR_FIRST_ORDERS = 10.0


@dataclass(frozen=True, slots=True)
class Steady:
    """
    A hazard that does not change with age.

    Attributes:
        rate: Events a day.
    """

    rate: float

    def cumulated(self, age: Floats) -> Floats:
        """Shape (n,), at least 0."""
        return np.asarray(age * self.rate)


@dataclass(frozen=True, slots=True)
class OrderRhythm:
    """
    The orders of every member, by row.

    Attributes:
        as_of_day: The first day of which nothing is known.
        n_orders: Shape (n_members,), int32: days with an order.
        last_day: Shape (n_members,), int32; the as-of day where there is no order.
        gap_q50_days, gap_q90_days: Shape (n_members,), float32: of this member's gaps that end, half and nine in ten
            are over by then. The population's first gap where there is no order.
        survival_now: Shape (n_members,), float32: of this member's gaps that end, the share that last longer than the
            whole days of silence so far, 0 to 1; 1 where there is no order.
        watched_days: Shape (n_members,), float64: days watched so far; what matters is those without an order.
        expected: Each member's gap.
        rhythm: What all of it is worked out from.
        first_orders: How members who were watched without an order came to their first one.
        first_rate: First orders a day that `first_orders` multiplies.

    Example:
        >>> member, day = np.repeat(np.arange(40), 6), np.tile(np.arange(0, 60, 10), 40)
        >>> orders = OrderRhythm.fit(
        ...     member,
        ...     day,
        ...     first_watched_day=np.zeros(41, int),
        ...     as_of_day=95,
        ...     n_members=41,
        ...     rng=np.random.default_rng(1),
        ... )
        >>> bool(orders.gap_q50_days[0] < 11), bool(orders.survival_now[0] < 0.1)
        (True, True)
    """

    as_of_day: int
    n_orders: Rows
    last_day: Days
    gap_q50_days: NDArray[np.float32]
    gap_q90_days: NDArray[np.float32]
    survival_now: NDArray[np.float32]
    watched_days: Floats
    expected: Expected
    rhythm: Rhythm
    first_orders: LifeTable
    first_rate: float

    @classmethod
    def fit(
        cls,
        member: NDArray[np.integer],
        day: NDArray[np.integer],
        *,
        first_watched_day: NDArray[np.integer],
        as_of_day: int,
        n_members: int,
        rng: np.random.Generator,
        rhythm: Rhythm | None = None,
        weights: RhythmSettings | None = None,
    ) -> Self:
        """
        Learn the rhythm and say where each member stands.

        Args:
            member, day: Shape (n_rows,): orders; from *as_of_day* on they are left out.
            first_watched_day: Shape (n_members,): since when an order would have been seen: the day of joining, or of
                the first order where joining is not known.
            as_of_day: In the days of *day*.
            n_members: Members are below it.
            rng: Draws the members that a rhythm is fitted on, where there are too many.
            rhythm: Fitted before, on other members or days; used as it is.
            weights: How a rhythm is fitted, where none is given.

        Raises:
            InputError: The columns do not fit each other.
        """
        if len(first_watched_day) != n_members:
            raise InputError(f"first_watched_day has {len(first_watched_day)} rows; there are {n_members} members")
        history = History.of(member, np.zeros(len(member), dtype=np.int32), day).before(as_of_day).of_members(n_members)
        if rhythm is None:
            weights = weights or RhythmSettings()
            rhythm = fit_rhythm(history, as_of_day, weights, n_members=n_members, rng=rng)
        starts = history.starts()
        who = history.member[starts]
        own = _for_all(present_gaps(history, starts, rhythm.settings.decay), who, n_members)
        everybody = np.arange(n_members)
        expected = rhythm.expected(own, everybody, np.zeros(n_members, dtype=np.int64))
        first_day = np.full(n_members, as_of_day, dtype=np.int32)
        last_day, n_orders = first_day.copy(), np.zeros(n_members, dtype=np.int32)
        first_day[who] = history.day[starts]
        last_day[who] = history.day[np.append(starts[1:], len(history))[: len(starts)] - 1]
        n_orders[who] = own.repeats[who] + 1
        survival = rhythm.survival(expected, np.maximum(as_of_day - 1 - last_day, 0))
        first_orders, first_rate = _first_orders(first_watched_day, first_day, n_orders > 0)
        return cls(
            as_of_day=as_of_day,
            n_orders=n_orders,
            last_day=last_day,
            gap_q50_days=rhythm.quantile(expected, 0.5).astype(np.float32),
            gap_q90_days=rhythm.quantile(expected, 0.9).astype(np.float32),
            survival_now=np.where(n_orders > 0, survival, 1.0).astype(np.float32),
            watched_days=np.maximum(as_of_day - first_watched_day, 0).astype(np.float64),
            expected=expected,
            rhythm=rhythm,
            first_orders=first_orders,
            first_rate=first_rate,
        )

    def p_order_within(self, horizon_days: float) -> Floats:
        """
        Shape (n_members,): chance of an order within the horizon from the as-of day on, given the silence.

        Of members without an order: as others, watched as long without one, came to their first; 0 where nobody was
        watched before the first order.
        """
        again = self.rhythm.probability(self.expected, self._silent_days(), horizon_days)
        steady, one = Steady(self.first_rate), np.zeros(len(again), dtype=np.int64)
        until = self.first_orders.cumulated(steady, self.watched_days + horizon_days, one)
        first = -np.expm1(-(until - self.first_orders.cumulated(steady, self.watched_days, one)))
        return np.where(self.n_orders > 0, again, first)

    def gap_quantile_days(self, share: float) -> Floats:
        """Shape (n_members,): as ``gap_q50_days``, of another share."""
        return self.rhythm.quantile(self.expected, share)

    def wait_days(self, chance: float) -> Floats:
        """Shape (n_members,): until the chance of the next order is reached, given the silence; see `Rhythm.wait`."""
        return self.rhythm.wait(self.expected, self._silent_days(), chance)

    def next_change_day(self, *shares: float) -> Days:
        """
        The first day after the as-of day as of which ``survival_now`` is down to one of the shares, without an order.

        Returns:
            Shape (n_members,), int32; NEVER where it is below all of them, or there is no order.
        """
        found = np.full(len(self.last_day), NEVER, dtype=np.int32)
        for share in shares:
            reached = day_by_whose_end(self.last_day, self.gap_quantile_days(1.0 - share)) + 1
            found = np.where((reached > self.as_of_day) & (self.n_orders > 0), np.minimum(found, reached), found)
        return found.astype(np.int32)

    def _silent_days(self) -> Days:
        return np.maximum(self.as_of_day - 1 - self.last_day, 0)


def _for_all(own: OwnGaps, who: Rows, n_members: int) -> OwnGaps:
    """The same with a row for every member."""
    repeats = np.zeros(n_members, dtype=np.int64)
    repeats[who] = own.repeats
    sums = np.zeros((3, n_members))
    sums[:, who] = own.weight, own.log_days, own.log_days_squared
    return OwnGaps(repeats, *sums)


def _first_orders(watched: NDArray[np.integer], first_day: Days, ordered: NDArray[np.bool_]) -> tuple[LifeTable, float]:
    """A life table of watching without an order; who is watched since the first order says nothing of it."""
    days = (first_day - watched).astype(np.float64)
    days, came = days[days > 0], ordered[days > 0]
    rate = int(came.sum()) / float(days.sum()) if len(days) else 0.0
    table = LifeTable.fit(
        Steady(rate),
        days,
        np.zeros(len(days), dtype=np.int64),
        came,
        edges=_WATCHED_DAYS,
        n_strata=1,
        prior_events=_PRIOR_FIRST_ORDERS,
    )
    return table, rate
