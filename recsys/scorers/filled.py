"""One scorer's list, filled up by another's where it is too short."""

from dataclasses import dataclass

import numpy as np

from recsys.ragged import Ragged
from recsys.scorers.base import Scorer
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores


@dataclass(frozen=True, slots=True)
class FilledScorer:
    """
    All that the first can rank, then what the second adds.

    Attributes:
        first, second: Over the same members and products.
    """

    first: Scorer
    second: Scorer

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`. A score is the number of places left, because the two have no common scale."""
        own, _ = self.first.best(members, keep=keep, k=k, without=without)
        # Of 2 k more, at most k are among the own.
        more, _ = self.second.best(members, keep=keep, k=2 * k, without=without)
        more = np.where((more[:, :, None] == own[:, None, :]).any(axis=2), UNKNOWN_ROW, more)
        rows = np.concatenate([own, more], axis=1)
        order = np.argsort(rows < 0, axis=1, kind="stable")[:, :k]
        rows = np.take_along_axis(rows, order, axis=1).astype(np.int32)
        places = np.arange(k, 0, -1, dtype=np.float32)
        return rows, np.where(rows >= 0, places, np.float32(np.nan)).astype(np.float32)
