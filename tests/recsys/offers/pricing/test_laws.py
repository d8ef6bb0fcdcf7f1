"""Laws of prices, for any basket and any coupons."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.offers.pricing.basket import BasketLine
from recsys.offers.pricing.priced import Choose, PricedBasket
from tests.recsys.offers.pricing.shop import TIERS, line, offers, price, programme
from tests.recsys.offers.pricing.strategies import FEES, LINES, definitions

RULES = programme()
MODES = st.sampled_from(list(Choose))
TIER = st.integers(0, len(TIERS) - 1)
law = settings(max_examples=120, deadline=None, database=None, derandomize=True)


@law
@given(definitions(), LINES, FEES, MODES, TIER)
def test_the_parts_add_up_and_nothing_is_below_zero_or_above_its_price(
    given_offers: dict[str, Any], lines: list[BasketLine], fee: int, choose: Choose, tier: int
) -> None:
    priced = price(offers(**given_offers), lines, shipping_minor=fee, choose=choose, tier=tier, rules=RULES)
    for one in priced.lines:
        assert one.gross_minor == one.quantity * one.unit_price_minor
        assert 0 <= one.net_minor == one.gross_minor - sum(each.amount_minor for each in one.discounts)
        assert all(each.amount_minor > 0 for each in one.discounts)
    assert priced.gross_minor == sum(one.gross_minor for one in priced.lines)
    assert priced.goods_minor == sum(one.net_minor for one in priced.lines)
    assert priced.discount_minor == priced.gross_minor - priced.goods_minor
    assert 0 <= priced.shipping_minor == fee - sum(one.amount_minor for one in priced.shipping_discounts)
    assert priced.total_minor == priced.goods_minor + priced.shipping_minor
    for used in priced.used:
        of_lines = sum(each.amount_minor for one in priced.lines for each in one.discounts if each.id == used.offer_id)
        assert of_lines == used.goods_minor <= used.worth_minor
        cap = given_offers[used.offer_id]["max_discount_minor"]
        assert cap < 0 or used.goods_minor + used.shipping_minor <= cap
    names = [one.offer_id for one in (*priced.used, *priced.unused)]
    assert sorted(names) == sorted(given_offers)


@law
@given(definitions(), LINES, FEES, MODES, TIER, st.randoms(use_true_random=False))
def test_neither_the_order_of_lines_nor_that_of_coupons_nor_how_lines_are_cut_matters(
    given_offers: dict[str, Any], lines: list[BasketLine], fee: int, choose: Choose, tier: int, random: Any
) -> None:
    known = offers(**given_offers)

    def priced(basket: list[BasketLine], coupons: list[str]) -> PricedBasket:
        return price(known, basket, coupons=coupons, shipping_minor=fee, choose=choose, tier=tier, rules=RULES)

    single = [line(one.product_id, 1, one.unit_price_minor) for one in lines for _ in range(one.quantity)]
    coupons = list(given_offers)
    before = copy.deepcopy((lines, coupons))
    answer = priced(lines, coupons)
    assert (lines, coupons) == before
    random.shuffle(single)
    random.shuffle(coupons)
    assert priced(single, coupons) == answer


@law
@given(definitions(), LINES, FEES, TIER, st.data())
def test_with_one_coupon_fewer_the_best_price_is_never_lower(
    given_offers: dict[str, Any], lines: list[BasketLine], fee: int, tier: int, data: st.DataObject
) -> None:
    known = offers(**given_offers)
    fewer = [one for one in given_offers if one != data.draw(st.sampled_from(sorted(given_offers)))]
    points = data.draw(st.sampled_from([None, 0, 300, 900]))
    totals = [
        price(known, lines, coupons=held, shipping_minor=fee, tier=tier, rules=RULES, points=points).total_minor
        for held in (fewer, list(given_offers))
    ]
    assert totals[0] >= totals[1]


@law
@given(definitions(), LINES, FEES, st.sampled_from([None, 0, 300]))
def test_a_higher_tier_never_pays_more_and_never_earns_less(
    given_offers: dict[str, Any], lines: list[BasketLine], fee: int, points: int | None
) -> None:
    known = offers(**given_offers)
    tiers = [price(known, lines, shipping_minor=fee, tier=tier, rules=RULES, points=points) for tier in range(3)]
    assert tiers[0].total_minor >= tiers[1].total_minor >= tiers[2].total_minor
    earned = [one.points_earned or 0 for one in tiers]
    assert earned == sorted(earned)


@law
@given(definitions(), LINES, FEES, TIER)
def test_the_best_combination_is_never_dearer_than_the_coupons_in_their_order(
    given_offers: dict[str, Any], lines: list[BasketLine], fee: int, tier: int
) -> None:
    known = offers(**given_offers)
    best, in_order = (
        price(known, lines, shipping_minor=fee, choose=choose, tier=tier, rules=RULES)
        for choose in (Choose.BEST, Choose.GIVEN)
    )
    assert best.total_minor <= in_order.total_minor <= best.gross_minor + fee


@law
@given(definitions(), LINES, FEES, TIER)
def test_the_coupons_chosen_give_the_same_price_when_they_alone_are_given(
    given_offers: dict[str, Any], lines: list[BasketLine], fee: int, tier: int
) -> None:
    known = offers(**given_offers)
    best = price(known, lines, shipping_minor=fee, tier=tier, rules=RULES)
    chosen = [one.offer_id for one in best.used]
    again = price(known, lines, coupons=chosen, shipping_minor=fee, tier=tier, rules=RULES, choose=Choose.GIVEN)
    assert (again.used, again.lines, again.total_minor, again.unused) == (best.used, best.lines, best.total_minor, ())
