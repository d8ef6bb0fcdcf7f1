"""What is in an order: favourites that are due, and other products by taste and season."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.assortment import Assortment
from features.simulator.calendar import Calendar
from features.simulator.categories import CATEGORIES
from features.simulator.parameters import Parameters
from features.simulator.people import People
from features.simulator.tastes import Tastes, draw_category, draw_on_sale, draw_products

_MORE_UNITS = 3
_INTERVAL = np.array([category.interval_days for category in CATEGORIES])
_MORE = np.array([category.more for category in CATEGORIES])

MEAN_UNITS = 1 + _MORE_UNITS * _MORE
"""Shape (n_categories,): expected units on a line."""


@dataclass(frozen=True, slots=True)
class Favourites:
    """
    The products that each member of a cohort buys again and again.

    Attributes:
        product: Shape (n_members, n_favourites).
        interval: Same shape: days after which it is due (63 % likely).
        strength: Same shape: probability of buying it at an order once it is long due; 0 = an unused place.
        last: Same shape: day of the latest purchase before the history, drawn at random.
    """

    product: NDArray[np.int64]
    interval: NDArray[np.float64]
    strength: NDArray[np.float64]
    last: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lines:
    """
    Order lines, sorted by order and product, at most one a product and order.

    Attributes:
        order: Positions among the orders.
        product: Products.
        quantity: At least 1.
        favourite: The line is a favourite that was due.
    """

    order: NDArray[np.int64]
    product: NDArray[np.int64]
    quantity: NDArray[np.int64]
    favourite: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shop:
    """What filling a basket needs to know of the cohort and the shop."""

    people: People
    tastes: Tastes
    favourites: Favourites
    assortment: Assortment
    calendar: Calendar
    parameters: Parameters


def draw_favourites(
    people: People, tastes: Tastes, assortment: Assortment, *, parameters: Parameters, rng: np.random.Generator
) -> Favourites:
    """Draw each member's favourites: more often from frequent categories that the member likes."""
    shape = (len(people), parameters.n_favourites)
    weight = tastes.category * np.where(_INTERVAL > 0, 1 / np.sqrt(np.maximum(_INTERVAL, 1)), 0)
    member = np.repeat(np.arange(shape[0]), shape[1])
    category = draw_category(np.repeat(weight, shape[1], axis=0), rng)
    product = draw_products(tastes, assortment, member, category, rng).reshape(shape)
    own_pace = np.exp(0.3 * rng.standard_normal((shape[0], 1)))
    interval = _INTERVAL[category].reshape(shape) * own_pace * np.exp(0.25 * rng.standard_normal(shape))
    strength = rng.beta(4, 4, (shape[0], 1)) * rng.uniform(0.5, 1.4, shape)
    used = np.arange(shape[1]) < rng.binomial(shape[1], 0.65, shape[0])[:, None]
    order = np.argsort(product, axis=1, kind="stable")
    ordered = np.take_along_axis(product, order, axis=1)
    again = np.zeros(shape, dtype=np.bool_)
    np.put_along_axis(again, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    last = np.maximum(people.joined, 0)[:, None] - interval * rng.uniform(0, 2, shape)
    return Favourites(product, interval, np.where(used & ~again, np.minimum(strength, 0.95), 0.0), last)


def turns(member: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shape (n_orders,): orders of the same member before each; *member* is sorted."""
    return np.arange(len(member)) - np.searchsorted(member, member)


def due(
    shop: Shop, last: NDArray[np.float64], member: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.float64]:
    """
    Shape (n_orders, n_favourites): probability that an order of the member on the day holds the favourite.

    strength x (1 - exp(-(days since last / interval) ** due_power)); 0 while it is not on sale.
    """
    favourites = shop.favourites
    elapsed = np.maximum(day[:, None] - last[member], 0.0) / favourites.interval[member]
    chance = favourites.strength[member] * -np.expm1(-(elapsed**shop.parameters.due_power))
    return np.where(shop.assortment.on_sale(favourites.product[member], day[:, None]), chance, 0.0)


def fill_in_turn(
    shop: Shop,
    last: NDArray[np.float64],
    member: NDArray[np.int64],
    day: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[Lines, NDArray[np.float64]]:
    """
    Fill the orders of a stretch of days, each after the member's one before.

    Args:
        shop: The cohort and the shop.
        last: Shape (n_members, n_favourites): day of the latest purchase of each favourite.
        member, day: Shape (n_orders,), sorted by member, then day.
        rng: Randomness.

    Returns:
        The lines, and *last* after the orders.
    """
    last = last.copy()
    bought = np.zeros((len(member), last.shape[1]), dtype=np.bool_)
    turn = turns(member)
    by_turn = np.argsort(turn, kind="stable")
    for orders in np.split(by_turn, np.cumsum(np.bincount(turn))[:-1]) if len(member) else ():
        who = member[orders]
        buys = rng.random((len(orders), last.shape[1])) < due(shop, last, who, day[orders])
        bought[orders] = buys
        last[who] = np.where(buys, day[orders][:, None], last[who])
    return _fill(shop, bought, member, day, rng), last


def fill_at_once(
    shop: Shop,
    last: NDArray[np.float64],
    member: NDArray[np.int64],
    day: NDArray[np.int64],
    rng: np.random.Generator,
) -> Lines:
    """Fill orders as alternatives of each other: every one sees the same *last*."""
    bought = rng.random((len(member), last.shape[1])) < due(shop, last, member, day)
    return _fill(shop, bought, member, day, rng)


def expected_basket(shop: Shop, last: NDArray[np.float64], day: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Shape (n_members,) each: expected margin and spend in minor units of an order without any offer on the day.

    Exact for the model: favourites by `due`, a Poisson number of others by taste and season, at least one line.
    """
    member = np.arange(len(shop.people))
    chance = due(shop, last, member, np.full(len(member), day))
    product = shop.favourites.product
    units = MEAN_UNITS[shop.assortment.category[product]]
    price = shop.assortment.price_minor[product]
    weight = shop.tastes.category * shop.calendar.season[shop.calendar.month[day]]
    weight = weight / weight.sum(axis=1, keepdims=True) * MEAN_UNITS
    others = shop.people.explore + np.prod(1 - chance, axis=1) * np.exp(-shop.people.explore)
    margin = (chance * units * (price - shop.assortment.cost_minor[product])).sum(axis=1)
    spend = (chance * units * price).sum(axis=1)
    return (
        margin + others * (weight * shop.tastes.margin_minor).sum(axis=1),
        spend + others * (weight * shop.tastes.spend_minor).sum(axis=1),
    )


def _fill(
    shop: Shop,
    bought: NDArray[np.bool_],
    member: NDArray[np.int64],
    day: NDArray[np.int64],
    rng: np.random.Generator,
) -> Lines:
    """Favourites bought, other products, one line a product."""
    order, place = np.nonzero(bought)
    favourite = shop.favourites.product[member[order], place]
    n_others = rng.poisson(shop.people.explore[member])
    n_others = np.where(~bought.any(axis=1) & (n_others == 0), 1, n_others)
    other_order = np.repeat(np.arange(len(member)), n_others)
    who, when = member[other_order], day[other_order]
    category = draw_category(shop.tastes.category[who] * shop.calendar.season[shop.calendar.month[when]], rng)
    other = draw_on_sale(shop.tastes, shop.assortment, who, category, when, rng)
    product = np.concatenate([favourite, other])
    quantity = 1 + rng.binomial(_MORE_UNITS, _MORE[shop.assortment.category[product]])
    key = np.concatenate([order, other_order]) * len(shop.assortment) + product
    distinct, first, line = np.unique(key, return_index=True, return_inverse=True)
    return Lines(
        order=distinct // len(shop.assortment),
        product=distinct % len(shop.assortment),
        quantity=np.bincount(line, weights=quantity, minlength=len(distinct)).astype(np.int64),
        favourite=first < len(favourite),
    )
