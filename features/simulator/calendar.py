"""Days as numbers, and how demand moves with the month and the weekday."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from features.simulator.categories import CATEGORIES
from features.simulator.parameters import HORIZON_DAYS
from recsys.types import SECONDS_PER_DAY

_MONTH_DEMAND = (0.93, 0.94, 0.98, 1.0, 1.02, 1.0, 0.97, 0.92, 1.0, 1.02, 1.06, 1.24)
_WEEKDAY_DEMAND = (0.86, 0.84, 0.90, 0.98, 1.17, 1.35, 0.90)  # Monday first


@dataclass(frozen=True, slots=True)
class Calendar:
    """
    The history's days, numbered from 0, and HORIZON_DAYS beyond them for the truth.

    Attributes:
        days: Days of history; the last one ends at ``now``.
        start: Epoch seconds at which day 0 begins.
        month: Shape (days + HORIZON_DAYS,), 0..11.
        demand: Shape (days + HORIZON_DAYS,): factor on everyone's order rate, mean near 1.
        season: Shape (12, n_categories): factor on a category's share of lines, mean 1 over the year.
    """

    days: int
    start: int
    month: NDArray[np.int64]
    demand: NDArray[np.float64]
    season: NDArray[np.float64]

    @property
    def now(self) -> int:
        """Epoch seconds of the end of the history."""
        return self.start + self.days * SECONDS_PER_DAY


def build_calendar(days: int, end: date) -> Calendar:
    """The calendar of a history of *days* whole days that ends when the day *end* begins (UTC)."""
    first = end - timedelta(days=days)
    dates = [first + timedelta(days=day) for day in range(days + HORIZON_DAYS)]
    month = np.array([day.month - 1 for day in dates])
    weekday = np.array([day.weekday() for day in dates])
    start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    demand = np.array(_MONTH_DEMAND)[month] * np.array(_WEEKDAY_DEMAND)[weekday]
    return Calendar(days, start, month, demand, _season())


def _season() -> NDArray[np.float64]:
    peak = np.array([category.peak_month - 1 for category in CATEGORIES])
    swing = np.array([category.swing if category.peak_month else 0.0 for category in CATEGORIES])
    wave = 1.0 + swing * np.cos(2 * np.pi * (np.arange(12)[:, None] - peak) / 12)
    wave = np.maximum(wave, 0.05)
    return np.asarray(wave / wave.mean(axis=0))
