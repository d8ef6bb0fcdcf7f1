"""Models whose score is a dot product: ALS and LightFM once they are trained."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.ragged import Ragged
from recsys.scorers.topk import top_k
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores

_BLOCK_SCORES = 1 << 22


@dataclass(frozen=True, slots=True)
class FactorScorer:
    """
    Vectors of members and products; a score is their dot product plus the product's bias.

    Attributes:
        members: Shape (n_members, d), float32; a row of NaN where the model knows nothing of the member.
        products: Shape (n_products, d), float32; a row of NaN where it knows nothing of the product.
        bias: Shape (n_products,), float32.

    Example:
        >>> one, products = np.eye(2, dtype=np.float32), np.array([[1, 0], [3, 4]], dtype=np.float32)
        >>> scorer = FactorScorer(one, products, np.zeros(2, dtype=np.float32))
        >>> scorer.best(np.array([0, 1]), keep=np.array([True, True]), k=1)[0].tolist()
        [[1], [1]]
    """

    members: NDArray[np.float32]
    products: NDArray[np.float32]
    bias: NDArray[np.float32]

    def score(self, members: Rows) -> Scores:
        """Shape (m, n_products): the score of every product; NaN where the member or the product is unknown."""
        scores: Scores = self.members[members] @ self.products.T
        scores += self.bias
        return scores

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """
        See `Scorer.best`.

        Works block by block, so memory does not grow with the number of members; products that cannot be ranked cost
        nothing, and of a large catalogue those are most.
        """
        rows = np.empty((len(members), k), dtype=np.int32)
        best = np.empty((len(members), k), dtype=np.float32)
        ranked = np.flatnonzero(keep & np.isfinite(self.products).all(axis=1))
        among = FactorScorer(self.members, self.products[ranked], self.bias[ranked])
        column = np.full(len(self.products), UNKNOWN_ROW, dtype=np.int32)
        column[ranked] = np.arange(len(ranked), dtype=np.int32)
        step = max(1, _BLOCK_SCORES // max(1, len(ranked)))
        for start in range(0, len(members), step):
            block = np.arange(start, min(start + step, len(members)))
            scores = among.score(members[block])
            if without is not None:
                theirs = without.take(block)
                place = column[theirs.values]
                scores[theirs.owners()[place >= 0], place[place >= 0]] = np.nan
            columns, best[block] = top_k(scores, k)
            rows[block] = np.where(columns >= 0, np.append(ranked, UNKNOWN_ROW)[columns], UNKNOWN_ROW)
        return rows, best
