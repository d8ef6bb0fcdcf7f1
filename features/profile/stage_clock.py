"""When a silent member becomes dormant and churned: quantiles of the own rhythm, as local days that end at midnight."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from features.profile.config import LifecycleConfig
from features.profile.daily_orders import DailyOrders, own_gaps
from features.profile.facts import MemberFacts
from features.profile.group import Norms
from features.rhythm.gaps import History, OwnGaps
from features.rhythm.hazard import Expected, Rhythm, fit_rhythm
from features.rhythm.settings import RhythmSettings
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.types import EpochSeconds, Instants


@dataclass(frozen=True, slots=True)
class StageClock:
    """
    What turns an order and the gaps before it into the instants at which the stage changes if nothing more is bought.

    A silence is longer than a quantile of q days when the last local day that a gap of q days touches, the ceil(q)-th
    after that of the order, has passed without one; the stage changes with the midnight that ends it. The own quantile
    is taken as no shorter than the configuration's minimum, and as no longer than half of the days watched for
    dormancy, all of them for churn: longer gaps than were watched cannot have been seen. Where a minimum is longer than
    that, the minimum counts.

    Attributes:
        rhythm: Of orders, fitted; family 0 is all of them.
        calendar: Local days.
        watched_days: From the first order of anybody to the day of the fit.
        config: Settings.
    """

    rhythm: Rhythm
    calendar: ProgrammeCalendar
    watched_days: int
    config: LifecycleConfig

    @classmethod
    def fit(cls, facts: MemberFacts, orders: DailyOrders, config: LifecycleConfig, *, seed: int) -> Self:
        """Learn the rhythm from the orders of a sample of members, all of them where they are few."""
        stop = whole_days(facts.calendar, facts.as_of)
        history = History(orders.member, np.zeros(len(orders), dtype=np.int32), orders.day)
        rhythm = fit_rhythm(history, stop, RhythmSettings(), n_members=facts.n_members, rng=np.random.default_rng(seed))
        return cls(rhythm, facts.calendar, stop - int(orders.day.min(initial=stop - 1)), config)

    @classmethod
    def of(cls, norms: Norms, config: LifecycleConfig) -> Self:
        """The clock that `norms` wrote."""
        stored: Mapping[str, Any] = norms["rhythm"]
        calendar = ProgrammeCalendar(norms["timezone"])
        return cls(Rhythm.from_settings(stored), calendar, norms["watched_days"], config)

    def norms(self) -> Norms:
        """JSON-able."""
        rhythm = self.rhythm.to_settings()
        return {"rhythm": rhythm, "timezone": self.calendar.timezone, "watched_days": self.watched_days}

    def gaps(self, orders: DailyOrders) -> OwnGaps:
        """For each row what is known of the member's gaps up to it; shape (n,)."""
        return own_gaps(orders, self.rhythm.settings.decay)

    def expected(self, own: OwnGaps) -> Expected:
        """The distribution of the gap that begins with each row."""
        nobody = np.zeros(len(own.repeats), dtype=np.int32)
        return self.rhythm.expected(own, nobody, nobody)

    def new_until(self, first_day: NDArray[np.int32]) -> Instants:
        """The first instant at which a member is no longer new."""
        return self.calendar.starts_of(first_day + self.config.new_days)

    def silent_at(self, expected: Expected, day: NDArray[np.int32]) -> tuple[Instants, Instants]:
        """The first instants of dormancy and of churn after orders on some days, if nothing more is bought."""
        config = self.config
        dormant = self._days(expected, config.dormant_quantile, config.min_dormant_days, self.watched_days // 2)
        churned = self._days(expected, config.churned_quantile, config.min_churned_days, self.watched_days)
        churned = np.maximum(churned, dormant + 1)
        return self.calendar.starts_of(day + dormant + 1), self.calendar.starts_of(day + churned + 1)

    def _days(self, expected: Expected, share: float, low: int, high: int) -> NDArray[np.int64]:
        days = np.ceil(self.rhythm.quantile(expected, share))
        return np.asarray(np.clip(days, low, max(low, high)), dtype=np.int64)


def whole_days(calendar: ProgrammeCalendar, as_of: EpochSeconds) -> int:
    """The first local day that has not begun before an instant: the day after that of the last possible fact."""
    return int(calendar.local_days(np.array([as_of - 1]))[0]) + 1
