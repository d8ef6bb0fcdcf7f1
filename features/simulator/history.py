"""The life of one cohort: waves of offers, orders, baskets, redemptions, spend, tiers and points, day by day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.baskets import Lines, Shop, fill_in_turn, turns
from features.simulator.campaigns import NO_ARM, Campaign, Exposures, expose
from features.simulator.offers import Offers
from features.simulator.parameters import HORIZON_DAYS, TIERS, Parameters
from features.simulator.people import People
from features.simulator.redemption import line_discounts, price
from features.simulator.world import World

_OPEN_S, _OPEN_FOR_S = 8 * 3_600, 14 * 3_600
_TIER_DAYS = 365


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    The days from one wave to the next: the facts in the order in which they arose.

    Attributes:
        wave: The campaigns of its first day; empty before the first wave.
        exposures: What was shown on its first day; None before the first wave.
        rate_without, rate_with: Shape (n_exposures,): summed intensity of the window without an offer, and with the
            arm that was drawn; the probability of at least one order is 1 - exp(-rate).
        member, day, web, second: Shape (n_orders,): who ordered, when (day, second of the day), on the web or not.
        ordinal: Shape (n_orders,): the member's orders before this one.
        offer: Shape (n_orders,): the offer redeemed; -1 = none.
        discount_minor: Shape (n_orders,): cost of the redeemed offer.
        lines: What was bought, before the redeemer's extra units.
        quantity, paid_minor, line_discount_minor, on_offer: Shape (n_lines,).
    """

    wave: tuple[Campaign, ...]
    exposures: Exposures | None
    rate_without: NDArray[np.float64]
    rate_with: NDArray[np.float64]
    member: NDArray[np.int64]
    day: NDArray[np.int64]
    web: NDArray[np.bool_]
    second: NDArray[np.int64]
    ordinal: NDArray[np.int64]
    offer: NDArray[np.int64]
    discount_minor: NDArray[np.int64]
    lines: Lines
    quantity: NDArray[np.int64]
    paid_minor: NDArray[np.int64]
    line_discount_minor: NDArray[np.int64]
    on_offer: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where the members of a cohort stand at some day.

    Attributes:
        last: Shape (n_members, n_favourites): day of the latest purchase of each favourite.
        spend: Shape (n_members, days), int32: paid on each day so far.
        points: Shape (n_members,): balance.
        n_orders: Shape (n_members,): orders so far.
        redeemed: Shape (n_members, n_offers): redemptions so far.
    """

    last: NDArray[np.float64]
    spend: NDArray[np.int32]
    points: NDArray[np.int64]
    n_orders: NDArray[np.int64]
    redeemed: NDArray[np.int64]


def live(
    world: World, shop: Shop, ratio: NDArray[np.float32], rng: np.random.Generator
) -> tuple[list[Stretch], Standing]:
    """
    Live through the history.

    Args:
        world: What all members share.
        shop: The cohort and its tastes.
        ratio: Shape (n_members, n_offers): log order-rate ratio of each offer.
        rng: Randomness.

    Returns:
        The stretches in order, and where the members stand at the end.
    """
    n, days = len(shop.people), world.calendar.days
    standing = Standing(
        last=shop.favourites.last,
        spend=np.zeros((n, days), dtype=np.int32),
        points=np.zeros(n, dtype=np.int64),
        n_orders=np.zeros(n, dtype=np.int64),
        redeemed=np.zeros((n, len(world.offers)), dtype=np.int64),
    )
    starts = [wave[0].day for wave in world.waves]
    stretches = []
    for start, stop, wave in zip([0, *starts], [*starts, days], [(), *world.waves], strict=True):
        stretch, standing = _live_stretch(world, shop, ratio, standing, start=start, stop=stop, wave=wave, rng=rng)
        stretches.append(stretch)
    return stretches, standing


def tiers(spend: NDArray[np.int32], day: int, parameters: Parameters) -> NDArray[np.int64]:
    """Shape (n_members,): tier by what was paid in the 365 days before *day*."""
    trailing = spend[:, max(0, day - _TIER_DAYS) : day].sum(axis=1, dtype=np.int64)
    tier = np.searchsorted(parameters.tier_spend_minor, trailing, side="right")
    assert tier.max(initial=0) < len(TIERS)
    return np.asarray(tier)


def use_chance(people: People, offers: Offers, parameters: Parameters) -> NDArray[np.float64]:
    """Shape (n_members, n_offers): probability of redeeming at the first order of the window, where it qualifies."""
    worth = 0.55 + 0.45 * (1 - np.exp(-offers.depth / parameters.pull_depth))
    return np.asarray(people.redeem[:, None] * worth)


def _live_stretch(
    world: World,
    shop: Shop,
    ratio: NDArray[np.float32],
    standing: Standing,
    *,
    start: int,
    stop: int,
    wave: tuple[Campaign, ...],
    rng: np.random.Generator,
) -> tuple[Stretch, Standing]:
    people, parameters = shop.people, world.parameters
    tier = tiers(standing.spend, start, parameters)
    exposures = expose(wave, people, tier, parameters=parameters, rng=rng) if wave else None
    shown = np.full(len(people), NO_ARM)
    if exposures is not None:
        shown[exposures.member] = exposures.offer
    factor = np.where(shown == NO_ARM, 1.0, np.exp(ratio[np.arange(len(people)), shown]))
    intensity = people.intensity[:, start:stop].astype(np.float64)
    rate = intensity[[] if exposures is None else exposures.member, :HORIZON_DAYS].sum(axis=1)
    intensity[:, :HORIZON_DAYS] *= factor[:, None]
    member, offset = np.nonzero(rng.random(intensity.shape) < -np.expm1(-intensity))
    day = start + offset
    web = rng.random(len(member)) < people.web[member]
    lines, last = fill_in_turn(shop, standing.last, member, day, rng)

    offer = _wanted(world, shop, shown, standing, member=member, in_window=offset < HORIZON_DAYS, rng=rng)
    priced = price(
        world.offers, world.assortment, lines, offer, web=web, points=standing.points[member], parameters=parameters
    )
    offer = np.where(priced.qualifies, offer, -1)
    line_discount = line_discounts(world.offers, offer, priced, lines)
    paid = world.assortment.price_minor[lines.product] * priced.quantity - line_discount
    order_paid = np.bincount(lines.order, weights=paid, minlength=len(member)).astype(np.int64)
    stretch = Stretch(
        wave=wave,
        exposures=exposures,
        rate_without=rate,
        rate_with=rate if exposures is None else rate * factor[exposures.member],
        member=member,
        day=day,
        web=web,
        second=_OPEN_S + rng.integers(0, _OPEN_FOR_S, len(member)),
        ordinal=standing.n_orders[member] + turns(member),
        offer=offer,
        discount_minor=priced.discount_minor,
        lines=lines,
        quantity=priced.quantity,
        paid_minor=paid,
        line_discount_minor=line_discount,
        on_offer=priced.in_scope,
    )
    return stretch, _advance(world, standing, stretch, order_paid, tier, last)


def _wanted(
    world: World,
    shop: Shop,
    shown: NDArray[np.int64],
    standing: Standing,
    *,
    member: NDArray[np.int64],
    in_window: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Shape (n_orders,): the offer that the member wants to use at the first order of the window; -1 = none."""
    offers = world.offers
    first = (np.diff(member, prepend=-1) != 0) & in_window
    offer = np.where(first, shown[member], -1)
    chance = use_chance(shop.people, offers, world.parameters)[member, offer]
    used_up = (offers.limit[offer] > 0) & (standing.redeemed[member, offer] >= offers.limit[offer])
    return np.where((rng.random(len(member)) < chance) & ~used_up, offer, -1)


