"""Simulates the members block by block; a block's bytes depend on the seed and its number, on nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from features.simulator.baskets import Shop, draw_favourites
from features.simulator.events import draw_events
from features.simulator.facts import (
    events_frame,
    exposures_frame,
    members_frame,
    purchases_frame,
    redemptions_frame,
)
from features.simulator.history import live
from features.simulator.loyalty_facts import birth_days, points_entries_frame, returns_frame
from features.simulator.people import draw_people, log_rate_ratio
from features.simulator.tastes import draw_tastes
from features.simulator.truth import true_effects
from features.simulator.truth_frames import effect_frame, exposure_truth_frame, member_truth_frame
from features.simulator.world import Stream, World

BLOCK_MEMBERS = 10_000
"""Members a part file."""

_COHORT_SIZES = (10_000, 5_000, 2_500, 1_000, 500, 250)  # each divides BLOCK_MEMBERS
_COHORT_CELLS = 25_000_000  # members x products held at a time

Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Block:
    """
    The members of one part file.

    Attributes:
        facts: Canonical tables that hold members' facts.
        truth: What causes them.
    """

    facts: Frames
    truth: Frames


def n_blocks(world: World) -> int:
    """How many blocks the members fill."""
    return -(-world.n_members // BLOCK_MEMBERS)


def simulate_block(world: World, block: int) -> Block:
    """Simulate the members of one block, counted from 0; any block, in any order."""
    first = block * BLOCK_MEMBERS
    stop = min(first + BLOCK_MEMBERS, world.n_members)
    # One thread: the products are small, and the bytes must not depend on the number of cores.
    with threadpool_limits(limits=1, user_api="blas"):
        cohorts = [_simulate_cohort(world, low, min(low + size, stop)) for low, size in _cohorts(world, first, stop)]
    return Block(
        facts={name: pl.concat([cohort.facts[name] for cohort in cohorts]) for name in cohorts[0].facts},
        truth={name: pl.concat([cohort.truth[name] for cohort in cohorts]) for name in cohorts[0].truth},
    )


def _cohorts(world: World, first: int, stop: int) -> Iterator[tuple[int, int]]:
    """First member and size of each cohort: few enough that members x products fits in memory."""
    fitting = [size for size in _COHORT_SIZES if size * len(world.assortment) <= _COHORT_CELLS]
    size = fitting[0] if fitting else _COHORT_SIZES[-1]
    return ((low, size) for low in range(first, stop, size))


def _simulate_cohort(world: World, first: int, stop: int) -> Block:
    people_rng, taste_rng = world.rng(Stream.PEOPLE, first), world.rng(Stream.TASTES, first)
    parameters, calendar, assortment = world.parameters, world.calendar, world.assortment
    number = np.arange(first, stop) + 1
    people = draw_people(len(number), world.groups, calendar, parameters, people_rng)
    tastes = draw_tastes(
        people.group, world.groups, assortment, now_day=calendar.days, parameters=parameters, rng=taste_rng
    )
    favourites = draw_favourites(people, tastes, assortment, parameters=parameters, rng=taste_rng)
    shop = Shop(people, tastes, favourites, assortment, calendar, parameters)
    ratio = log_rate_ratio(
        people, world.offers, tastes.category, world.groups.mean_share, parameters=parameters, rng=people_rng
    )
    stretches, standing = live(world, shop, ratio, world.rng(Stream.HISTORY, first))
    events = draw_events(shop, stretches, world.rng(Stream.EVENTS, first))
    effects = true_effects(world, shop, standing, ratio, world.rng(Stream.TRUTH, first))
    loyalty_rng = world.rng(Stream.LOYALTY, first)
    birth_day = birth_days(people.birth_month, loyalty_rng)
    purchases = purchases_frame(world, people, stretches, number)
    return Block(
        facts={
            "members": members_frame(world, people, standing, birth_day=birth_day, number=number),
            "purchases": purchases,
            "events": events_frame(world, events, number),
            "exposures": exposures_frame(world, stretches, number),
            "redemptions": redemptions_frame(world, stretches, number),
            "returns": returns_frame(world, purchases, loyalty_rng),
            "points_entries": points_entries_frame(world, people, number, loyalty_rng),
        },
        truth={
            "members": member_truth_frame(shop, effects, number),
            "effects": effect_frame(world, ratio, effects, number),
            "exposures": exposure_truth_frame(stretches, number),
        },
    )
