"""Models whose score is a dot product: ALS and LightFM once they are trained."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.ragged import Ragged
from recsys.scorers.dot_products import best_dot_products
from recsys.scorers.topk import top_k
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores

_BLOCK_SCORES = 1 << 22
_WIDE = 8_192
"""From so many products on, most scores are compared and forgotten instead of held."""


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
        ranked = np.flatnonzero(keep & np.isfinite(self.products).all(axis=1))
        among = FactorScorer(self.members, self.products[ranked], self.bias[ranked])
        banned = None if without is None else _among(without, ranked, len(self.products))
        if len(ranked) >= _WIDE:
            columns, best = best_dot_products(self.members[members], among.products, among.bias, k, without=banned)
        else:
            columns, best = among._best_of_few(members, k, banned)
        return np.append(ranked, UNKNOWN_ROW).astype(np.int32)[columns], best

    def _best_of_few(self, members: Rows, k: int, without: Ragged | None) -> tuple[Rows, Scores]:
        columns = np.empty((len(members), k), dtype=np.int32)
        best = np.empty((len(members), k), dtype=np.float32)
        step = max(1, _BLOCK_SCORES // max(1, len(self.products)))
        for start in range(0, len(members), step):
            block = np.arange(start, min(start + step, len(members)))
            scores = self.score(members[block])
            if without is not None:
                theirs = without.take(block)
                scores[theirs.owners(), theirs.values] = np.nan
            columns[block], best[block] = top_k(scores, k)
        return columns, best


def _among(lists: Ragged, ranked: NDArray[np.integer], n_products: int) -> Ragged:
    """The lists as places in *ranked*, without what is not in it."""
    place = np.full(n_products, UNKNOWN_ROW, dtype=np.int32)
    place[ranked] = np.arange(len(ranked), dtype=np.int32)
    values = place[lists.values]
    lengths = np.bincount(lists.owners()[values >= 0], minlength=len(lists))
    return Ragged(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), values[values >= 0])
