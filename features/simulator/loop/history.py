"""The log that policies learn from: an old rule's contacts, and a random tenth with known probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.loop.draws import Stream
from features.simulator.loop.limits import may_contact
from features.simulator.loop.log import NOTHING, Log
from features.simulator.loop.state import State
from features.simulator.loop.week import Week, World, live

Offers = NDArray[np.int64]

_LAPSED_WEEKS = 8
_RECENT_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Past:
    """
    A shop at the end of its log.

    Attributes:
        log: What was seen.
        state: How members really stand: the truth.
        weeks: What really happened, week by week: the truth.
    """

    log: Log
    state: State
    weeks: tuple[Week, ...]


def lived(world: World) -> Past:
    """
    The weeks before any policy.

    Each week a random part of the members is in the wave, within the limits of contacts. A part of the wave is assigned
    uniformly to a few offers of that week and no offer, which is logged; the old rule decides for the rest.
    """
    config, n = world.config, len(world.people)
    state = State.first(config, world.people, world.draws)
    log = Log.empty(config.size.history_weeks, n)
    weeks = []
    for week in range(config.size.history_weeks):
        luck = world.draws.rng(Stream.WAVE, week).random((2, n))
        wave = may_contact(config, log, week, state.subscribed) & (luck[0] < config.logs.wave_share)
        random = wave & (luck[1] < config.logs.random_share)
        drawn, chance = _random_offers(world, week)
        shown = np.where(random, drawn, np.where(wave, old_rule(world, log, week, state.tier(world.people)), NOTHING))
        log.probability[week, random] = chance
        log.p_nothing[week, random] = chance
        state, happened = live(world, state, log, week=week, shown=shown)
        weeks.append(happened)
    return Past(log, state, tuple(weeks))


def old_rule(world: World, log: Log, week: int, tier: NDArray[np.int8]) -> Offers:
    """
    What the shop always did: its deepest offer to the lapsed, the next to good recent customers, else a middling one.

    Args:
        world: For the offers' depths at the mean basket of the world.
        log: Orders before the week.
        week: From the start of the log; middling offers take turns.
        tier: Shape (n,): of each member.

    Returns:
        Shape (n,): row of the offer for each member if contacted.
    """
    seen = log.ordered[max(0, week - _LAPSED_WEEKS) : week]
    lapsed = ~seen.any(axis=0)
    recent = log.ordered[max(0, week - _RECENT_WEEKS) : week].any(axis=0)
    ranked = by_depth(world)
    middling = ranked[len(ranked) // 4 : max(len(ranked) * 3 // 4, len(ranked) // 4 + 1)]
    best = np.where(recent & (tier > 0), ranked[min(1, len(ranked) - 1)], middling[week % len(middling)])
    return np.asarray(np.where(lapsed, ranked[0], best))


def by_depth(world: World) -> NDArray[np.int64]:
    """Offer rows that give something, deepest first at an order of the world's usual size."""
    usual = np.full(len(world.offers), world.config.shopping.basket_minor)
    order = np.argsort(-world.offers.taken_off(np.arange(len(usual)), usual), kind="stable")
    return np.asarray(order[world.offers.gives[order]])


def _random_offers(world: World, week: int) -> tuple[Offers, float]:
    n, arms = len(world.people), min(world.config.logs.arms, len(world.offers))
    rng = world.draws.rng(Stream.ARMS, week)
    choices = np.concatenate(([NOTHING], np.sort(rng.choice(len(world.offers), arms, replace=False))))
    return choices[world.draws.rng(Stream.ASSIGN, week).integers(0, arms + 1, n)], 1.0 / (arms + 1)
