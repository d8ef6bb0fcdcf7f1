"""What really happens in a week with and without each offer: the truth that policies never see."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from features.simulator.loop.offer_table import OfferTable
from features.simulator.loop.parameters import WorldConfig
from features.simulator.loop.people import Hidden, People
from features.simulator.loop.state import WEEKS_A_YEAR, State

Floats = NDArray[np.float64]

_LEAST, _MOST = 1e-6, 1 - 1e-6
_SUREST, _LEAST_SURE = 0.1, 3.0
_TIMELY = 0.6
"""Width of the time of most effect, in own intervals."""


@dataclass(frozen=True, slots=True)
class Odds:
    """
    Shifts of the log odds of an order, in the week of a contact.

    Attributes:
        contact: Shape (n,): of any contact.
        deal: Shape (n, n_offers): of the deal, at least 0.
    """

    contact: Floats
    deal: Floats

    def of(self, offer: NDArray[np.integer]) -> Floats:
        """Shape (n,): the whole shift where each member is shown this offer row; 0 for -1."""
        rows = np.maximum(offer, 0)
        return np.where(offer >= 0, self.contact + self.deal[np.arange(len(offer)), rows], 0.0)


def hazard(config: WorldConfig, people: People, recency: NDArray[np.integer], week: int) -> Floats:
    """
    The integrated Weibull hazard of the week with season, before mood, pause and pantry.

    Args:
        config: The world.
        people: Its members.
        recency: Shape (n,) or (n, k): weeks since the last order.
        week: From the start of the log.
    """
    shaped = (slice(None),) + (None,) * (recency.ndim - 1)
    scale, shape, interval = people.scale[shaped], people.shape[shaped], people.interval[shaped]
    until = np.minimum(recency.astype(np.float64), np.maximum(config.shopping.overdue * interval, 1.0))
    season = np.exp(config.shopping.season * np.sin(2 * np.pi * week / WEEKS_A_YEAR))
    return np.asarray(season * ((until / scale) ** shape - ((until - 1) / scale) ** shape))


def pace(config: WorldConfig, state: State) -> Floats:
    """Shape (n,): factor of the hazard by mood, pause and pantry."""
    paused = np.where(state.pausing, config.shopping.dormant_pace, 1.0)
    return np.asarray(paused * np.exp(state.mood - state.pantry))


def order_chance(config: WorldConfig, people: People, state: State, week: int) -> Floats:
    """Shape (n,): chance of an order this week without any contact."""
    chance = -np.expm1(-hazard(config, people, state.recency, week) * pace(config, state))
    return np.clip(chance, _LEAST, _MOST)


def odds(config: WorldConfig, offers: OfferTable, people: People, state: State, hidden: Hidden | None = None) -> Odds:
    """
    The true shifts for every offer.

    ``contact = tired reminder_m timely - weariness contacts``; ``deal = max(0, seen + tier + hidden_m) liking_mk
    appeal_o (1 - exp(-depth_mo / depth)) timely tired``, where the depth is what the coupon is expected to take off an
    order of this member; ``tired`` falls with recent contacts and, where loyalty counts, with the own frequency.

    Args:
        config: The world.
        offers: Its offers.
        people: Its members.
        state: How they stand.
        hidden: Other hidden traits than theirs, to ask what these do.
    """
    reaction = config.reaction
    traits = people.hidden if hidden is None else hidden
    own = state.deal if hidden is None else hidden.deal
    away = state.recency / people.interval - 1
    timely = 1 - reaction.timing + reaction.timing * np.exp(-((away / _TIMELY) ** 2))
    unsure = np.clip((people.interval / config.shopping.interval_weeks) ** reaction.loyal, _SUREST, _LEAST_SURE)
    tired = unsure * np.exp(-reaction.fatigue * state.contacts)
    shares = state.shares()
    off = offers.expected_discount(people.basket_minor, shares, config.shopping.order_sd) / people.basket_minor[:, None]
    pull = np.maximum(people.seen_deal + reaction.tier * state.tier(people) + own, 0.0) * timely * tired
    felt = -np.expm1(-off / reaction.depth) * offers.appeal * traits.liking[:, offers.definitions.kind]
    helps = np.maximum(traits.reminder, 0.0) * timely * tired
    harms = np.minimum(traits.reminder, 0.0) - reaction.weariness * state.contacts
    return Odds(contact=helps + harms, deal=pull[:, None] * felt)


def shifted(chance: Floats, shift: Floats) -> Floats:
    """The chance after a shift of its log odds."""
    log_odds = np.log(chance) - np.log1p(-chance)
    return np.asarray(expit(log_odds + shift))


def natural_use(people: People) -> Floats:
    """Shape (n,): chance that an order that would have come anyway uses a coupon that fits."""
    return np.asarray(expit(people.natural))
