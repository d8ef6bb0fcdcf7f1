"""Products bought by the same members: for what a member touched a minute ago, and as a list of its own."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.topk import leave_out, top_k
from recsys.types import KeepMask, Rows, Scores

_BLOCK_SCORES = 1 << 22


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
        n_products = self.similarity.shape[0]
        rows = np.empty((n_products, k), dtype=np.int32)
        scores = np.empty((n_products, k), dtype=np.float32)
        step = max(1, _BLOCK_SCORES // max(1, n_products))
        for start in range(0, n_products, step):
            block = slice(start, start + step)
            rows[block], scores[block] = top_k(_dense(self.similarity[block]), k)
        return rows, scores

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`. Products that nothing of the history leads to are not ranked."""
        rows = np.empty((len(members), k), dtype=np.int32)
        best = np.empty((len(members), k), dtype=np.float32)
        step = max(1, _BLOCK_SCORES // max(1, self.similarity.shape[0]))
        for start in range(0, len(members), step):
            block = np.arange(start, min(start + step, len(members)))
            scores = _dense(self.history[members[block]] @ self.similarity)
            leave_out(scores, keep, None if without is None else without.take(block))
            rows[block], best[block] = top_k(scores, k)
        return rows, best


def _dense(block: sparse.csr_array) -> Scores:
    """Absent entries become NaN: nothing can be said of them."""
    scores: Scores = block.toarray().astype(np.float32, copy=False)
    scores[scores == 0] = np.nan
    return scores
