"""The shipped collaborative model: walks between products, ridge regressions between them, and vectors, as one."""

import numpy as np
from scipy import sparse

from features.dataset import Dataset
from recsys.scorers.collaborative import CollaborativeScorer
from training.collaborative_config import CollaborativeConfig
from training.models.ials import factorise
from training.models.item_graph import best_of_rows, rp3beta
from training.models.sparse_ease import explained_by
from training.pairs import build_pairs


def fit(dataset: Dataset, config: CollaborativeConfig, rng: np.random.Generator) -> CollaborativeScorer:
    """
    `mixture` of who bought what; a pair counts log2(1 + faded orders), so that one order of today counts 1.

    Raises:
        NotEnoughDataError: There is no purchase, or no finite vectors were found.
    """
    pairs = build_pairs(dataset, config.half_life_days)
    shape = (len(dataset.member_ids), len(dataset.product_ids))
    weight = np.log2(1.0 + pairs.strength).astype(np.float32)
    return mixture(sparse.csr_array((weight, (pairs.member, pairs.product)), shape=shape), config, rng)


def mixture(history: sparse.csr_array, config: CollaborativeConfig, rng: np.random.Generator) -> CollaborativeScorer:
    """
    Fit the three sources of `CollaborativeScorer` on the same pairs.

    The walks are RP3beta and the regressions sparse EASE on the nearest ends of each walk, both of who bought what,
    whatever the weights; the vectors are iALS with the weights. Each errs in another way: walks know no substitutes,
    regressions know few products each, and vectors forget rare ones.

    Args:
        history: Shape (n_members, n_products), not negative: how much each purchase counts.
        config: Names are explained there.
        rng: For the first vectors.

    Raises:
        InputError: A weight is below zero or not finite.
        NotEnoughDataError: There is no purchase, or no finite vectors were found.
    """
    members, products = factorise(history, config.vectors, rng)
    by_product = sparse.csr_array(history.T, dtype=np.float32)
    by_product.eliminate_zeros()
    by_product.data[:] = 1
    walked = rp3beta(by_product, config.n_related, alpha=config.walk_power, beta=config.popularity_power)
    return CollaborativeScorer(
        history=history,
        walked=walked,
        explained=explained_by(by_product, best_of_rows(walked, config.n_explaining), ridge=config.ridge),
        members=members,
        products=products,
        weights=(config.walked_weight, config.explained_weight, config.vectors_weight),
    )
