"""Fills the positions of a placement: caps, pins, offers before products, ties by id, nothing twice."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.policy.compile import Pin, SlateCap
from recsys.types import UNKNOWN_ROW, ItemKind, KeepMask, Rows, Scores

EMPTY, PRODUCT, OFFER = -1, 0, 1
"""Codes of what a position holds."""

_Entry = tuple[int, int, int]
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
    for cap in caps:
        over = np.zeros_like(keep)
        whom = np.flatnonzero(cap.applies)
        if len(whom):
            line = np.arange(len(whom))[:, None]
            group = np.where(keep[whom], cap.group[products[whom]], -1)[line, order[whom]]
            over[whom[:, None], order[whom]] = (_nth_of_its_group(group) >= cap.limit) & (group >= 0)
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
        pins: Of kept candidates or chosen offers; a pin never brings back what a rule removed, and a pinned product
            never takes the place of an offer.
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
    if pins:
        for named in np.flatnonzero(np.any([pin.applies for pin in pins], axis=0)).tolist():
            _pin(slates, named, [pin for pin in pins if pin.applies[named]], products, keep)
    return slates


def _pin(slates: Slates, member: int, pins: Sequence[Pin], products: Rows, keep: KeepMask) -> None:
    """Put a member's pinned items where they belong, the first of those that want one position; the rest follows on."""
    n = slates.kind.shape[1]
    line = zip(*(array[member].tolist() for array in slates), strict=True)
    rest: list[_Entry] = [entry for entry in line if entry[0] != EMPTY]
    chosen = {entry[:2]: entry for entry in rest}
    pinned: dict[tuple[int, int], tuple[int, _Entry]] = {}
    for pin in pins:
        key = (PRODUCT if pin.kind is ItemKind.PRODUCT else OFFER, pin.row)
        if key in pinned:
            continue
        entry = chosen.get(key)
        if entry is None and pin.kind is ItemKind.PRODUCT:
            columns = np.flatnonzero(keep[member] & (products[member] == pin.row))
            entry = (*key, int(columns[0])) if len(columns) else None
        if entry is not None and _make_room(rest, entry, n - len(pinned)):
            pinned[key] = (pin.position, entry)
    filled: list[_Entry] = []
    for position, entry in sorted(pinned.values(), key=lambda one: one[0]):
        n_before = max(0, position - 1 - len(filled))
        filled += [*rest[:n_before], entry]
        rest = rest[n_before:]
    filled += rest
    for at, entry in enumerate(filled):
        slates.kind[member, at], slates.row[member, at], slates.column[member, at] = entry


def _make_room(rest: list[_Entry], entry: _Entry, n: int) -> bool:
    """Take the entry itself or, where n positions are full, the last product out of the rest; say if there is room."""
    if entry in rest:
        rest.remove(entry)
    elif len(rest) >= n:
        last = next((other for other in reversed(rest) if other[0] == PRODUCT), None)
        if last is None:
            return False
        rest.remove(last)
    return True


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
