"""What sells faster than it did: rising products, and the time-decayed count that needs no window."""

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.scorers.popularity import PopularityScorer
from recsys.types import SECONDS_PER_DAY, EpochSeconds
from training.pairs import build_pairs
from training.source_config import RecentConfig, TrendingConfig


def fit_recent(dataset: Dataset, config: RecentConfig) -> PopularityScorer:
    """Distinct buyers of each product, each worth half after the half-life since they bought it last."""
    pairs = build_pairs(dataset, config.half_life_days)
    worth = np.exp2(-(dataset.cut_off - pairs.last_at) / SECONDS_PER_DAY / config.half_life_days)
    return for_everybody(dataset, np.bincount(pairs.product, worth, len(dataset.product_ids)))


def fit_trending(dataset: Dataset, config: TrendingConfig) -> PopularityScorer:
    """
    Buyers in the window before the cut-off over those that the time before it lets expect.

    (n + a) / (e + a), the mean of a Gamma-Poisson posterior of the relative rate (DuMouchel 1999, with one Gamma and
    mean 1): so a product that two members bought is no trend. e is the product's share of all buyers of
    products in the earlier window times the buyers of products in the window. Products that do not rise are not
    ranked, and none is where the earlier window holds nothing.
    """
    start = dataset.cut_off - round(config.window_days * SECONDS_PER_DAY)
    before = start - round(config.before_days * SECONDS_PER_DAY)
    now, earlier = buyers(dataset, start, dataset.cut_off), buyers(dataset, before, start)
    expected = earlier * (now.sum() / max(int(earlier.sum()), 1))
    rise = (now + config.prior_buyers) / (expected + config.prior_buyers)
    return for_everybody(dataset, np.where((rise > 1) & bool(earlier.any()), rise, 0.0))


def buyers(dataset: Dataset, start: EpochSeconds, stop: EpochSeconds) -> NDArray[np.int64]:
    """Shape (n_products,): distinct members who bought it in [start, stop)."""
    bought, n_products = dataset.purchases, len(dataset.product_ids)
    within = (bought.at >= start) & (bought.at < stop)
    pairs = np.unique(bought.member[within].astype(np.int64) * max(n_products, 1) + bought.product[within])
    return np.bincount(pairs % max(n_products, 1), minlength=n_products)


def for_everybody(dataset: Dataset, score: NDArray[np.number]) -> PopularityScorer:
    """One list for all members; products with a score of zero are not in it."""
    table = score.astype(np.float32)[None]
    table[table <= 0] = np.nan
    return PopularityScorer(table, np.full(len(dataset.member_ids), -1, dtype=np.int16))
