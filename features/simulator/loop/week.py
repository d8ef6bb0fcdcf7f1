"""One week of the shop: who is contacted with what, who orders, what is redeemed, what it cost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.loop.draws import Draws, Stream
from features.simulator.loop.log import NOTHING, Log
from features.simulator.loop.offer_table import OfferTable
from features.simulator.loop.parameters import WorldConfig
from features.simulator.loop.people import People
from features.simulator.loop.reaction import natural_use, odds, order_chance, shifted
from features.simulator.loop.state import Happened, State, after

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Offers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class World:
    """
    A shop: its parameters, offers, members and randomness.

    Attributes:
        config: All numbers.
        offers: The offers.
        people: The members.
        draws: The common random numbers.
    """

    config: WorldConfig
    offers: OfferTable
    people: People
    draws: Draws

    @classmethod
    def of(cls, config: WorldConfig, seed: int) -> "World":
        """The world of a file and a seed."""
        draws = Draws(seed)
        return cls(config, OfferTable.of(config), People.drawn(config, draws), draws)


@dataclass(frozen=True, slots=True)
class Week:
    """
    What a week brought, shape (n_members,).

    Attributes:
        profit_minor: Margin of the order less what its coupon took off and what the contact cost.
        discount_minor: What the coupon took off.
        deadweight_minor: The part of it on orders that would have come without the contact.
        redeemed, wasted: Bool: the coupon was used; used on such an order.
        caused, prevented: Bool: the order came because of the contact; an order did not come because of it.
        contacted, left: Bool.
    """

    profit_minor: Floats
    discount_minor: Floats
    deadweight_minor: Floats
    redeemed: Bools
    wasted: Bools
    caused: Bools
    prevented: Bools
    contacted: Bools
    left: Bools


def live(world: World, state: State, log: Log, *, week: int, shown: Offers) -> tuple[State, Week]:
    """
    Live through a week and write it down.

    The same uniform decides about the order with and without the offer, so caused and prevented orders are known.

    Args:
        world: The world.
        state: At the start of the week.
        log: Written: the row of this week, but for the propensities, which the one who chose knows.
        week: From the start of the log.
        shown: Shape (n,): row of the offer shown; `NOTHING` for none.

    Returns:
        The state at the start of the next week, and what happened.
    """
    config, people, draws = world.config, world.people, world.draws
    n = len(people)
    contacted = shown >= 0
    chance = order_chance(config, people, state, week)
    shift = odds(config, world.offers, people, state).of(shown) if contacted.any() else np.zeros(n)
    luck = draws.rng(Stream.ORDER, week).random(n)
    would, ordered = luck < chance, luck < shifted(chance, shift)
    noise = draws.rng(Stream.BASKET, week).standard_normal(n)
    spend = people.basket_minor * np.exp(config.shopping.order_sd * noise - 0.5 * config.shopping.order_sd**2)
    category = _category(state, draws.rng(Stream.CATEGORY, week).random(n))
    redeemed, discount, spend, lift = _redeem(
        world, spend, category, shown=shown, would=would, ordered=ordered, week=week
    )
    margin = np.where(ordered, spend * np.asarray(config.shopping.margins)[category], 0.0)
    hurry = np.exp(state.contacts) * np.where(people.hidden.averse, 3.0, 1.0)
    left = contacted & (draws.rng(Stream.UNSUBSCRIBE, week).random(n) < config.reaction.unsubscribe * hurry)
    cost = np.where(contacted, world.offers.definitions.contact_cost_minor[np.maximum(shown, 0)], 0)
    caused = ordered & ~would
    ahead = np.where(redeemed, lift, 0.0) + config.redeeming.borrowed * caused
    happened = Happened(ordered, np.where(ordered, spend, 0.0), ahead, contacted, left)
    promotion = ordered & (draws.rng(Stream.PROMOTION, week).random(n) < people.promotion)
    log.shown[week], log.ordered[week], log.redeemed[week] = shown, ordered, redeemed
    log.spend_minor[week], log.margin_minor[week] = happened.spend_minor, margin
    log.discount_minor[week], log.promotion[week], log.left[week] = discount, promotion, left
    log.category[week], log.tier[week] = np.where(ordered, category, NOTHING), state.tier(people)
    wasted = redeemed & would
    return after(config, people, state, happened=happened, draws=draws, week=week), Week(
        profit_minor=margin - discount - cost,
        discount_minor=discount,
        deadweight_minor=np.where(wasted, discount, 0.0),
        redeemed=redeemed,
        wasted=wasted,
        caused=caused,
        prevented=would & ~ordered,
        contacted=contacted,
        left=left,
    )


def _category(state: State, luck: Floats) -> NDArray[np.int64]:
    passed = (luck[:, None] > np.cumsum(state.shares(), axis=1)).sum(axis=1)
    return np.asarray(np.minimum(passed, state.tastes.shape[1] - 1))


def _redeem(
    world: World, spend: Floats, category: NDArray[np.int64], *, shown: Offers, would: Bools, ordered: Bools, week: int
) -> tuple[Bools, Floats, Floats, Floats]:
    """Who redeems; what it takes off, minor units; spend with what was bought ahead; that in own baskets."""
    offers, terms, people = world.offers, world.config.redeeming, world.people
    n = len(spend)
    use = np.where(would, natural_use(people), terms.caused)
    wants = world.draws.rng(Stream.REDEEM, week).random(n) < use
    rows = np.flatnonzero((shown >= 0) & ordered & wants)
    rows = rows[offers.in_scope(shown[rows], category[rows])]
    off = offers.taken_off(shown[rows], spend[rows])
    rows, off = rows[off > 0], off[off > 0]
    lift = np.zeros(n)
    lift[rows] = -terms.enlarged * np.expm1(-off / np.maximum(spend[rows], 1.0) / world.config.reaction.depth)
    redeemed, discount = np.zeros(n, dtype=np.bool_), np.zeros(n)
    redeemed[rows] = True
    larger = spend * (1 + lift)
    discount[rows] = offers.taken_off(shown[rows], larger[rows])
    return redeemed, discount, larger, lift * spend / people.basket_minor
