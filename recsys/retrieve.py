"""The first step of a decision: which products come into question for each member, and who proposes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.policy.compile import Pin
from recsys.reasons import LIVE_SOURCE, PINNED_SOURCE, POPULAR_SOURCE, SEGMENT_SOURCE
from recsys.scorers.blend import fuse
from recsys.types import UNKNOWN_ROW, ItemKind, Rows, Scores

_LIVE_PRODUCTS = 5
_LIVE_WEIGHT = 1.0
_SEGMENT_SHARE, _POPULAR_SHARE, _PINNED_SHARE = 1e-2, 1e-4, 1e-6
"""
Of the least weight of a personal list: so small that what is merely popular comes after everything that a personal list
proposes, the segment's before everybody's, and what is only pinned last.
"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """
    Products before policy, best first.

    Attributes:
        products: Shape (m, c); UNKNOWN_ROW pads the tail.
        scores: Same shape: weighted reciprocal ranks; NaN where padded.
        source: Same shape, int8: position in ``sources`` of the list that contributed most.
        sources: Names of the lists.
    """

    products: Rows
    scores: Scores
    source: NDArray[np.int8]
    sources: tuple[str, ...]


def no_candidates(n_members: int) -> Candidates:
    """Those of slates that hold no products."""
    nothing = np.empty((n_members, 0), dtype=np.int32)
    return Candidates(nothing, nothing.astype(np.float32), nothing.astype(np.int8), ())


def retrieve(batch: MemberBatch, knowledge: Knowledge, pins: Sequence[Pin] = ()) -> Candidates:
    """
    Join the nightly lists of each member, the neighbours of what the member just did, and what is popular.

    Lists are joined by weighted reciprocal rank fusion (Cormack, Clarke, Buettcher 2009), which needs no common
    scale. What is popular overall stands in where a member has no segment, and follows where the segment has too few
    products to fill its list. Products that the policy pins come last, for the members whom the pin is about.
    """
    names, weights, lists = _lists(batch, knowledge, pins)
    products, scores, source = fuse(lists, weights)
    return Candidates(products, scores, source, tuple(names))


def retrieve_unranked(batch: MemberBatch, knowledge: Knowledge) -> Rows:
    """Shape (m, c): the products that `retrieve` finds, in no order and some of them twice; UNKNOWN_ROW anywhere."""
    _, weights, lists = _lists(batch, knowledge, ())
    joined = [rows for rows, weight in zip(lists, weights, strict=True) if weight > 0]
    return np.concatenate(joined, axis=1) if joined else no_candidates(len(batch)).products


def _lists(batch: MemberBatch, knowledge: Knowledge, pins: Sequence[Pin]) -> tuple[list[str], list[float], list[Rows]]:
    """Name, weight and products, shape (m, k), of each list that `retrieve` joins."""
    names = list(knowledge.source_weights)
    weights = list(knowledge.source_weights.values())
    lists = [rows_of(knowledge.sources[name].products, batch.row) for name in names]

    def add(name: str, weight: float, rows: Rows) -> None:
        names.append(name)
        weights.append(weight)
        lists.append(rows)

    least = min((weight for weight in weights if weight > 0), default=1.0)
    # A list that is empty for the whole call is left out: fusion then has less to sort and gives the same answer.
    if len(batch.touched.values) or len(batch.basket.values):
        add(LIVE_SOURCE, _LIVE_WEIGHT, _neighbours(_followed(batch), knowledge))
    popular = knowledge.popular.products
    has_segment = batch.segment >= 0
    of_segment = rows_of(popular, np.where(has_segment, batch.segment + 1, UNKNOWN_ROW))
    if has_segment.any():
        add(SEGMENT_SOURCE, least * _SEGMENT_SHARE, of_segment)
    too_few = (of_segment < 0).any(axis=1)
    if too_few.any():
        add(POPULAR_SOURCE, least * _POPULAR_SHARE, rows_of(popular, np.where(too_few, 0, UNKNOWN_ROW)))
    pinned = pinned_rows(pins)
    if pinned is not None:
        add(PINNED_SOURCE, least * _PINNED_SHARE, pinned)
    return names, weights, lists


def pinned_rows(pins: Sequence[Pin]) -> Rows | None:
    """Shape (m, pins of products): each pin's product for the members whom it is about; absent where none is pinned."""
    pinned = [np.where(pin.applies, pin.row, UNKNOWN_ROW) for pin in pins if pin.kind is ItemKind.PRODUCT]
    return np.stack(pinned, axis=1).astype(np.int32) if pinned else None


def rows_of(table: Rows, row: NDArray[np.integer]) -> Rows:
    """The lists of some owners, shape (len(row), k), as a new array; UNKNOWN_ROW throughout for an owner below zero."""
    if not len(table):
        return np.full((len(row), 1), UNKNOWN_ROW, dtype=np.int32)
    # Row -1 reads the last line, which is then replaced.
    found: Rows = table[row]
    found[row < 0] = UNKNOWN_ROW
    return found


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
    near = rows_of(knowledge.neighbours.products, followed.ravel())
    m, k = len(followed), near.shape[1]
    return near.reshape(m, _LIVE_PRODUCTS, k).transpose(0, 2, 1).reshape(m, _LIVE_PRODUCTS * k)