def _advance(
    world: World,
    standing: Standing,
    stretch: Stretch,
    order_paid: NDArray[np.int64],
    tier: NDArray[np.int64],
    last: NDArray[np.float64],
) -> Standing:
    parameters, offers = world.parameters, world.offers
    n = len(standing.points)
    spend = standing.spend.copy()
    spend[stretch.member, stretch.day] = order_paid
    multiplier = np.array(parameters.tier_points_bp)[tier[stretch.member]]
    earned = order_paid // parameters.points_spend_minor * multiplier // 10_000
    earned += np.where(offers.multiplier_bp[stretch.offer] > 10_000, stretch.discount_minor, 0)
    is_reward = np.array([template.kind == "points_redemption" for template in offers.templates])
    burnt = np.where((stretch.offer >= 0) & is_reward[stretch.offer], stretch.discount_minor, 0)
    taken = stretch.offer >= 0
    redeemed = standing.redeemed.copy()
    np.add.at(redeemed, (stretch.member[taken], stretch.offer[taken]), 1)
    return Standing(
        last=last,
        spend=spend,
        points=standing.points + np.bincount(stretch.member, earned - burnt, n).astype(np.int64),
        n_orders=standing.n_orders + np.bincount(stretch.member, minlength=n),
        redeemed=redeemed,
    )
