"""What each member buys again: own purchases, the recent ones worth more."""

import numpy as np

from features.dataset import Dataset
from recsys.scorers.frequency import FrequencyScorer
from training.config import FrequencyConfig
from training.pairs import build_pairs


def fit(dataset: Dataset, config: FrequencyConfig) -> FrequencyScorer:
    """Weight each product by the member's orders that held it, each worth half after the half-life."""
    pairs = build_pairs(dataset, config.half_life_days)
    return FrequencyScorer.of(pairs.member, pairs.product, pairs.strength, n_members=len(dataset.member_ids))


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
