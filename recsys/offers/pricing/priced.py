"""What a basket costs and why, as values: discounts with their source, coupons used, and why others were not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from recsys.offers.pricing.basket import Basket
from recsys.types import EpochSeconds, OfferKind


class Choose(StrEnum):
    """Which of the coupons held are used: those that make the basket cheapest, or all that can, in their order."""

    BEST = "best"
    GIVEN = "given"


class Search(StrEnum):
    """How the coupons were chosen: in their order, of all combinations, or of those of a part of the coupons."""

    GIVEN = "given"
    EXACT = "exact"
    PARTIAL = "partial"


class Source(StrEnum):
    """Where a discount comes from."""

    COUPON = "coupon"
    TIER = "tier"


class NotApplied(StrEnum):
    """Why a coupon was not used. Stable codes."""

    UNKNOWN_COUPON = "unknown_coupon"
    NOT_VALID_NOW = "not_valid_now"
    TIER_NOT_ALLOWED = "tier_not_allowed"
    LIMIT_REACHED = "limit_reached"
    GIVES_NOTHING = "gives_nothing"
    OUT_OF_SCOPE = "out_of_scope"
    BELOW_MIN_SPEND = "below_min_spend"
    TOO_FEW_UNITS = "too_few_units"
    NOT_ENOUGH_POINTS = "not_enough_points"
    ASKS_FOR_POINTS = "asks_for_points"
    EXCLUDED_BY_STACKING = "excluded_by_stacking"
    NO_EFFECT = "no_effect"
    NOT_CHEAPER = "not_cheaper"
    NOT_SEARCHED = "not_searched"


@dataclass(frozen=True, slots=True)
class Discount:
    """
    Something taken off.

    Attributes:
        source: A coupon, or a benefit of the tier.
        id: Of the offer, or the name of the tier.
        amount_minor: More than 0.
    """

    source: Source
    id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """
    One line.

    Attributes:
        product_id, quantity, unit_price_minor: As asked, lines of one product at one price together.
        gross_minor: Before any discount.
        discounts: In the order in which they were taken off.
        net_minor: Gross less all discounts, 0 or more.
    """

    product_id: str
    quantity: int
    unit_price_minor: int
    gross_minor: int
    discounts: tuple[Discount, ...]
    net_minor: int


@dataclass(frozen=True, slots=True)
class UsedCoupon:
    """
    A coupon that was used.

    Attributes:
        offer_id, kind: Of the definition.
        spend_minor: What qualified, on its base: its threshold and its share count on this.
        worth_minor: What it gives by `recsys.offers.pricing.kernel`: money, or the worth of points or a gift.
        goods_minor: What it took off goods: the sum of its discounts of the lines.
        shipping_minor: What it took off shipping.
        points_paid: By the member, to use it.
        points_extra: Earned with it, beyond those of the basket; 0 where the programme has no points.
    """

    offer_id: str
    kind: OfferKind
    spend_minor: int
    worth_minor: int
    goods_minor: int = 0
    shipping_minor: int = 0
    points_paid: int = 0
    points_extra: int = 0


@dataclass(frozen=True, slots=True)
class UnusedCoupon:
    """
    A coupon that was not used.

    Attributes:
        offer_id: As asked.
        code: Why.
        gap: What is missing: minor units up to the minimum spend, units of products, or points; None elsewhere, and
            where whose points they would be is not known.
        by: The coupon that excludes it, or what limit was reached; empty elsewhere.
        detail: The reason in words.
    """

    offer_id: str
    code: NotApplied
    gap: int | None = None
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """
    Who buys, as far as a price depends on it.

    Attributes:
        tier: Row of the tier; 0 is the lowest.
        points: Balance; None where it is not known, so that no coupon that costs points is used.
        redeemed: How often this member redeemed an offer, by its id.
        redeemed_by_all: Likewise of all members together.
        spent_minor: What all redemptions of an offer took off, by its id.
    """

    tier: int = 0
    points: int | None = None
    redeemed: Mapping[str, int] = field(default_factory=dict)
    redeemed_by_all: Mapping[str, int] = field(default_factory=dict)
    spent_minor: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PricedBasket:
    """
    What a basket costs.

    The nets of the lines add up to ``goods_minor``, their discounts to ``discount_minor``; the total is goods plus
    shipping.

    Attributes:
        basket, buyer, now: What was asked.
        tier: Name of the tier whose benefits count.
        lines: In the order of product id and price.
        gross_minor, discount_minor, goods_minor: Sums of the lines: before discounts, what is taken off, and after.
        shipping_fee_minor: Before anything is taken off it.
        shipping_discounts: What is taken off it, the tier's first.
        shipping_minor: What is left of it.
        total_minor: What the member pays.
        used: Coupons, in the order of their use.
        unused: The others, in the order of their ids.
        gifts: Ids of the gifts among the coupons used.
        points_earned: With the basket, what coupons add included; None where the programme has no points.
        points_by_tier: Name of the tier that earns them: a lower one where its own choice of coupons would earn more.
        points_paid: For coupons.
        search: How the coupons were chosen.
    """

    basket: Basket
    buyer: Buyer
    now: EpochSeconds
    tier: str
    lines: tuple[PricedLine, ...]
    gross_minor: int
    discount_minor: int
    goods_minor: int
    shipping_fee_minor: int
    shipping_discounts: tuple[Discount, ...]
    shipping_minor: int
    total_minor: int
    used: tuple[UsedCoupon, ...]
    unused: tuple[UnusedCoupon, ...]
    gifts: tuple[str, ...]
    points_earned: int | None
    points_by_tier: str
    points_paid: int
    search: Search
