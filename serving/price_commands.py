"""The command `recsys price`: a basket on the command line, and its price as a receipt."""

from collections.abc import Callable, Sequence
from pathlib import Path

import orjson

from recsys.bundle import Bundle
from recsys.errors import InputError
from recsys.knowledge import Knowledge
from recsys.loyalty.currencies import decimals
from recsys.loyalty.programme import load_programme
from recsys.members import NO_FACTS
from recsys.offers.pricing.basket import Basket
from recsys.offers.pricing.priced import Choose, PricedBasket, Search
from recsys.offers.pricing.pricer import BasketPricer
from recsys.offers.pricing.texts import in_words
from recsys.report import Report, Table
from recsys.types import Channel
from serving.clock import clock_of
from serving.live import read_pointer
from serving.one_decision import stored_facts
from serving.pricing import PROGRAMME, known_buyer
from serving.settings import read_settings
from serving.wire_pricing import encode_price


def price(
    workspace: Path,
    *,
    basket: str,
    coupons: str | None = None,
    member_id: str | None = None,
    tier: str | None = None,
    choose: Choose = Choose.BEST,
    shipping_minor: int = 0,
    channel: Channel | None = None,
    language: str = "en",
    now: int | None = None,
) -> Report:
    """
    Price a basket as the service would.

    Args:
        workspace: Where the published bundle, the programme and the store are.
        basket: See `read_basket`.
        coupons: Ids of offers with commas between; absent means those in the member's wallet that cost no points.
        member_id: Whose tier, wallet, points and redemptions count.
        tier: In place of the member's.
        choose: The cheapest combination, or all that can be used in their order.
        shipping_minor: The fee before anything is taken off it.
        channel: Where it is bought: rules of points may depend on it; coupons are good wherever they were shown.
        language: ``en`` or ``zh``: of the words why a coupon is not used.
        now: Absent means the workspace's clock.

    Raises:
        InputError: The basket, tier or programme is wrong, or a product has no price.
        BundleError: Nothing was published yet, or the bundle is broken.
        StoreError: There is a store, and it does not answer.
    """
    asked = read_basket(basket)
    settings = read_settings(workspace)
    clock, _ = clock_of(settings.clock, workspace)
    knowledge = Knowledge.of(Bundle.open(read_pointer(settings.serving_folder)))
    path = workspace / PROGRAMME
    programme = load_programme(path, currency=knowledge.currency) if path.exists() else None
    pricer = BasketPricer.of(knowledge, programme)
    facts = NO_FACTS if member_id is None else stored_facts(settings, member_id, since=knowledge.cut_off)
    known = known_buyer(pricer, knowledge, member_id=member_id, tier=tier, facts=facts)
    held = known.wallet if coupons is None else [one.strip() for one in coupons.split(",") if one.strip()]
    priced = pricer.price(
        Basket.of(pricer.lines(asked), shipping_minor=shipping_minor, channel=channel),
        held,
        buyer=known.buyer,
        now=clock() if now is None else now,
        choose=choose,
        pays_points=coupons is not None,
    )
    told = encode_price(
        priced,
        language,
        member_id=member_id or "",
        tier_source=known.tier_source,
        coupons_source="wallet" if coupons is None else "request",
        currency=pricer.currency,
        choose=choose,
        bundle_id=knowledge.bundle_id,
        programme_id=programme.programme_id if programme is not None else "",
        degraded=(),
    )
    return Report(
        facts=orjson.loads(told),
        tables=tuple(_tables(priced, pricer.currency, language)),
        notes=tuple(_notes(priced, known.tier_source, has_programme=programme is not None)),
    )


