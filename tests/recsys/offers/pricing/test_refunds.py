"""Refunds of parts: worked out by hand, and the laws that they keep in any order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.offers.pricing.basket import Basket, BasketLine
from recsys.offers.pricing.priced import Buyer, PricedBasket
from recsys.offers.pricing.pricer import BasketPricer
from recsys.offers.pricing.refunds import Receipt, Refund
from recsys.types import OfferKind
from tests.recsys.offers.pricing.shop import NOW, amount_off, line, offers, percent_off, pricer, programme, shipping
from tests.recsys.offers.pricing.strategies import FEES, LINES, definitions

WINES, CHEESE = ("wine", 990), ("cheese", 1_150)


def bought(
    lines: list[BasketLine], *, fee: int = 0, tier: int = 0, points: int | None = None, **given_offers: Any
) -> tuple[BasketPricer, PricedBasket]:
    till = pricer(offers(**given_offers), programme())
    buyer = Buyer(tier=tier, points=points)
    return till, till.price(Basket.of(lines, shipping_minor=fee), list(given_offers), buyer=buyer, now=NOW)


def give_back(receipt: Receipt, till: BasketPricer, *returns: dict[tuple[str, int], int]) -> list[Refund]:
    refunds = []
    for units in returns:
        refund, receipt = receipt.take_back(till, units)
        refunds.append(refund)
    return refunds


def test_while_the_threshold_holds_units_are_paid_back_at_what_they_cost() -> None:
    till, priced = bought([line("wine", 2), line("cheese")], a=percent_off(10, min_spend_minor=1_000))
    (refund,) = give_back(Receipt(priced), till, {WINES: 1})
    # 3,130 - 313 = 2,817 was paid; 2,140 - 214 = 1,926 is kept; the wines were paid 1,782, one of them 891
    assert (refund.paid_back_minor, refund.withheld_minor, refund.kept_coupons) == (891, 0, ("a",))


def test_of_an_amount_the_part_of_the_returned_units_stays_with_what_is_kept() -> None:
    till, priced = bought([line("wine"), line("cheese")], a=amount_off(214))
    (refund,) = give_back(Receipt(priced), till, {WINES: 1})
    assert refund.paid_back_minor == 990 - 99  # not 990, though the cheese alone would cost 936


def test_a_threshold_that_is_lost_takes_the_discount_back() -> None:
    till, priced = bought([line("wine", 2), line("cheese")], a=amount_off(500, min_spend_minor=3_000))
    refund, again = give_back(Receipt(priced), till, {WINES: 2}, {CHEESE: 1})
    assert refund.paid_back_minor == 2_630 - 1_150
    assert (refund.withheld_minor, refund.lost_coupons, refund.released_coupons) == (184, ("a",), ("a",))
    assert (again.paid_back_minor, again.lost_coupons) == (1_150, ())


def test_where_the_kept_part_costs_more_than_was_paid_nothing_is_paid_back_and_the_coupon_is_used() -> None:
    till, priced = bought([line("bread"), line("cheese")], a=amount_off(1_000, min_spend_minor=1_300))
    refund, rest = give_back(Receipt(priced), till, {("bread", 180): 1}, {CHEESE: 1})
    assert (refund.paid_back_minor, refund.lost_coupons, refund.released_coupons) == (0, ("a",), ())
    assert (rest.paid_back_minor, rest.released_coupons, rest.kept) == (330, ("a",), None)


def test_a_coupon_that_was_lost_stays_lost() -> None:
    # 4,300 - 500 leaves 3,800; of 4,100 it leaves 3,600, too little for b; 3,900 is too little for a and enough for b
    first, then = amount_off(500, min_spend_minor=4_000), amount_off(100, min_spend_minor=3_700, stacking_priority=1)
    tin = ("tin", 200)
    till, priced = bought([line("vase"), line("tin", 2, price=200)], a=first, b=then)
    refunds = give_back(Receipt(priced), till, {tin: 1}, {tin: 1})
    assert [one.lost_coupons for one in refunds] == [("b",), ("a",)]
    assert refunds[1].kept is not None
    assert refunds[1].kept.total_minor == 3_900


def test_what_is_withheld_is_parted_by_what_was_paid_and_what_is_made_up_for_is_told() -> None:
    held = amount_off(1_000, min_spend_minor=3_000)
    till, priced = bought([line("wine"), line("cheese"), line("bread", 5)], a=held)
    whole = give_back(Receipt(priced), till, {WINES: 1, ("bread", 180): 5})[0]
    # 3,040 - 1,000 was paid, 664 and 604 of it for these; the cheese is kept at 1,150
    assert [(one.product_id, one.paid_minor, one.paid_back_minor) for one in whole.lines] == [
        ("bread", 604, 424), ("wine", 664, 466),
    ]  # fmt: skip
    first, last = give_back(Receipt(priced), till, {WINES: 1}, {CHEESE: 1, ("bread", 180): 5})
    assert (first.paid_back_minor, first.made_up_minor) == (0, 0)  # what is kept costs 2,050
    assert (last.paid_back_minor, last.made_up_minor, last.withheld_minor) == (2_040, 664, -664)


def test_shipping_is_paid_back_with_the_last_unit() -> None:
    till, priced = bought([line("wine"), line("cheese")], fee=350)
    refunds = give_back(Receipt(priced), till, {WINES: 1}, {CHEESE: 1})
    assert [one.paid_back_minor for one in refunds] == [990, 1_500]


def test_shipping_that_is_no_longer_free_is_withheld() -> None:
    till, priced = bought([line("wine", 2), line("cheese")], fee=350, a=shipping(350, min_spend_minor=3_000))
    (refund,) = give_back(Receipt(priced), till, {WINES: 1})
    assert (refund.paid_back_minor, refund.withheld_minor) == (640, 350)


def test_points_paid_for_a_coupon_come_back_with_it_and_points_earned_go() -> None:
    coupon = {"kind": OfferKind.POINTS_REDEMPTION, "amount_minor": 400, "points_cost": 350, "min_spend_minor": 2_000}
    till, priced = bought([line("wine"), line("cheese")], points=400, a=coupon)
    (refund,) = give_back(Receipt(priced), till, {WINES: 1})
    # paid 1,740 less 1,150; earned by what was not paid with points: wine 805 twice and cheese 935, now 1,150 of cheese
    assert (refund.paid_back_minor, refund.points_back, priced.points_earned) == (590, 350, 25)
    assert refund.points_taken == 25 - 11


@pytest.mark.parametrize("units", [{WINES: 3}, {WINES: 0}, {WINES: -1}, {("wine", 5): 1}, {("tea", 400): 1}])
def test_what_was_not_bought_cannot_be_returned(units: dict[tuple[str, int], int]) -> None:
    till, priced = bought([line("wine", 2)])
    with pytest.raises(InputError, match="are left of the basket"):
        Receipt(priced).take_back(till, units)


@settings(max_examples=80, deadline=None, database=None, derandomize=True)
@given(definitions(), LINES, FEES, st.integers(0, 2), st.randoms(use_true_random=False), st.integers(1, 4))
def test_returns_in_any_order_add_up_to_the_whole_and_are_never_above_what_was_paid(
    given_offers: dict[str, Any], lines: list[BasketLine], fee: int, tier: int, random: Any, step: int
) -> None:
    till, priced = bought(lines, fee=fee, tier=tier, points=10**6, **given_offers)
    units = [one.key for one in priced.basket.lines for _ in range(one.quantity)]
    random.shuffle(units)
    receipt, points = Receipt(priced), [0, 0]
    for start in range(0, len(units), step):
        part = units[start : start + step]
        refund, receipt = receipt.take_back(till, {key: part.count(key) for key in part})
        paid = [
            one.net_minor * receipt.returned.get((one.product_id, one.unit_price_minor), 0) / one.quantity
            for one in priced.lines
        ]
        assert refund.paid_back_minor >= 0
        assert all(0 <= one.paid_back_minor <= one.paid_minor for one in refund.lines)
        assert {(one.product_id, one.unit_price_minor) for one in refund.lines} == set(part)
        of_lines = sum(one.paid_back_minor for one in refund.lines)
        assert refund.paid_back_minor == of_lines + refund.shipping_back_minor + refund.made_up_minor
        assert min(refund.shipping_back_minor, refund.made_up_minor) >= 0
        assert receipt.paid_back_minor <= sum(paid) + (priced.shipping_minor if refund.kept is None else 0)
        points = [points[0] + refund.points_back, points[1] + refund.points_taken]
        assert min(refund.points_back, refund.points_taken) >= 0
    assert receipt.paid_back_minor == priced.total_minor
    assert points == [priced.points_paid, priced.points_earned]
    assert set(receipt.released) == {one.offer_id for one in priced.used}
