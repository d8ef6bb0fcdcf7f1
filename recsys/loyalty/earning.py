"""What orders earn: baskets and the tier of that moment in, whole points out; a million orders or one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.loyalty.exact import spread, sums
from recsys.loyalty.points_ends import local_day, rules_in_force
from recsys.loyalty.points_facts import PointAmounts
from recsys.loyalty.points_rules import MOST_BP, SINGLE_BP, Combine, PointsCampaign, PointsRules, Rounding
from recsys.types import UNKNOWN_ROW, Channel, Instants, KeepMask, MoneyMinor

MOST_MINOR = 10**12
"""The largest amount of one order: times the highest multiplier it still has 64 bits."""

_CHANNELS = tuple(Channel)
_OF_ORDERS = ("at", "tier", "channel", "joined_at", "points_paid_minor")
_BLOCK_ROWS = 1 << 18
"""Orders and lines counted side by side: few enough for the processor's cache."""


@dataclass(frozen=True, slots=True)
class Orders:
    """
    Orders, and their lines as parts: what was paid for the products of one category in one order.

    Attributes:
        at: Shape (n_orders,), int64 epoch seconds.
        tier: Shape (n_orders,), int8: the member's at that moment, from 0, the lowest.
        channel: Shape (n_orders,), int8: position among `Channel`; UNKNOWN_ROW where no campaign of a channel holds.
        joined_at: Shape (n_orders,): since when the buyer is a member; earlier orders earn nothing.
        points_paid_minor: Shape (n_orders,): the part that was paid with points.
        order: Shape (n_parts,), int64: row of the order, ascending.
        category: Shape (n_parts,), int32: row in the categories; UNKNOWN_ROW has a single multiplier.
        amount_minor: Shape (n_parts,): net of discounts, at least 0.
    """

    at: Instants
    tier: NDArray[np.int8]
    channel: NDArray[np.int8]
    joined_at: Instants
    points_paid_minor: MoneyMinor
    order: NDArray[np.int64]
    category: NDArray[np.int32]
    amount_minor: MoneyMinor

    def require_sound(self, *, n_tiers: int, n_categories: int) -> None:
        """
        Refuse orders that cannot be counted.

        Raises:
            InputError: The first thing wrong, with its value.
        """
        n_orders = len(self.at)
        for what, values, least, most in (
            ("the tier of an order", self.tier, 0, n_tiers - 1),
            ("the channel of an order", self.channel, UNKNOWN_ROW, len(_CHANNELS) - 1),
            ("what was paid with points", self.points_paid_minor, 0, MOST_MINOR),
            ("the order of a line", self.order, 0, n_orders - 1),
            ("the category of a line", self.category, UNKNOWN_ROW, n_categories - 1),
            ("the amount of a line", self.amount_minor, 0, MOST_MINOR),
        ):
            if len(values) and (values.min() < least or values.max() > most):
                wrong = values.min() if values.min() < least else values.max()
                raise InputError(f"{what} is {wrong}; it may be {least} to {most}; correct the orders")
        if (self.order[1:] < self.order[:-1]).any():
            raise InputError("the lines are not sorted by order; sort them")
        total = sums(self.amount_minor, self.order, n_orders)
        for row in np.flatnonzero((self.points_paid_minor > total) | (total > MOST_MINOR))[:1]:
            raise InputError(
                f"order row {row} has lines of {total[row]} minor units and {self.points_paid_minor[row]} paid with "
                f"points; lines may add up to {MOST_MINOR}, and points pay at most the lines"
            )


@dataclass(frozen=True, slots=True)
class Earned:
    """
    What orders earned.

    Attributes:
        points: Shape (n_orders,), int64.
        line_points: Shape (n_parts,), int64: they add up to those of the order.
        weight: Shape (n_parts,), int64: earning amount times multiplier: what a line contributed.
    """

    points: PointAmounts
    line_points: PointAmounts
    weight: NDArray[np.int64]


def points_earned(
    orders: Orders,
    history: Sequence[PointsRules],
    *,
    tiers: Sequence[str],
    categories: Sequence[str],
    calendar: ProgrammeCalendar,
) -> Earned:
    """
    Points of each order by the rules in force when it was placed.

    What was paid with points is spread over the lines by their amounts. Where an order is rounded as a whole, its
    points are spread over its lines by their weights, so that the lines' points add up to the order's.

    Args:
        orders: Lines sorted by order.
        history: Rules, ascending by day.
        tiers: Names of the ladder, the lowest first.
        categories: Names by row.
        calendar: Where the days of rules and campaigns begin.

    Raises:
        InputError: An amount, row or instant is not possible.
    """
    orders.require_sound(n_tiers=len(tiers), n_categories=len(categories))
    parts = [
        _earned(block, history, tiers=tiers, categories=categories, calendar=calendar) for block in _blocks(orders)
    ]
    return Earned(*(np.concatenate([getattr(part, name) for part in parts]) for name in Earned.__slots__))


