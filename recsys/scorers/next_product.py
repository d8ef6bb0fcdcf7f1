"""The product that a member will buy next for the first time, from short histories and from attributes."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.dense import add_source, best_of_all
from recsys.types import KeepMask, Rows, Scores


@dataclass(frozen=True, slots=True)
class SourceWeights:
    """How much each source of `NextProductScorer` counts; a source of weight 0 is not computed."""

    following: float
    second: float
    alike: float
    profile: float
    mapped: float
    popular: float


@dataclass(frozen=True, slots=True)
class NextProductScorer:
    """
    Weighted sum of sources, each divided by the score of the member's best product in it.

    A history is a row vector h with decay ** (places from its end); the sources are h following, h second, h alike,
    and with the other decay h profile profile' and h mapped space'; to which the popularity is added as it is.

    Attributes:
        histories: Ragged (n_members,): product rows, oldest first.
        decay, attribute_decay: Above 0, at most 1.
        following, second, alike: Shape (n_products, n_products), CSR float32: product of the history to product.
        profile, space: Shape (n_products, n_attributes), CSR float32, rows of unit length or empty.
        mapped: Shape (n_products, n_attributes), float32.
        popular: Shape (n_products,), float32.
        weights: Of the sources.

    Example:
        >>> graph = sparse.csr_array(np.array([[0, 2, 1], [0, 0, 0], [0, 0, 0]], dtype=np.float32))
        >>> none = sparse.csr_array((3, 0), dtype=np.float32)
        >>> scorer = NextProductScorer(
        ...     Ragged.of([[0]]), 0.6, 0.8, graph, graph, graph, none, none, np.zeros((3, 0), dtype=np.float32),
        ...     np.zeros(3, dtype=np.float32), SourceWeights(1, 0, 0, 0, 0, 0))
        >>> scorer.score(np.array([0])).tolist()
        [[nan, 1.0, 0.5]]
    """

    histories: Ragged
    decay: float
    attribute_decay: float
    following: sparse.csr_array
    second: sparse.csr_array
    alike: sparse.csr_array
    profile: sparse.csr_array
    space: sparse.csr_array
    mapped: NDArray[np.float32]
    popular: NDArray[np.float32]
    weights: SourceWeights

    def with_histories(self, histories: Ragged) -> "NextProductScorer":
        """The same model for other histories, for instance those of this minute."""
        return dataclasses.replace(self, histories=histories)

    def score(self, members: Rows) -> Scores:
        """
        Shape (m, n_products).

        NaN for what the history holds, and in all of the row where it is empty or the member unknown.
        """
        past = self.histories.take(members)
        own = past.owners(), past.values
        recent, longer = self._faded(past, self.decay), self._faded(past, self.attribute_decay)
        weights = self.weights
        scores: Scores = np.repeat((np.float32(weights.popular) * self.popular)[None], len(members), axis=0)
        for weight, graph in (
            (weights.following, self.following),
            (weights.second, self.second),
            (weights.alike, self.alike),
        ):
            if weight:
                add_source(scores, weight, (recent @ graph).toarray(), own)
        if weights.profile:
            add_source(scores, weights.profile, (longer @ self.profile @ self.profile.T).toarray(), own)
        if weights.mapped:
            add_source(scores, weights.mapped, (self.space @ (longer @ self.mapped).T).T, own)
        scores[own] = np.nan
        scores[past.lengths() == 0] = np.nan
        return scores

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`. What the history holds is never ranked."""
        return best_of_all(self.score, members, keep=keep, k=k, without=without, width=len(self.popular))

    def recent_attributes(self, members: Rows) -> sparse.csr_array:
        """Shape (m, n_products), CSR float32: the histories as row vectors, with the decay of the attributes."""
        return self._faded(self.histories.take(members), self.attribute_decay)

    def _faded(self, past: Ragged, decay: float) -> sparse.csr_array:
        """Shape (m, n_products), CSR float32: the histories as row vectors."""
        back = (past.indptr[1:][past.owners()] - 1 - np.arange(len(past.values))).astype(np.float32)
        shape = (len(past), len(self.popular))
        return sparse.csr_array((np.float32(decay) ** back, past.values, past.indptr), shape=shape)
