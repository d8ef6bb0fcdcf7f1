"""Who the members are: when they joined, how often they order, how they respond, what they agreed to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

from features.simulator.calendar import Calendar
from features.simulator.offers import Offers
from features.simulator.parameters import HORIZON_DAYS, PERSUADABLE, REGIONS, SLEEPING_DOG, Parameters
from features.simulator.tastes import Groups
from recsys.types import OFFER_KINDS, OfferKind

_SPELLS = 16  # alternating active and quiet spells drawn per member


@dataclass(frozen=True, slots=True)
class People:
    """
    The members of one cohort, one entry a member.

    Attributes:
        region, group, store: Positions in REGIONS, in the taste groups, and the home store's number.
        joined: Day of joining; negative before the history.
        left: Day from which the member never orders again.
        birth_month: 1..12; 0 = not told.
        consent: Shape (n, 4), bool: personalisation, email, push, sms.
        web: Probability that an order is placed on the web.
        response_type: Positions in RESPONSE_TYPES.
        sensitivity: Factor on the pull of every offer; mean near 1.
        kind_pull: Shape (n, n_kinds): the member's own factor on each offer kind.
        pace: Orders per day in an active spell on a day of mean demand.
        explore: Mean lines of an order that are not favourites.
        redeem: Probability of using an offer that the basket qualifies for, before its depth.
        intensity: Shape (n, days + HORIZON_DAYS), float32: expected orders on each day without any offer. The
            probability of an order on day d is 1 - exp(-intensity).
    """

    region: NDArray[np.int64]
    group: NDArray[np.int64]
    store: NDArray[np.int64]
    joined: NDArray[np.int64]
    left: NDArray[np.int64]
    birth_month: NDArray[np.int64]
    consent: NDArray[np.bool_]
    web: NDArray[np.float64]
    response_type: NDArray[np.int64]
    sensitivity: NDArray[np.float64]
    kind_pull: NDArray[np.float64]
    pace: NDArray[np.float64]
    explore: NDArray[np.float64]
    redeem: NDArray[np.float64]
    intensity: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.region)


def draw_people(n: int, groups: Groups, calendar: Calendar, parameters: Parameters, rng: np.random.Generator) -> People:
    """Draw *n* members."""
    region = rng.choice(len(REGIONS), n, p=np.arange(len(REGIONS), 0, -1) / 36)
    reached = np.cumsum(groups.of_region, axis=1)[region] <= rng.random(n)[:, None]
    group = np.minimum(reached.sum(axis=1), parameters.n_groups - 1)
    rate = rng.gamma(parameters.orders_shape, 1 / parameters.orders_shape, n)
    response_type = _draw_types(np.log(rate), parameters, rng)
    pace = parameters.orders_per_year / 365 * rate * np.array(parameters.type_pace)[response_type]
    pace = np.minimum(pace, 0.4)
    before = rng.random(n) < parameters.joined_before
    joined = np.where(before, -rng.integers(1, 1_500, n), rng.integers(0, calendar.days, n))
    left = np.maximum(joined, 0) + np.rint(rng.exponential(parameters.churn_days, n)).astype(np.int64)
    birth_month = np.where(rng.random(n) < 0.05, 0, rng.integers(1, 13, n))
    redeem = np.array([0.75, 0.8, 0.5, 0.3])[response_type] * rng.beta(6, 2, n) / 0.75
    return People(
        region=region,
        group=group,
        store=region * parameters.stores_per_region + rng.integers(0, parameters.stores_per_region, n) + 1,
        joined=joined,
        left=left,
        birth_month=birth_month,
        consent=rng.random((n, 4)) < np.array(parameters.consent_shares),
        web=rng.beta(1.2, 1.2 * (1 - parameters.web_share) / parameters.web_share, n),
        response_type=response_type,
        sensitivity=np.exp(0.35 * rng.standard_normal(n) - 0.35**2 / 2),
        kind_pull=_kind_pull(n, parameters, rng),
        pace=pace,
        explore=parameters.explore_lines * rng.gamma(4.0, 1 / 4.0, n),
        redeem=np.minimum(redeem, 0.98),
        intensity=_intensity(pace, joined, left, birth_month, calendar, parameters, rng),
    )


def log_rate_ratio(
    people: People,
    offers: Offers,
    category: NDArray[np.float64],
    mean_share: NDArray[np.float64],
    *,
    parameters: Parameters,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """
    What each offer does to each member's order rate while its window lasts.

    Args:
        people: The members.
        offers: The offers.
        category: Shape (n_members, n_categories): each member's category shares.
        mean_share: Shape (n_categories,): the mean member's.

    Returns:
        Shape (n_members, n_offers): log of (orders per day with the offer / without). Exactly 0 for sure things and
        lost causes, negative for sleeping dogs whatever the offer, and for the persuadable
        pull_o x sensitivity_m x own kind factor x scope fit.
    """
    share = category @ offers.in_scope.T
    fit = np.clip(share / (mean_share @ offers.in_scope.T), 0.4, 1.6)
    pull = offers.pull * people.sensitivity[:, None] * people.kind_pull[:, offers.kind] * fit
    harm = rng.uniform(*parameters.dog_pull, len(people))
    is_type = people.response_type[:, None]
    ratio = np.where(is_type == PERSUADABLE, pull, np.where(is_type == SLEEPING_DOG, harm[:, None], 0.0))
    return ratio.astype(np.float32)


def _kind_pull(n: int, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.float64]:
    """The members' own factors on each kind; a nudge gives nothing to be fond of, and is nobody's favourite."""
    gives = np.array([kind is not OfferKind.NUDGE for kind in OFFER_KINDS])
    own = np.ones((n, len(OFFER_KINDS)))
    own[:, gives] = np.exp(parameters.own_pull * rng.standard_normal((n, int(gives.sum()))))
    return own


def _draw_types(log_rate: NDArray[np.float64], parameters: Parameters, rng: np.random.Generator) -> NDArray[np.int64]:
    shape = parameters.orders_shape
    standard = (log_rate - (digamma(shape) - np.log(shape))) / np.sqrt(polygamma(1, shape))
    weight = np.log(parameters.type_shares) + np.array(parameters.type_tilt) * standard[:, None]
    gumbel = -np.log(-np.log(rng.random(weight.shape)))
    return np.asarray(np.argmax(weight + gumbel, axis=1))


def _intensity(
    pace: NDArray[np.float64],
    joined: NDArray[np.int64],
    left: NDArray[np.int64],
    birth_month: NDArray[np.int64],
    calendar: Calendar,
    parameters: Parameters,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Pace x demand x spell x birthday month; zero before joining and after leaving."""
    n = len(pace)
    means = np.where(np.arange(_SPELLS) % 2 == 0, parameters.active_days, parameters.quiet_days)
    ends = np.cumsum(rng.exponential(means, (n, _SPELLS)), axis=1)
    # Members from before the history are met somewhere within their spells; new ones begin active.
    offset = np.where(joined < 0, -rng.uniform(0, parameters.active_days + parameters.quiet_days, n), joined)
    day = np.arange(calendar.days + HORIZON_DAYS)
    quiet = np.zeros((n, len(day)), dtype=np.bool_)
    for spell in range(_SPELLS):
        quiet ^= day >= (ends[:, spell] + offset)[:, None]
    level = np.where(quiet, np.float32(parameters.quiet_pace), np.float32(1.0))
    level *= (pace[:, None] * calendar.demand).astype(np.float32)
    level[(birth_month - 1)[:, None] == calendar.month] *= np.float32(1.25)
    level[(day < np.maximum(joined, 0)[:, None]) | (day >= left[:, None])] = 0.0
    return level
