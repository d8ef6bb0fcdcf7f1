"""What points a priced basket earns, by the rules and the code of the programme."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.catalogue import Catalogue
from recsys.loyalty.earning import Orders, points_earned
from recsys.loyalty.points_ends import local_day, rules_in_force
from recsys.loyalty.points_rules import SINGLE_BP
from recsys.loyalty.programme import Programme
from recsys.offers.pricing.applying import Held
from recsys.offers.pricing.basket import Basket
from recsys.types import UNKNOWN_ROW, Channel, EpochSeconds

_CHANNELS = tuple(Channel)


@dataclass(frozen=True, slots=True)
class BasketPoints:
    """
    Points of one basket.

    Attributes:
        total: All of them.
        extra: What each multiplier among the coupons adds, in the order given; part of the total.
    """

    total: int
    extra: tuple[int, ...]


def basket_points(
    programme: Programme | None,
    catalogue: Catalogue,
    basket: Basket,
    *,
    tier: str,
    at: EpochSeconds,
    amounts: Sequence[int],
    paid_with_points: int,
    multipliers: Sequence[Held],
) -> BasketPoints | None:
    """
    What a basket earns, by `recsys.loyalty.earning.points_earned`, and what multipliers add to that.

    A multiplier of m adds m - 1 times what its lines earn with the tier's and all other multipliers of the programme,
    rounded down to whole points; two of them add up.

    Args:
        programme: Without one, or before its first rules of points, nothing is said.
        catalogue: For the products' categories.
        basket: Whose lines they are.
        tier: Name.
        at: When it is bought.
        amounts: Of each line: its price after coupons and before the tier's own discount, which costs no points.
        paid_with_points: How much of them coupons of the kind ``points_redemption`` paid.
        multipliers: The coupons of that kind that are used.
    """
    if programme is None or not programme.points:
        return None
    if at < programme.calendar.start_of(local_day(programme.points[0].from_date)):
        return None
    rows = [line.row for line in basket.lines]
    category = [int(catalogue.category[row]) if row != UNKNOWN_ROW else UNKNOWN_ROW for row in rows]
    known = sorted({one for one in category if one != UNKNOWN_ROW})
    place = {one: position for position, one in enumerate(known)} | {UNKNOWN_ROW: UNKNOWN_ROW}
    instant = np.array([at], dtype=np.int64)
    channel = UNKNOWN_ROW if basket.channel is None else _CHANNELS.index(basket.channel)
    orders = Orders(
        at=instant,
        tier=np.zeros(1, dtype=np.int8),
        channel=np.array([channel], dtype=np.int8),
        joined_at=instant,
        points_paid_minor=np.array([paid_with_points], dtype=np.int64),
        order=np.zeros(len(rows), dtype=np.int64),
        category=np.array([place[one] for one in category], dtype=np.int32),
        amount_minor=np.array(amounts, dtype=np.int64),
    )
    earned = points_earned(
        orders,
        programme.points,
        tiers=(tier,),
        categories=tuple(catalogue.category_names[one] for one in known),
        calendar=programme.calendar,
    )
    rules = programme.points[int(rules_in_force(instant, programme.points, programme.calendar)[0])].earning
    weights: list[int] = earned.weight.tolist()
    extra = tuple(
        sum([weights[line] for line in one.lines])
        * (one.coupon.multiplier_bp - SINGLE_BP)
        * rules.points
        // (rules.per_minor * SINGLE_BP * SINGLE_BP)
        for one in multipliers
    )
    return BasketPoints(int(earned.points[0]) + sum(extra), extra)
