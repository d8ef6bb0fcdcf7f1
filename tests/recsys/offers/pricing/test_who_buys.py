"""Limits of coupons, benefits of tiers over time, and what a pricer refuses."""

import re
from dataclasses import replace

import pytest

from recsys.errors import InputError
from recsys.loyalty.programme import parse_programme
from recsys.offers.definitions import Stacking
from recsys.offers.pricing.basket import MOST_UNIT_MINOR, Basket, BasketLine
from recsys.offers.pricing.priced import Buyer, Choose
from recsys.offers.pricing.pricer import BasketPricer
from recsys.offers.pricing.tiers import TierPrice, tier_prices
from recsys.types import OfferKind
from tests.recsys.offers.pricing.shop import (
    NOW,
    PROGRAMME,
    TIERS,
    amount_off,
    line,
    offers,
    one_of,
    price,
    pricer,
    programme,
    shipping,
)
from tests.worlds import small_knowledge


@pytest.mark.parametrize(
    ("buyer", "limit"),
    [
        (Buyer(redeemed={"a": 2}), "per_member"),
        (Buyer(redeemed={"a": 1}, redeemed_by_all={"a": 7}), "total"),
        (Buyer(spent_minor={"a": 900}), "budget"),
        (Buyer(redeemed={"a": 1, "b": 9}, redeemed_by_all={"a": 6}, spent_minor={"a": 899}), ""),
    ],
)
def test_a_coupon_is_good_until_one_of_its_limits_is_used_up(buyer: Buyer, limit: str) -> None:
    definition = offers(a=amount_off(100, per_member_limit=2, total_limit=7, budget_minor=900))
    priced = pricer(definition).price(Basket.of([line("wine")]), ["a"], buyer=buyer, now=NOW)
    assert [one.by for one in priced.unused] == ([limit] if limit else [])


@pytest.mark.parametrize(("mask", "least"), [(0b110, "silver"), (0b1000, "no tier there is"), (0, "no tier there is")])
def test_for_which_tier_a_coupon_is_is_told_even_where_there_is_none(mask: int, least: str) -> None:
    priced = price(offers(a=amount_off(100, tier_mask=mask)), [line("wine")])
    assert [one.detail for one in priced.unused] == [f"it is for {least} and above; this is ordinary"]


def test_points_are_shared_out_among_coupons() -> None:
    both = offers(a=amount_off(300, points_cost=60), b=amount_off(250, points_cost=50))
    priced = price(both, [line("wine")], points=100)
    assert ([one.offer_id for one in priced.used], priced.points_paid) == (["a"], 60)
    assert [(one.code, one.gap) for one in priced.unused] == [("not_enough_points", 10)]


@pytest.mark.parametrize("choose", Choose)
def test_where_nobodys_points_are_known_no_coupon_that_costs_any_is_used(choose: Choose) -> None:
    held = offers(a=amount_off(300, points_cost=60), b=amount_off(250))
    priced = price(held, [line("wine")], points=None, choose=choose)
    assert ([one.offer_id for one in priced.used], priced.points_paid) == (["b"], 0)
    (unused,) = priced.unused
    assert (unused.code, unused.gap) == ("not_enough_points", None)
    assert unused.detail == "it costs 60 points, and no known member was named; name the member who pays"


def test_coupons_cost_their_points_once_together() -> None:
    held = pricer(offers(a=amount_off(300, points_cost=60), b=amount_off(250), c=amount_off(1, points_cost=7)))
    assert (held.points_cost(["a", "a", "c", "nope"]), held.points_cost(["b"])) == (67, 0)


def test_of_equal_prices_the_one_that_costs_fewer_points_is_taken() -> None:
    both = offers(a=one_of(0, amount_off(300, points_cost=60)), b=one_of(0, amount_off(300, points_cost=59)))
    assert [one.offer_id for one in price(both, [line("wine")], points=100).used] == ["b"]