def _blocks(orders: Orders) -> Iterator[Orders]:
    """Some orders at a time, with their lines; one block where there is nothing."""
    n_orders = len(orders.at)
    n_blocks = max(1, -(-(n_orders + len(orders.order)) // _BLOCK_ROWS))
    borders = [n_orders * block // n_blocks for block in range(n_blocks + 1)]
    cuts = np.searchsorted(orders.order, borders)
    for first, stop, begin, end in zip(borders, borders[1:], cuts, cuts[1:], strict=False):
        yield Orders(
            **{name: getattr(orders, name)[first:stop] for name in _OF_ORDERS},
            order=orders.order[begin:end] - first,
            category=orders.category[begin:end],
            amount_minor=orders.amount_minor[begin:end],
        )


def _earned(
    orders: Orders,
    history: Sequence[PointsRules],
    *,
    tiers: Sequence[str],
    categories: Sequence[str],
    calendar: ProgrammeCalendar,
) -> Earned:
    n_orders, order = len(orders.at), orders.order
    version = rules_in_force(orders.at, history, calendar)
    paid = spread(orders.points_paid_minor, orders.amount_minor, order)
    weight = np.zeros(len(order), dtype=np.int64)
    points, line_points = np.zeros(n_orders, dtype=np.int64), np.zeros(len(order), dtype=np.int64)
    counts = orders.at >= orders.joined_at
    for number, rules in enumerate(history):
        lines = np.flatnonzero((version == number)[order] & counts[order])
        earning, of_order = rules.earning, order[lines]
        amount = orders.amount_minor[lines] - (0 if earning.points_paid_earns else paid[lines])
        weight[lines] = amount * _multipliers(
            orders, lines, rules, tiers=tiers, categories=categories, calendar=calendar
        )
        per = earning.per_minor * SINGLE_BP
        if earning.rounding is Rounding.PER_LINE:
            line_points[lines] = _whole_points(weight[lines], earning.points, per)
            np.add.at(points, of_order, line_points[lines])
        else:
            total = sums(weight[lines], of_order, n_orders)
            mine = _whole_points(total, earning.points, per)
            points += mine
            line_points[lines] = spread(mine, weight[lines], of_order)
    return Earned(points, line_points, weight)


def _multipliers(
    orders: Orders,
    lines: NDArray[np.int64],
    rules: PointsRules,
    *,
    tiers: Sequence[str],
    categories: Sequence[str],
    calendar: ProgrammeCalendar,
) -> NDArray[np.int64]:
    """Basis points of each line: tier, category and campaigns combined; 0 where its category earns nothing."""
    earning = rules.earning
    tier_bp = np.array([earning.tiers.get(name, SINGLE_BP) for name in tiers], dtype=np.int64)
    # The last entry is for what has no category.
    category_bp = np.array([*(earning.categories.get(name, SINGLE_BP) for name in categories), SINGLE_BP])
    excluded = np.array([*(name in earning.excluded_categories for name in categories), False])
    order, category = orders.order[lines], orders.category[lines]
    combined = tier_bp[orders.tier[order]]
    factors = [category_bp[category]]
    for campaign in earning.campaigns:
        holds = _held_by_order(orders, campaign, tiers, calendar)[order]
        if campaign.categories is not None:
            holds &= np.array([*(name in campaign.categories for name in categories), False])[category]
        factors.append(np.where(holds, campaign.multiplier_bp, SINGLE_BP))
    for factor in factors:
        if earning.combine is Combine.HIGHEST:
            combined = np.maximum(combined, factor)
        else:
            combined = np.minimum(combined * factor // SINGLE_BP, MOST_BP)
    return np.where(excluded[category], 0, combined)


def _held_by_order(
    orders: Orders, campaign: PointsCampaign, tiers: Sequence[str], calendar: ProgrammeCalendar
) -> KeepMask:
    starts, stops = (calendar.start_of(local_day(day)) for day in (campaign.from_date, campaign.until_date))
    holds: KeepMask = (orders.at >= starts) & (orders.at < stops)
    if campaign.tiers is not None:
        holds &= np.array([name in campaign.tiers for name in tiers])[orders.tier]
    if campaign.channels is not None:
        # The last entry is for what has no channel.
        holds &= np.array([*(channel in campaign.channels for channel in _CHANNELS), False])[orders.channel]
    return holds


def _whole_points(weight: NDArray[np.int64], points: int, per: int) -> PointAmounts:
    """``weight * points // per`` in steps that stay in 64 bits."""
    return weight // per * points + weight % per * points // per
