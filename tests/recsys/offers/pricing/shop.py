"""A shop of five products and any offers, for the tests of prices."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL, Catalogue
from recsys.loyalty.programme import Programme, parse_programme
from recsys.offers.definitions import (
    BASES,
    STACKINGS,
    Base,
    OfferDefinitions,
    Stacking,
    plain_columns,
)
from recsys.offers.pricing.basket import Basket, BasketLine
from recsys.offers.pricing.coupons import read_coupons
from recsys.offers.pricing.priced import Buyer, Choose, PricedBasket
from recsys.offers.pricing.pricer import BasketPricer
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS, OfferKind
from recsys.vocabulary import Vocabulary

NOW = 1_700_000_000
TIERS = ("ordinary", "silver", "gold")
PRICES = {"bread": 180, "cheese": 1_150, "tea": 400, "vase": 3_900, "wine": 990}
PRODUCTS = Vocabulary.of(PRICES)
CATEGORY = np.array([0, 0, 1, 2, 1], dtype=np.int32)

PROGRAMME = """
format: 1
name: shop
currency: GBP
timezone: Europe/London
ladders:
  - from: 2000-01-01
    window: {rolling_months: 12}
    downgrade: {review: continuous}
    tiers:
      - name: ordinary
      - name: silver
        entry: {spend_minor: 20000}
        benefits: {points_multiplier_bp: 12500, standing_discount_bp: 150, free_shipping_from_minor: 5000}
      - name: gold
        entry: {spend_minor: 50000}
        benefits: {points_multiplier_bp: 15000, standing_discount_bp: 325, free_shipping_from_minor: 2500}
points:
  - from: 2000-01-01
    earning:
      per_minor: 100
      tiers: {silver: 12500, gold: 15000}
      categories: {drinks: 20000}
    redemption: {points: 100, worth_minor: 100}
"""


def programme() -> Programme:
    return parse_programme(PROGRAMME)


def offers(**definitions: Mapping[str, Any]) -> OfferDefinitions:
    """
    Definitions by id; each a kind and what differs from an offer that gives nothing to everybody at any time.

    ``scope`` is product ids; ``stacking`` and ``base`` are the words.
    """
    ids = Vocabulary.of(definitions)
    given = [definitions[one] for one in ids.ids(np.arange(len(ids), dtype=np.int32))]
    n = len(given)
    columns: dict[str, Any] = {
        "amount_minor": np.zeros(n, dtype=np.int64),
        "percent_bp": np.zeros(n, dtype=np.int32),
        "multiplier_bp": np.full(n, 10_000, dtype=np.int32),
        "min_spend_minor": np.zeros(n, dtype=np.int64),
        "buy_quantity": np.zeros(n, dtype=np.int32),
        "get_quantity": np.zeros(n, dtype=np.int32),
        "valid_from": np.full(n, NOW - 10, dtype=np.int64),
        "valid_until": np.full(n, NOW + 10, dtype=np.int64),
        "tier_mask": np.full(n, 0b111, dtype=np.uint16),
        "budget_minor": np.full(n, -1, dtype=np.int64),
        "per_member_limit": np.zeros(n, dtype=np.int32),
        "contact_cost_minor": np.zeros(n, dtype=np.int64),
        **plain_columns(n),
    }
    codes = {"stacking": STACKINGS, "base": BASES}
    for row, definition in enumerate(given):
        for name, value in definition.items():
            if name not in ("kind", "scope"):
                columns[name][row] = codes[name].index(value) if name in codes else value
    scopes = [PRODUCTS.rows(list(one.get("scope", ()))).tolist() for one in given]
    return OfferDefinitions(
        offers=ids,
        names=np.array([b""] * n, dtype="S1"),
        kind=np.array([OFFER_KINDS.index(one["kind"]) for one in given], dtype=np.int8),
        scope=Ragged.of(scopes),
        **columns,
    )


def amount_off(amount: int, **more: Any) -> dict[str, Any]:
    return {"kind": OfferKind.AMOUNT_OFF, "amount_minor": amount, **more}


def percent_off(percent: float, **more: Any) -> dict[str, Any]:
    return {"kind": OfferKind.PERCENT_OFF, "percent_bp": round(percent * 100), **more}


def shipping(amount: int, **more: Any) -> dict[str, Any]:
    return {"kind": OfferKind.FREE_SHIPPING, "amount_minor": amount, **more}


def buy_get(buy: int, get: int, **more: Any) -> dict[str, Any]:
    return {"kind": OfferKind.BUY_X_GET_Y, "buy_quantity": buy, "get_quantity": get, **more}


def one_of(group: int, definition: dict[str, Any]) -> dict[str, Any]:
    return {**definition, "stacking": Stacking.ONE_OF_GROUP, "stacking_group": group}


def exclusive(definition: dict[str, Any]) -> dict[str, Any]:
    return {**definition, "stacking": Stacking.EXCLUSIVE}


def on_full(definition: dict[str, Any]) -> dict[str, Any]:
    return {**definition, "base": Base.FULL}


def pricer(definitions: OfferDefinitions, rules: Programme | None = None) -> BasketPricer:
    n = len(PRODUCTS)
    prices = [PRICES[one] for one in PRODUCTS.ids(np.arange(n, dtype=np.int32))]
    catalogue = Catalogue(
        products=PRODUCTS,
        names=np.array([b""] * n, dtype="S1"),
        category=CATEGORY,
        brand=np.full(n, -1, dtype=np.int32),
        price_minor=np.array(prices, dtype=np.int64),
        cost_minor=np.full(n, -1, dtype=np.int64),
        stock=np.full(n, -1, dtype=np.int32),
        sale_from=np.full(n, ALWAYS_FROM, dtype=np.int64),
        sale_until=np.full(n, ALWAYS_UNTIL, dtype=np.int64),
        repeat_rate=np.zeros(n, dtype=np.float32),
        category_names=("food", "drinks", "home"),
        brand_names=(),
    )
    return BasketPricer(catalogue, definitions.offers, read_coupons(definitions), TIERS, "GBP", rules)


def line(product: str, quantity: int = 1, price: int | None = None) -> BasketLine:
    return BasketLine(product, PRICES.get(product, 0) if price is None else price, quantity, PRODUCTS.row(product))


def price(
    definitions: OfferDefinitions,
    lines: Sequence[BasketLine],
    *,
    coupons: Sequence[str] | None = None,
    choose: Choose = Choose.BEST,
    rules: Programme | None = None,
    tier: int = 0,
    points: int | None = 1_000_000,
    pays_points: bool = True,
    **basket: Any,
) -> PricedBasket:
    """The price of lines with all of the offers, or some; *basket* is the shipping and the channel."""
    ids = list(definitions.offers.ids(np.arange(len(definitions), dtype=np.int32))) if coupons is None else coupons
    return pricer(definitions, rules).price(
        Basket.of(lines, **basket),
        ids,
        buyer=Buyer(tier=tier, points=points),
        now=NOW,
        choose=choose,
        pays_points=pays_points,
    )


def taken(priced: PricedBasket) -> dict[str, int]:
    """What each source takes off goods and shipping, by its id."""
    found: dict[str, int] = {}
    for one in [*(one for each in priced.lines for one in each.discounts), *priced.shipping_discounts]:
        found[one.id] = found.get(one.id, 0) + one.amount_minor
    return found


def codes(priced: PricedBasket) -> dict[str, str]:
    """Why each coupon was not used."""
    return {one.offer_id: one.code.value for one in priced.unused}