@pytest.mark.parametrize("choose", Choose)
def test_a_coupon_for_shipping_is_kept_where_the_tier_ships_for_nothing(choose: Choose) -> None:
    held = offers(a={**shipping(350), "stacking": Stacking.EXCLUSIVE}, b=amount_off(40))
    priced = price(held, [line("vase")], tier=2, rules=programme(), shipping_minor=350, choose=choose)
    assert ([one.offer_id for one in priced.used], priced.unused[0].offer_id) == (["b"], "a")
    assert priced.shipping_minor == 0


def test_a_tier_that_ships_for_nothing_and_so_chooses_another_coupon_earns_no_less() -> None:
    rules = parse_programme(
        re.sub(r"points_multiplier_bp: \d+, ", "", PROGRAMME).replace("      tiers: {silver: 12500, gold: 15000}\n", "")
    )
    held = offers(a=one_of(0, shipping(350)), b=one_of(0, amount_off(300)))
    lowest, highest = (price(held, [line("vase")], tier=tier, rules=rules, shipping_minor=350) for tier in (0, 2))
    assert [[one.offer_id for one in priced.used] for priced in (lowest, highest)] == [["a"], ["b"]]
    assert (lowest.points_earned, highest.points_earned, highest.points_by_tier) == (39, 39, "ordinary")


def test_shipping_is_free_from_a_price_after_coupons_and_before_the_tiers_own_discount() -> None:
    lines = [line("wine", 1, price=2_600)]
    assert price(offers(a=amount_off(100)), lines, tier=2, rules=programme(), shipping_minor=9).shipping_minor == 0
    # 2,499 would cost the shipping: without the coupon it is 2,600 - 84
    dearer = price(offers(a=amount_off(101)), lines, tier=2, rules=programme(), shipping_minor=250)
    assert (dearer.total_minor, dearer.unused[0].code) == (2_516, "not_cheaper")


def test_the_benefits_are_those_of_the_ladder_in_force() -> None:
    tiers_only = re.sub(r"points_multiplier_bp: \d+, ", "", PROGRAMME.partition("points:\n")[0])
    rules = parse_programme(tiers_only + NEXT_LADDER)
    assert tier_prices(rules, TIERS, NOW)[2] == TierPrice("gold", "gold", 325, 2_500)
    later = tier_prices(rules, TIERS, NOW + 10**8)
    assert [one.standing_discount_bp for one in later] == [0, 0, 500]  # silver is ordinary by then
    assert tier_prices(rules, TIERS, 0) == tuple(TierPrice(name, "ordinary") for name in TIERS)


NEXT_LADDER = """  - from: 2025-01-01
    window: {rolling_months: 12}
    downgrade: {review: continuous}
    instead: {silver: ordinary}
    tiers:
      - name: ordinary
      - name: gold
        entry: {spend_minor: 50000}
        benefits: {standing_discount_bp: 500}
"""


def test_a_tier_that_the_programme_never_had_is_worth_the_one_below() -> None:
    prices = tier_prices(programme(), ("ordinary", "silver", "velvet", "gold"), NOW)
    assert [one.standing_discount_bp for one in prices] == [0, 150, 150, 325]


def test_a_tier_that_the_programme_never_had_earns_what_the_tier_below_earns() -> None:
    till = replace(pricer(offers(a=amount_off(1)), programme()), tiers=("ordinary", "silver", "velvet", "gold"))
    earned = [
        till.price(Basket.of([line("vase")]), [], buyer=Buyer(tier=tier), now=NOW).points_earned for tier in range(4)
    ]
    assert earned == [39, 48, 48, 58]  # of 39.00, by 1, 1.25, 1.25 and 1.5


def test_a_tier_that_the_ladder_has_no_more_earns_what_stands_for_it_earns() -> None:
    later = """  - from: 2025-01-01
    earning: {per_minor: 100, tiers: {ordinary: 11000, gold: 15000}}
    redemption: {points: 100, worth_minor: 100}
"""
    ladder = NEXT_LADDER.replace("- name: ordinary", "- {name: ordinary, benefits: {points_multiplier_bp: 11000}}")
    ladder = ladder.replace("standing_discount_bp: 500", "points_multiplier_bp: 15000, standing_discount_bp: 500")
    rules = parse_programme(PROGRAMME.replace("points:\n", ladder + "points:\n") + later)
    till = pricer(offers(a=amount_off(1)), rules)
    earned = [
        till.price(Basket.of([line("vase")]), [], buyer=Buyer(tier=tier), now=NOW + 10**8).points_earned
        for tier in range(3)
    ]
    assert earned == [42, 42, 58]  # of 39.00; silver is ordinary by then


