"""What each offer would cause for each member at the end of the history: the counterfactual side of the world."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.baskets import Shop, expected_basket, fill_at_once
from features.simulator.history import Standing, tiers, use_chance
from features.simulator.parameters import HORIZON_DAYS
from features.simulator.redemption import price
from features.simulator.world import World


@dataclass(frozen=True, slots=True)
class Effects:
    """
    The truth about members and offers for an exposure on the first day after the history; see README.md.

    Attributes:
        margin_minor, spend_minor: Shape (n_members,): expected margin and spend of an order without any offer.
        p_order_without: Shape (n_members,): probability of an order in the window.
        orders_without: Shape (n_members,): expected orders in the window.
        p_order_with, orders_with: Shape (n_members, n_offers).
        p_redeem: Same shape: probability that the offer is redeemed.
        discount_minor: Same shape: expected cost of the offer, over redeemed and not redeemed.
        incremental_margin_minor: Same shape: expected margin with the offer, net of its costs, less that without.
        eligible: Same shape: valid now, open to the tier, limit not used up.
    """

    margin_minor: NDArray[np.float64]
    spend_minor: NDArray[np.float64]
    p_order_without: NDArray[np.float64]
    orders_without: NDArray[np.float64]
    p_order_with: NDArray[np.float64]
    orders_with: NDArray[np.float64]
    p_redeem: NDArray[np.float64]
    discount_minor: NDArray[np.float64]
    incremental_margin_minor: NDArray[np.float64]
    eligible: NDArray[np.bool_]


def true_effects(
    world: World, shop: Shop, standing: Standing, ratio: NDArray[np.float32], rng: np.random.Generator
) -> Effects:
    """
    Work out the effects of every offer on every member of a cohort.

    Order probabilities and the margin of an order are exact. Whether a basket qualifies, and the discount on it, are
    means over ``truth_baskets`` baskets a member.
    """
    day, offers = world.calendar.days, world.offers
    # Orders come at random, so what is due on the first day is, over members, what an order in the window finds due.
    margin, spend = expected_basket(shop, standing.last, day)
    intensity = shop.people.intensity[:, day : day + HORIZON_DAYS].astype(np.float64)
    rate = intensity.sum(axis=1)
    factor = np.exp(ratio.astype(np.float64))
    orders_without = -np.expm1(-intensity).sum(axis=1)
    orders_with = np.stack([-np.expm1(-intensity * f[:, None]).sum(axis=1) for f in factor.T], axis=1)
    p_order_with = -np.expm1(-rate[:, None] * factor)
    qualifies, discount, extra = _redemption(world, shop, standing, rng)
    use = use_chance(shop.people, offers, world.parameters)
    used_up = (offers.limit > 0) & (standing.redeemed >= offers.limit)
    p_use = np.where(used_up, 0.0, p_order_with * use)
    gained = (orders_with - orders_without[:, None]) * margin[:, None]
    tier = tiers(standing.spend, day, world.parameters)
    return Effects(
        margin_minor=margin,
        spend_minor=spend,
        p_order_without=-np.expm1(-rate),
        orders_without=orders_without,
        p_order_with=p_order_with,
        orders_with=orders_with,
        p_redeem=p_use * qualifies,
        discount_minor=p_use * discount,
        incremental_margin_minor=gained + p_use * (extra - discount) - offers.contact_cost_minor,
        eligible=offers.valid(day) & (tier[:, None] >= offers.first_tier) & ~used_up,
    )


def _redemption(
    world: World, shop: Shop, standing: Standing, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Shape (n_members, n_offers) each: share of baskets that qualify, mean discount, mean extra margin."""
    n, draws = len(shop.people), world.parameters.truth_baskets
    member = np.repeat(np.arange(n), draws)
    day = np.full(len(member), world.calendar.days)
    lines = fill_at_once(shop, standing.last, member, day, rng)
    web = rng.random(len(member)) < shop.people.web[member]
    qualifies, discount, extra = (np.empty((n, len(world.offers))) for _ in range(3))
    for offer in range(len(world.offers)):
        priced = price(
            world.offers,
            world.assortment,
            lines,
            np.full(len(member), offer),
            web=web,
            points=standing.points[member],
            parameters=world.parameters,
        )
        qualifies[:, offer] = priced.qualifies.reshape(n, draws).mean(axis=1)
        discount[:, offer] = priced.discount_minor.reshape(n, draws).mean(axis=1)
        extra[:, offer] = priced.extra_margin_minor.reshape(n, draws).mean(axis=1)
    return qualifies, discount, extra
