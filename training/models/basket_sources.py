"""Models of the next basket as sources of candidates: the same fits, from a dataset."""

import numpy as np

from features.dataset import Dataset
from recsys.scorers.next_basket import NextBasketScorer
from recsys.scorers.tifu_knn import TifuKnnScorer
from recsys.scorers.up_cf import UpCfScorer
from recsys.types import Rows
from training.baskets import Baskets, build_baskets
from training.models import next_basket, tifu_knn, up_cf
from training.source_config import NextBasketSourceConfig, TifuKnnSourceConfig, UpCfSourceConfig


def fit_next_basket(dataset: Dataset, config: NextBasketSourceConfig, rng: np.random.Generator) -> NextBasketScorer:
    """
    Boosted trees on each member's latest baskets, seen from before them: see `training.models.next_basket`.

    Raises:
        NotEnoughDataError: No member has two baskets, or every candidate was bought, or none.
    """
    return next_basket.fit(build_baskets(dataset), config.model, seed=int(rng.integers(2**31)))


def fit_tifu_knn(dataset: Dataset, config: TifuKnnSourceConfig, rng: np.random.Generator) -> TifuKnnScorer:
    """See `training.models.tifu_knn`; of many members a sample can be neighbours."""
    baskets = build_baskets(dataset)
    return tifu_knn.fit(baskets, config.model, pool=sample_pool(baskets, config.max_pool, rng))


def fit_up_cf(dataset: Dataset, config: UpCfSourceConfig, rng: np.random.Generator) -> UpCfScorer:
    """See `training.models.up_cf`; of many members a sample can be neighbours."""
    baskets = build_baskets(dataset)
    return up_cf.fit(baskets, config.model, pool=sample_pool(baskets, config.max_pool, rng))


def sample_pool(baskets: Baskets, n_most: int, rng: np.random.Generator) -> Rows:
    """Rows of members with a basket, ascending; of more than *n_most* a sample without replacement."""
    known = np.flatnonzero(baskets.n_baskets() > 0).astype(np.int32)
    return known if len(known) <= n_most else np.sort(rng.choice(known, n_most, replace=False))
