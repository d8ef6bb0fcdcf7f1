"""All products as columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.types import EpochSeconds, Instants, KeepMask, MoneyMinor, Rows
from recsys.vocabulary import Vocabulary

ALWAYS_FROM = np.iinfo(np.int64).min
ALWAYS_UNTIL = np.iinfo(np.int64).max
UNKNOWN_MINOR = -1
UNLIMITED_STOCK = -1


@dataclass(frozen=True, slots=True)
class Catalogue:
    """
    The sellable products, one entry a product in each column.

    Attributes:
        products: The ids; position is the product's row.
        names: Shape (n_products,), UTF-8 bytes; empty where unknown.
        category: Shape (n_products,): row in ``category_names``; -1 where unknown.
        brand: Shape (n_products,): row in ``brand_names``; -1 where unknown.
        price_minor: Shape (n_products,): list price; UNKNOWN_MINOR where unknown.
        cost_minor: Shape (n_products,): what the product costs the retailer; UNKNOWN_MINOR where unknown.
        stock: Shape (n_products,), units; UNLIMITED_STOCK where it is not tracked.
        sale_from: Shape (n_products,): the first instant of sale.
        sale_until: Shape (n_products,): the first instant after the sale.
        repeat_rate: Shape (n_products,), 0 to 1: share of the product's buyers who bought it on more than one day.
        category_names: One name a category row.
        brand_names: One name a brand row.
    """

    products: Vocabulary
    names: NDArray[np.bytes_]
    category: Rows
    brand: Rows
    price_minor: MoneyMinor
    cost_minor: MoneyMinor
    stock: NDArray[np.int32]
    sale_from: Instants
    sale_until: Instants
    repeat_rate: NDArray[np.float32]
    category_names: tuple[str, ...]
    brand_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.products)

    def in_stock(self) -> KeepMask:
        """Shape (n_products,): at least one unit, or stock is not tracked."""
        available: KeepMask = self.stock != 0
        return available

    def on_sale(self, now: EpochSeconds) -> KeepMask:
        """Shape (n_products,): *now* lies within the product's dates of sale."""
        return (self.sale_from <= now) & (now < self.sale_until)

    def margin_minor(self, default_margin_rate: float) -> MoneyMinor:
        """
        Shape (n_products,): price less cost; where the cost is unknown, price times *default_margin_rate*.

        Zero where the price is unknown.
        """
        price = np.maximum(self.price_minor, 0)
        known = (self.cost_minor != UNKNOWN_MINOR) & (self.price_minor != UNKNOWN_MINOR)
        assumed = np.floor(price * default_margin_rate + 0.5).astype(np.int64)
        return np.where(known, self.price_minor - self.cost_minor, assumed).astype(np.int64)
