"""The best combination against a judge that tries every one of them by rules written down once more."""

from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.offers.definitions import Base, Stacking
from recsys.offers.pricing.basket import Basket, BasketLine
from recsys.offers.pricing.priced import PricedBasket
from recsys.types import OfferKind
from tests.recsys.offers.pricing.shop import amount_off, line, offers, percent_off, price, shipping
from tests.recsys.offers.pricing.strategies import FEES, LINES, definitions

OFF_GOODS = (OfferKind.AMOUNT_OFF, OfferKind.POINTS_REDEMPTION)


def judged(
    given_offers: dict[str, Any], chosen: tuple[str, ...], lines: tuple[BasketLine, ...], *, fee: int, points: int
) -> tuple[int, int] | None:
    """What is paid in money and points with exactly these coupons; None where one of them cannot be used."""
    for one, other in combinations(chosen, 2):
        kinds = [given_offers[name]["stacking"] for name in (one, other)]
        groups = [given_offers[name]["stacking_group"] for name in (one, other)]
        ladders = [given_offers[name]["ladder"] for name in (one, other)]
        if (
            Stacking.EXCLUSIVE in kinds
            or (kinds == [Stacking.ONE_OF_GROUP] * 2 and groups[0] == groups[1])
            or (ladders[0] == ladders[1] >= 0)
        ):
            return None
    left = {one.key: one.gross_minor for one in lines}
    paid = 0
    for name in sorted(chosen, key=lambda name: (given_offers[name]["stacking_priority"], name)):
        offer = given_offers[name]
        inside = [one for one in lines if not offer["scope"] or one.product_id in offer["scope"]]
        counted = {one.key: one.gross_minor if offer["base"] is Base.FULL else left[one.key] for one in inside}
        spend = sum(counted.values())
        if not inside or spend < offer["min_spend_minor"] or not offer["tier_mask"] & 1:
            return None
        paid += offer.get("points_cost", 0)
        amount = offer["amount_minor"] if offer["kind"] in OFF_GOODS else 0
        if offer["kind"] is OfferKind.PERCENT_OFF:
            amount = spend * offer["percent_bp"] // 10_000
        elif offer["kind"] is OfferKind.BUY_X_GET_Y:
            amount = free_units(offer, inside, counted)
        if offer["kind"] is OfferKind.FREE_SHIPPING:
            off = offer["amount_minor"]
            fee = max(0, fee - (off if offer["max_discount_minor"] < 0 else min(off, offer["max_discount_minor"])))
        if offer["max_discount_minor"] >= 0:
            amount = min(amount, offer["max_discount_minor"])
        amount = min(amount, sum(left[one.key] for one in inside))
        for key, part in parted(amount, {one.key: left[one.key] for one in inside}).items():
            left[key] -= part
    return (sum(left.values()) + fee, paid) if paid <= points else None


def free_units(offer: dict[str, Any], inside: list[BasketLine], counted: dict[Any, int]) -> int:
    units = sorted(
        (
            unit
            for one in inside
            for unit in parted(counted[one.key], dict.fromkeys(range(one.quantity), 10**9)).values()
        ),
        reverse=True,
    )
    size = offer["buy_quantity"] + offer["get_quantity"]
    return sum(sum(units[at + offer["buy_quantity"] : at + size]) for at in range(0, len(units) - size + 1, size))


def used_of(priced: PricedBasket) -> list[str]:
    return [one.offer_id for one in priced.used]


def parted(amount: int, weights: dict[Any, int]) -> dict[Any, int]:
    total = sum(weights.values()) or 1
    parts = {key: amount * weight // total for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: (-(amount * weights[key] % total), key))
    for key in by_remainder[: amount - sum(parts.values())]:
        parts[key] += 1
    return parts


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(definitions(), LINES, FEES, st.sampled_from([0, 300, 10_000]))
def test_no_combination_is_cheaper_and_of_the_cheapest_ones_few_points_are_paid(
    given_offers: dict[str, Any], lines: list[BasketLine], fee: int, points: int
) -> None:
    merged = Basket.of(lines).lines
    every = [
        found
        for n in range(len(given_offers) + 1)
        for chosen in combinations(sorted(given_offers), n)
        if (found := judged(given_offers, chosen, merged, fee=fee, points=points)) is not None
    ]
    priced = price(offers(**given_offers), lines, shipping_minor=fee, points=points)
    assert priced.total_minor == min(every)[0]
    used = judged(given_offers, tuple(used_of(priced)), merged, fee=fee, points=points)
    assert used == (priced.total_minor, priced.points_paid)


def test_taking_the_largest_first_would_miss_the_best() -> None:
    # the one that takes most alone shuts out two that take more together
    held = offers(
        a={**percent_off(40), "stacking": Stacking.EXCLUSIVE},
        b=amount_off(900, min_spend_minor=3_000),
        c=amount_off(800, min_spend_minor=3_900, stacking_priority=-1),
    )
    priced = price(held, [line("vase")])
    assert (used_of(priced), priced.total_minor) == (["c", "b"], 2_200)


def test_what_comes_late_in_the_order_may_be_what_is_best() -> None:
    first = {**amount_off(300), "stacking": Stacking.EXCLUSIVE}
    assert used_of(price(offers(a=first, b=shipping(301)), [line("vase")], shipping_minor=350)) == ["b"]
    gifts = [{"kind": OfferKind.GIFT, "amount_minor": worth} for worth in (100, 101)]
    assert used_of(price(offers(a={**gifts[0], "stacking": Stacking.EXCLUSIVE}, b=gifts[1]), [line("vase")])) == ["b"]
