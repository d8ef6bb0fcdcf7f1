"""TIFU-KNN: personal item frequency that fades by group of baskets, and that of similar members."""

import numpy as np
from numpy.typing import NDArray

from recsys.scorers.tifu_knn import TifuKnnScorer
from recsys.types import Rows
from training.basket_config import TifuKnnConfig
from training.baskets import Baskets


def fit(baskets: Baskets, config: TifuKnnConfig, *, pool: Rows | None = None) -> TifuKnnScorer:
    """
    Hu, He, Gao and Zhang, SIGIR 2020, "Modeling Personalized Item Frequency Information", equations 1 to 4.

    A member's baskets are cut, from the latest, into groups of ``group_size``; the earliest group may be smaller. A
    group's vector is the mean over its baskets of ``within_decay ** (baskets after it in the group)``; the member's is
    the mean over the groups of ``group_decay ** (groups after it)`` times the group's.
    """
    return TifuKnnScorer(baskets.matrix(_weights(baskets, config)), config.n_neighbours, config.own_weight, pool)


def _weights(baskets: Baskets, config: TifuKnnConfig) -> NDArray[np.float64]:
    age, n_baskets = baskets.age(), baskets.n_baskets()[baskets.member]
    group = age // config.group_size
    within = age - group * config.group_size
    size = np.minimum(config.group_size, n_baskets - group * config.group_size)
    n_groups = -(-n_baskets // config.group_size)
    return np.asarray(config.within_decay**within * config.group_decay**group / (size * n_groups))