def test_before_the_first_rules_of_points_nothing_is_said_of_them() -> None:
    till = pricer(offers(a=amount_off(1, valid_from=0)), programme())
    assert till.price(Basket.of([line("wine")]), ["a"], buyer=Buyer(), now=5).points_earned is None


def test_the_tier_whose_coupons_earn_more_is_named() -> None:
    # gold alone may use it and pays 390 for it; silver earns on 990
    rules = parse_programme(PROGRAMME.replace("      categories: {drinks: 20000}\n", ""))
    priced = price(offers(a=amount_off(600, tier_mask=0b100)), [line("wine")], tier=2, rules=rules)
    assert (priced.points_earned, priced.points_by_tier) == (990 * 125 // 10_000, "silver")


def test_a_gift_that_shuts_out_a_multiplier_takes_no_points_from_a_higher_tier() -> None:
    tenfold = {"kind": OfferKind.POINTS_MULTIPLIER, "multiplier_bp": 100_000, "stacking": Stacking.EXCLUSIVE}
    gift = {"kind": OfferKind.GIFT, "amount_minor": 900, "stacking": Stacking.EXCLUSIVE, "tier_mask": 0b100}
    priced = price(offers(a=tenfold, b=gift), [line("vase")], tier=2, rules=programme())
    assert (priced.gifts, priced.points_by_tier) == (("b",), "silver")
    assert priced.points_earned == 48 + 438  # of 39.00 by 1.25, and nine times that


def test_a_programme_in_another_currency_is_refused() -> None:
    rules = parse_programme(PROGRAMME.replace("currency: GBP", "currency: EUR"))
    with pytest.raises(InputError, match="the programme counts in EUR, the bundle in GBP"):
        BasketPricer.of(small_knowledge(), rules)


def test_products_without_a_list_price_need_one() -> None:
    till = BasketPricer.of(small_knowledge(), None)
    catalogue = replace(till.catalogue, price_minor=till.catalogue.price_minor * 0 - 1)
    assert till.lines([("p004", 2, None)])[0].quantity == 2
    assert till.lines([("caviar", 1, 7)])[0] == BasketLine("caviar", 7, 1, -1)
    with pytest.raises(InputError, match="'caviar' is not in the bundle; give its unit_price_minor"):
        till.lines([("caviar", 1, None)])
    with pytest.raises(InputError, match="'p004' has no list price"):
        replace(till, catalogue=catalogue).lines([("p004", 1, None)])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "has 0 lines; it may have 1 to 500"),
        ([line("tea", 0)], "the quantity of 'tea' is 0"),
        ([line("tea", -3)], "the quantity of 'tea' is -3"),
        ([line("tea", 10_001)], "it may be 1 to 10000"),
        ([line("tea", 6_000), line("tea", 6_000)], "its lines together, is 12000"),
        ([line("tea", 1, price=-1)], "the unit price of 'tea' is -1"),
        ([line("tea", 1, price=MOST_UNIT_MINOR + 1)], "the unit price of 'tea' is 1000000001"),
        ([line("tea", 10_000, price=10**8), line("wine")], "the basket is 1000000000990"),
    ],
)
def test_impossible_baskets_are_refused_with_the_value(lines: list[BasketLine], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Basket.of(lines)


def test_the_largest_basket_is_priced_exactly() -> None:
    held = offers(a=amount_off(10**9), b={**amount_off(0), "kind": "percent_off", "percent_bp": 9_999})
    priced = price(held, [line("tea", 10_000, price=10**8)])
    assert priced.total_minor == 10**12 - 10**9 - (10**12 - 10**9) * 9_999 // 10_000
