"""Prices that close what is used up, and that floors and parity leave alone."""

import numpy as np
import pytest

from recsys.offers.allocation.allocate import allocate
from recsys.offers.allocation.prices import limit_prices
from recsys.offers.allocation.rows import COUNT, DISCOUNT, Row, Sense, budget, floor, parity, share_floor, stock
from tests.recsys.offers.allocation.problems import problem

FOUR = problem([[90, 8], [60, 5], [44, -3], [30, 2]], [[10, 0], [10, 0], [11, 0], [12, 0]], tier=np.array([0, 0, 1, 1]))


def takers(one, price):
    """Who still takes the first offer when every minor unit of it costs so much."""
    return np.flatnonzero(one.values[:, 0] - price * one.discount[:, 0] > 1e-6).tolist()


def test_a_budget_of_nothing_costs_what_a_unit_is_worth_to_whom_it_is_worth_most():
    found = limit_prices(FOUR, [budget("none", 0)])
    assert found.price.tolist() == [9]
    assert found.closed.tolist() == [True]
    (use,) = allocate(FOUR, [budget("none", 0)]).rows
    assert (use.price, use.used) == (9, 0)


def test_a_budget_below_the_smallest_discount_is_closed_too():
    found = limit_prices(FOUR, [budget("nine", 9)])
    assert found.closed.tolist() == [True]
    assert takers(FOUR, found.price[0]) == []


def test_a_budget_that_some_discounts_do_not_fit_into_keeps_these_back_as_well():
    one = problem([[40], [90], [70]], [[4], [6], [11]])
    (row,) = [budget("five", 5)]
    assert allocate(one, [row]).offers[:, 0].tolist() == [0, -1, -1]
    found = limit_prices(one, [row])
    assert found.closed.tolist() == [False]
    assert takers(one, found.price[0]) == []


def test_no_contacts_and_no_stock_are_closed_and_others_cost_what_they_did():
    rows = [stock("contacts", 0), stock("first", 0, np.array([1.0, 0.0])), budget("wide", 1_000)]
    found = limit_prices(FOUR, rows)
    assert found.price.tolist() == [90, 90, 0]
    assert found.closed.tolist() == [True, True, False]


def test_a_closed_row_among_others_leaves_their_prices_as_without_its_offers():
    two = problem([[90, 80], [60, 50], [44, 30], [30, 20]], np.full((4, 2), 10))
    rows = [budget("all", 15), stock("first", 0, np.array([1.0, 0.0]))]
    second = problem(two.values, two.discount, keep=np.array([[False, True]] * 4))
    assert limit_prices(two, rows).price[0] == pytest.approx(5, abs=1e-4)
    assert limit_prices(second, rows[:1]).price[0] == pytest.approx(5)


def test_a_limit_of_offers_that_nobody_wants_has_no_price_but_is_closed_where_nothing_is_left():
    found = limit_prices(problem([[-5]], [[10]]), [budget("none", 0), budget("nine", 9)])
    assert found.price.tolist() == [0, 0]
    assert found.closed.tolist() == [True, False]


@pytest.mark.parametrize(
    "asked",
    [
        [floor("unreachable", DISCOUNT, np.array([0.0, 1.0]), least=10**6)],
        [share_floor("share", DISCOUNT, np.array([0.0, 1.0]), share=0.9)],
        [*parity(DISCOUNT, (0, 1), [2, 2], delta=0)],
        [Row("at least", COUNT, 3, sense=Sense.AT_LEAST)],
    ],
    ids=["floor", "share", "parity", "demand"],
)
def test_what_is_asked_of_tiers_changes_no_limit_s_price(asked):
    found = limit_prices(FOUR, [budget("all", 15), *asked])
    # Half of what the second member costs is left, whose other offer is worth 5 and costs nothing.
    assert found.price.tolist() == pytest.approx([(60 - 5) / 10, *[0] * len(asked)])


def test_nothing_asked_has_no_prices():
    assert limit_prices(FOUR, []).price.tolist() == []
