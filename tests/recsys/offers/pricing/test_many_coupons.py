"""More coupons than are searched in every combination: what is found beyond the search, and what still holds."""

from typing import Any

import pytest

from recsys.offers.pricing.priced import PricedBasket, Search
from recsys.types import OfferKind
from tests.recsys.offers.pricing.shop import (
    amount_off,
    buy_get,
    codes,
    exclusive,
    line,
    offers,
    one_of,
    percent_off,
    price,
    programme,
    shipping,
)

TWELVE = {f"c{n:02}": amount_off(100 + n) for n in range(12)}


def in_each_tier(held: dict[str, Any], *, fee: int = 0) -> list[PricedBasket]:
    known = offers(**held)
    return [price(known, [line("vase")], tier=tier, rules=programme(), shipping_minor=fee) for tier in range(3)]


def test_coupons_beyond_those_searched_are_used_where_they_make_it_cheaper() -> None:
    priced = price(offers(**TWELVE, z=amount_off(7)), [line("vase")])
    assert (priced.search, priced.total_minor, priced.unused) == (Search.PARTIAL, 3_900 - 1_266 - 7, ())


def test_one_that_was_not_searched_and_does_not_go_with_the_others_says_so() -> None:
    held = TWELVE | {"c00": one_of(0, amount_off(100)), "z": one_of(0, amount_off(99))}
    assert codes(price(offers(**held), [line("vase")])) == {"z": "not_searched"}


def test_one_coupon_more_for_a_higher_tier_never_makes_it_pay_more() -> None:
    # by itself z saves more than c00, so that c00 is not among the twelve searched; with the others it saves nothing
    paid = in_each_tier({**TWELVE, "z": exclusive(amount_off(113, tier_mask=0b110))})
    assert [one.search for one in paid] == [Search.EXACT, Search.PARTIAL, Search.PARTIAL]
    without = [one.total_minor for one in in_each_tier(TWELVE)]
    assert [one.total_minor for one in paid] == without == [2_634, 2_595, 2_549]


def test_what_a_lower_tier_finds_is_looked_at_where_others_shut_it_out() -> None:
    # each of the twelve saves more than a or b alone, and the two together save more than any of them
    group = {f"d{n:02}": exclusive(amount_off(400 + n, tier_mask=0b100)) for n in range(12)}
    paid = in_each_tier({"a": amount_off(300), "b": amount_off(301), **group})
    assert [one.total_minor for one in paid] == [3_299, 3_250, 3_192]
    assert [[used.offer_id for used in one.used] for one in paid] == [["a", "b"]] * 3


@pytest.mark.parametrize("fee", [0, 350])
def test_tiers_pay_and_earn_in_their_order_with_thirty_coupons_of_all_kinds(fee: int) -> None:
    held: dict[str, Any] = {}
    for n in range(30):
        gives: list[dict[str, Any]] = [
            amount_off(40 + 17 * n, min_spend_minor=130 * n), percent_off(1 + n), shipping(90 + n),
            buy_get(1 + n % 2, 1),
            {"kind": OfferKind.POINTS_MULTIPLIER, "multiplier_bp": 12_000 + 500 * n},
        ]  # fmt: skip
        definition = {**gives[n % 5], "tier_mask": [0b111, 0b110, 0b100][n % 3], "stacking_priority": n % 4}
        held[f"c{n:02}"] = exclusive(definition) if n % 7 == 3 else one_of(n % 2, definition) if n % 2 else definition
    paid = in_each_tier(held, fee=fee)
    assert paid[2].search is Search.PARTIAL
    assert paid[0].total_minor >= paid[1].total_minor >= paid[2].total_minor
    earned = [one.points_earned or 0 for one in paid]
    assert earned == sorted(earned)
