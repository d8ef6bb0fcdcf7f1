"""What similar members bought in their latest baskets, the member among them: UP-CF@r once it is fitted."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.dense import best_of_all
from recsys.types import KeepMask, Rows, Scores


@dataclass(frozen=True, slots=True)
class UpCfScorer:
    """
    Sum over members v of similarity(u, v) ** locality x the recent popularity of the product with v.

    The similarity is the asymmetric cosine: shared products / (products of u ** asymmetry x products of v **
    (1 - asymmetry)).

    Attributes:
        bought: Shape (n_members, n_products), CSR float32 of ones: everything ever bought.
        recent: Same shape: share of the member's latest baskets that hold the product.
        asymmetry: 0 to 1.
        locality: Above 0; larger listens to the most similar only.
        pool: Shape (p,): rows of the members v, ascending, beside the member; absent: all.

    Example:
        >>> bought = sparse.csr_array(np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=np.float32))
        >>> UpCfScorer(bought, bought, asymmetry=0.0, locality=1.0).score(np.array([0])).tolist()
        [[1.5, 0.5, 0.0]]
    """

    bought: sparse.csr_array
    recent: sparse.csr_array
    asymmetry: float
    locality: float
    pool: Rows | None = None

    def score(self, members: Rows) -> Scores:
        """Shape (m, n_products); NaN where the member bought nothing."""
        size = np.diff(self.bought.indptr).astype(np.float64)
        pool = np.arange(len(size), dtype=np.int32) if self.pool is None else self.pool
        near = sparse.csr_array(self.bought[members] @ self.bought[pool].T.tocsr())
        of = np.repeat(size[members], np.diff(near.indptr))
        cosine = near.data / (of**self.asymmetry * size[pool][near.indices] ** (1 - self.asymmetry))
        near.data = (cosine**self.locality).astype(np.float32)
        scores: Scores = (near @ self.recent[pool]).toarray()
        # Whoever is not in the pool is similar to themselves all the same, with a similarity of 1.
        outside = ~np.isin(members, pool)
        scores[outside] += self.recent[members[outside]].toarray()
        scores[size[members] == 0] = np.nan
        return scores

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`. What no similar member bought has the score 0 and comes last."""
        width = max(self.bought.shape)
        return best_of_all(self.score, members, keep=keep, k=k, without=without, width=width)
