"""What each member buys again: own rate of repeats, leaning on how often others buy the product again."""

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.scorers.frequency import FrequencyScorer
from recsys.types import SECONDS_PER_DAY
from training.pairs import Pairs, build_pairs
from training.source_config import FrequencyConfig


def fit(dataset: Dataset, config: FrequencyConfig) -> FrequencyScorer:
    """
    Expected repeats a day of every product that a member has bought.

    Most products were bought once, and a count cannot tell a member's milk from the one sofa. So repeats (orders after
    the first) are a Poisson process a member and product, with a Gamma prior whose mean is the product's own rate:
    (repeats + a) / (days + a / rate of the product); the product's rate leans on that of all products in the same way.
    Repeats and days fade with the half-life. (Gamma-Poisson empirical Bayes, Robbins 1956; the shrunken counterpart
    of P-TopFreq.)
    """
    pairs = build_pairs(dataset, config.half_life_days)
    repeats, days = _faded(pairs, dataset.cut_off, config.half_life_days)
    rate = _product_rates(pairs, repeats, days, len(dataset.product_ids), config.prior_product_repeats)
    prior = config.prior_repeats
    expected = (repeats + prior) / (days + prior / rate[pairs.product])
    return FrequencyScorer.of(pairs.member, pairs.product, expected, n_members=len(dataset.member_ids))


def fit_plain(dataset: Dataset) -> FrequencyScorer:
    """
    The floor: number of orders, equal numbers by the later purchase (P-TopFreq, Li et al. 2023, TOIS).

    Nothing is tuned here, so that the floor cannot move when our own scorer does.
    """
    pairs = build_pairs(dataset, half_life_days=1.0)
    oldest = int(pairs.last_at.min()) if len(pairs) else 0
    recency = (pairs.last_at - oldest) / max(dataset.cut_off - oldest, 1)
    weight = pairs.n_orders + 0.5 * np.asarray(recency)
    return FrequencyScorer.of(pairs.member, pairs.product, weight, n_members=len(dataset.member_ids))


def _faded(pairs: Pairs, cut_off: int, half_life_days: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shape (n,) each: repeats, and days since the first order, both fading with age."""
    first = np.exp2(-(cut_off - pairs.first_at) / SECONDS_PER_DAY / half_life_days)
    # At least a second: whoever bought just now has had no time to buy again.
    days = np.maximum((1 - first) * half_life_days / np.log(2), 1 / SECONDS_PER_DAY)
    return np.maximum(pairs.strength - first, 0.0), days


def _product_rates(
    pairs: Pairs, repeats: NDArray[np.float64], days: NDArray[np.float64], n_products: int, prior: float
) -> NDArray[np.float64]:
    """Shape (n_products,): repeats a member and day, above 0."""
    # One repeat more than there was, so that a shop without any still has a rate.
    overall = (repeats.sum() + 1.0) / max(float(days.sum()), 1.0)
    of_product = np.bincount(pairs.product, repeats, n_products), np.bincount(pairs.product, days, n_products)
    return np.asarray((of_product[0] + prior) / (of_product[1] + prior / overall))
