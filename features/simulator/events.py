"""What members look at and click: on the way to purchases, while browsing, and on offers they were shown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.baskets import Shop
from features.simulator.history import Stretch
from features.simulator.tastes import draw_category, draw_on_sale
from recsys.types import SECONDS_PER_DAY

EVENT_KINDS = ("view", "cart", "click")
_VIEW, _CART, _CLICK = range(3)
_NONE = -1
_BROWSE = 0.5  # browsing days for each order expected on the web
_CLICK_CHANCE = np.array([0.25, 0.4, 0.12, 0.12])  # by response type


@dataclass(frozen=True, slots=True)
class Events:
    """
    Events of one cohort, sorted by member, then second.

    Attributes:
        member: Rows of the cohort.
        kind: Positions in EVENT_KINDS.
        product, offer: What it was about; -1 = not about one.
        second: Seconds since the history began.
        channel: Positions in ``campaigns.CHANNELS``.
    """

    member: NDArray[np.int64]
    kind: NDArray[np.int64]
    product: NDArray[np.int64]
    offer: NDArray[np.int64]
    second: NDArray[np.int64]
    channel: NDArray[np.int64]


def draw_events(shop: Shop, stretches: list[Stretch], rng: np.random.Generator) -> Events:
    """
    Draw the events around the cohort's history.

    On the web 60 % of the lines are viewed 2 to 40 minutes before the order and 40 % put in the cart after that; a
    quarter of all lines that are not favourites are also viewed 1 to 5 days before, wherever they are bought. Further
    views lead nowhere. Offers are clicked soon after they are shown.
    """
    parts = [_before_orders(shop, stretch, rng) for stretch in stretches]
    parts += [_clicks(shop, stretch, rng) for stretch in stretches]
    parts.append(_browsing(shop, rng))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    joined = np.maximum(shop.people.joined, 0)[columns[0]] * SECONDS_PER_DAY
    kept = columns[4] >= joined
    columns = [column[kept] for column in columns]
    order = np.lexsort((columns[2], columns[1], columns[4], columns[0]))
    return Events(*(column[order] for column in columns))


def _before_orders(shop: Shop, stretch: Stretch, rng: np.random.Generator) -> tuple[NDArray[np.int64], ...]:
    lines = stretch.lines
    member = stretch.member[lines.order]
    second = (stretch.day * SECONDS_PER_DAY + stretch.second)[lines.order]
    web = stretch.web[lines.order]
    viewed = web & (rng.random(len(member)) < 0.6)
    carted = web & (rng.random(len(member)) < 0.4)
    minutes = rng.integers(120, 2_400, len(member))
    cart_at = second - 30 - (minutes - 120) // 2
    days_before = second - rng.integers(1 * SECONDS_PER_DAY, 5 * SECONDS_PER_DAY, len(member))
    considered = ~lines.favourite & (rng.random(len(member)) < 0.25)
    considered &= shop.assortment.on_sale(lines.product, days_before // SECONDS_PER_DAY)
    kind = np.repeat([_VIEW, _CART, _VIEW], [viewed.sum(), carted.sum(), considered.sum()])
    return (
        np.concatenate([member[viewed], member[carted], member[considered]]),
        kind,
        np.concatenate([lines.product[viewed], lines.product[carted], lines.product[considered]]),
        np.full(len(kind), _NONE),
        np.concatenate([(second - minutes)[viewed], cart_at[carted], days_before[considered]]),
        np.zeros(len(kind), dtype=np.int64),
    )


def _clicks(shop: Shop, stretch: Stretch, rng: np.random.Generator) -> tuple[NDArray[np.int64], ...]:
    shown = stretch.exposures
    if shown is None:
        empty = np.empty(0, dtype=np.int64)
        return (empty,) * 6
    chance = _CLICK_CHANCE[shop.people.response_type[shown.member]]
    clicked = (shown.offer >= 0) & (rng.random(len(shown.member)) < chance)
    day = stretch.wave[0].day
    second = day * SECONDS_PER_DAY + shown.second + rng.integers(20, 12 * 3_600, len(shown.member))
    n = int(clicked.sum())
    return (
        shown.member[clicked],
        np.full(n, _CLICK),
        np.full(n, _NONE),
        shown.offer[clicked],
        second[clicked],
        shown.channel[clicked],
    )


def _browsing(shop: Shop, rng: np.random.Generator) -> tuple[NDArray[np.int64], ...]:
    days = shop.calendar.days
    expected = shop.people.intensity[:, :days].sum(axis=1, dtype=np.float64) * shop.people.web * _BROWSE
    visits = rng.poisson(expected)
    visitor = np.repeat(np.arange(len(visits)), visits)
    # A visit falls on a day in proportion to the order rate, so that quiet members are quiet on the web too.
    cumulative = np.cumsum(shop.people.intensity[:, :days], axis=1, dtype=np.float32)
    drawn = rng.random(len(visitor), dtype=np.float32) * cumulative[visitor, -1]
    day = np.minimum((cumulative[visitor] <= drawn[:, None]).sum(axis=1), days - 1)
    n_views = rng.integers(1, 4, len(visitor))
    visit = np.repeat(np.arange(len(visitor)), n_views)
    member, on_day = visitor[visit], day[visit]
    weight = shop.tastes.category[member] * shop.calendar.season[shop.calendar.month[on_day]]
    product = draw_on_sale(shop.tastes, shop.assortment, member, draw_category(weight, rng), on_day, rng)
    begin = rng.integers(7 * 3_600, 23 * 3_600, len(visitor))[visit]
    second = on_day * SECONDS_PER_DAY + begin + rng.integers(0, 1_200, len(member))
    none = np.full(len(member), _NONE)
    return member, np.full(len(member), _VIEW), product, none, second, np.zeros(len(member), dtype=np.int64)
