"""What a member is due to buy again: the chance of a purchase within the horizon, given the days since the last one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.products import text_codes
from features.rhythm.gaps import Gaps, History, gaps_of
from features.rhythm.life_table import LifeTable, shrunk_rate
from recsys.scorers.frequency import FrequencyScorer
from recsys.types import SECONDS_PER_DAY, Rows
from training.source_config import DueAgainConfig

Floats = NDArray[np.float64]

_AGES = np.array([0, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.6, 2.2, 3, 5, np.inf])
"""Ages of a gap, in units of the gap that was expected, between which the shape is constant."""
_REPEATS = np.array([0, 1, 2, 3, 5, 9])
"""Gaps after the 1st, 2nd, 3rd, 4th to 5th, 6th to 9th and later purchases have shapes of their own."""
_CUT_OFF_DAY = 0


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
    history = _history(dataset)
    gaps = gaps_of(history, _CUT_OFF_DAY)
    expected = _expected(gaps, history.family, dataset, config)
    age = gaps.days * expected.repeats / expected.days
    stratum = _stratum(gaps.repeats)
    table = LifeTable.fit(
        expected,
        age,
        stratum,
        gaps.closed,
        edges=_AGES,
        n_strata=len(_REPEATS),
        prior_events=config.prior_shape_events,
        n_flat=1,
    )
    now = ~gaps.closed
    of, since = expected.take(now), age[now]
    until = since + config.horizon_days * of.repeats / of.days
    ahead = table.cumulated(of, until, stratum[now]) - table.cumulated(of, since, stratum[now])
    chance = -np.expm1(-ahead)
    return FrequencyScorer.of(history.member[now], history.family[now], chance, n_members=len(dataset.member_ids))


def _history(dataset: Dataset) -> History:
    """Each product is a family of its own; days are counted back from the cut-off, the last one before it is -1."""
    bought = dataset.purchases
    return History.of(
        bought.member, bought.product, _CUT_OFF_DAY - 1 - (dataset.cut_off - bought.at) // SECONDS_PER_DAY
    )


def _expected(gaps: Gaps, product: Rows, dataset: Dataset, config: DueAgainConfig) -> _Expected:
    code, names = text_codes(dataset.products["category"])
    family = np.where(code >= 0, code, len(names) + np.arange(len(code)))
    end = np.exp2(-gaps.since_days / config.half_life_days)
    start = np.exp2(-(gaps.since_days + gaps.days) / config.half_life_days)
    repeats = np.bincount(product, end * gaps.closed, len(family))
    days = np.bincount(product, (end - start) * config.half_life_days / np.log(2), len(family))
    overall = (repeats.sum() + 1.0) / (days.sum() + 1.0)
    of_family = shrunk_rate(
        np.bincount(family, repeats), np.bincount(family, days), overall, config.prior_family_repeats
    )
    of_product = shrunk_rate(repeats, days, of_family[family], config.prior_product_repeats)
    prior_days = np.asarray(config.prior_repeats / of_product, dtype=np.float64)[product]
    return _Expected((gaps.repeats + config.prior_repeats).astype(np.float64), gaps.before_days + prior_days)


def _stratum(repeats: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.searchsorted(_REPEATS, repeats, side="right") - 1)
