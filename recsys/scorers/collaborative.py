"""What a member may like next by who bought what alone: product graphs and vectors, weighed against each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.dense import add_source, best_of_all
from recsys.types import KeepMask, Rows, Scores


@dataclass(frozen=True, slots=True)
class CollaborativeScorer:
    """
    Weighted sum of sources, each divided by the score of the member's best product that is not in the history.

    With a history as a row vector h, the sources are h walked, h explained, and the member's vector times the
    products'. A source of weight 0 is not computed.

    Attributes:
        history: Shape (n_members, n_products), CSR float32: how much each product of the past counts.
        walked, explained: Shape (n_products, n_products), CSR float32: product of the history to product.
        members: Shape (n_members, d), float32; a row of NaN for a member without a history.
        products: Shape (n_products, d), float32; a row of NaN for a product that was never sold.
        weights: Of walked, explained and the vectors.

    Example:
        >>> graph = sparse.csr_array(np.array([[0, 2, 1], [0, 0, 0], [0, 0, 0]], dtype=np.float32))
        >>> history = sparse.csr_array(np.array([[1, 0, 0]], dtype=np.float32))
        >>> vectors = np.array([[1], [1], [4]], dtype=np.float32)
        >>> scorer = CollaborativeScorer(history, graph, graph, vectors[:1], vectors, (1.0, 0.0, 0.5))
        >>> scorer.score(np.array([0])).tolist()
        [[nan, 1.125, 1.0]]
    """

    history: sparse.csr_array
    walked: sparse.csr_array
    explained: sparse.csr_array
    members: NDArray[np.float32]
    products: NDArray[np.float32]
    weights: tuple[float, float, float]

    def score(self, members: Rows) -> Scores:
        """
        Shape (m, n_products).

        NaN for what the history holds and what was never sold, and in all of the row where the history is empty.
        """
        past = self.history[members]
        own = np.repeat(np.arange(len(members)), np.diff(past.indptr)), past.indices
        scores: Scores = np.zeros(past.shape, dtype=np.float32)
        for weight, graph in zip(self.weights, (self.walked, self.explained), strict=False):
            if weight:
                add_source(scores, weight, (past @ graph).toarray(), own)
        if self.weights[2]:
            liked = np.nan_to_num(self.members[members]) @ np.nan_to_num(self.products).T
            add_source(scores, self.weights[2], liked, own)
        scores[own] = np.nan
        scores[np.diff(past.indptr) == 0] = np.nan
        scores[:, np.isnan(self.products).any(axis=1)] = np.nan
        return scores

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`. What the history holds is never ranked."""
        return best_of_all(self.score, members, keep=keep, k=k, without=without, width=self.history.shape[1])
