"""What an allocation must respect: linear rows over members and offers, in factored form."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError

Weights = NDArray[np.float64]

COUNT = "count"
"""The measure that is 1 for every offer given."""

DISCOUNT = "discount"
"""The measure that is the expected discount in minor units."""


class Sense(StrEnum):
    """Which side of its bound a row stays on."""

    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Row:
    """
    ``sum over members m and offers o of tiers[tier of m] x offers[o] x measure[m, o] x given[m, o]``, and its bound.

    So a dozen rows over a million members hold a dozen short vectors and share a few measures.

    Attributes:
        name: For people; unique within an allocation.
        measure: `COUNT`, `DISCOUNT`, or the name of another measure of the allocation.
        bound: In the units of the measure times the weights; finite.
        offers: Shape (n_offers,): weight of each offer, any sign; empty means 1 for all.
        tiers: Shape (n_tiers,): weight of each tier, any sign; empty means 1 for all.
        sense: At most the bound, or at least.
        fairness: Whether the row is there for fairness: `price_of_fairness` is what these rows cost.

    >>> Row("spring budget", DISCOUNT, 500_000.0, offers=np.array([1.0, 1.0, 0.0])).sense.value
    '<='
    """

    name: str
    measure: str
    bound: float
    offers: Weights = field(default_factory=lambda: np.empty(0))
    tiers: Weights = field(default_factory=lambda: np.empty(0))
    sense: Sense = Sense.AT_MOST
    fairness: bool = False


def budget(name: str, minor: float, offers: Weights | None = None) -> Row:
    """Expected discounts of some offers (absent: of all) together stay within so many minor units."""
    return Row(name, DISCOUNT, float(minor), offers=_weights(offers))


def stock(name: str, most: float, offers: Weights | None = None) -> Row:
    """Some offers (absent: all) are given at most so often: coupons in stock, messages that a channel carries."""
    return Row(name, COUNT, float(most), offers=_weights(offers))


def floor(name: str, measure: str, tiers: Weights, *, least: float) -> Row:
    """Members of tiers with weight 1 get at least so much of a measure together."""
    return Row(name, measure, float(least), tiers=_weights(tiers), sense=Sense.AT_LEAST, fairness=True)


def share_floor(name: str, measure: str, tiers: Weights, *, share: float) -> Row:
    """
    Members of tiers with weight 1 get at least this share of all that is given, by a measure.

    Raises:
        InputError: The share is not within [0, 1].
    """
    if not 0 <= share <= 1:
        raise InputError(f"the share of {name!r} is {share}; it must be from 0 to 1")
    return Row(name, measure, 0.0, tiers=_weights(tiers) - share, sense=Sense.AT_LEAST, fairness=True)


def parity(measure: str, pair: tuple[int, int], members_of: Sequence[int], *, delta: float) -> tuple[Row, Row]:
    """
    The mean benefit of two tiers differs by at most *delta*: ``|mean of a - mean of b| <= delta``, as two rows.

    Means are over all members of a tier, given something or not (DuaLip, fairness as linear rows).

    Args:
        measure: What counts as benefit.
        pair: Tier rows a and b.
        members_of: Members of every tier, shape (n_tiers,); a tier without members has a mean of 0.
        delta: Largest difference, in units of the measure a member.

    Raises:
        InputError: *delta* is below 0, so nothing satisfies it.
    """
    if not delta >= 0:
        raise InputError(f"parity between tiers {pair} allows a difference of {delta}; it must be 0 or more")
    one, other = pair
    weights = np.zeros(len(members_of))
    weights[one] = 1 / max(members_of[one], 1)
    weights[other] = -1 / max(members_of[other], 1)
    return (
        Row(f"tier {one} over tier {other}", measure, float(delta), tiers=weights, fairness=True),
        Row(f"tier {other} over tier {one}", measure, float(delta), tiers=-weights, fairness=True),
    )


def _weights(given: Weights | None) -> Weights:
    return np.empty(0) if given is None else np.asarray(given, dtype=np.float64)
