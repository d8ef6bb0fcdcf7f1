"""Randomised campaigns: which offers are drawn on which days, and who is shown what with which probability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.offers import Offers
from features.simulator.parameters import HORIZON_DAYS, Parameters
from features.simulator.people import People

NO_ARM = -1
"""The arm of the control group."""

CHANNELS = ("web", "email", "push", "sms")
_CHANNEL_WEIGHT = np.array([0.25, 1.0, 0.6, 0.3])
_EXPOSED_FROM_S, _EXPOSED_FOR_S = 6 * 3_600, 2 * 3_600  # orders begin at 8, so an exposure comes before them


@dataclass(frozen=True, slots=True)
class Campaign:
    """
    One randomised draw on one day.

    Attributes:
        campaign_id: As in the exposures table.
        day: Day of every exposure of the draw.
        first_tier: Lowest tier in its audience, so that each arm is open to everyone who is drawn.
        arms: Offers, and NO_ARM as the last one.
        propensity: Shape (n_arms,): probability of each arm for everyone in the audience.
    """

    campaign_id: str
    day: int
    first_tier: int
    arms: NDArray[np.int64]
    propensity: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exposures:
    """
    What the members of one cohort were shown on one day, one entry an exposure, at most one a member.

    Attributes:
        member, campaign: Rows of the cohort and positions in the day's campaigns.
        offer: The offer, NO_ARM in the control group.
        propensity: Probability with which this arm was drawn.
        channel: Positions in CHANNELS; only channels that the member agreed to.
        second: Second of the day.
    """

    member: NDArray[np.int64]
    campaign: NDArray[np.int64]
    offer: NDArray[np.int64]
    propensity: NDArray[np.float64]
    channel: NDArray[np.int64]
    second: NDArray[np.int64]


def plan_waves(offers: Offers, days: int, parameters: Parameters) -> tuple[tuple[Campaign, ...], ...]:
    """
    The waves of campaigns: each a general draw and one for upper tiers, on the same day.

    Waves are at least HORIZON_DAYS apart, so no two windows of a member overlap, and the last window ends before the
    history does. Offers drawn least so far come first, so that each is drawn before any is drawn twice as often.
    """
    n_waves = max(5, days // 42)
    drawn = np.zeros(len(offers), dtype=np.int64)
    waves = []
    for wave, day in enumerate(np.linspace(0.15 * days, days - HORIZON_DAYS - 1, n_waves).astype(int).tolist()):
        free = offers.valid(day) & ((offers.limit == 0) | (drawn < offers.limit))
        general = _least_drawn(np.flatnonzero(free & (offers.first_tier == 0)), drawn, parameters.arms)
        upper = _least_drawn(np.flatnonzero(free & (offers.first_tier > 0)), drawn, 1)
        drawn[general] += 1
        drawn[upper] += 1
        waves.append((
            _campaign(f"wave-{wave + 1:02d}", day, general, offers, parameters.control_share),
            _campaign(f"wave-{wave + 1:02d}-tiers", day, upper, offers, parameters.tier_control_share),
        ))  # fmt: skip
    return tuple(waves)


def expose(
    wave: tuple[Campaign, ...],
    people: People,
    tier: NDArray[np.int64],
    *,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Exposures:
    """
    Draw one wave's exposures.

    The audience are members who joined, agreed to personalisation (the draw is logged for learning) and are sampled.
    Half of those whose tier allows it are in the upper tiers' campaign. Within a campaign everyone has the same
    probabilities, so a difference of means between an offer and ``no_offer`` of the same campaign is its effect.
    """
    general, upper = wave
    n = len(people)
    in_audience = (people.joined <= general.day) & people.consent[:, 0] & (rng.random(n) < parameters.audience_share)
    member = np.flatnonzero(in_audience)
    in_upper = (tier[member] >= upper.first_tier) & (rng.random(len(member)) < 0.5)
    arm_of = [_draw_arm(campaign, len(member), rng) for campaign in wave]
    offer = np.where(in_upper, upper.arms[arm_of[1]], general.arms[arm_of[0]])
    propensity = np.where(in_upper, upper.propensity[arm_of[1]], general.propensity[arm_of[0]])
    allowed = people.consent[member].copy()
    allowed[:, 0] = True  # the web needs no consent to contact
    weight = np.cumsum(allowed * _CHANNEL_WEIGHT, axis=1)
    channel = (weight <= (rng.random(len(member)) * weight[:, -1])[:, None]).sum(axis=1)
    return Exposures(
        member=member,
        campaign=in_upper.astype(np.int64),
        offer=offer,
        propensity=propensity,
        channel=channel,
        second=_EXPOSED_FROM_S + rng.integers(0, _EXPOSED_FOR_S, len(member)),
    )


def _least_drawn(candidates: NDArray[np.int64], drawn: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return np.sort(candidates[np.argsort(drawn[candidates], kind="stable")[:n]])


def _campaign(name: str, day: int, arms: NDArray[np.int64], offers: Offers, control_share: float) -> Campaign:
    first_tier = int(offers.first_tier[arms].max())
    propensity = np.full(len(arms) + 1, (1 - control_share) / len(arms))
    propensity[-1] = control_share
    return Campaign(name, day, first_tier, np.append(arms, NO_ARM), propensity)


def _draw_arm(campaign: Campaign, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.asarray(rng.choice(len(campaign.arms), n, p=campaign.propensity))
