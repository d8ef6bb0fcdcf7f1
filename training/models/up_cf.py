"""UP-CF@r: collaborative filtering on the popularity of products within each member's latest baskets."""

import numpy as np

from recsys.scorers.up_cf import UpCfScorer
from recsys.types import Rows
from training.basket_config import UpCfConfig
from training.baskets import Baskets


def fit(baskets: Baskets, config: UpCfConfig, *, pool: Rows | None = None) -> UpCfScorer:
    """
    Faggioli, Polato and Aiolli, UMAP 2020, "Recency Aware Collaborative Filtering for Next Basket Recommendation".

    The popularity of a product with a member is the share of the member's latest min(r, number of) baskets that hold
    it; similarity is over everything the members ever bought.
    """
    bought = baskets.matrix(np.ones(len(baskets)))
    bought.data[:] = 1.0
    recent = baskets.age() < config.recency
    window = np.minimum(baskets.n_baskets(), config.recency)[baskets.member]
    popularity = baskets.matrix(np.where(recent, 1.0 / np.maximum(window, 1), 0.0))
    popularity.eliminate_zeros()
    return UpCfScorer(bought, popularity, config.asymmetry, config.locality, pool)
