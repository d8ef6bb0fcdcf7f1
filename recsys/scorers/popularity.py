"""What sells, overall and in each segment: the floor of every table and the answer for strangers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.ragged import Ragged
from recsys.scorers.topk import leave_out, top_k
from recsys.types import KeepMask, Rows, Scores


@dataclass(frozen=True, slots=True)
class PopularityScorer:
    """
    The same list for all members of a segment.

    Attributes:
        scores: Shape (1 + n_segments, n_products), float32: row 0 overall, row 1 + s in segment s; NaN where nothing
            was sold.
        segment: Shape (n_members,), int16: the member's segment; -1 for overall.

    Example:
        >>> table = np.array([[5, 2, np.nan], [1, 2, np.nan]], dtype=np.float32)
        >>> scorer = PopularityScorer(table, np.array([-1, 0], dtype=np.int16))
        >>> scorer.best(np.array([0, 1]), keep=np.ones(3, dtype=bool), k=2)[0].tolist()
        [[0, 1], [1, 0]]
    """

    scores: Scores
    segment: NDArray[np.int16]

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """See `Scorer.best`."""
        tables = self.segment[members].astype(np.int64) + 1
        if without is None:
            rows, best = self.ranked(keep, k)
            return rows[tables], best[tables]
        # Whoever goes without w products finds k among the first k + w of the segment.
        longest = int(without.lengths().max(initial=0))
        rows, best = self.ranked(keep, min(k + longest, max(k, len(keep))))
        return _without(rows[tables], best[tables], without, k, len(keep))

    def ranked(self, keep: KeepMask, k: int) -> tuple[Rows, Scores]:
        """Shape (1 + n_segments, k): the list of everybody, then of each segment."""
        scores = self.scores.copy()
        leave_out(scores, keep, None)
        return top_k(scores, k)


def _without(rows: Rows, scores: Scores, without: Ragged, k: int, n_products: int) -> tuple[Rows, Scores]:
    keys = np.arange(len(rows))[:, None] * n_products + rows
    banned = np.isin(keys, without.owners() * n_products + without.values) | (rows < 0)
    order = np.argsort(banned, axis=1, kind="stable")[:, :k]
    gone = np.take_along_axis(banned, order, axis=1)
    kept = np.where(gone, -1, np.take_along_axis(rows, order, axis=1)).astype(np.int32)
    return kept, np.where(gone, np.nan, np.take_along_axis(scores, order, axis=1)).astype(np.float32)
