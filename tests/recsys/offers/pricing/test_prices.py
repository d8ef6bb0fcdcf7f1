"""Prices of whole baskets, each worked out by hand."""

import pytest

from recsys.offers.pricing.priced import Choose, Search
from recsys.types import Channel, OfferKind
from tests.recsys.offers.pricing.shop import (
    amount_off,
    buy_get,
    codes,
    exclusive,
    line,
    offers,
    on_full,
    one_of,
    percent_off,
    price,
    programme,
    shipping,
    taken,
)

BASKET = [line("wine", 2), line("cheese"), line("bread", 3)]  # 1,980 + 1,150 + 540 = 3,670


def test_without_coupons_a_basket_costs_what_is_in_it() -> None:
    priced = price(offers(a=amount_off(100)), BASKET, coupons=[], shipping_minor=350)
    assert (priced.gross_minor, priced.goods_minor, priced.total_minor) == (3_670, 3_670, 4_020)
    assert (priced.points_earned, priced.used, priced.unused) == (None, (), ())


def test_an_amount_is_parted_over_the_lines_by_what_they_cost() -> None:
    priced = price(offers(a=amount_off(500, min_spend_minor=3_670)), BASKET)
    assert priced.total_minor == 3_170
    # bread 540, cheese 1,150, wine 1,980 of 3,670: 73.57, 156.68, 269.75: one unit each for the larger remainders
    assert [sum(one.amount_minor for one in each.discounts) for each in priced.lines] == [73, 157, 270]


def test_below_the_minimum_the_gap_is_told() -> None:
    (unused,) = price(offers(a=amount_off(500, min_spend_minor=5_000)), BASKET).unused
    assert (unused.code, unused.gap) == ("below_min_spend", 1_330)


def test_the_minimum_counts_on_what_is_in_scope() -> None:
    definition = amount_off(500, min_spend_minor=2_000, scope=["wine"])
    assert codes(price(offers(a=definition), BASKET)) == {"a": "below_min_spend"}
    assert price(offers(a=definition), [*BASKET, line("wine", 1, price=20)]).total_minor == 3_190


def test_shares_round_down_once_for_the_whole_coupon() -> None:
    # 15 % of 3,670 is 550.5; line by line it would be 81 + 172 + 297 = 550 too, of 7 % 37 + 80 + 138 = 255, not 256
    assert taken(price(offers(a=percent_off(15)), BASKET)) == {"a": 550}
    assert taken(price(offers(a=percent_off(7)), BASKET)) == {"a": 256}


def test_a_share_has_a_most() -> None:
    assert taken(price(offers(a=percent_off(50, max_discount_minor=700)), BASKET)) == {"a": 700}


def test_of_three_wines_and_two_cheeses_the_cheapest_of_each_three_is_free() -> None:
    lines = [line("wine", 3), line("cheese", 2)]  # 1,150 1,150 990 | 990 990
    assert taken(price(offers(a=buy_get(2, 1)), lines)) == {"a": 990}
    assert taken(price(offers(a=buy_get(1, 1)), lines)) == {"a": 1_150 + 990}


def test_with_too_few_units_the_missing_ones_are_told() -> None:
    (unused,) = price(offers(a=buy_get(3, 2, scope=["wine"])), BASKET).unused
    assert (unused.code, unused.gap) == ("too_few_units", 3)


def test_shipping_comes_off_the_fee_and_no_more() -> None:
    priced = price(offers(a=shipping(500)), BASKET, shipping_minor=350)
    assert (priced.shipping_minor, priced.total_minor, taken(priced)) == (0, 3_670, {"a": 350})
    assert price(offers(a=shipping(200)), BASKET, shipping_minor=350).shipping_minor == 150
    assert codes(price(offers(a=shipping(200)), BASKET)) == {"a": "no_effect"}


