"""One cohort's life as frames in the canonical columns of the tables that hold facts."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.simulator.campaigns import CHANNELS
from features.simulator.columns import chosen, fixed_ids, instants
from features.simulator.events import EVENT_KINDS, Events
from features.simulator.history import Standing, Stretch, tiers
from features.simulator.parameters import REGIONS, TIERS
from features.simulator.people import People
from features.simulator.world import World
from recsys.types import NO_OFFER, SECONDS_PER_DAY

_PLACES = ("web", "store")


def member_ids(number: NDArray[np.int64]) -> pl.Series:
    """Ids of members by their numbers, which start at 1."""
    return fixed_ids("m", (number, 8))


def product_ids(number: NDArray[np.int64]) -> pl.Series:
    """Ids of products by their numbers, which start at 1."""
    return fixed_ids("p", (number, 6))


def joined_seconds(world: World, people: People, number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shape (n_members,): epoch seconds at which each member joined, in the first hours of the day."""
    return world.calendar.start + people.joined * SECONDS_PER_DAY + number * 7_919 % (6 * 3_600)


def members_frame(
    world: World,
    people: People,
    standing: Standing,
    *,
    birth_day: NDArray[np.int64],
    number: NDArray[np.int64],
) -> pl.DataFrame:
    """The members table of one cohort; a birth day of 0 is not told."""
    tier = tiers(standing.spend, world.calendar.days, world.parameters)
    return pl.DataFrame({
        "member_id": member_ids(number),
        "tier": chosen(TIERS, tier),
        "joined_at": instants(joined_seconds(world, people, number)),
        "birth_month": pl.Series(people.birth_month, dtype=pl.Int8).replace(0, None),
        "birth_day": pl.Series(birth_day, dtype=pl.Int8).replace(0, None),
        "consent_personalisation": people.consent[:, 0],
        "consent_email": people.consent[:, 1],
        "consent_push": people.consent[:, 2],
        "consent_sms": people.consent[:, 3],
        "points": standing.points,
        "segment": chosen(REGIONS, people.region),
    })  # fmt: skip


def purchases_frame(world: World, people: People, stretches: list[Stretch], number: NDArray[np.int64]) -> pl.DataFrame:
    """The purchases table of one cohort, sorted by member, order and line."""
    frames = []
    for stretch in stretches:
        order, lines = stretch.lines.order, stretch.lines
        member, web = stretch.member[order], stretch.web[order]
        row_in_order = np.arange(len(order)) - np.searchsorted(order, order)
        order_id = _order_ids(number[member], stretch.ordinal[order])
        seconds = world.calendar.start + stretch.day * SECONDS_PER_DAY + stretch.second
        frames.append(pl.DataFrame({
            "purchase_id": fixed_ids("o", (number[member], 8), "-", (stretch.ordinal[order] + 1, 4), "-",
                                     (row_in_order + 1, 3)),
            "order_id": order_id,
            "member_id": member_ids(number)[member],
            "product_id": product_ids(world.assortment.number)[lines.product],
            "quantity": pl.Series(stretch.quantity, dtype=pl.Int32),
            "paid_minor": stretch.paid_minor,
            "discount_minor": stretch.line_discount_minor,
            "purchased_at": instants(seconds[order]),
            "channel": chosen(_PLACES, np.where(web, 0, 1)),
            "store_id": chosen(_store_names(world), np.where(web, -1, people.store[member])),
            "offer_id": chosen(offer_names(world), np.where(stretch.on_offer, stretch.offer[order], -1)),
        }))  # fmt: skip
    return pl.concat(frames).sort("purchase_id")


def events_frame(world: World, events: Events, number: NDArray[np.int64]) -> pl.DataFrame:
    """The events table of one cohort."""
    of_member = np.arange(len(events.member)) - np.searchsorted(events.member, events.member)
    return pl.DataFrame({
        "event_id": fixed_ids("e", (number[events.member], 8), "-", (of_member + 1, 6)),
        "member_id": member_ids(number)[events.member],
        "kind": chosen(EVENT_KINDS, events.kind),
        "product_id": chosen(product_ids(world.assortment.number).to_list(), events.product),
        "offer_id": chosen(offer_names(world), events.offer),
        "occurred_at": instants(world.calendar.start + events.second),
        "channel": chosen(CHANNELS, events.channel),
        "decision_id": pl.repeat(None, len(events.member), dtype=pl.String, eager=True),
    })  # fmt: skip


def exposures_frame(world: World, stretches: list[Stretch], number: NDArray[np.int64]) -> pl.DataFrame:
    """The exposures table of one cohort, sorted by wave, then member."""
    frames = []
    for wave, stretch in enumerate(stretches):
        shown = stretch.exposures
        if shown is None:
            continue
        seconds = world.calendar.start + stretch.wave[0].day * SECONDS_PER_DAY + shown.second
        arm = np.where(shown.offer < 0, len(world.offers), shown.offer)
        frames.append(pl.DataFrame({
            "exposure_id": exposure_ids(number[shown.member], wave),
            "member_id": member_ids(number)[shown.member],
            "offer_id": chosen([*offer_names(world), NO_OFFER], arm),
            "campaign_id": chosen([campaign.campaign_id for campaign in stretch.wave], shown.campaign),
            "exposed_at": instants(seconds),
            "channel": chosen(CHANNELS, shown.channel),
            "logging_propensity": shown.propensity,
            "decision_id": pl.repeat(None, len(shown.member), dtype=pl.String, eager=True),
        }))  # fmt: skip
    return pl.concat(frames)


def redemptions_frame(world: World, stretches: list[Stretch], number: NDArray[np.int64]) -> pl.DataFrame:
    """The redemptions table of one cohort, sorted by wave, then member."""
    frames = []
    for stretch in stretches:
        taken = np.flatnonzero(stretch.offer >= 0)
        member, ordinal = number[stretch.member[taken]], stretch.ordinal[taken] + 1
        seconds = world.calendar.start + (stretch.day * SECONDS_PER_DAY + stretch.second)[taken]
        frames.append(pl.DataFrame({
            "redemption_id": fixed_ids("r", (member, 8), "-", (ordinal, 4)),
            "member_id": member_ids(member),
            "offer_id": chosen(offer_names(world), stretch.offer[taken]),
            "redeemed_at": instants(seconds),
            "order_id": _order_ids(member, ordinal - 1),
            "discount_minor": stretch.discount_minor[taken],
        }))  # fmt: skip
    return pl.concat(frames)


def exposure_ids(number: NDArray[np.int64], wave: int) -> pl.Series:
    """Ids of the exposures of members, by number, in a wave, counted from 1."""
    return fixed_ids("x", (number, 8), "-", (np.full(len(number), wave), 3))


def offer_names(world: World) -> list[str]:
    """Offer ids by position."""
    return [template.offer_id for template in world.offers.templates]


def _order_ids(number: NDArray[np.int64], ordinal: NDArray[np.int64]) -> pl.Series:
    return fixed_ids("o", (number, 8), "-", (ordinal + 1, 4))


def _store_names(world: World) -> list[str]:
    return [f"s{store:03d}" for store in range(len(REGIONS) * world.parameters.stores_per_region + 1)]
