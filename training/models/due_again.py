"""What a member is due to buy again: the chance of a purchase within the horizon, given the days since the last one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.products import text_codes
from recsys.scorers.frequency import FrequencyScorer
from recsys.types import SECONDS_PER_DAY
from training.source_config import DueAgainConfig

Floats = NDArray[np.float64]

_AGES = np.array([0, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.6, 2.2, 3, 5, np.inf])
"""Ages of a gap, in units of the gap that was expected, between which the shape is constant."""
_REPEATS = np.array([0, 1, 2, 3, 5, 9])
"""Gaps after the 1st, 2nd, 3rd, 4th to 5th, 6th to 9th and later purchases have shapes of their own."""


@dataclass(frozen=True, slots=True)
class _Gaps:
    """
    What follows each purchase of a member and product, sorted by member, product, oldest first.

    Attributes:
        member, product: Shape (n,).
        repeats: Shape (n,): purchases of the pair before this one.
        before_days: Shape (n,): from the pair's first purchase to this one.
        days: Shape (n,): until the pair's next purchase, or the cut-off.
        since_days: Shape (n,): from that end to the cut-off, 0 where the gap is open.
        closed: Shape (n,): whether a purchase ended it.
    """

    member: NDArray[np.integer]
    product: NDArray[np.integer]
    repeats: NDArray[np.int64]
    before_days: Floats
    days: Floats
    since_days: Floats
    closed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Expected:
    """
    The hazard without a shape: posterior repeats over posterior days, and as the gap gets older it falls.

    Attributes:
        repeats: Shape (n,), above 0: own repeats before the gap and those of the prior.
        days: Shape (n,), above 0: days they took.
    """

    repeats: Floats
    days: Floats

    def cumulated(self, age: Floats) -> Floats:
        """Shape (n,): purchases expected until an age in units of days / repeats (Lomax, Gamma-Poisson mixture)."""
        return np.asarray(self.repeats * np.log1p(age / self.repeats))

    def take(self, rows: NDArray[np.bool_]) -> "_Expected":
        return _Expected(self.repeats[rows], self.days[rows])


def fit(dataset: Dataset, config: DueAgainConfig) -> FrequencyScorer:
    """
    P(the member buys the product within the horizon | the days since the last purchase), for own products.

    1. The rate of repeats is shrunk level by level, (repeats + a) / (days + a / rate above): all, family (category; a
       product without one is a family), product, pair of member and product (Gamma-Poisson empirical Bayes, Robbins
       1956). Those of families and products fade with age; a pair's are those before its present gap. With nothing
       else known, the gap's hazard at age t is (r + a) / (d + t + a / rate): Lomax, so a long silence lowers it.
    2. People are more regular than that. In units of the expected gap, events over expected events in bins of age is
       the shape that multiplies the hazard: a life table (Cutler and Ederer 1958) by the number of repeats before,
       leaning on that of all, which leans on 1. A first gap has no rhythm of its own, so its shape is 1.
    3. The answer is 1 - exp(-(hazard summed from now to the horizon)).

    Purchases of one day, in whole days before the cut-off, are one. Who bought once has the rates above; where all
    purchases are of one instant, the rate is one repeat in all days of all.
    """
    gaps = _gaps(dataset)
    expected = _expected(gaps, dataset, config)
    age = gaps.days * expected.repeats / expected.days
    shape = _shapes(gaps, expected, age, config.prior_shape_events)
    now = ~gaps.closed
    of, since = expected.take(now), age[now]
    until = since + config.horizon_days * of.repeats / of.days
    shapes = shape[_stratum(gaps.repeats[now])]
    ahead = _shaped(of, until, shapes) - _shaped(of, since, shapes)
    return FrequencyScorer.of(gaps.member[now], gaps.product[now], -np.expm1(-ahead), n_members=len(dataset.member_ids))


def _gaps(dataset: Dataset) -> _Gaps:
    bought = dataset.purchases
    age = (dataset.cut_off - bought.at) // SECONDS_PER_DAY
    order = np.lexsort((-age, bought.product, bought.member))
    member, product, age = bought.member[order], bought.product[order], age[order]
    same = np.zeros(len(order), dtype=np.bool_)
    same[1:] = (member[1:] == member[:-1]) & (product[1:] == product[:-1])
    distinct = ~same
    distinct[1:] |= age[1:] != age[:-1]
    member, product, age, same = member[distinct], product[distinct], age[distinct], same[distinct]
    starts = np.flatnonzero(~same)
    first = np.repeat(starts, np.diff(np.append(starts, len(same))))
    closed = np.zeros(len(same), dtype=np.bool_)
    closed[:-1] = same[1:]
    end = np.zeros(len(same), dtype=np.int64)
    end[:-1] = np.where(closed[:-1], age[1:], 0)
    return _Gaps(
        member=member,
        product=product,
        repeats=np.arange(len(same)) - first,
        before_days=(age[first] - age).astype(np.float64),
        days=(age - end).astype(np.float64),
        since_days=end.astype(np.float64),
        closed=closed,
    )


def _expected(gaps: _Gaps, dataset: Dataset, config: DueAgainConfig) -> _Expected:
    code, names = text_codes(dataset.products["category"])
    family = np.where(code >= 0, code, len(names) + np.arange(len(code)))
    end = np.exp2(-gaps.since_days / config.half_life_days)
    start = np.exp2(-(gaps.since_days + gaps.days) / config.half_life_days)
    repeats = np.bincount(gaps.product, end * gaps.closed, len(family))
    days = np.bincount(gaps.product, (end - start) * config.half_life_days / np.log(2), len(family))
    overall = (repeats.sum() + 1.0) / (days.sum() + 1.0)
    of_family = _rate(np.bincount(family, repeats), np.bincount(family, days), overall, config.prior_family_repeats)
    of_product = _rate(repeats, days, of_family[family], config.prior_product_repeats)
    prior_days = np.asarray(config.prior_repeats / of_product, dtype=np.float64)[gaps.product]
    return _Expected((gaps.repeats + config.prior_repeats).astype(np.float64), gaps.before_days + prior_days)


def _rate(repeats: NDArray[np.number], days: NDArray[np.number], above: Floats | float, prior: float) -> Floats:
    return np.asarray((repeats + prior) / (days + prior / above))


def _stratum(repeats: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.searchsorted(_REPEATS, repeats, side="right") - 1)


def _shapes(gaps: _Gaps, expected: _Expected, age: Floats, prior: float) -> Floats:
    """Shape (n_strata, n_bins), above 0: events over those expected without a shape."""
    size, stratum = (len(_REPEATS), len(_AGES) - 1), _stratum(gaps.repeats)
    place = np.searchsorted(_AGES, age, side="right") - 1
    events = np.bincount((stratum * size[1] + place)[gaps.closed], minlength=size[0] * size[1]).reshape(size)
    due = np.empty(size)
    for position in range(size[1]):
        due[:, position] = np.bincount(stratum, _within(expected, age, position), size[0])
    of_all = (events[1:].sum(axis=0) + prior) / (due[1:].sum(axis=0) + prior)
    shape: Floats = np.asarray((events + prior) / (due + prior / of_all), dtype=np.float64)
    shape[0] = 1.0
    return shape


def _shaped(expected: _Expected, age: Floats, shapes: Floats) -> Floats:
    """Shape (n,): purchases expected until an age, each bin of it times its shape; *shapes* has a row each."""
    total = np.zeros(len(age))
    for position in range(len(_AGES) - 1):
        total += shapes[:, position] * _within(expected, age, position)
    return total


def _within(expected: _Expected, age: Floats, position: int) -> Floats:
    """Shape (n,): purchases expected in one bin, as far as the age reaches into it."""
    low, high = _AGES[position], np.clip(age, _AGES[position], _AGES[position + 1])
    return np.asarray(expected.cumulated(high) - expected.cumulated(np.full(len(age), low)))
