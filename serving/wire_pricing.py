"""What a basket's price is asked with and answered as: pydantic models, and the one encoding of the answer."""

from dataclasses import replace
from typing import Annotated

import orjson
from pydantic import ConfigDict, Field, StrictInt, StrictStr

from recsys.offers.pricing.basket import MOST_LINES, MOST_UNIT_MINOR, MOST_UNITS
from recsys.offers.pricing.priced import Choose, NotApplied, PricedBasket, Search, Source
from recsys.offers.pricing.texts import in_words
from recsys.types import Channel, OfferKind
from serving.wire import Id, Language, MemberId, Wire

MOST_COUPONS = 100

PriceMinor = Annotated[StrictInt, Field(ge=0, le=MOST_UNIT_MINOR)]


class LineAsked(Wire):
    """
    Units of one product.

    Attributes:
        unit_price_minor: Of one unit; absent means the list price of the bundle. Needed for products without one.
    """

    product_id: Id
    quantity: Annotated[StrictInt, Field(ge=1, le=MOST_UNITS)] = 1
    unit_price_minor: PriceMinor | None = None


class PriceRequest(Wire):
    """
    A basket, who buys it, and the coupons they hold.

    Attributes:
        member_id: Whose tier, wallet, points and redemptions count; absent where nobody is signed in; then no
            coupon that costs points is used.
        tier: Price it for this tier, whatever the member's is; absent means the member's, else the lowest.
        lines: Of one product at one price are one line of the answer.
        coupons: Ids of offers; absent means those in the member's wallet that cost no points.
        choose: ``best``: the combination that makes it cheapest; ``given``: all that can be used, in their order.
        shipping_minor: The fee before anything is taken off it.
        channel: Where it is bought: rules of points may depend on it; coupons are good wherever they were shown.
        currency: ISO 4217, to be sure; it must be the bundle's.
        language: Of the words why a coupon is not used.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"lines": [{"product_id": "p000042", "quantity": 2}], "coupons": ["spring10"], "tier": "gold"}]
        }
    )

    member_id: MemberId | None = None
    tier: Id | None = None
    lines: Annotated[tuple[LineAsked, ...], Field(min_length=1, max_length=MOST_LINES)]
    coupons: Annotated[tuple[Id, ...], Field(max_length=MOST_COUPONS)] | None = None
    choose: Choose = Choose.BEST
    shipping_minor: PriceMinor = 0
    channel: Channel | None = None
    currency: Annotated[StrictStr, Field(pattern=r"^[A-Z]{3}$")] | None = None
    language: Language = "en"


class DiscountAnswer(Wire):
    """Something taken off; see ``recsys.offers.pricing.priced.Discount``."""

    source: Source
    id: str
    amount_minor: int


class PricedLineAnswer(Wire):
    """One line; see ``recsys.offers.pricing.priced.PricedLine``."""

    product_id: str
    quantity: int
    unit_price_minor: int
    gross_minor: int
    discounts: tuple[DiscountAnswer, ...]
    net_minor: int


class UsedCouponAnswer(Wire):
    """A coupon that was used; see ``recsys.offers.pricing.priced.UsedCoupon``."""

    offer_id: str
    kind: OfferKind
    spend_minor: int
    worth_minor: int
    goods_minor: int
    shipping_minor: int
    points_paid: int
    points_extra: int


class UnusedCouponAnswer(Wire):
    """A coupon that was not used, and why; see ``recsys.offers.pricing.priced.UnusedCoupon``."""

    offer_id: str
    code: NotApplied
    gap: int | None
    by: str
    detail: str


class PriceAnswer(Wire):
    """
    What the basket costs; see ``recsys.offers.pricing.priced.PricedBasket``.

    Attributes:
        tier_source: Whose tier it is: ``request``, ``member``, or ``lowest`` where none is known.
        coupons_source: ``request`` or ``wallet``.
        programme_id: Of the rules of tiers and points; empty where the workspace has none.
        degraded: ``store_unavailable``: wallet, redemptions and the tier of today could not be read.
    """

    member_id: str
    tier: str
    tier_source: str
    coupons_source: str
    currency: str
    choose: Choose
    search: Search
    lines: tuple[PricedLineAnswer, ...]
    gross_minor: int
    discount_minor: int
    goods_minor: int
    shipping_fee_minor: int
    shipping_discounts: tuple[DiscountAnswer, ...]
    shipping_minor: int
    total_minor: int
    coupons: tuple[UsedCouponAnswer, ...]
    not_applied: tuple[UnusedCouponAnswer, ...]
    gifts: tuple[str, ...]
    points_earned: int | None
    points_by_tier: str
    points_paid: int
    priced_at: int
    bundle_id: str
    programme_id: str
    degraded: tuple[str, ...]


def encode_price(priced: PricedBasket, language: str, **told: object) -> bytes:
    """
    A priced basket as the JSON of a `PriceAnswer`.

    Args:
        priced: Its classes have the fields of their models, so orjson writes them without a copy.
        language: ``en`` or ``zh``: of the words why a coupon is not used.
        told: What the basket does not know: the member, the sources, versions and what was degraded.
    """
    same = (
        "tier", "search", "lines", "gross_minor", "discount_minor", "goods_minor", "shipping_fee_minor",
        "shipping_discounts", "shipping_minor", "total_minor", "gifts", "points_earned", "points_by_tier",
        "points_paid",
    )  # fmt: skip
    body = {name: getattr(priced, name) for name in same}
    unused = [replace(one, detail=in_words(one, language)) for one in priced.unused]
    return orjson.dumps({**body, "coupons": priced.used, "not_applied": unused, "priced_at": priced.now, **told})
