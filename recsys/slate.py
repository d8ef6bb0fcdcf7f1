"""Fills the positions of a placement: caps, pins, offers before products, ties by id, nothing twice."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.policy.compile import Pin, SlateCap
from recsys.types import UNKNOWN_ROW, ItemKind, KeepMask, Rows, Scores

EMPTY, PRODUCT, OFFER = -1, 0, 1
"""Codes of what a position holds."""

_LARGEST_FLOAT = np.uint64(0x7FFFFFFF)
_HIGH = np.uint64(32)
_LAST = np.uint64(0xFFFFFFFFFFFFFFFF)


class Slates(NamedTuple):
    """
    The positions of each member's slate.

    Attributes:
        kind: Shape (m, n), int8: EMPTY, PRODUCT or OFFER.
        row: Shape (m, n): product or offer row; UNKNOWN_ROW where empty.
        column: Shape (m, n): the candidate's column, for its score and source; -1 for offers and pinned strangers.
    """

    kind: NDArray[np.int8]
    row: Rows
    column: NDArray[np.int32]


def rank_products(products: Rows, scores: Scores, keep: KeepMask) -> NDArray[np.int64]:
    """
    Shape (m, c): columns of the candidates, kept ones first, by score descending, ties by product row.

    Scores are at least 0, as fusion and levers make them.
    """
    # Floats of one sign order like their bits: one integer key sorts several times faster than two columns.
    descending = _LARGEST_FLOAT - np.where(keep, scores, np.float32(0)).view(np.uint32).astype(np.uint64)
    key = np.where(keep, descending << _HIGH | products.view(np.uint32), _LAST)
    return key.argsort(axis=1)


def cap_removals(products: Rows, order: NDArray[np.int64], keep: KeepMask, caps: Sequence[SlateCap]) -> list[KeepMask]:
    """
    Which candidates each cap removes, taking them in order: one mask a cap, shape (m, c).

    The first ``limit`` kept candidates of a group stay. Caps apply one after the other, so that what one cap removed
    does not use up the room of the next.
    """
    removals: list[KeepMask] = []
    keep = keep.copy()
    line = np.arange(len(order))[:, None]
    for cap in caps:
        group = np.where(keep, cap.group[products], -1)[line, order]
        over = np.zeros_like(keep)
        over[line, order] = (_nth_of_its_group(group) >= cap.limit) & (group >= 0) & cap.applies[:, None]
        keep &= ~over
        removals.append(over)
    return removals


def select(
    products: Rows,
    order: NDArray[np.int64],
    keep: KeepMask,
    offers: Rows,
    *,
    n: int,
    pins: Sequence[Pin] = (),
) -> Slates:
    """
    Offers first, then products in order, then pins moved to where they belong.

    Args:
        products: Shape (m, c).
        order: Shape (m, c): columns, best first.
        keep: Shape (m, c): those that may be shown.
        offers: Shape (m, k): chosen offer rows, UNKNOWN_ROW pads.
        n: Positions of the slate.
        pins: Of kept candidates or chosen offers; a pin never brings back what a rule removed.
    """
    m = len(products)
    column = np.full((m, n), -1, dtype=np.int32)
    row = np.full((m, n), UNKNOWN_ROW, dtype=np.int32)
    kind = np.full((m, n), EMPTY, dtype=np.int8)
    kept = keep[np.arange(m)[:, None], order]
    n_offers = np.minimum((offers >= 0).sum(axis=1), n)
    place = kept.cumsum(axis=1) + (n_offers - 1)[:, None]
    member, at = np.nonzero(kept & (place < n))
    target = place[member, at]
    chosen = order[member, at]
    column[member, target] = chosen
    row[member, target] = products[member, chosen]
    kind[member, target] = PRODUCT
    for slot in range(min(offers.shape[1], n)):
        shown = offers[:, slot] >= 0
        row[shown, slot] = offers[shown, slot]
        kind[shown, slot] = OFFER
        column[shown, slot] = -1
    slates = Slates(kind, row, column)
    for pin in pins:
        _pin(slates, pin, products, keep)
    return slates


def _pin(slates: Slates, pin: Pin, products: Rows, keep: KeepMask) -> None:
    """Move the pinned item to its position; those between shift by one."""
    wanted = PRODUCT if pin.kind is ItemKind.PRODUCT else OFFER
    n = slates.kind.shape[1]
    target = min(pin.position, n) - 1
    for member in np.flatnonzero(pin.applies):
        at = np.flatnonzero((slates.kind[member] == wanted) & (slates.row[member] == pin.row))
        column = -1
        if len(at):
            source, column = int(at[0]), int(slates.column[member, at[0]])
        elif wanted == PRODUCT and n:
            candidate = np.flatnonzero(keep[member] & (products[member] == pin.row))
            if not len(candidate):
                continue
            source, column = n - 1, int(candidate[0])
            if slates.kind[member, source] == OFFER:
                continue
        else:
            continue
        filled = int((slates.kind[member] != EMPTY).sum())
        goal = min(target, max(filled - 1, 0))
        for array, value in ((slates.kind, wanted), (slates.row, pin.row), (slates.column, column)):
            line = np.insert(np.delete(array[member], source), goal, value)
            array[member] = line


def _nth_of_its_group(groups: Rows) -> NDArray[np.int64]:
    """Shape (m, c): how many of the same group stand before each entry in its line."""
    m, c = groups.shape
    bits = max(c, 1).bit_length()
    key = groups.astype(np.int64) << bits | np.arange(c)
    key.sort(axis=1)
    place = key & ((1 << bits) - 1)
    group = key >> bits
    begins = np.ones((m, c), dtype=np.bool_)
    np.not_equal(group[:, 1:], group[:, :-1], out=begins[:, 1:])
    counter = np.arange(c)
    start = np.maximum.accumulate(np.where(begins, counter, 0), axis=1)
    nth = np.empty((m, c), dtype=np.int64)
    nth[np.arange(m)[:, None], place] = counter - start
    return nth
