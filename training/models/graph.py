"""Candidates from one product graph: what the member's recent products are related to."""

import numpy as np
from scipy import sparse

from features.dataset import Dataset
from recsys.ragged import Ragged
from recsys.scorers.neighbours import NeighbourScorer
from training.models import item_graph
from training.models.item_neighbours import latest, matrices
from training.models.recency_graph import following
from training.pairs import Pairs, build_pairs
from training.source_config import GraphConfig


def fit(dataset: Dataset, config: GraphConfig) -> NeighbourScorer:
    """
    The member's history, each product fading with its age, times the k best relations of each product.

    The relation is one of `training.models.item_graph` over who bought what, or, as ``sequence``, what was bought after
    what (`training.models.recency_graph`; both orders, backwards less). Only a member's latest distinct products count.
    """
    pairs = latest(build_pairs(dataset, config.half_life_days), config.max_history)
    bought, history = matrices(dataset, pairs)
    return NeighbourScorer(history, _related(bought, pairs, config))


def _related(bought: sparse.csr_array, pairs: Pairs, config: GraphConfig) -> sparse.csr_array:
    k, shrink = config.n_neighbours, config.shrink
    match config.relation:
        case "cosine":
            return item_graph.cosine(bought, k, shrink=shrink)
        case "tf_idf":
            return item_graph.tf_idf(bought, k, shrink=shrink)
        case "bm25":
            return item_graph.bm25(bought, k, shrink=shrink)
        case "rp3beta":
            return item_graph.rp3beta(bought, k, alpha=config.alpha, beta=config.beta, shrink=shrink)
        case "sequence":
            graph = _following(pairs, bought.shape[1], bought.shape[0], config)
            return item_graph.best_of_product(sparse.eye_array(bought.shape[0], format="csr"), graph, k)


def _following(pairs: Pairs, n_members: int, n_products: int, config: GraphConfig) -> sparse.csr_array:
    """Products in the order in which each member bought them last, equal instants by product."""
    order = np.lexsort((pairs.product, pairs.last_at, pairs.member))
    indptr = np.zeros(n_members + 1, dtype=np.int64)
    np.cumsum(np.bincount(pairs.member, minlength=n_members), out=indptr[1:])
    return following(Ragged(indptr, pairs.product[order].astype(np.int32)), n_products, config.sequence)
