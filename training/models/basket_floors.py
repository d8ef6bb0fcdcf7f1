"""The lists that any shop has for free: most bought by all, by the member, and by the member then by all."""

import numpy as np

from recsys.scorers.filled import FilledScorer
from recsys.scorers.frequency import FrequencyScorer
from recsys.scorers.popularity import PopularityScorer
from training.baskets import Baskets


def fit_global(baskets: Baskets) -> PopularityScorer:
    """G-TopFreq (Li et al. 2023, TOIS): baskets that held the product, equal numbers by product row."""
    counts = np.bincount(baskets.product, minlength=baskets.n_products).astype(np.float32)
    counts[counts == 0] = np.nan
    return PopularityScorer(counts[None], np.full(baskets.n_members, -1, dtype=np.int16))


def fit_personal(baskets: Baskets) -> FrequencyScorer:
    """P-TopFreq: the member's baskets that held the product; equal numbers by product row."""
    counts = baskets.matrix(np.ones(len(baskets))).tocoo()
    return FrequencyScorer.of(counts.row, counts.col, counts.data, n_members=baskets.n_members)


def fit_personal_then_global(baskets: Baskets) -> FilledScorer:
    """GP-TopFreq: P-TopFreq, filled up by G-TopFreq."""
    return FilledScorer(fit_personal(baskets), fit_global(baskets))
