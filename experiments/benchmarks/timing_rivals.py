"""Ours and the simple ways to say when the next purchase comes: the mean of own gaps, the last gap, recency alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from experiments.benchmarks.timing_cases import WINDOW_DAYS
from features.rhythm.clock import ReplenishmentClock
from features.rhythm.gaps import Floats, Gaps, History, gaps_of
from features.rhythm.orders import OrderRhythm

_SMOOTHED_DAYS, _SMOOTH_AFTER_DAYS = 7, 14
_MOST_CERTAIN = 0.95


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    Of every member and family bought before the as-of day, in the order of the history.

    Attributes:
        chance: Shape (n, WINDOW_DAYS): of a purchase by the end of each day from the as-of day on; empty where a rule
            names a day and no chance.
        wait_days: Shape (n,), 1 to WINDOW_DAYS: when the next purchase is expected; WINDOW_DAYS also means later.
    """

    chance: Floats
    wait_days: Floats


Forecaster = Callable[[History, int], Forecast]
"""From a history and an as-of day; days from it on are not in the history."""


def ours_orders(history: History, as_of_day: int) -> Forecast:
    """`OrderRhythm`, with the settings that the package has."""
    n_members = int(history.member.max()) + 1
    watched = np.full(n_members, as_of_day)
    starts = history.starts()
    watched[history.member[starts]] = history.day[starts]
    orders = OrderRhythm.fit(
        history.member,
        history.day,
        first_watched_day=watched,
        as_of_day=as_of_day,
        n_members=n_members,
        rng=np.random.default_rng(1),
    )
    days = range(1, WINDOW_DAYS + 1)
    return _of_chances(np.stack([orders.p_order_within(ahead)[history.member[starts]] for ahead in days], axis=1))


def ours_products(history: History, as_of_day: int) -> Forecast:
    """`ReplenishmentClock`, with the settings that the package has."""
    clock = ReplenishmentClock.fit(
        history.member,
        history.family,
        history.day,
        as_of_day=as_of_day,
        n_members=int(history.member.max()) + 1,
        rng=np.random.default_rng(1),
    )
    return _of_chances(np.stack([clock.probability_within(ahead) for ahead in range(1, WINDOW_DAYS + 1)], axis=1))


def recency(history: History, as_of_day: int) -> Forecast:
    """The days since the last purchase and nothing else: the share of all gaps so old that end on the next day."""
    gaps = gaps_of(history, as_of_day)
    days = gaps.days.astype(np.int64)
    n_days = int(days.max()) + WINDOW_DAYS + 2
    ended = np.bincount(days[gaps.closed], minlength=n_days).astype(np.float64)
    at_risk = np.bincount(days, minlength=n_days)[::-1].cumsum()[::-1].astype(np.float64)
    window = np.ones(_SMOOTHED_DAYS)
    smooth = np.convolve(ended, window, "same") / np.maximum(np.convolve(at_risk, window, "same"), 1.0)
    raw = ended / np.maximum(at_risk, 1.0)
    hazard = np.minimum(np.where(np.arange(n_days) > _SMOOTH_AFTER_DAYS, smooth, raw), _MOST_CERTAIN)
    total = np.cumsum(-np.log1p(-hazard))
    silent = days[~gaps.closed]
    ahead = np.arange(1, WINDOW_DAYS + 1)
    return _of_chances(-np.expm1(total[silent][:, None] - total[silent[:, None] + ahead]))


def naive_exponential(history: History, as_of_day: int) -> Forecast:
    """The mean of own gaps as the rate of a Poisson process; everybody's mean for who bought once."""
    mean, _, silent = _own_means(gaps_of(history, as_of_day))
    chance = -np.expm1(-np.arange(1, WINDOW_DAYS + 1) / mean[:, None])
    return Forecast(chance, _within_window(mean - silent))


def naive_normal(history: History, as_of_day: int) -> Forecast:
    """A normal about the mean of own gaps with their own deviation, given that the gap is older than the silence."""
    mean, deviation, silent = _own_means(gaps_of(history, as_of_day))

    def longer(days: Floats) -> Floats:
        return np.asarray(norm.logsf((days + 0.5 - mean) / deviation))

    chance = np.stack(
        [-np.expm1(longer(silent + ahead) - longer(silent)) for ahead in range(1, WINDOW_DAYS + 1)], axis=1
    )
    return Forecast(chance, _within_window(mean - silent))


def last_gap(history: History, as_of_day: int) -> Forecast:
    """The next gap is as long as the last; everybody's mean for who bought once."""
    gaps = gaps_of(history, as_of_day)
    now = np.flatnonzero(~gaps.closed)
    mean, _, silent = _own_means(gaps)
    gap = np.where(gaps.repeats[now] > 0, gaps.days[np.maximum(now - 1, 0)], mean)
    return Forecast(np.empty((len(now), 0)), _within_window(gap - silent))


NAIVE: Mapping[str, Forecaster] = {"exponential": naive_exponential, "normal": naive_normal}
"""The two forms of `naive_gap`; validation chooses."""


def _own_means(gaps: Gaps) -> tuple[Floats, Floats, Floats]:
    """Mean and deviation of each series' own gaps, and its days of silence; shape (n_series,) each."""
    closed, now = gaps.closed, ~gaps.closed
    of_all = gaps.days[closed] if closed.any() else np.array([30.0])
    series = np.cumsum(gaps.repeats == 0)[closed] - 1
    n, repeats = int(now.sum()), np.maximum(gaps.repeats[now], 1)
    own = gaps.repeats[now] > 0
    mean = np.where(own, np.bincount(series, gaps.days[closed], n) / repeats, of_all.mean())
    squares = np.bincount(series, (gaps.days[closed] - mean[series]) ** 2, n)
    spread = np.sqrt(squares / np.maximum(repeats - 1, 1))
    deviation = np.where(gaps.repeats[now] > 1, spread, mean * of_all.std() / of_all.mean())
    return mean, np.maximum(deviation, 1.0), gaps.days[now]


def _of_chances(chance: NDArray[np.floating]) -> Forecast:
    """The wait is the median; beyond the window it is the window."""
    reached = chance >= 0.5
    wait = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, float(WINDOW_DAYS))
    return Forecast(chance.astype(np.float64), wait)


def _within_window(days: Floats) -> Floats:
    return np.clip(np.round(days), 1.0, float(WINDOW_DAYS))
