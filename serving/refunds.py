"""Works out refunds: a basket is priced again as it was paid, and its returns are taken back one after another."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from recsys.errors import InputError
from recsys.offers.pricing.basket import Basket
from recsys.offers.pricing.priced import Buyer, Choose
from recsys.offers.pricing.pricer import BasketPricer
from recsys.offers.pricing.refunds import LineKey, Receipt, Refund
from serving.problems import FieldProblem, ProblemError
from serving.wire_refund import LineBought, RefundRequest


def refund_of(request: RefundRequest, pricer: BasketPricer) -> tuple[Refund, Receipt]:
    """
    What the last of the returns pays back, and the receipt after it.

    Raises:
        ProblemError: The tier is unknown, the basket does not come to what was paid by the offers and rules of now, or
            units come back that were not bought or are back already.
        InputError: The basket is larger than a basket may be.
    """
    if request.tier not in pricer.tiers:
        raise _wrong("/tier", f"there is no tier {request.tier!a}; there are {', '.join(pricer.tiers)}")
    lines = pricer.lines([(line.product_id, line.quantity, line.unit_price_minor) for line in request.lines])
    priced = pricer.price(
        Basket.of(lines, shipping_minor=request.shipping_minor, channel=request.channel),
        request.coupons,
        buyer=Buyer(tier=pricer.tier_row(request.tier), points=pricer.points_cost(request.coupons)),
        now=request.priced_at,
        choose=Choose.GIVEN,
    )
    if priced.unused:
        why = "; ".join(f"{one.offer_id!a}: {one.detail}" for one in priced.unused[:5])
        raise _wrong("/coupons", f"not all of them can have been used by the offers and rules of now: {why}")
    if priced.total_minor != request.total_minor:
        raise _wrong(
            "/total_minor",
            f"{request.total_minor} was paid, and by the offers and rules of now the basket comes to "
            f"{priced.total_minor}; send lines, coupons, tier, shipping and priced_at as they were priced; where "
            "offers or rules have changed since, refund it by hand",
        )
    if request.points_earned is not None:
        priced = replace(priced, points_earned=request.points_earned)
    receipt = Receipt(priced)
    for at, returned in enumerate(request.returned_before):
        _, receipt = _take_back(receipt, pricer, returned, f"/returned_before/{at}")
    return _take_back(receipt, pricer, request.returned, "/returned")


def _take_back(
    receipt: Receipt, pricer: BasketPricer, returned: Sequence[LineBought], pointer: str
) -> tuple[Refund, Receipt]:
    units: Counter[LineKey] = Counter()
    for line in returned:
        units[line.product_id, line.unit_price_minor] += line.quantity
    try:
        return receipt.take_back(pricer, units)
    except InputError as error:
        raise _wrong(pointer, str(error)) from error


def _wrong(pointer: str, told: str) -> ProblemError:
    return ProblemError("invalid_request", told, errors=[FieldProblem(pointer=pointer, detail=told)])
