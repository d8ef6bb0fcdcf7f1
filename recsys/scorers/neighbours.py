"""Products bought by the same members: for what a member touched a minute ago, and as a list of its own."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.topk import top_k_sparse
from recsys.types import KeepMask, Rows, Scores

_BLOCK_MEMBERS = 512


@dataclass(frozen=True, slots=True)
class NeighbourScorer:
    """
    A member's history, weighted, times the similarity of products.

    Attributes:
        history: Shape (n_members, n_products), CSR float32: how much each product of the past counts.
        similarity: Shape (n_products, n_products), CSR float32: row p holds the nearest products of p, never p itself.
    """

    history: sparse.csr_array
    similarity: sparse.csr_array

    def nearest(self, k: int) -> tuple[Rows, Scores]:
        """Shape (n_products, k): the nearest products of each, best first; UNKNOWN_ROW and NaN pad the tail."""
        return top_k_sparse(self.similarity, k)

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`. Products that nothing of the history leads to are not ranked."""
        rows = np.empty((len(members), k), dtype=np.int32)
        best = np.empty((len(members), k), dtype=np.float32)
        for start in range(0, len(members), _BLOCK_MEMBERS):
            block = np.arange(start, min(start + _BLOCK_MEMBERS, len(members)))
            scores = sparse.csr_array(self.history[members[block]] @ self.similarity)
            scores.data[_left_out(scores, keep, None if without is None else without.take(block))] = np.nan
            rows[block], best[block] = top_k_sparse(scores, k)
        return rows, best


def _left_out(scores: sparse.csr_array, keep: KeepMask, without: Ragged | None) -> KeepMask:
    """Which stored entries nobody may have, or their row goes without."""
    left_out: KeepMask = ~keep[scores.indices]
    if without is not None:
        n = scores.shape[1]
        line = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
        left_out |= np.isin(line * n + scores.indices, without.owners() * n + without.values)
    return left_out
