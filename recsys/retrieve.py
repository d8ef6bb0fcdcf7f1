"""The first step of a decision: which products come into question for each member, and who proposes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.reasons import LIVE_SOURCE, PINNED_SOURCE, POPULAR_SOURCE, SEGMENT_SOURCE
from recsys.scorers.blend import fuse
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores

_LIVE_PRODUCTS = 5
_LIVE_WEIGHT = 1.0
_POPULAR_WEIGHT = 0.02
"""So small that what is merely popular comes after everything that a personal list proposes."""
_PINNED_WEIGHT = 1e-6


@dataclass(frozen=True, slots=True)
class Candidates:
    """
    Products before policy, best first.

    Attributes:
        products: Shape (m, c); UNKNOWN_ROW pads the tail.
        scores: Same shape: weighted reciprocal ranks; NaN where padded.
        source: Same shape, int8: position in ``sources`` of the list that contributed most.
        sources: Names of the lists.
        live: Shape (m,): something the member did since the cut-off took part.
    """

    products: Rows
    scores: Scores
    source: NDArray[np.int8]
    sources: tuple[str, ...]
    live: KeepMask


def retrieve(batch: MemberBatch, knowledge: Knowledge, pinned: Sequence[int] = ()) -> Candidates:
    """
    Join the nightly lists of each member, the neighbours of what the member just did, and what is popular.

    Lists are joined by weighted reciprocal rank fusion (Cormack, Clarke, Buettcher 2009), which needs no common
    scale. Strangers get what is popular in their segment, or overall. Products that the policy pins come into question
    for everybody, last.
    """
    names = list(knowledge.source_weights)
    weights = [knowledge.source_weights[name] for name in names]
    lists = [_rows(knowledge.sources[name].products, batch.row) for name in names]
    followed = _followed(batch)
    live: KeepMask = np.any(followed >= 0, axis=1)
    # A list that is empty for the whole call is left out: fusion then has less to sort and gives the same answer.
    if live.any():
        lists.append(_neighbours(followed, knowledge))
        names.append(LIVE_SOURCE)
        weights.append(_LIVE_WEIGHT)
    popular = knowledge.popular.products
    has_segment = batch.segment >= 0
    for name, rows, theirs in (
        (SEGMENT_SOURCE, batch.segment.astype(np.int32) + 1, has_segment),
        (POPULAR_SOURCE, np.zeros(len(batch), dtype=np.int32), ~has_segment),
    ):
        if theirs.any():
            lists.append(_rows(popular, np.where(theirs & (rows < len(popular)), rows, UNKNOWN_ROW)))
            names.append(name)
            weights.append(_POPULAR_WEIGHT)
    if pinned:
        lists.append(np.tile(np.array(pinned, dtype=np.int32), (len(batch), 1)))
        names.append(PINNED_SOURCE)
        weights.append(_PINNED_WEIGHT)
    products, scores, source = fuse(lists, weights)
    return Candidates(products, scores, source, tuple(names), live)


def _rows(table: Rows, row: Rows) -> Rows:
    if not len(table):
        return np.full((len(row), 1), UNKNOWN_ROW, dtype=np.int32)
    return np.where((row >= 0)[:, None], table[np.maximum(row, 0)], UNKNOWN_ROW).astype(np.int32)


def _followed(batch: MemberBatch) -> Rows:
    """Shape (m, 5): the newest products a member touched, then those in the basket; UNKNOWN_ROW pads."""
    followed = np.full((len(batch), _LIVE_PRODUCTS), UNKNOWN_ROW, dtype=np.int32)
    active = (batch.touched.lengths() + batch.basket.lengths()) * batch.personal
    for member in np.flatnonzero(active):
        both = (
            *batch.touched.values[batch.touched.indptr[member] : batch.touched.indptr[member + 1]].tolist(),
            *batch.basket.values[batch.basket.indptr[member] : batch.basket.indptr[member + 1]].tolist(),
        )
        newest = list(dict.fromkeys(both))[:_LIVE_PRODUCTS]
        followed[member, : len(newest)] = newest
    return followed


def _neighbours(followed: Rows, knowledge: Knowledge) -> Rows:
    """The neighbours of the followed products, nearest of each first, so that rank reflects both."""
    near = _rows(knowledge.neighbours.products, followed.ravel())
    m, k = len(followed), near.shape[1]
    return near.reshape(m, _LIVE_PRODUCTS, k).transpose(0, 2, 1).reshape(m, _LIVE_PRODUCTS * k)
