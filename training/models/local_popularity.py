"""What sells in the member's usual store, or through the usual channel."""

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.products import text_codes
from recsys.scorers.popularity import PopularityScorer
from recsys.types import UNKNOWN_ROW
from training.models import popularity
from training.source_config import LocalPopularityConfig, PopularityConfig

CHANNEL, STORE = "usual_channel", "usual_store"


def fit(dataset: Dataset, config: LocalPopularityConfig, place: str) -> PopularityScorer:
    """
    As `popularity.fit`, by where members usually buy instead of by segment.

    Args:
        dataset: Purchases up to its cut-off.
        config: Window, prior and how many places have lists of their own: memory is places x products.
        place: CHANNEL or STORE, columns of the dataset's members; whoever has none gets everybody's list.
    """
    window = PopularityConfig(window_days=config.window_days, prior_buyers=config.prior_buyers)
    return popularity.fit(dataset, window, _places(dataset, place, config.max_places))


def _places(dataset: Dataset, place: str, n_most: int) -> NDArray[np.int16]:
    """Shape (n_members,): code of the place among those with most members, equal numbers by name; -1 for others."""
    code, names = text_codes(dataset.members[place])
    n_members = np.bincount(code[code >= 0], minlength=len(names))
    rank = np.full(len(names) + 1, UNKNOWN_ROW, dtype=np.int16)
    largest = np.argsort(-n_members, kind="stable")[:n_most]
    rank[largest] = np.arange(len(largest), dtype=np.int16)
    return rank[code]
