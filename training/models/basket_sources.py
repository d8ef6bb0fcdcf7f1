"""Models of the next basket as sources of candidates: the same fits, from a dataset."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.scorers.next_basket import NextBasketScorer
from recsys.scorers.tifu_knn import TifuKnnScorer
from recsys.scorers.up_cf import UpCfScorer
from recsys.types import SECONDS_PER_DAY, Rows
from training.baskets import Baskets, Labels, build_baskets
from training.models import next_basket, tifu_knn, up_cf
from training.source_config import NextBasketSourceConfig, TifuKnnSourceConfig, UpCfSourceConfig


def fit_next_basket(dataset: Dataset, config: NextBasketSourceConfig, rng: np.random.Generator) -> NextBasketScorer:
    """
    Boosted trees on what members bought in the latest windows before the cut-off, seen from before each of them.

    As `training.models.next_basket`, but what is learnt is a window of days and not the next basket, because that is
    what a list is for.

    Raises:
        NotEnoughDataError: Nobody bought in the latest window who had bought before it, or every candidate was bought,
            or none.
    """
    seed = int(rng.integers(2**31))
    return next_basket.fit(build_baskets(dataset), config.model, seed=seed, lessons=_windows(dataset, config))


def _windows(dataset: Dataset, config: NextBasketSourceConfig) -> Iterator[tuple[Baskets, Labels]]:
    """The histories before a window and the products in it, the latest window first."""
    window = round(config.window_days * SECONDS_PER_DAY)
    for number in range(1, config.n_windows + 1):
        start = dataset.cut_off - number * window
        at = dataset.purchases.at
        histories = _baskets(dataset, at < start)
        bought = _baskets(dataset, (at >= start) & (at < start + window)).lists()
        members = np.flatnonzero((bought.lengths() > 0) & (histories.n_baskets() > 0)).astype(np.int32)
        yield histories, Labels(members, bought.take(members))


def _baskets(dataset: Dataset, kept: NDArray[np.bool_]) -> Baskets:
    bought = dataset.purchases
    sizes = {"n_members": len(dataset.member_ids), "n_products": len(dataset.product_ids)}
    return Baskets.of(bought.member[kept], bought.at[kept], bought.product[kept], **sizes)


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
