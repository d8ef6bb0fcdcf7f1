"""What sold in the same weeks a year ago: seasons that four weeks of sales cannot know of yet."""

import numpy as np

from features.dataset import Dataset
from recsys.scorers.popularity import PopularityScorer
from recsys.types import SECONDS_PER_DAY
from training.models.trending import buyers, for_everybody
from training.source_config import SeasonalConfig

_YEAR_DAYS = 364
"""Whole weeks, so that a window begins on the same day of the week."""


def fit(dataset: Dataset, config: SeasonalConfig) -> PopularityScorer:
    """
    Distinct buyers a year ago in the ``window_days`` that began at the cut-off's day.

    Where history does not reach back to the beginning of that window, there is no last year: every list is empty.
    """
    at = dataset.purchases.at
    start = dataset.cut_off - _YEAR_DAYS * SECONDS_PER_DAY
    if not len(at) or int(at.min()) > start:
        return for_everybody(dataset, np.zeros(len(dataset.product_ids)))
    return for_everybody(dataset, buyers(dataset, start, start + round(config.window_days * SECONDS_PER_DAY)))
