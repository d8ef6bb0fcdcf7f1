"""What a basket costs, with coupons and the benefits of a tier."""

from fastapi import APIRouter, Depends, Request, Response

from serving.auth import RequireScope
from serving.direct import DirectRoute, json_response
from serving.documentation import WRITE_PROBLEMS
from serving.pricing import Pricing
from serving.scopes import Scope
from serving.wire_pricing import PriceAnswer, PriceRequest

router = APIRouter(tags=["baskets"], route_class=DirectRoute)


@router.post(
    "/v1/baskets:price", response_model=PriceAnswer, responses=WRITE_PROBLEMS, operation_id="baskets_price_post",
    dependencies=[Depends(RequireScope(Scope.OFFERS_READ))], summary="What a basket costs, to the minor unit",
)  # fmt: skip
async def price_basket(http: Request, body: PriceRequest) -> Response:
    """
    Every discount with its source, what coupons were used, and why others were not; nothing is reserved or redeemed.

    An unknown member has the lowest tier, an unknown coupon is among those not applied. A product that is not in the
    bundle needs its price.
    """
    pricing: Pricing = http.app.state.pricing
    return json_response(await pricing.answer(body))
