"""The next basket of each member: candidates from basket histories, weighed by boosted trees."""

from dataclasses import dataclass

import numpy as np

from recsys.ragged import Ragged
from recsys.scorers.basket_evidence import BasketEvidence
from recsys.scorers.trees import Trees
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores

BLOCK_MEMBERS = 512


@dataclass(frozen=True, slots=True)
class NextBasketScorer:
    """
    Log-odds, up to a constant, that the member's next basket holds the product.

    Attributes:
        evidence: As of now.
        trees: Fitted on the evidence as of an earlier basket, or on other members.
    """

    evidence: BasketEvidence
    trees: Trees

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`."""
        rows = np.full((len(members), k), UNKNOWN_ROW, dtype=np.int32)
        best = np.full((len(members), k), np.nan, dtype=np.float32)
        for start in range(0, len(members), BLOCK_MEMBERS):
            block = np.arange(start, min(start + BLOCK_MEMBERS, len(members)))
            left_out = None if without is None else without.take(block)
            owner, product, features = self.evidence.candidates(members[block], keep=keep, without=left_out)
            score = self.trees.predict(features).astype(np.float32)
            order = np.lexsort((product, -score, owner))
            owner, product, score = owner[order], product[order], score[order]
            place = np.arange(len(owner)) - np.searchsorted(owner, owner)
            first = place < k
            rows[start + owner[first], place[first]] = product[first]
            best[start + owner[first], place[first]] = score[first]
        return rows, best