def read_basket(text: str) -> list[tuple[str, int, int | None]]:
    """
    A basket as it is written on the command line.

    Args:
        text: ``ID``, ``ID:QUANTITY``, ``ID@UNIT_MINOR`` or ``ID:QUANTITY@UNIT_MINOR``, with commas between.

    Returns:
        Product id, quantity, and unit price in minor units or None for the list price.

    Raises:
        InputError: A line has no id, or a quantity or price that is no whole number.

    >>> read_basket("p1:2, p2, p3:1@450")
    [('p1', 2, None), ('p2', 1, None), ('p3', 1, 450)]
    """
    lines = []
    for part in text.split(","):
        rest, _, price = part.strip().partition("@")
        product_id, _, quantity = rest.partition(":")
        numbers = [one for one in (quantity, price) if one]
        if not product_id or part.strip().endswith((":", "@")) or not all(_is_whole(one) for one in numbers):
            raise InputError(
                f"{part.strip()!r} in the basket is no line; write ID, ID:QUANTITY or ID:QUANTITY@UNIT_PRICE_MINOR, "
                "for example p000042:2,p000007"
            )
        lines.append((product_id, int(quantity or 1), int(price) if price else None))
    return lines


def _is_whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit()


def _tables(priced: PricedBasket, currency: str, language: str) -> list[Table]:
    digits = decimals(currency)

    def money(minor: int) -> str:
        return f"{minor / 10**digits:,.{digits}f}"

    lines = [
        (
            line.product_id,
            line.quantity,
            money(line.unit_price_minor),
            money(line.gross_minor),
            "\n".join(f"-{money(one.amount_minor)} {one.id}" for one in line.discounts) or None,
            money(line.net_minor),
        )
        for line in priced.lines
    ]
    sums = [("goods", money(priced.gross_minor), _off(priced.discount_minor, money), money(priced.goods_minor))]
    if priced.shipping_fee_minor:
        off = priced.shipping_fee_minor - priced.shipping_minor
        sums.append(("shipping", money(priced.shipping_fee_minor), _off(off, money), money(priced.shipping_minor)))
    whole = priced.gross_minor + priced.shipping_fee_minor
    sums.append(("total", money(whole), _off(whole - priced.total_minor, money), money(priced.total_minor)))
    tables = [
        Table(
            f"Basket, tier {priced.tier}, in {currency}",
            ("product", "quantity", "unit price", "price", "discounts", "to pay"),
            tuple(lines),
        ),
        Table("To pay", ("what", "price", "discount", "to pay"), tuple(sums)),
    ]
    if priced.used:
        rows = tuple(
            (
                one.offer_id, one.kind.value, _off(one.goods_minor, money), _off(one.shipping_minor, money),
                one.points_extra or None, one.points_paid or None,
            )
            for one in priced.used
        )  # fmt: skip
        columns = ("coupon", "kind", "off goods", "off shipping", "points earned", "points paid")
        tables.append(Table("Coupons used, in this order", columns, rows))
    if priced.unused:
        unused: Sequence[tuple[str, str, str]] = [
            (one.offer_id, one.code.value, in_words(one, language)) for one in priced.unused
        ]
        tables.append(Table("Coupons not used", ("coupon", "reason", "in words"), tuple(unused)))
    return tables


def _off(minor: int, money: Callable[[int], str]) -> str | None:
    return f"-{money(minor)}" if minor else None


def _notes(priced: PricedBasket, tier_source: str, *, has_programme: bool) -> list[str]:
    sources = {"request": "as asked", "member": "the member's", "lowest": "the lowest, because no other is known"}
    notes = [f"tier {priced.tier}: {sources[tier_source]}"]
    if priced.points_earned is not None:
        as_tier = f" (what tier {priced.points_by_tier} would earn)" if priced.points_by_tier != priced.tier else ""
        notes.append(f"points earned: {priced.points_earned:,}{as_tier}; points paid: {priced.points_paid:,}")
    elif not has_programme:
        notes.append("the workspace has no programme.yaml: no tier has benefits, and nothing is said of points")
    if priced.gifts:
        notes.append(f"gifts: {', '.join(priced.gifts)}")
    if priced.search is Search.PARTIAL:
        notes.append("not every combination of coupons was searched: there are too many")
    return notes