def test_points_pay_where_the_member_has_them_and_agrees() -> None:
    definition = offers(a={"kind": OfferKind.POINTS_REDEMPTION, "amount_minor": 300, "points_cost": 250})
    paid = price(definition, BASKET, points=250)
    assert (paid.total_minor, paid.points_paid) == (3_370, 250)
    (short,) = price(definition, BASKET, points=249).unused
    assert (short.code, short.gap) == ("not_enough_points", 1)
    assert codes(price(definition, BASKET, points=250, pays_points=False)) == {"a": "asks_for_points"}


def test_a_gift_is_taken_though_it_costs_the_member_nothing_less() -> None:
    priced = price(offers(a={"kind": OfferKind.GIFT, "amount_minor": 900, "min_spend_minor": 3_000}), BASKET)
    assert (priced.gifts, priced.total_minor, priced.used[0].worth_minor) == (("a",), 3_670, 900)


def test_a_nudge_gives_nothing() -> None:
    assert codes(price(offers(a={"kind": OfferKind.NUDGE}), BASKET)) == {"a": "gives_nothing"}


def test_points_of_drinks_count_twice_and_a_multiplier_adds_to_that() -> None:
    rules = programme()
    plain = price(offers(a=amount_off(1)), BASKET, coupons=[], rules=rules)
    assert plain.points_earned == (1_980 * 2 + 1_150 + 540) // 100  # 56
    tripled = {"kind": OfferKind.POINTS_MULTIPLIER, "multiplier_bp": 30_000, "scope": ["cheese"]}
    priced = price(offers(a=tripled), BASKET, rules=rules)
    assert (priced.points_earned, priced.used[0].points_extra) == (56 + 23, 23)


def test_a_higher_tier_pays_less_after_all_coupons_and_keeps_its_points() -> None:
    priced = price(offers(a=amount_off(670)), BASKET, rules=programme(), tier=2, shipping_minor=350)
    assert taken(priced) == {"a": 670, "gold": 97 + 350}  # 3.25 % of 3,000, and shipping
    assert (priced.total_minor, priced.tier) == (2_903, "gold")
    # coupons part as bread 99, cheese 210, wine 361: (441 + 940 + 2 x 1,619) x 1.5 by the higher of tier and category
    assert priced.points_earned == (441 * 15 + 940 * 15 + 1_619 * 20) // 1_000


def test_the_first_in_priority_lowers_what_the_next_counts_on() -> None:
    first, then = percent_off(10, stacking_priority=1), percent_off(20, stacking_priority=2)
    assert taken(price(offers(b=first, a=then), [line("vase")])) == {"b": 390, "a": 702}
    assert taken(price(offers(b=first, a=on_full(then)), [line("vase")])) == {"b": 390, "a": 780}


def test_a_minimum_on_full_prices_is_met_whatever_comes_before() -> None:
    first, then = amount_off(500, stacking_priority=1), amount_off(300, min_spend_minor=3_900, stacking_priority=2)
    given = price(offers(a=first, b=then), [line("vase")], choose=Choose.GIVEN)
    assert (taken(given), codes(given), given.unused[0].gap) == ({"a": 500}, {"b": "below_min_spend"}, 500)
    assert taken(price(offers(a=first, b=on_full(then)), [line("vase")])) == {"a": 500, "b": 300}


def test_coupons_on_full_prices_never_take_more_than_there_is() -> None:
    both = offers(a=on_full(percent_off(80)), b=on_full(percent_off(70)))
    assert taken(price(both, [line("vase")])) == {"a": 3_120, "b": 780}


def test_of_a_group_the_best_is_used_and_the_others_say_which() -> None:
    grouped = offers(a=one_of(4, amount_off(300)), b=one_of(4, percent_off(10)), c=one_of(5, amount_off(50)))
    priced = price(grouped, BASKET)
    assert taken(priced) == {"b": 367, "c": 50}
    assert [(one.offer_id, one.code, one.by) for one in priced.unused] == [("a", "excluded_by_stacking", "b")]


