"""Products bought by the same members, as a sparse matrix that never gets dense."""

import numpy as np
from scipy import sparse

from features.dataset import Dataset
from recsys.scorers.neighbours import NeighbourScorer
from training.models.item_graph import cosine
from training.pairs import Pairs, build_pairs
from training.source_config import NeighboursConfig


def fit(dataset: Dataset, config: NeighboursConfig) -> NeighbourScorer:
    """
    Similarity of products p and q: cosine of their buyers, times n_pq / (n_pq + shrink).

    Item-based collaborative filtering (Deshpande and Karypis 2004); the shrinkage keeps a product that two members
    bought from being the perfect neighbour of everything else these two bought.
    """
    pairs = latest(build_pairs(dataset, config.half_life_days), config.max_history)
    bought, history = matrices(dataset, pairs)
    return NeighbourScorer(history, cosine(bought, config.n_neighbours, shrink=config.shrink_members))


def latest(pairs: Pairs, max_history: int) -> Pairs:
    """The latest distinct products of each member, equal dates by product."""
    lengths = np.bincount(pairs.member)
    crowded = np.flatnonzero((lengths > max_history)[pairs.member])
    member = pairs.member[crowded]
    order = np.lexsort((pairs.product[crowded], -pairs.last_at[crowded], member))
    place = np.arange(len(order)) - np.searchsorted(member, member)  # sorting leaves each member's lines together
    kept = np.ones(len(pairs), dtype=np.bool_)
    kept[crowded[order[place >= max_history]]] = False
    return pairs.take(np.flatnonzero(kept))


def matrices(dataset: Dataset, pairs: Pairs) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Who bought what, shape (n_products, n_members), ones; and each history, the other way, by strength."""
    shape = (len(dataset.member_ids), len(dataset.product_ids))
    bought = sparse.csr_array((np.ones(len(pairs), dtype=np.float32), (pairs.product, pairs.member)), shape=shape[::-1])
    history = sparse.csr_array((pairs.strength.astype(np.float32), (pairs.member, pairs.product)), shape=shape)
    return bought, history
