"""Products that nobody has bought yet, ranked by their attributes, alone or among those that sell."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.dense import best_of_all
from recsys.scorers.next_product import NextProductScorer
from recsys.types import KeepMask, Rows, Scores

_LEAST = np.float32(1e-9)


@dataclass(frozen=True, slots=True)
class ColdProductsScorer:
    """
    The scores of `NextProductScorer`, with those of the cold products written anew.

    With h the history as a row vector (attribute decay): h likeness, what the member has; n(h following) likeness,
    what is expected next, n making a row sum to one; h mapped space'. Each is divided by the member's largest among
    the cold products. To rank these alone, keep nothing else.

    Attributes:
        sold: For all other products.
        cold: Shape (n_cold,), int32, ascending: rows of the cold products.
        likeness: Shape (n_products, n_cold), CSR float32; empty rows for what was never sold.
        own, spread, mapped: Weights of the three.
        cold_weight: What their sum counts among all products.
    """

    sold: NextProductScorer
    cold: Rows
    likeness: sparse.csr_array
    own: float
    spread: float
    mapped: float
    cold_weight: float

    def score_cold(self, members: Rows) -> Scores:
        """Shape (m, n_cold); zeros where the history is empty."""
        history = self.sold.recent_attributes(members)
        expected = sparse.csr_array(history @ self.sold.following)
        total = np.asarray(expected.sum(axis=1)).ravel()
        expected.data /= np.repeat(np.where(total > 0, total, 1), np.diff(expected.indptr)).astype(np.float32)
        sources = (
            (self.own, (history @ self.likeness).toarray()),
            (self.spread, (expected @ self.likeness).toarray()),
            (self.mapped, (self.sold.space[self.cold] @ (history @ self.sold.mapped).T).T),
        )
        scores: Scores = np.zeros((len(members), len(self.cold)), dtype=np.float32)
        for weight, source in sources:
            largest = np.abs(source).max(axis=1, keepdims=True, initial=0)
            scores += np.float32(weight) * (source / np.maximum(largest, _LEAST)).astype(np.float32)
        return scores

    def score(self, members: Rows) -> Scores:
        """Shape (m, n_products); NaN as in `NextProductScorer.score`."""
        scores = self.sold.score(members)
        known = np.flatnonzero(~np.isnan(scores).all(axis=1))
        cold = np.float32(self.cold_weight) * self.score_cold(members[known])
        scores[np.ix_(known, self.cold)] = cold
        return scores

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`."""
        width = len(self.sold.popular)
        return best_of_all(self.score, members, keep=keep, k=k, without=without, width=width)
