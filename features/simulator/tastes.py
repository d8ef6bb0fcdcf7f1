"""Who likes what: category weights, product weights from latent factors, and drawing products by them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.assortment import Assortment
from features.simulator.categories import CATEGORIES
from features.simulator.parameters import Parameters

_ROWS = 500  # members whose product weights are worked out at a time


@dataclass(frozen=True, slots=True)
class Groups:
    """
    The taste groups that members come from.

    Attributes:
        taste: Shape (n_groups, n_tastes), unit variance.
        category: Shape (n_groups, n_categories): log weight of each category on top of its demand.
        of_region: Shape (n_regions, n_groups): probability of each group in a region; rows sum to 1.
        mean_share: Shape (n_categories,): the mean member's category shares, from 4,000 draws.
    """

    taste: NDArray[np.float64]
    category: NDArray[np.float64]
    of_region: NDArray[np.float64]
    mean_share: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tastes:
    """
    What the members of one cohort like.

    Attributes:
        factors: Shape (n_members, n_tastes), float32.
        category: Shape (n_members, n_categories): share of each category in lines that are not favourites, before
            the season; rows sum to 1.
        within: Shape (n_members, n_products), float32: cumulative probability of products within their category.
        margin_minor, spend_minor: Shape (n_members, n_categories): expected margin and price of one unit drawn from
            the category among what is on sale at the end of the history.
    """

    factors: NDArray[np.float32]
    category: NDArray[np.float64]
    within: NDArray[np.float32]
    margin_minor: NDArray[np.float64]
    spend_minor: NDArray[np.float64]


def build_groups(n_regions: int, parameters: Parameters, rng: np.random.Generator) -> Groups:
    """Draw the taste groups."""
    shape = (parameters.n_groups, len(CATEGORIES))
    taste = rng.standard_normal((parameters.n_groups, parameters.n_tastes))
    category = 0.7 * parameters.category_spread * rng.standard_normal(shape)
    of_region = rng.dirichlet(np.full(parameters.n_groups, 0.8), n_regions)
    sample = rng.choice(parameters.n_groups, 4_000, p=of_region.mean(axis=0))
    return Groups(taste, category, of_region, _category_shares(sample, category, parameters, rng).mean(axis=0))


def draw_tastes(
    group: NDArray[np.int64],
    groups: Groups,
    assortment: Assortment,
    *,
    now_day: int,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Tastes:
    """
    Draw what each member of a group likes.

    The log weight of product p in its category is popularity_p + taste_p . factors_m; the log weight of category c
    is log demand_c + group part + own part.
    """
    own, shared = np.sqrt(parameters.own_taste), np.sqrt(1 - parameters.own_taste)
    drawn = rng.standard_normal((len(group), parameters.n_tastes))
    factors = (shared * groups.taste[group] + own * drawn).astype(np.float32)
    share = _category_shares(group, groups.category, parameters, rng)
    within = np.empty((len(group), len(assortment)), dtype=np.float32)
    margin, spend = np.empty_like(share), np.empty_like(share)
    for low in range(0, len(group), _ROWS):
        rows = slice(low, low + _ROWS)
        within[rows], margin[rows], spend[rows] = _within(factors[rows], assortment, now_day)
    return Tastes(factors, share, within, margin, spend)


def draw_products(
    tastes: Tastes,
    assortment: Assortment,
    member: NDArray[np.int64],
    category: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Shape (n,): one product of the category by the member's weights, on sale or not."""
    low = assortment.starts[category]
    high = assortment.starts[category + 1] - 1
    drawn = rng.random(len(member), dtype=np.float32)
    flat = tastes.within.reshape(-1)
    row = member * tastes.within.shape[1]
    for _ in range(int(np.ceil(np.log2(np.diff(assortment.starts).max()))) + 1):
        middle = (low + high) >> 1
        beyond = flat[row + middle] <= drawn
        low = np.where(beyond, np.minimum(middle + 1, high), low)
        high = np.where(beyond, high, middle)
    return high


def draw_on_sale(
    tastes: Tastes,
    assortment: Assortment,
    member: NDArray[np.int64],
    category: NDArray[np.int64],
    day: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Like `draw_products`, drawn again where the product is not on sale that day; at last the flagship."""
    product = draw_products(tastes, assortment, member, category, rng)
    for _ in range(4):
        missing = np.flatnonzero(~assortment.on_sale(product, day))
        if not len(missing):
            return product
        product[missing] = draw_products(tastes, assortment, member[missing], category[missing], rng)
    return np.where(assortment.on_sale(product, day), product, assortment.flagship[category])


def draw_category(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Shape (n,): a column drawn in proportion to each row of *weight*."""
    cumulative = np.cumsum(weight, axis=1)
    drawn = rng.random(len(weight)) * cumulative[:, -1]
    return np.asarray(np.minimum((cumulative <= drawn[:, None]).sum(axis=1), weight.shape[1] - 1))


def _category_shares(
    group: NDArray[np.int64], of_group: NDArray[np.float64], parameters: Parameters, rng: np.random.Generator
) -> NDArray[np.float64]:
    spread = np.sqrt(1 - 0.7**2) * parameters.category_spread
    weight = np.log([category.demand for category in CATEGORIES]) + of_group[group]
    weight = np.exp(weight + spread * rng.standard_normal(weight.shape))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _within(
    factors: NDArray[np.float32], assortment: Assortment, now_day: int
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Cumulative weights within categories; expected margin and price of what is on sale now."""
    on_sale = assortment.on_sale(np.arange(len(assortment)), np.array(now_day))
    price = assortment.price_minor * on_sale
    worth = np.stack([on_sale, price - assortment.cost_minor * on_sale, price], axis=1).astype(np.float32)
    cumulative = np.empty((len(factors), len(assortment)), dtype=np.float32)
    expected = np.empty((len(factors), len(CATEGORIES), 3))
    # A category at a time: its weights stay in the processor's cache.
    for category, (low, high) in enumerate(zip(assortment.starts[:-1], assortment.starts[1:], strict=True)):
        weight = np.exp(factors @ assortment.taste[low:high].T + assortment.popularity[low:high])
        expected[:, category] = weight @ worth[low:high]
        np.cumsum(weight, axis=1, out=cumulative[:, low:high])
        cumulative[:, low:high] /= cumulative[:, high - 1 : high].copy()
    expected /= expected[:, :, :1]
    return cumulative, expected[:, :, 1], expected[:, :, 2]