def test_an_exclusive_coupon_is_used_alone_or_not_at_all() -> None:
    both = offers(a=amount_off(300), b=amount_off(300), c=exclusive(amount_off(601)))
    assert taken(price(both, BASKET)) == {"c": 601}
    less = offers(a=amount_off(300), b=amount_off(300), c=exclusive(amount_off(599)))
    assert taken(price(less, BASKET)) == {"a": 300, "b": 300}


def test_an_exclusive_coupon_that_comes_first_shuts_out_what_follows() -> None:
    both = offers(a=exclusive(amount_off(300)), b=amount_off(200))
    for choose in Choose:
        priced = price(both, BASKET, choose=choose)
        assert (taken(priced), codes(priced)) == ({"a": 300}, {"b": "excluded_by_stacking"})


def test_of_two_steps_of_a_ladder_one_is_used() -> None:
    steps = offers(deep=amount_off(500, min_spend_minor=3_600, ladder=2), low=amount_off(300, ladder=2))
    assert taken(price(steps, BASKET)) == {"deep": 500}
    assert taken(price(steps, [line("cheese")])) == {"low": 300}
    same = offers(a=amount_off(300, ladder=0), b=amount_off(300, ladder=0))
    assert taken(price(same, BASKET)) == {"a": 300}


def test_given_coupons_are_used_in_their_order_even_where_others_would_be_cheaper() -> None:
    both = offers(a=one_of(1, amount_off(100)), b=one_of(1, amount_off(900)))
    priced = price(both, BASKET, choose=Choose.GIVEN)
    assert (taken(priced), priced.search) == ({"a": 100}, Search.GIVEN)


def test_of_equal_totals_the_fewest_coupons_then_the_first_ids() -> None:
    assert taken(price(offers(a=amount_off(180), b=amount_off(180)), [line("bread")])) == {"a": 180}
    three = offers(a=amount_off(90), b=amount_off(90), c=amount_off(180))
    assert taken(price(three, [line("bread")])) == {"c": 180}


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        (amount_off(100, valid_from=1, valid_until=2), "not_valid_now"),
        (amount_off(100, tier_mask=0b100), "tier_not_allowed"),
        (amount_off(100, tier_mask=0), "tier_not_allowed"),
        (amount_off(100, total_limit=0), "limit_reached"),
        (amount_off(100, budget_minor=0), "limit_reached"),
        (amount_off(100, scope=["vase"]), "out_of_scope"),
        (amount_off(100, scope_empty=True), "out_of_scope"),
        (amount_off(0), "gives_nothing"),
        (amount_off(100, max_discount_minor=0), "gives_nothing"),
        (buy_get(2, 0), "gives_nothing"),
        ({"kind": OfferKind.POINTS_MULTIPLIER, "multiplier_bp": 10_000}, "gives_nothing"),
    ],
)
def test_why_a_coupon_is_not_used_is_a_stable_code(definition: dict[str, object], code: str) -> None:
    from_web = price(offers(a=definition), BASKET, channel="web", tier=1)
    assert (codes(from_web), from_web.total_minor) == ({"a": code}, 3_670)


@pytest.mark.parametrize("mask", [0b0010, 0])
def test_a_coupon_carried_by_one_channel_is_good_in_all_others(mask: int) -> None:
    assert taken(price(offers(a=amount_off(100, channel_mask=mask)), BASKET, channel=Channel.WEB)) == {"a": 100}


def test_a_coupon_that_a_member_had_in_a_lower_tier_is_good_in_a_higher_one() -> None:
    assert taken(price(offers(a=amount_off(100, tier_mask=0b001)), BASKET, tier=2)) == {"a": 100}


def test_an_unknown_coupon_and_one_named_twice_change_nothing() -> None:
    priced = price(offers(a=amount_off(100)), BASKET, coupons=["a", "nope", "a"])
    assert (taken(priced), codes(priced)) == ({"a": 100}, {"nope": "unknown_coupon"})
