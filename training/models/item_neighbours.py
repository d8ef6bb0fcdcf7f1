"""Products bought by the same members, as a sparse matrix that never gets dense."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.dataset import Dataset
from recsys.scorers.neighbours import NeighbourScorer
from training.pairs import Pairs, build_pairs
from training.source_config import NeighboursConfig

_BLOCK_PRODUCTS = 512


def fit(dataset: Dataset, config: NeighboursConfig) -> NeighbourScorer:
    """
    Similarity of products p and q: cosine of their buyers, times n_pq / (n_pq + shrink).

    Item-based collaborative filtering (Deshpande and Karypis 2004); the shrinkage keeps a product that two members
    bought from being the perfect neighbour of everything else these two bought.
    """
    pairs = _latest(build_pairs(dataset, config.half_life_days), config.max_history)
    shape = (len(dataset.member_ids), len(dataset.product_ids))
    bought = sparse.csr_array((np.ones(len(pairs), dtype=np.float32), (pairs.member, pairs.product)), shape=shape)
    history = sparse.csr_array((pairs.strength.astype(np.float32), (pairs.member, pairs.product)), shape=shape)
    return NeighbourScorer(history, _similarity(bought, config))


def _similarity(bought: sparse.csr_array, config: NeighboursConfig) -> sparse.csr_array:
    n_products = bought.shape[1]
    buyers = np.asarray(bought.sum(axis=0), dtype=np.float64).ravel()
    norm = np.sqrt(np.maximum(buyers, 1.0))
    by_product = bought.T.tocsr()
    blocks = []
    for start in range(0, n_products, _BLOCK_PRODUCTS):
        shared = (by_product[start : start + _BLOCK_PRODUCTS] @ bought).tocoo()
        row, column = shared.row.astype(np.int64), shared.col.astype(np.int64)
        other = row + start != column
        row, column, n_shared = row[other], column[other], shared.data[other].astype(np.float64)
        cosine = n_shared / (norm[row + start] * norm[column]) * (n_shared / (n_shared + config.shrink_members))
        best = _best_of_rows(row, column, cosine, config.n_neighbours)
        height = min(_BLOCK_PRODUCTS, n_products - start)
        kept = (cosine[best].astype(np.float32), (row[best], column[best]))
        blocks.append(sparse.csr_array(kept, shape=(height, n_products)))
    if not blocks:
        return sparse.csr_array((0, 0), dtype=np.float32)
    return sparse.csr_array(sparse.vstack(blocks, format="csr"))


def _best_of_rows(
    row: NDArray[np.int64], column: NDArray[np.int64], score: NDArray[np.float64], k: int
) -> NDArray[np.int64]:
    """Positions of the k best entries of each row, equal scores by column."""
    order = np.lexsort((column, -score, row))
    starts = np.searchsorted(row[order], row[order])
    return np.asarray(order[np.arange(len(order)) - starts < k])


def _latest(pairs: Pairs, max_history: int) -> Pairs:
    """The latest distinct products of each member, equal dates by product."""
    order = np.lexsort((pairs.product, -pairs.last_at, pairs.member))
    starts = np.searchsorted(pairs.member[order], pairs.member[order])
    kept = np.sort(order[np.arange(len(order)) - starts < max_history])
    return pairs.take(kept)
