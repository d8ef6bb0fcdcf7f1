"""A member's own fading basket history, leaning on that of the most similar members: TIFU-KNN once it is fitted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.dense import BLOCK_CELLS, best_of_all
from recsys.scorers.topk import top_k
from recsys.types import KeepMask, Rows, Scores


@dataclass(frozen=True, slots=True)
class TifuKnnScorer:
    """
    own_weight x the member's vector + (1 - own_weight) x the mean vector of the nearest others.

    Attributes:
        vectors: Shape (n_members, n_products), CSR float32: how much each product of the past counts.
        n_neighbours: Most neighbours of a member, by Euclidean distance; equal distances by member row.
        own_weight: 0 to 1.
        pool: Shape (p,): rows of the members who may be neighbours, ascending; absent: all.

    Example:
        >>> vectors = sparse.csr_array(np.array([[1.0, 0, 0], [1, 2, 0], [0, 0, 9]], dtype=np.float32))
        >>> TifuKnnScorer(vectors, 1, 0.5).score(np.array([0])).tolist()
        [[1.0, 1.0, 0.0]]
    """

    vectors: sparse.csr_array
    n_neighbours: int
    own_weight: float
    pool: Rows | None = None

    def score(self, members: Rows) -> Scores:
        """Shape (m, n_products); NaN where the member bought nothing."""
        lent = neighbour_mean(self.vectors, members, self.n_neighbours, self.pool)
        own = self.vectors[members]
        scores: Scores = (self.own_weight * own + (1 - self.own_weight) * lent).toarray().astype(np.float32)
        scores[np.diff(own.indptr) == 0] = np.nan
        return scores

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`. What neither the member nor a neighbour bought has the score 0 and comes last."""
        width = max(self.vectors.shape)
        return best_of_all(self.score, members, keep=keep, k=k, without=without, width=width)


def neighbour_mean(
    vectors: sparse.csr_array, members: Rows, n_neighbours: int, pool: Rows | None = None
) -> sparse.csr_array:
    """Shape (m, n_products): mean vector of the nearest others who bought something; 0 where there is none."""
    pool = np.arange(vectors.shape[0], dtype=np.int32) if pool is None else pool
    others = vectors[pool]
    squared = np.asarray(others.multiply(others).sum(axis=1), dtype=np.float32).ravel()
    squared[np.diff(others.indptr) == 0] = np.nan
    transposed = others.T.tocsr()
    step = max(1, BLOCK_CELLS // max(len(pool), vectors.shape[1], 1))
    blocks = []
    for start in range(0, len(members), step):
        block = members[start : start + step]
        # The member's own squared length is the same for all neighbours and changes no order.
        closeness = (2 * (vectors[block] @ transposed)).toarray() - squared
        closeness[block[:, None] == pool] = np.nan
        blocks.append(_mean_of_nearest(closeness.astype(np.float32, copy=False), others, n_neighbours))
    if not blocks:
        return sparse.csr_array((0, vectors.shape[1]), dtype=np.float32)
    return sparse.csr_array(sparse.vstack(blocks, format="csr"))


def _mean_of_nearest(closeness: NDArray[np.float32], others: sparse.csr_array, k: int) -> sparse.csr_array:
    near, _ = top_k(closeness, min(k, max(others.shape[0], 1)))
    line, place = np.nonzero(near >= 0)
    found = np.bincount(line, minlength=len(closeness))
    shares = sparse.csr_array(
        ((1.0 / found[line]).astype(np.float32), (line, near[line, place])), shape=(len(closeness), others.shape[0])
    )
    return sparse.csr_array(shares @ others)
