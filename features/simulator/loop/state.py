"""How a member stands in a week, and how a week changes it: clock, mood, pantry, fatigue, tastes, tier."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.simulator.loop.draws import Draws, Stream
from features.simulator.loop.parameters import WorldConfig
from features.simulator.loop.people import People

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WEEKS_A_YEAR = 52


@dataclass(frozen=True, slots=True)
class State:
    """
    Members at the start of a week, shape (n_members,) unless said otherwise.

    Attributes:
        recency: Whole weeks since the last order, at least 1.
        mood: Log factor of the hazard.
        pausing: Bool: orders seldom for now.
        pantry: What was bought ahead, in own baskets.
        contacts: Recent contacts as they are felt.
        subscribed: Bool: may be contacted.
        tastes: Shape (n_members, n_categories): log weights.
        deal: Hidden part of the deal effect, with its drift.
        yearly_minor: Spend of the last year, fading.
    """

    recency: NDArray[np.int64]
    mood: Floats
    pausing: Bools
    pantry: Floats
    contacts: Floats
    subscribed: Bools
    tastes: Floats
    deal: Floats
    yearly_minor: Floats

    @classmethod
    def first(cls, config: WorldConfig, people: People, draws: Draws) -> "State":
        """The start of the log: clocks at random places, no contact yet."""
        n, shopping = len(people), config.shopping
        rng = draws.rng(Stream.PAUSE, 0)
        pausing = rng.random(n) < shopping.dormant_share
        away = np.where(pausing, 4.0, 1.0)
        return cls(
            recency=np.maximum(np.ceil(people.interval * away * rng.random(n)), 1).astype(np.int64),
            mood=shopping.mood_sd * rng.standard_normal(n),
            pausing=pausing,
            pantry=np.zeros(n),
            contacts=np.zeros(n),
            subscribed=np.ones(n, dtype=np.bool_),
            tastes=people.tastes,
            deal=people.hidden.deal,
            yearly_minor=WEEKS_A_YEAR * people.basket_minor / people.interval * np.where(pausing, 0.5, 1.0),
        )

    def tier(self, people: People) -> NDArray[np.int8]:
        """Shape (n_members,): row of the tier."""
        return (np.searchsorted(people.tier_floor_minor, self.yearly_minor, side="right") - 1).astype(np.int8)

    def shares(self) -> Floats:
        """Shape (n_members, n_categories): chance of each main category of an order."""
        weight = np.exp(self.tastes - self.tastes.max(axis=1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Happened:
    """
    What a week brought that changes how members stand, shape (n_members,).

    Attributes:
        ordered: Bool.
        spend_minor: Of the order, before the discount.
        ahead: What was bought ahead, in own baskets.
        contacted, left: Bool: got a message; unsubscribed at it.
    """

    ordered: Bools
    spend_minor: Floats
    ahead: Floats
    contacted: Bools
    left: Bools


def after(config: WorldConfig, people: People, state: State, *, happened: Happened, draws: Draws, week: int) -> State:
    """
    The members at the start of the next week.

    The mood is an AR(1) walk; a pantry of one basket lowers the hazard until about one order is lost (it fades by the
    own interval); contacts fade by ``memory``; tastes and the deal effect take small random steps.
    """
    shopping, reaction = config.shopping, config.reaction
    n = len(people)
    mood_step = np.sqrt(1 - shopping.mood_memory**2) * shopping.mood_sd
    chance = draws.rng(Stream.PAUSE, week + 1).random(n)
    keeps = 1 - 1 / np.maximum(people.interval, 1.5)
    tastes = state.tastes
    if shopping.taste_drift:
        tastes = tastes + shopping.taste_drift * draws.rng(Stream.TASTE, week).standard_normal(tastes.shape)
    deal = state.deal + reaction.deal_drift * draws.rng(Stream.DEAL, week).standard_normal(n)
    return replace(
        state,
        recency=np.where(happened.ordered, 1, state.recency + 1),
        mood=shopping.mood_memory * state.mood + mood_step * draws.rng(Stream.MOOD, week).standard_normal(n),
        pausing=np.where(state.pausing, chance >= shopping.resume, chance < shopping.pause),
        pantry=state.pantry * keeps + happened.ahead,
        contacts=(state.contacts + happened.contacted) * reaction.memory,
        subscribed=state.subscribed & ~happened.left,
        tastes=tastes,
        deal=deal,
        yearly_minor=state.yearly_minor * (1 - 1 / WEEKS_A_YEAR) + happened.spend_minor,
    )
