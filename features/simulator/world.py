"""What all members share: calendar, products, offers, campaigns, taste groups, and where randomness starts."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import numpy as np

from features.simulator.assortment import Assortment, build_assortment
from features.simulator.calendar import Calendar, build_calendar
from features.simulator.campaigns import Campaign, plan_waves
from features.simulator.offers import Offers, build_offers
from features.simulator.parameters import REGIONS, Parameters
from features.simulator.tastes import Groups, build_groups


class Stream(IntEnum):
    """Independent streams of random numbers: drawing more in one changes nothing in another."""

    WORLD = 0
    PEOPLE = 1
    TASTES = 2
    HISTORY = 3
    EVENTS = 4
    TRUTH = 5
    LOYALTY = 6


@dataclass(frozen=True, slots=True)
class World:
    """
    What all members share.

    Attributes:
        seed: Where all randomness starts.
        n_members: Members in the programme.
        parameters, calendar, assortment, offers, waves, groups: The parts.
    """

    seed: int
    n_members: int
    parameters: Parameters
    calendar: Calendar
    assortment: Assortment
    offers: Offers
    waves: tuple[tuple[Campaign, ...], ...]
    groups: Groups

    def rng(self, stream: Stream, cohort: int = 0) -> np.random.Generator:
        """A generator that depends on the seed, the stream and the cohort only."""
        return np.random.default_rng([self.seed, int(stream), cohort])


def build_world(*, members: int, products: int, seed: int, days: int, end: date, parameters: Parameters) -> World:
    """Draw the world that *seed* stands for."""
    rng = np.random.default_rng([seed, int(Stream.WORLD), 0])
    offers = build_offers(days, parameters)
    return World(
        seed=seed,
        n_members=members,
        parameters=parameters,
        calendar=build_calendar(days, end),
        assortment=build_assortment(products, days, parameters, rng),
        offers=offers,
        waves=plan_waves(offers, days, parameters),
        groups=build_groups(len(REGIONS), parameters, rng),
    )
