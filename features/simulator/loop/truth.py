"""What each offer would really bring, and how hard a world is: shares that its parameters must give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.loop.draws import Stream
from features.simulator.loop.people import Hidden, People
from features.simulator.loop.reaction import hazard, natural_use, odds, order_chance, pace, shifted
from features.simulator.loop.state import State
from features.simulator.loop.week import Week, World

Floats = NDArray[np.float64]

_CLOCK_WEEKS = 40
"""Recencies beyond so many weeks count as this many."""
_ASKED_MEMBERS = 4_000
_OTHER_TRAITS = 24


@dataclass(frozen=True, slots=True)
class Effects:
    """
    The truth of a contact this week for members who stand so.

    Attributes:
        without: Shape (n,): chance of an order without it.
        uplift: Shape (n, n_offers): change of that chance.
        value_minor: Same shape: expected profit against no contact, later weeks included.
        discount_minor: Same shape: expected discount.
    """

    without: Floats
    uplift: Floats
    value_minor: Floats
    discount_minor: Floats


def true_effects(world: World, state: State, week: int) -> Effects:
    """
    Expected profit of every offer against none, with the orders of later weeks that a caused order takes away.

    ``value = (uplift (1 - borrowed) - (uplift x loss)) margin - discount - contact cost``: the clock that begins anew
    loses ``loss`` orders until the last week that counts (a recursion over recency, at the mood and pantry of today and
    without later contacts, so the oracle is exact one step ahead). What a coupon's larger basket brings is lost later.
    """
    config, people, offers = world.config, world.people, world.offers
    without = order_chance(config, people, state, week)
    shifts = odds(config, offers, people, state)
    together = shifts.contact[:, None] + shifts.deal
    uplift = shifted(without[:, None], together) - without[:, None]
    margin = people.basket_minor * (state.shares() @ np.asarray(config.shopping.margins))
    kept = 1 - config.redeeming.borrowed - lost_orders(world, state, week)
    caused, natural = np.maximum(uplift, 0.0), without[:, None] + np.minimum(uplift, 0.0)
    used = natural * natural_use(people)[:, None] + caused * config.redeeming.caused
    off = offers.expected_discount(people.basket_minor, state.shares(), config.shopping.order_sd)
    discount = used * off
    worth = uplift * (margin * np.maximum(kept, 0.0))[:, None]
    return Effects(without, uplift, worth - discount - offers.definitions.contact_cost_minor, discount)


def lost_orders(world: World, state: State, week: int) -> Floats:
    """
    Shape (n,): orders of later weeks that are lost if the clock begins anew this week, in [0, 1].

    ``J(t, r) = p(r) (1 + J(t + 1, 1)) + (1 - p(r)) J(t + 1, r + 1)`` from the last week back; the loss is
    ``J(t + 1, r + 1) - J(t + 1, 1)``.
    """
    size = world.config.size
    last = size.history_weeks + size.policy_weeks + size.settle_weeks
    n = len(world.people)
    weeks = np.broadcast_to(np.arange(1, _CLOCK_WEEKS + 1), (n, _CLOCK_WEEKS))
    raw = hazard(world.config, world.people, weeks, week) * pace(world.config, state)[:, None]
    chance = -np.expm1(-raw).astype(np.float32)
    worth = np.zeros((n, _CLOCK_WEEKS), dtype=np.float32)
    for _ in range(last - week - 1):
        later = np.concatenate((worth[:, 1:], worth[:, -1:]), axis=1)
        worth = later + chance * (1 + worth[:, :1] - later)
    recency = np.minimum(state.recency, _CLOCK_WEEKS - 1)
    lost = worth[np.arange(n), recency] - worth[:, 0]
    return np.clip(lost.astype(np.float64), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Hardness:
    """
    What makes a world as hard as real ones; all shares.

    Attributes:
        redemption: Coupons sent in the log that were used.
        deadweight: Of those who used one, would have ordered anyway.
        hidden: Of the variance of the true uplift over members, what hidden traits alone make.
        harmed: Members whom the mean offer makes less likely to order.
        order: Chance of an order in a week, mean.
        random: Contacts and non-contacts of waves in the log that were drawn.
        borrowed: Of a caused order, lost later, mean.
    """

    redemption: float
    deadweight: float
    hidden: float
    harmed: float
    order: float
    random: float
    borrowed: float


def hardness(world: World, state: State, weeks: tuple[Week, ...], random: float) -> Hardness:
    """
    Measure a world at the end of its log.

    The hidden share is the law of total variance: members keep all that can be seen, and their hidden traits are drawn
    anew many times; the mean variance over these draws is that of hidden traits, over the variance of all.
    """
    first = world.config.size.history_weeks
    effects = true_effects(world, state, first)
    n = min(len(world.people), _ASKED_MEMBERS)
    few, some = _first(world.people, n), _first_state(state, n)
    rng = world.draws.rng(Stream.TRUTH)
    chance = order_chance(world.config, few, some, first)[:, None]
    drawn = np.empty((_OTHER_TRAITS, n, len(world.offers)))
    for turn in range(_OTHER_TRAITS):
        other = odds(world.config, world.offers, few, some, Hidden.drawn(world.config.reaction, n, rng))
        drawn[turn] = shifted(chance, other.contact[:, None] + other.deal) - chance
    own = drawn.var(axis=0, ddof=1).mean(axis=0)
    total = drawn.reshape(-1, len(world.offers)).var(axis=0)
    used = sum(int(week.redeemed.sum()) for week in weeks)
    lost = lost_orders(world, state, first)
    return Hardness(
        redemption=used / max(sum(int(week.contacted.sum()) for week in weeks), 1),
        deadweight=sum(int(week.wasted.sum()) for week in weeks) / max(used, 1),
        hidden=float(own.sum() / max(float(total.sum()), 1e-300)),
        harmed=float((effects.uplift.mean(axis=1) < 0).mean()),
        order=float(effects.without.mean()),
        random=random,
        borrowed=float(np.average(np.minimum(lost + world.config.redeeming.borrowed, 1.0), weights=effects.without)),
    )


def _first(people: People, n: int) -> People:
    def cut(column: Floats) -> Floats:
        return column[:n]

    hidden = people.hidden
    return People(
        interval=cut(people.interval),
        shape=cut(people.shape),
        scale=cut(people.scale),
        basket_minor=cut(people.basket_minor),
        tastes=cut(people.tastes),
        promotion=cut(people.promotion),
        seen_deal=cut(people.seen_deal),
        natural=cut(people.natural),
        tier_floor_minor=people.tier_floor_minor,
        hidden=Hidden(cut(hidden.reminder), hidden.averse[:n], cut(hidden.deal), cut(hidden.liking)),
    )


def _first_state(state: State, n: int) -> State:
    return State(
        recency=state.recency[:n],
        mood=state.mood[:n],
        pausing=state.pausing[:n],
        pantry=state.pantry[:n],
        contacts=state.contacts[:n],
        subscribed=state.subscribed[:n],
        tastes=state.tastes[:n],
        deal=state.deal[:n],
        yearly_minor=state.yearly_minor[:n],
    )
