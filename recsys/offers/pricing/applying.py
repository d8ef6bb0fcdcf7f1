"""Uses coupons on one basket, one after another: what qualifies, what it gives, and how that parts over the lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.offers.pricing.basket import Basket, price_of_free_units, split
from recsys.offers.pricing.coupons import Coupon
from recsys.offers.pricing.kernel import share_of, within_bounds
from recsys.offers.pricing.tiers import TierPrice
from recsys.types import OfferKind


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """
    A coupon that may be used on this basket.

    Attributes:
        coupon: As defined.
        lines: Positions of the qualifying lines, at least one.
        most_minor: More than it takes off goods it never does: what it takes at full prices.
        most_shipping_minor: Likewise of shipping.
        most_worth_minor: Likewise the worth of points or a gift; a gift always has some.
    """

    coupon: Coupon
    lines: list[int]
    most_minor: int
    most_shipping_minor: int
    most_worth_minor: int


@dataclass(frozen=True, slots=True)
class Use:
    """
    What a coupon does at its turn.

    Attributes:
        spend_minor: What qualifies.
        worth_minor: What it gives, by the kernel.
        taken_minor: What is taken off goods.
        parts: Of each qualifying line, what is taken off it; empty where nothing is taken off goods.
        is_reached: The threshold is.
    """

    spend_minor: int
    worth_minor: int
    taken_minor: int
    parts: list[int]
    is_reached: bool


class Till:
    """
    One basket with what does not change while coupons are tried.

    Attributes:
        basket: Whose price is asked.
        tier: Whose benefits count; they are given after all coupons.
        full: Of each line, its price before any discount.
    """

    def __init__(self, basket: Basket, tier: TierPrice) -> None:
        self.basket = basket
        self.tier = tier
        self.full = [line.gross_minor for line in basket.lines]
        self._quantities = [line.quantity for line in basket.lines]

    def hold(self, coupon: Coupon, lines: list[int]) -> Held:
        """Take a coupon in hand of which these lines qualify."""
        most = self.use(coupon, lines, self.full)
        in_goods = coupon.kind not in (OfferKind.POINTS_MULTIPLIER, OfferKind.GIFT, OfferKind.FREE_SHIPPING)
        return Held(
            coupon,
            lines,
            most_minor=most.taken_minor,
            most_shipping_minor=most.worth_minor if coupon.kind is OfferKind.FREE_SHIPPING else 0,
            most_worth_minor=0 if in_goods else self.extra_worth(coupon, most.worth_minor),
        )

    def use(self, coupon: Coupon, lines: Sequence[int], left: Sequence[int]) -> Use:
        """
        What a coupon gives when these prices are *left* by the coupons before it.

        Full prices or those left qualify, as the coupon says. What is taken off goods is at most what is left of the
        qualifying lines, and is parted over them by that (`split`): no line falls below zero.
        """
        counted = self.full if coupon.on_full else left
        spend = sum([counted[at] for at in lines])
        if coupon.kind is OfferKind.BUY_X_GET_Y:
            units = [(counted[at], self._quantities[at]) for at in lines]
            given = price_of_free_units(units, buy=coupon.buy, get=coupon.get)
        else:
            given = share_of(spend, coupon.per_million) + coupon.fixed_minor
        worth = within_bounds(
            given, spend, most=coupon.most_minor, beyond=coupon.beyond_minor, least=coupon.least_minor
        )
        taken, parts = 0, []
        if coupon.off_goods and worth:
            of_lines = [left[at] for at in lines]
            taken = min(worth, sum(of_lines))
            parts = split(taken, of_lines) if taken else []
        return Use(spend, worth, taken, parts, spend >= coupon.least_minor)

    def ships_free(self, goods_minor: int) -> bool:
        """Whether the tier sends goods of this price, after coupons and before its own discount, for nothing."""
        least = self.tier.ships_free_from_minor
        return least is not None and goods_minor >= least

    def total(self, goods_minor: int, off_shipping_minor: int) -> int:
        """What is paid for goods at this price after coupons, and shipping with so much taken off it by coupons."""
        shipping = 0 if self.ships_free(goods_minor) else max(0, self.basket.shipping_minor - off_shipping_minor)
        return goods_minor - self.tier.off_goods(goods_minor) + shipping

    @staticmethod
    def extra_worth(coupon: Coupon, worth_minor: int) -> int:
        """What a used coupon gives beside money: breaks ties between combinations of one price."""
        if coupon.kind is OfferKind.GIFT:
            return max(worth_minor, 1)
        return worth_minor if coupon.kind is OfferKind.POINTS_MULTIPLIER else 0


def less(left: Sequence[int], lines: Sequence[int], parts: Sequence[int]) -> list[int]:
    """What is left of every line when *parts* are taken off some."""
    rest = list(left)
    for at, part in zip(lines, parts, strict=True):
        rest[at] -= part
    return rest
