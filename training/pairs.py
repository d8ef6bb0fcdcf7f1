"""Purchases as distinct pairs of member and product: what every model here is fitted on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.ragged import blocks_of_owners
from recsys.types import SECONDS_PER_DAY, Instants, Rows

_BLOCK_LINES = 1 << 19
_KEY_BITS = 63


@dataclass(frozen=True, slots=True)
class Pairs:
    """
    Who bought what, sorted by member, then product.

    Attributes:
        member, product: Shape (n,), int32.
        n_orders: Shape (n,), int32: distinct orders that held the product.
        strength: Shape (n,), float64, above 0: those orders, each worth half after the half-life.
        first_at, last_at: Shape (n,), int64: the earliest and the latest of them.
    """

    member: Rows
    product: Rows
    n_orders: NDArray[np.int32]
    strength: NDArray[np.float64]
    first_at: Instants
    last_at: Instants

    def __len__(self) -> int:
        return len(self.member)

    def take(self, rows: NDArray[np.integer]) -> "Pairs":
        """Some of the pairs, in the order of *rows*."""
        return Pairs(*(getattr(self, name)[rows] for name in self.__slots__))


def distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    The values of *keys*, each once, ascending.

    By sorting: `numpy.unique` puts plain integers into a hash table, which takes a hundred times as long where most of
    millions of them differ.
    """
    ordered = np.sort(keys)
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def build_pairs(dataset: Dataset, half_life_days: float) -> Pairs:
    """
    Count each order once a product, however many lines or units it holds.

    Lines are sorted by member, so members are worked out some at a time: memory is that of the answer, and a block
    small enough for the processor's cache sorts many times faster than fifty million lines.
    """
    purchases = dataset.purchases
    blocks = [_pairs_of(dataset, lines, half_life_days) for lines in blocks_of_owners(purchases.member, _BLOCK_LINES)]
    if not blocks:
        empty = np.empty(0, dtype=np.int32)
        never = np.empty(0, dtype=np.int64)
        return Pairs(empty, empty, empty, np.empty(0), never, never)
    return Pairs(*(np.concatenate([getattr(block, name) for block in blocks]) for name in Pairs.__slots__))


def _pairs_of(dataset: Dataset, lines: slice, half_life_days: float) -> Pairs:
    purchases = dataset.purchases
    member, product = purchases.member[lines], purchases.product[lines]
    order = _by_pair(member, product, purchases.at[lines], purchases.order[lines])
    member, product = member[order], product[order]
    number, at = purchases.order[lines][order], purchases.at[lines][order]
    new_pair = np.ones(len(order), dtype=np.bool_)
    new_pair[1:] = (member[1:] != member[:-1]) | (product[1:] != product[:-1])
    counts = new_pair.copy()
    counts[1:] |= number[1:] != number[:-1]
    starts = np.flatnonzero(new_pair)
    age_days = (dataset.cut_off - at) / SECONDS_PER_DAY
    worth = np.exp2(-age_days / half_life_days) * counts
    return Pairs(
        member=member[starts],
        product=product[starts],
        n_orders=np.add.reduceat(counts, starts, dtype=np.int32),
        strength=np.add.reduceat(worth, starts),
        first_at=at[starts],
        last_at=at[np.append(starts[1:], len(at)) - 1],
    )


def _by_pair(member: Rows, product: Rows, at: Instants, number: NDArray[np.int32]) -> NDArray[np.integer]:
    """Positions by member, product, instant and order number; the lines come by member and instant."""
    place_bits, product_bits = len(member).bit_length(), int(product.max()).bit_length()
    if int(member[-1] - member[0]).bit_length() + product_bits + place_bits <= _KEY_BITS:
        # One integer a line sorts several times faster than indices do; its tail is the place it came from.
        keys = (member - member[0]).astype(np.int64)
        keys <<= product_bits
        keys |= product
        keys <<= place_bits
        keys |= np.arange(len(keys))
        keys.sort()
        order: NDArray[np.int64] = keys & ((1 << place_bits) - 1)
        keys >>= place_bits
        moment, of_order = at[order], number[order]
        tie = (keys[1:] == keys[:-1]) & (moment[1:] == moment[:-1])
        if not (tie & (of_order[1:] < of_order[:-1])).any():
            return order
    # Lines of two orders at one instant may take turns; then the order's number has to decide.
    return np.asarray(np.lexsort((number, at, product, member)))
