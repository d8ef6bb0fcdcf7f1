"""Purchases as distinct pairs of member and product: what every model here is fitted on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.types import SECONDS_PER_DAY, Instants, Rows


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


def build_pairs(dataset: Dataset, half_life_days: float) -> Pairs:
    """Count each order once a product, however many lines or units it holds."""
    purchases = dataset.purchases
    order = np.lexsort((purchases.order, purchases.at, purchases.product, purchases.member))
    member, product = purchases.member[order], purchases.product[order]
    number, at = purchases.order[order], purchases.at[order]
    new_pair = np.ones(len(order), dtype=np.bool_)
    new_pair[1:] = (member[1:] != member[:-1]) | (product[1:] != product[:-1])
    counts = new_pair.copy()
    counts[1:] |= number[1:] != number[:-1]
    starts = np.flatnonzero(new_pair)
    if not len(starts):
        empty = np.empty(0, dtype=np.int32)
        never = np.empty(0, dtype=np.int64)
        return Pairs(empty, empty, empty, np.empty(0), never, never)
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
