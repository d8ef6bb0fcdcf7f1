"""What the simulated shop sells: products with prices, costs, sale dates, popularity and taste vectors."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.simulator.categories import BRANDS, CATEGORIES, VARIANTS
from features.simulator.parameters import Parameters

ALWAYS = 10**6
"""A day that never comes; minus this, a day that was always past."""


@dataclass(frozen=True, slots=True)
class Assortment:
    """
    Products sorted by category, one entry a product in each column.

    Attributes:
        number: Shape (n,): the number in the product id, a permutation of 1..n that tells nothing.
        names: The names.
        category, brand: Shape (n,): positions in CATEGORIES and BRANDS.
        price_minor, cost_minor: Shape (n,), int64; cost is below price.
        stock: Shape (n,), int32: units at the end of the history.
        sale_from, sale_until: Shape (n,): first day on sale and first day after; +-ALWAYS where open.
        popularity: Shape (n,), float32: log weight within the category, before taste.
        taste: Shape (n, n_tastes), float32: a member's taste times this adds to the log weight.
        starts: Shape (n_categories + 1,): category c holds products starts[c]..starts[c + 1].
        flagship: Shape (n_categories,): the most popular product that was always on sale.
    """

    number: NDArray[np.int64]
    names: list[str]
    category: NDArray[np.int64]
    brand: NDArray[np.int64]
    price_minor: NDArray[np.int64]
    cost_minor: NDArray[np.int64]
    stock: NDArray[np.int32]
    sale_from: NDArray[np.int64]
    sale_until: NDArray[np.int64]
    popularity: NDArray[np.float32]
    taste: NDArray[np.float32]
    starts: NDArray[np.int64]
    flagship: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    def on_sale(self, product: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each product is on sale on each day; the two broadcast."""
        return (self.sale_from[product] <= day) & (day < self.sale_until[product])


def build_assortment(products: int, days: int, parameters: Parameters, rng: np.random.Generator) -> Assortment:
    """*products* products, at least two in each category, for a history of *days* days."""
    sizes = _category_sizes(products)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    category = np.repeat(np.arange(len(CATEGORIES)), sizes)
    rank = np.arange(products) - starts[category]
    brand, brand_price, brand_taste = _brands(category, parameters, rng)
    column = {
        name: np.array([getattr(c, name) for c in CATEGORIES]) for name in ("price_minor", "price_spread", "margin")
    }
    price = column["price_minor"][category] * np.exp(column["price_spread"][category] * rng.standard_normal(products))
    price_minor = np.maximum(np.rint(price * brand_price / 5) * 5, 25).astype(np.int64)
    margin = np.clip(column["margin"][category] + 0.06 * rng.standard_normal(products), 0.06, 0.8)
    popularity = -parameters.popularity_slope * np.log(1.0 + rank) + 0.3 * rng.standard_normal(products)
    taste = 0.8 * brand_taste + 0.6 * rng.standard_normal((products, parameters.n_tastes))
    taste *= parameters.taste_strength / np.sqrt(parameters.n_tastes)
    sale_from, sale_until = _sale_days(rank, days, parameters, rng)
    stock = np.where(rng.random(products) < parameters.empty_share, 0, rng.geometric(1 / 250, products))
    always = (sale_from == -ALWAYS) & (sale_until == ALWAYS)
    flagship = np.array([
        low + int(np.argmax(np.where(always[low:high], popularity[low:high], -np.inf)))
        for low, high in pairwise(starts.tolist())
    ])  # fmt: skip
    stock[flagship] = np.maximum(stock[flagship], 100)
    return Assortment(
        number=rng.permutation(products) + 1,
        names=_names(category, brand, rank),
        category=category,
        brand=brand,
        price_minor=price_minor,
        cost_minor=np.minimum(np.rint(price_minor * (1 - margin)), price_minor - 1).astype(np.int64),
        stock=stock.astype(np.int32),
        sale_from=sale_from,
        sale_until=sale_until,
        popularity=popularity.astype(np.float32),
        taste=taste.astype(np.float32),
        starts=starts,
        flagship=flagship,
    )


def _category_sizes(products: int) -> NDArray[np.int64]:
    """Two products each, the rest in proportion to the square root of demand; largest remainders first."""
    share = np.sqrt([category.demand for category in CATEGORIES])
    quota = (products - 2 * len(share)) * share / share.sum()
    sizes = np.floor(quota).astype(np.int64)
    sizes[np.argsort(sizes - quota, kind="stable")[: products - 2 * len(share) - sizes.sum()]] += 1
    return np.asarray(sizes + 2)


def _brands(
    category: NDArray[np.int64], parameters: Parameters, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Brand of each product (own label or one of six a category), its price factor and its taste vector."""
    of_category = np.stack([rng.permutation(len(BRANDS) - 1)[:6] + 1 for _ in CATEGORIES])
    slot = rng.integers(0, 8, len(category))  # two of eight products are own label
    brand = np.where(slot >= 6, 0, of_category[category, np.minimum(slot, 5)])
    level = np.exp(0.2 * rng.standard_normal(len(BRANDS)))
    level[0] = 0.75
    own = rng.standard_normal((len(BRANDS), parameters.n_tastes))
    return brand, level[brand], own[brand]


def _sale_days(
    rank: NDArray[np.int64], days: int, parameters: Parameters, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First day on sale and first day after; the first of each category is always on sale."""
    fate = np.where(rank == 0, 1.0, rng.random(len(rank)))
    new = fate < parameters.new_share
    upcoming = ~new & (fate < parameters.new_share + parameters.upcoming_share)
    gone = ~new & ~upcoming & (fate < parameters.new_share + parameters.upcoming_share + parameters.discontinued_share)
    sale_from = np.full(len(rank), -ALWAYS)
    sale_from[new] = rng.integers(days - days // 8, days - 3, int(new.sum()))
    sale_from[upcoming] = rng.integers(days + 7, days + 60, int(upcoming.sum()))
    sale_until = np.full(len(rank), ALWAYS)
    sale_until[gone] = rng.integers(days // 3, days - 7, int(gone.sum()))
    return sale_from, sale_until


def _names(category: NDArray[np.int64], brand: NDArray[np.int64], rank: NDArray[np.int64]) -> list[str]:
    names = []
    for c, b, r in zip(category.tolist(), brand.tolist(), rank.tolist(), strict=True):
        nouns = CATEGORIES[c].nouns
        variant = VARIANTS[(r // len(nouns)) % len(VARIANTS)]
        number = r // (len(nouns) * len(VARIANTS))
        names.append(f"{BRANDS[b]} {nouns[r % len(nouns)]} {variant}" + (f" {number + 1}" if number else ""))
    return names
