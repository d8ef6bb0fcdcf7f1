"""What each member buys again and again: the strongest simple signal in retail."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.ragged import Ragged, blocks_of_owners
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores

_BLOCK_PAIRS = 1 << 15
"""So many pairs are sorted within the processor's cache."""


@dataclass(frozen=True, slots=True)
class FrequencyScorer:
    """
    Each member's own products with a weight, best first.

    Attributes:
        products: Ragged (n_members,): distinct product rows, heaviest first, equal weights by product row.
        weights: Same layout, float32.

    Example:
        >>> member, product, weight = np.array([0, 0, 1]), np.array([7, 3, 5]), np.array([1.0, 2.0, 1.0])
        >>> scorer = FrequencyScorer.of(member, product, weight, n_members=2)
        >>> scorer.best(np.array([1, 0]), keep=np.ones(9, dtype=bool), k=2)[0].tolist()
        [[5, -1], [3, 7]]
    """

    products: Ragged
    weights: NDArray[np.float32]

    @classmethod
    def of(
        cls, member: NDArray[np.integer], product: NDArray[np.integer], weight: NDArray[np.floating], *, n_members: int
    ) -> "FrequencyScorer":
        """
        Sort distinct (member, product) pairs into lists; pairs that come by member are sorted a block at a time.

        Weights count to the precision they are kept in, so that equal scores of a list are in the order of products.
        """
        weight = weight.astype(np.float32)
        by_member = bool((member[1:] >= member[:-1]).all())
        order = np.empty(len(member), dtype=np.int64)
        for block in blocks_of_owners(member, _BLOCK_PAIRS) if by_member else [slice(0, len(member))]:
            order[block] = block.start + np.lexsort((product[block], -weight[block], member[block]))
        indptr = np.zeros(n_members + 1, dtype=np.int64)
        np.cumsum(np.bincount(member, minlength=n_members), out=indptr[1:])
        return cls(Ragged(indptr, product[order].astype(np.int32)), weight[order])

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`."""
        indptr, positions = self.products.positions(members)
        owner = np.repeat(np.arange(len(members)), np.diff(indptr))
        product = self.products.values[positions]
        stays = keep[product]
        if without is not None:
            n_products = len(keep)
            stays &= ~np.isin(owner * n_products + product, without.owners() * n_products + without.values)
        owner, product, weight = owner[stays], product[stays], self.weights[positions][stays]
        starts = np.searchsorted(owner, np.arange(len(members)))
        place = np.arange(len(owner)) - starts[owner]
        first = place < k
        rows = np.full((len(members), k), UNKNOWN_ROW, dtype=np.int32)
        scores = np.full((len(members), k), np.nan, dtype=np.float32)
        rows[owner[first], place[first]] = product[first]
        scores[owner[first], place[first]] = weight[first]
        return rows, scores
