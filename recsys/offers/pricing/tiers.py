"""What the tiers of a programme change about a price, at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from recsys.loyalty.programme import Programme
from recsys.types import UNKNOWN_ROW, EpochSeconds

BP = 10_000


@dataclass(frozen=True, slots=True)
class TierPrice:
    """
    Benefits that a price knows.

    Attributes:
        name: Of the tier.
        earns_as: Name of the tier in the ladder in force whose points it earns: its own, or the one that stands for it.
        standing_discount_bp: Off every basket, in basis points, after all coupons.
        ships_free_from_minor: Smallest price of goods that is sent for nothing; None for never.
    """

    name: str
    earns_as: str
    standing_discount_bp: int = 0
    ships_free_from_minor: int | None = None

    def off_goods(self, goods_minor: int) -> int:
        """The standing discount, rounded down."""
        return goods_minor * self.standing_discount_bp // BP


def tier_prices(programme: Programme | None, tiers: Sequence[str], at: EpochSeconds) -> tuple[TierPrice, ...]:
    """
    The benefits of every tier by the ladder in force.

    Args:
        programme: None where the retailer has none: no tier has a benefit then.
        tiers: Names, the lowest first.
        at: When.

    Returns:
        One a tier. A tier that the ladder in force has no more has the benefits of the tier taken instead; one that it
        never had has those of the tier below, so that no tier is worse off than a lower one.
    """
    span = programme.span_at(at) if programme is not None else None
    prices: list[TierPrice] = []
    for name in tiers:
        before = prices[-1] if prices else TierPrice(name, name)
        level = UNKNOWN_ROW
        if programme is not None and span is not None and name in programme.tiers:
            level = int(span.level_of[programme.tiers.index(name)])
        if span is None or level == UNKNOWN_ROW:
            prices.append(replace(before, name=name))
        else:
            tier = span.ladder.tiers[level]
            off, ships_free_from = tier.benefits.standing_discount_bp, tier.benefits.ships_free_from_minor
            prices.append(TierPrice(name, tier.name, off, ships_free_from))
    return tuple(prices)
