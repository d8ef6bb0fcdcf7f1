"""Ranking for scorers that say something of every product, block by block so that memory stays bounded."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recsys.ragged import Ragged
from recsys.scorers.topk import top_k
from recsys.types import KeepMask, Rows, Scores

BLOCK_CELLS = 1 << 23
"""Scores held at once, 32 MiB."""

_LEAST = np.float32(1e-9)


def best_of_all(
    score: Callable[[Rows], Scores], members: Rows, *, keep: KeepMask, k: int, without: Ragged | None, width: int
) -> tuple[Rows, Scores]:
    """
    See `Scorer.best`.

    Args:
        score: Members to scores, shape (m, n_products); NaN for what cannot be ranked.
        members, keep, k, without: As there.
        width: The widest row that *score* works with, which decides how many members go into a block.
    """
    rows = np.empty((len(members), k), dtype=np.int32)
    best = np.empty((len(members), k), dtype=np.float32)
    step = max(1, BLOCK_CELLS // max(width, 1))
    for start in range(0, len(members), step):
        block = np.arange(start, min(start + step, len(members)))
        scores = score(members[block])
        scores[:, ~keep] = np.nan
        if without is not None:
            theirs = without.take(block)
            scores[theirs.owners(), theirs.values] = np.nan
        rows[block], best[block] = top_k(scores, k)
    return rows, best


def add_source(
    scores: Scores, weight: float, source: NDArray[np.float32], own: tuple[NDArray[np.int64], NDArray[np.int32]]
) -> None:
    """
    Add a source in place, divided by the score of each member's best product in it and times *weight*.

    Args:
        scores: Shape (m, n_products).
        weight: At least 0.
        source: Shape (m, n_products), no NaN; overwritten.
        own: Positions of what the members have, which does not decide what their best is.
    """
    part = np.asarray(source, dtype=np.float32)
    part[own] = 0
    part /= np.maximum(part.max(axis=1, keepdims=True), _LEAST)
    part *= np.float32(weight)
    scores += part
