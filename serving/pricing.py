"""Prices baskets by the bundle served and the programme of the workspace, for whoever asks over HTTP."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import structlog

from recsys.errors import InputError, StoreError
from recsys.knowledge import Knowledge
from recsys.loyalty.programme import Programme, load_programme
from recsys.members import NO_FACTS, LiveFacts
from recsys.offers.pricing.basket import Basket
from recsys.offers.pricing.priced import Buyer
from recsys.offers.pricing.pricer import BasketPricer, no_price
from recsys.types import EventKind
from serving.answering import STORE_UNAVAILABLE
from serving.live import Served
from serving.policy_watch import Stamp, stamp
from serving.problems import FieldProblem, ProblemError
from serving.refunds import refund_of
from serving.service import Service
from serving.wire_pricing import PriceRequest, encode_price
from serving.wire_refund import RefundRequest, encode_refund

PROGRAMME = "programme.yaml"
_LARGE_COUPONS, _LARGE_LINES = 6, 60
"""Beyond these a search may take milliseconds; it goes to a thread."""

_NO_FILE: Stamp = (-1, -1)

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KnownBuyer:
    """
    A buyer, and where what is known of them comes from.

    Attributes:
        buyer: As prices take them.
        tier_source: ``request``, ``member`` or ``lowest``.
        wallet: Ids of the offers held.
    """

    buyer: Buyer
    tier_source: str
    wallet: tuple[str, ...]


class Pricing:
    """
    Prices of one service.

    ``programme.yaml`` is read again when it is written again. One that cannot be used is logged and changes nothing;
    before one was ever read, prices are refused rather than given without the benefits of tiers.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._path = service.settings.workspace / PROGRAMME
        self._turn = asyncio.Lock()
        self._seen: Stamp | None = None
        self._problem = ""
        self._programme: Programme | None = None
        self._programme_id = ""
        self._was_read = False
        self._pricer: BasketPricer | None = None
        self._knowledge: Knowledge | None = None

    async def answer(self, request: PriceRequest) -> bytes:
        """
        What a basket costs, as JSON.

        Raises:
            ProblemError: No bundle is served, the programme cannot be used, or the request names a tier or currency
                that is not the bundle's, or a product without a price.
            InputError: The basket is larger than a basket may be.
        """
        served, now = self._service.live.current, self._service.clock()
        if served is None:
            raise ProblemError("not_ready", "no bundle is served yet; see /health/ready")
        pricer = await self._current(served)
        programme_id = self._programme_id
        basket = _basket(request, pricer)
        facts, degraded = await self._facts(request.member_id, served)
        known = known_buyer(
            pricer, served.engine.knowledge, member_id=request.member_id, tier=request.tier, facts=facts
        )
        coupons = known.wallet if request.coupons is None else request.coupons

        def price() -> bytes:
            priced = pricer.price(
                basket,
                coupons,
                buyer=known.buyer,
                now=now,
                choose=request.choose,
                pays_points=request.coupons is not None,
            )
            return encode_price(
                priced,
                request.language,
                member_id=request.member_id or "",
                tier_source=known.tier_source,
                coupons_source="wallet" if request.coupons is None else "request",
                currency=pricer.currency,
                choose=request.choose,
                bundle_id=served.bundle_id,
                programme_id=programme_id,
                degraded=degraded,
            )

        if len(coupons) > _LARGE_COUPONS or len(basket.lines) > _LARGE_LINES:
            return await asyncio.to_thread(price)
        return price()

    async def refund(self, request: RefundRequest) -> bytes:
        """
        What a return pays back, as JSON; nothing is read of the member and nothing is booked.

        Raises:
            ProblemError: As `answer`; or the basket was not paid like this, or units come back that were not bought.
            InputError: The basket is larger than a basket may be.
        """
        served = self._service.live.current
        if served is None:
            raise ProblemError("not_ready", "no bundle is served yet; see /health/ready")
        pricer = await self._current(served)
        programme_id = self._programme_id

        def refund() -> bytes:
            told, receipt = refund_of(request, pricer)
            return encode_refund(
                told, receipt, currency=pricer.currency, bundle_id=served.bundle_id, programme_id=programme_id
            )

        n_coupons, n_lines = len(request.coupons), len(request.lines) * (1 + len(request.returned_before))
        if n_coupons > _LARGE_COUPONS or n_lines > _LARGE_LINES:
            return await asyncio.to_thread(refund)
        return refund()

    async def _current(self, served: Served) -> BasketPricer:
        """The pricer of the bundle served and the programme as it is written now."""
        knowledge = served.engine.knowledge
        if stamp(self._path) != self._seen or knowledge is not self._knowledge:
            async with self._turn:
                await asyncio.to_thread(self._read, knowledge)
        if self._pricer is None:
            raise ProblemError("not_ready", f"prices cannot be given: {self._problem}")
        return self._pricer

    def _read(self, knowledge: Knowledge) -> None:
        seen = stamp(self._path)
        try:
            if seen != self._seen:
                self._take_in(None if seen == _NO_FILE else load_programme(self._path, currency=knowledge.currency))
        except InputError as error:
            self._refuse(error)
        try:
            self._pricer = BasketPricer.of(knowledge, self._programme) if self._was_read else None
        except InputError as error:
            self._refuse(error)
            self._pricer = None
        self._knowledge, self._seen = knowledge, seen

    def _take_in(self, programme: Programme | None) -> None:
        self._programme, self._was_read = programme, True
        self._programme_id = programme.programme_id if programme is not None else ""

    def _refuse(self, error: InputError) -> None:
        # Whoever asks for a price is told; where the workspace lies on this machine is nobody's business.
        self._problem = str(error).replace(f"{self._path.parent}/", "")
        _LOG.error("programme_refused", reason=self._problem)

    async def _facts(self, member_id: str | None, served: Served) -> tuple[LiveFacts, tuple[str, ...]]:
        if member_id is None:
            return NO_FACTS, ()
        store = self._service.store
        try:
            (facts,) = await store.reader.fetch([member_id], since=served.cut_off)
        except StoreError:
            self._service.metrics.store_errors.labels("facts").inc()
            return store.restrictions.of(member_id), (STORE_UNAVAILABLE,)
        return facts, ()


