"""What a refund is asked with and answered as: pydantic models, and the one encoding of the answer."""

from typing import Annotated

import orjson
from pydantic import ConfigDict, Field, StrictInt

from recsys.offers.pricing.basket import MOST_BASKET_MINOR, MOST_LINES, MOST_UNITS
from recsys.offers.pricing.priced import PricedBasket
from recsys.offers.pricing.refunds import Receipt, Refund
from recsys.types import Channel
from serving.wire import Id, Wire
from serving.wire_pricing import MOST_COUPONS, PriceMinor

MOST_RETURNS = 100
_LAST_INSTANT = 253_402_300_799


class LineBought(Wire):
    """
    Units of one product, as they were paid.

    Attributes:
        unit_price_minor: Of one unit before discounts, as the price's answer has it.
    """

    product_id: Id
    unit_price_minor: PriceMinor
    quantity: Annotated[StrictInt, Field(ge=1, le=MOST_UNITS)] = 1


class RefundRequest(Wire):
    """
    A basket as it was priced and paid, and the units that come back.

    Attributes:
        lines: Of the price's answer: all that was bought.
        coupons: Ids of the offers that were used: ``offer_id`` of the price's ``coupons``.
        tier: Whose benefits counted.
        shipping_minor: The fee before anything was taken off it: ``shipping_fee_minor`` of the price.
        channel: As it was priced.
        priced_at: Of the price's answer.
        total_minor: What was paid. Where the basket comes to something else now, nothing is worked out.
        points_earned: What was credited for it; absent means what the basket earns with these coupons.
        returned_before: Former returns of the same basket, the oldest first.
        returned: The units that come back now.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"product_id": "p000042", "unit_price_minor": 250, "quantity": 2}],
                    "coupons": ["spring10"], "tier": "gold", "priced_at": 1767225600, "total_minor": 450,
                    "returned": [{"product_id": "p000042", "unit_price_minor": 250, "quantity": 1}],
                }
            ]
        }
    )  # fmt: skip

    lines: Annotated[tuple[LineBought, ...], Field(min_length=1, max_length=MOST_LINES)]
    coupons: Annotated[tuple[Id, ...], Field(max_length=MOST_COUPONS)] = ()
    tier: Id
    shipping_minor: PriceMinor = 0
    channel: Channel | None = None
    priced_at: Annotated[StrictInt, Field(ge=0, le=_LAST_INSTANT)]
    total_minor: Annotated[StrictInt, Field(ge=0, le=2 * MOST_BASKET_MINOR)]
    points_earned: Annotated[StrictInt, Field(ge=0, le=2**53)] | None = None
    returned_before: Annotated[
        tuple[Annotated[tuple[LineBought, ...], Field(min_length=1, max_length=MOST_LINES)], ...],
        Field(max_length=MOST_RETURNS),
    ] = ()
    returned: Annotated[tuple[LineBought, ...], Field(min_length=1, max_length=MOST_LINES)]


class RefundedLineAnswer(Wire):
    """Units that come back; see ``recsys.offers.pricing.refunds.RefundedLine``."""

    product_id: str
    unit_price_minor: int
    quantity: int
    paid_minor: int
    paid_back_minor: int


class RefundedCouponAnswer(Wire):
    """
    What becomes of a coupon that was used.

    Attributes:
        state: ``kept``; ``lost``: no longer good for what is kept; ``released``: lost and taken back in full, so that
            it counts as not redeemed.
        discount_minor: What it took off the whole basket, shipping too.
        kept_minor: What it takes off what is kept.
    """

    offer_id: str
    state: str
    discount_minor: int
    kept_minor: int


class RefundAnswer(Wire):
    """
    What is paid back; see ``recsys.offers.pricing.refunds.Refund``.

    Attributes:
        paid_back_minor: Now: that of the lines, the shipping, and what makes up for former returns.
        withheld_minor: How much less that is than what was paid for what comes back; below 0 where it makes up.
        paid_back_in_all_minor: With former returns.
        kept_total_minor: What the kept part costs under the coupons that are kept.
    """

    lines: tuple[RefundedLineAnswer, ...]
    shipping_back_minor: int
    made_up_minor: int
    paid_back_minor: int
    withheld_minor: int
    paid_back_in_all_minor: int
    kept_total_minor: int
    coupons: tuple[RefundedCouponAnswer, ...]
    points_back: int
    points_taken: int
    currency: str
    bundle_id: str
    programme_id: str


def encode_refund(refund: Refund, receipt: Receipt, *, currency: str, bundle_id: str, programme_id: str) -> bytes:
    """A refund, and the receipt after it, as the JSON of a `RefundAnswer`."""
    before, after = _taken_off(receipt.priced), _taken_off(refund.kept)
    coupons = [
        {
            "offer_id": offer_id,
            "state": "released" if offer_id in receipt.released else "lost" if offer_id in receipt.lost else "kept",
            "discount_minor": before[offer_id],
            "kept_minor": after.get(offer_id, 0),
        }
        for offer_id in before
    ]
    same = (
        "lines", "shipping_back_minor", "made_up_minor", "paid_back_minor", "withheld_minor", "points_back",
        "points_taken",
    )  # fmt: skip
    return orjson.dumps({
        **{name: getattr(refund, name) for name in same},
        "paid_back_in_all_minor": receipt.paid_back_minor,
        "kept_total_minor": refund.kept.total_minor if refund.kept is not None else 0,
        "coupons": coupons,
        "currency": currency,
        "bundle_id": bundle_id,
        "programme_id": programme_id,
    })  # fmt: skip


def _taken_off(priced: PricedBasket | None) -> dict[str, int]:
    return {one.offer_id: one.goods_minor + one.shipping_minor for one in priced.used} if priced is not None else {}
