"""The gap to a threshold and what closes it, against a search over all sets of products."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.batch import build_batch
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.offers.gap import Gap, Wanted, find_gap
from recsys.ragged import Ragged
from tests.worlds import small_knowledge

PRICES = [900, 250, 700, 40, 1_500, -1, 0, 330]
PLAIN = small_knowledge()


def world(threshold: int = 10_000, scope: tuple[int, ...] = ()) -> Knowledge:
    prices = PLAIN.catalogue.price_minor.copy()
    prices[: len(PRICES)] = PRICES
    least = np.full(len(PLAIN.offers), threshold, dtype=np.int64)
    scopes = Ragged.of([list(scope)] + [[] for _ in range(len(PLAIN.offers) - 1)])
    offers = replace(PLAIN.offers, min_spend_minor=least, scope=scopes)
    return replace(PLAIN, catalogue=replace(PLAIN.catalogue, price_minor=prices), offers=offers)


def gap(missing: int, usual: list[int], new: list[int] | None = None, *, basket: tuple[str, ...] = (), **told) -> Gap:
    knowledge = world(**told)
    batch = build_batch([Subject("m003", basket=basket)], knowledge)
    batch = replace(batch, basket_minor=np.array([10_000 - missing]))
    found = find_gap(batch, 0, 0, wanted=lambda: Wanted(usual, new or []), knowledge=knowledge)
    assert found is not None
    return found


def test_one_product_that_closes_it_with_least_beyond_comes_first() -> None:
    found = gap(300, [0, 1, 7, 2])
    assert (found.products, found.missing_minor, found.added_minor) == ((7,), 300, 330)
    assert (found.threshold_minor, found.spend_minor) == (10_000, 9_700)


def test_what_the_member_usually_buys_comes_before_what_fits_better() -> None:
    assert gap(300, [0], [7]).products == (0,)
    assert gap(300, [1], [7]).products == (7,)  # the usual one is too little, and one product before two


def test_two_products_where_no_one_is_enough() -> None:
    assert gap(1_000, [1, 2, 0, 7]).products == (2, 7)


def test_three_products_at_most() -> None:
    assert gap(1_180, [7, 1, 3, 2], threshold=10_000).products == (7, 1, 2)
    assert gap(5_000, [0, 1, 2, 7]).products == ()


def test_products_without_a_price_are_never_proposed() -> None:
    assert gap(300, [5, 6]).products == ()


def test_of_an_offer_with_a_scope_only_products_in_it_count() -> None:
    found = gap(300, [0, 1, 2], scope=(1, 2), threshold=600)
    assert (found.products, found.spend_minor, found.missing_minor) == ((2,), 0, 600)


def test_a_basket_stands_for_itself_and_is_not_proposed_again() -> None:
    found = gap(0, [4, 0, 1], basket=("p004", "p004"), threshold=3_250)
    assert (found.spend_minor, found.missing_minor, found.products) == (3_000, 250, (1,))


def test_what_lies_in_the_basket_is_not_proposed_even_where_it_fits_best() -> None:
    assert gap(0, [1, 0], basket=("p001",), threshold=500).products == (0,)


def test_a_product_of_unknown_price_in_the_basket_takes_nothing_off_it() -> None:
    found = gap(0, [0, 1], basket=("p004", "p005"), threshold=1_700)
    assert (found.spend_minor, found.missing_minor) == (1_500, 200)


@pytest.mark.parametrize("spend", [10_000, 10_001])
def test_there_is_no_gap_where_the_threshold_is_reached(spend: int) -> None:
    knowledge = world()
    batch = replace(build_batch([Subject("m003")], knowledge), basket_minor=np.array([spend]))
    assert find_gap(batch, 0, 0, wanted=lambda: Wanted([0], []), knowledge=knowledge) is None


def test_an_offer_without_a_threshold_has_no_gap() -> None:
    knowledge = world(threshold=0)
    batch = build_batch([Subject("m003")], knowledge)
    assert find_gap(batch, 0, 0, wanted=lambda: Wanted([0], []), knowledge=knowledge) is None


def test_an_offer_for_some_products_needs_one_of_them_whatever_its_threshold() -> None:
    found = gap(0, [0, 2, 1], scope=(1, 2), threshold=0)
    assert (found.products, found.missing_minor, found.assumed, found.scoped) == ((2,), 0, True, True)
    knowledge = world(threshold=0, scope=(1, 2))
    batch = build_batch([Subject("m003", basket=("p002",))], knowledge)
    assert find_gap(batch, 0, 0, wanted=lambda: Wanted([1], []), knowledge=knowledge) is None


def test_it_is_said_whether_a_basket_was_there() -> None:
    assert gap(300, [0]).assumed
    assert not gap(0, [0], basket=("p004",), threshold=1_600).assumed


@settings(max_examples=60)
@given(st.permutations(range(8)), st.integers(1, 4_500))
def test_as_few_as_close_it_and_of_one_or_two_the_cheapest(order: list[int], missing: int) -> None:
    usable = [row for row in order if PRICES[row] > 0]
    sums = {
        size: [sum(PRICES[row] for row in some) for some in combinations(usable, size)] for size in (1, 2, 3)
    }  # fmt: skip
    able = next((size for size in (1, 2, 3) if max(sums[size]) >= missing), 0)
    found = gap(missing, list(order))
    assert len(found.products) == able
    if able:
        assert found.added_minor >= missing
    if able in (1, 2):
        assert found.added_minor == min(total for total in sums[able] if total >= missing)