def known_buyer(
    pricer: BasketPricer, knowledge: Knowledge, *, member_id: str | None, tier: str | None, facts: LiveFacts
) -> KnownBuyer:
    """
    What a price may know of a member: the tier, points, wallet and redemptions, which are owed by the programme.

    They need no consent to personalisation, because nothing is chosen by them but what the member was promised. Of an
    erased member nothing is known.

    Raises:
        InputError: There is no such tier.
    """
    row = -1 if member_id is None or facts.erased else knowledge.members.members.row(member_id)
    points = int(knowledge.members.points[row]) if row >= 0 else None
    redeemed = Counter(one.offer_id for one in facts.responses if one.kind is EventKind.REDEMPTION)
    tier_row, source = 0, "lowest"
    if tier is not None:
        tier_row, source = pricer.tier_row(tier), "request"
    elif not facts.erased and facts.tier in pricer.tiers:
        tier_row, source = pricer.tiers.index(facts.tier), "member"
    elif row >= 0:
        tier_row, source = int(knowledge.members.tier[row]), "member"
    wallet = () if facts.erased else facts.held_offers
    return KnownBuyer(Buyer(tier=tier_row, points=points, redeemed=redeemed), source, wallet)


def _basket(request: PriceRequest, pricer: BasketPricer) -> Basket:
    if request.currency not in (None, pricer.currency):
        told = f"the bundle counts in {pricer.currency}; got {request.currency}: amounts are not converted here"
        raise ProblemError("invalid_request", told, errors=[FieldProblem(pointer="/currency", detail=told)])
    if request.tier is not None and request.tier not in pricer.tiers:
        told = f"there is no tier {request.tier!a}; there are {', '.join(pricer.tiers)}"
        raise ProblemError("invalid_request", told, errors=[FieldProblem(pointer="/tier", detail=told)])
    listed = pricer.list_prices([line.product_id for line in request.lines])
    wrong = [
        FieldProblem(pointer=f"/lines/{at}/product_id", detail=no_price(line.product_id, row))
        for at, (line, (row, price)) in enumerate(zip(request.lines, listed, strict=True))
        if price is None and line.unit_price_minor is None
    ]
    if wrong:
        raise ProblemError("invalid_request", f"{len(wrong)} of the lines have no price; see errors", errors=wrong[:20])
    lines = pricer.lines([(line.product_id, line.quantity, line.unit_price_minor) for line in request.lines])
    return Basket.of(lines, shipping_minor=request.shipping_minor, channel=request.channel)
