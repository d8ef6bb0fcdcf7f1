"""What a basket costs, with coupons and the benefits of a tier, and what is paid back for parts of it."""

from fastapi import APIRouter, Depends, Request, Response

from serving.auth import RequireScope
from serving.direct import DirectRoute, json_response
from serving.documentation import WRITE_PROBLEMS
from serving.pricing import Pricing
from serving.scopes import Scope
from serving.wire_pricing import PriceAnswer, PriceRequest
from serving.wire_refund import RefundAnswer, RefundRequest

router = APIRouter(tags=["baskets"], route_class=DirectRoute)


@router.post(
    "/v1/baskets:price", response_model=PriceAnswer, responses=WRITE_PROBLEMS, operation_id="baskets_price_post",
    dependencies=[Depends(RequireScope(Scope.OFFERS_READ))], summary="What a basket costs, to the minor unit",
)  # fmt: skip
async def price_basket(http: Request, body: PriceRequest) -> Response:
    """
    Every discount with its source, what coupons were used, and why others were not; nothing is reserved or redeemed.

    An unknown member has the lowest tier and no points to pay with, an unknown coupon is among those not applied. A
    product that is not in the bundle needs its price.
    """
    pricing: Pricing = http.app.state.pricing
    return json_response(await pricing.answer(body))


@router.post(
    "/v1/baskets:refund", response_model=RefundAnswer, responses=WRITE_PROBLEMS, operation_id="baskets_refund_post",
    dependencies=[Depends(RequireScope(Scope.OFFERS_READ))], summary="What is paid back for a part of a basket",
)  # fmt: skip
async def refund_basket(http: Request, body: RefundRequest) -> Response:
    """
    What is paid back for units that come back, per line and in all, and what becomes of the coupons.

    The basket is sent as it was priced and paid, with the returns before this one; nothing is stored or booked.
    """
    pricing: Pricing = http.app.state.pricing
    return json_response(await pricing.refund(body))
