"""What a member's past says for each category, brand, channel, store or weekday: weights that fade with time."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from features.profile.facts import MemberFacts
from recsys.types import SECONDS_PER_DAY, EpochSeconds, Instants, Rows

Figures = NDArray[np.float64]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAY_OF_DAY_0 = 3  # 1970-01-01 was a Thursday


class Dimension(StrEnum):
    """What members have a liking among; categories and brands of order lines, the others of orders."""

    CATEGORY = "category"
    BRAND = "brand"
    CHANNEL = "channel"
    STORE = "store"
    WEEKDAY = "weekday"


@dataclass(frozen=True, slots=True)
class Faded:
    """
    Weight of each order: 1 for the member's last one, half for one a half-life before it.

    Weights are relative to the member's own last order, so that they do not change while the member does not order.
    As of a later instant all of them have faded by the same factor: `since`.

    Attributes:
        last_at: Shape (n_members,): the member's last order; -1 where there is none.
        weight: Shape (n_orders,), above 0, at most 1.
        half_life_days: Days in which a weight halves.
    """

    last_at: Instants
    weight: Figures
    half_life_days: float

    @classmethod
    def of(cls, facts: MemberFacts, half_life_days: float) -> "Faded":
        """The weights of all orders."""
        orders = facts.orders
        last_at = np.full(facts.n_members, -1, dtype=np.int64)
        last_at[orders.member] = orders.at  # sorted by instant: the last one stays
        weight = fading(last_at[orders.member] - orders.at, half_life_days)
        return cls(last_at, weight, half_life_days)

    def since(self, as_of: EpochSeconds) -> Figures:
        """Shape (n_members,): what all weights of the member have faded by since the last order; 0 without one."""
        return faded_since(self.last_at, as_of, self.half_life_days)


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    Sums of weights by member and code, sorted by member, then code; pairs without evidence are absent.

    Attributes:
        member, code: Shape (n_pairs,).
        weight: Shape (n_pairs,), above 0.
        total: Shape (n_members,): of all codes.
    """

    member: Rows
    code: Rows
    weight: Figures
    total: Figures

    @classmethod
    def of(cls, member: Rows, code: Rows, weight: Figures, *, n_codes: int, n_members: int) -> "Evidence":
        """Sum up facts, shape (n_facts,) each, in any order."""
        keys, number = numbered(member.astype(np.int64) * max(n_codes, 1) + code)
        return cls(
            member=(keys // max(n_codes, 1)).astype(np.int32),
            code=(keys % max(n_codes, 1)).astype(np.int32),
            weight=np.bincount(number, weight, len(keys)).astype(np.float64),
            total=np.bincount(member, weight, n_members).astype(np.float64),
        )

    def weight_of(self, member: Rows, code: Rows, n_codes: int) -> Figures:
        """What members (broadcast against codes) have of codes; 0 where nothing, and for codes below 0."""
        wanted = member.astype(np.int64) * n_codes + code
        if not len(self.weight):
            return np.zeros(wanted.shape)
        keys = self.member.astype(np.int64) * n_codes + self.code
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where((code >= 0) & (keys[place] == wanted), self.weight[place], 0.0)


def fading(age_s: NDArray[np.int64], half_life_days: float) -> Figures:
    """The factor that weights fade by in so many seconds."""
    return np.asarray(np.exp2(age_s / (-half_life_days * SECONDS_PER_DAY)))


def faded_since(last_at: Instants, as_of: EpochSeconds, half_life_days: float) -> Figures:
    """What all weights of members have faded by since their last order; 0 for members without one."""
    return np.where(last_at >= 0, fading(as_of - last_at, half_life_days), 0.0)


def names_of(facts: MemberFacts, dimension: Dimension) -> tuple[str, ...]:
    """What the codes of a dimension stand for in these facts."""
    return {
        Dimension.CATEGORY: facts.products.category_names,
        Dimension.BRAND: facts.products.brand_names,
        Dimension.CHANNEL: facts.terms.channel_names,
        Dimension.STORE: facts.terms.store_names,
        Dimension.WEEKDAY: _WEEKDAYS,
    }[dimension]


def coded(facts: MemberFacts, dimension: Dimension, faded: Faded) -> tuple[Rows, Rows, Figures]:
    """
    Member, code and weight of every fact of a dimension; facts without a code say nothing and are left out.

    Order lines count for categories and brands, orders for the others; weekdays are local days.
    """
    orders = facts.orders
    if dimension in {Dimension.CATEGORY, Dimension.BRAND}:
        of_product = facts.products.category if dimension is Dimension.CATEGORY else facts.products.brand
        member, code = facts.purchases.member, of_product[facts.purchases.product]
        weight = faded.weight[facts.purchases.order]
    else:
        member, weight = orders.member, faded.weight
        if dimension is Dimension.WEEKDAY:
            code = ((orders.day + _WEEKDAY_OF_DAY_0) % len(_WEEKDAYS)).astype(np.int32)
        else:
            code = orders.channel if dimension is Dimension.CHANNEL else orders.store
    known = code >= 0
    return (member, code, weight) if known.all() else (member[known], code[known], weight[known])


def evidence_of(facts: MemberFacts, dimension: Dimension, faded: Faded) -> Evidence:
    """The weights of every member for every code of a dimension."""
    member, code, weight = coded(facts, dimension, faded)
    n_codes = len(names_of(facts, dimension))
    return Evidence.of(member, code, weight, n_codes=n_codes, n_members=facts.n_members)


def numbered(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    The distinct keys (at least 0), ascending, and the position of each key among them.

    Sums over the positions with `numpy.bincount` add up in the order of the keys given, so that the sum of one member
    does not depend on who else is there.
    """
    if not len(keys):
        return keys, np.empty(0, dtype=np.int64)
    if (top := int(keys.max())) < 4 * len(keys) + 1_000:
        seen = np.zeros(top + 1, dtype=np.bool_)
        seen[keys] = True
        return np.flatnonzero(seen), (np.cumsum(seen) - 1)[keys]
    order = np.argsort(keys)
    ordered = keys[order]
    first = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    number = np.empty(len(keys), dtype=np.int64)
    number[order] = np.cumsum(first) - 1
    return ordered[first], number
