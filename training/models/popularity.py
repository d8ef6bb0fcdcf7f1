"""What sells now, overall and in each segment."""

import numpy as np

from features.dataset import Dataset
from recsys.scorers.popularity import PopularityScorer
from recsys.types import SECONDS_PER_DAY
from training.pairs import distinct
from training.source_config import PopularityConfig


def fit(
    dataset: Dataset, config: PopularityConfig, segment: np.ndarray[tuple[int], np.dtype[np.int16]]
) -> PopularityScorer:
    """
    Count distinct buyers of each product within the window before the cut-off.

    Overall, the score is the share of the window's buyers who bought the product. In a segment with b buyers it is
    (buyers in the segment + prior x overall share) / (b + prior): a Beta posterior mean, so small segments lean on
    everybody. Where nobody bought in the window, the whole past counts.

    Args:
        dataset: Purchases up to its cut-off.
        config: Window and prior.
        segment: Shape (n_members,): row of the member's segment; -1 for none.
    """
    purchases, n_products = dataset.purchases, len(dataset.product_ids)
    recent = purchases.at >= dataset.cut_off - round(config.window_days * SECONDS_PER_DAY)
    if not recent.any():
        recent[:] = True
    buys = distinct(purchases.member[recent].astype(np.int64) * max(n_products, 1) + purchases.product[recent])
    member, product = buys // max(n_products, 1), buys % max(n_products, 1)
    n_segments = int(segment.max(initial=-1)) + 1
    buyers = np.unique(member)
    overall = np.bincount(product, minlength=n_products) / max(len(buyers), 1)
    of_member = segment[member].astype(np.int64)
    cells = np.bincount(
        of_member[of_member >= 0] * n_products + product[of_member >= 0], minlength=n_segments * n_products
    ).reshape(n_segments, n_products)
    n_buyers = np.bincount(segment[buyers][segment[buyers] >= 0], minlength=n_segments)[:, None]
    shrunk = (cells + config.prior_buyers * overall) / (n_buyers + config.prior_buyers)
    scores = np.vstack([overall, shrunk]).astype(np.float32)
    scores[scores <= 0] = np.nan
    return PopularityScorer(scores, segment)
