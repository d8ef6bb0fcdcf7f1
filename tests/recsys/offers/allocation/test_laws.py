"""What holds of every allocation, judged by trying every answer and by HiGHS."""

import numpy as np
import pytest
from hypothesis import given, settings

from experiments.benchmarks.allocation_cases import WORLDS, one_budget, twelve_rows
from experiments.benchmarks.allocation_judge import linear_optimum
from recsys.offers.allocation.allocate import allocate
from recsys.offers.allocation.problem import Problem
from recsys.offers.allocation.rows import Sense
from tests.recsys.offers.allocation.problems import every_answer, holds, tiny, worth


def is_limit(row):
    return row.bound >= 0 if row.sense is Sense.AT_MOST else row.bound <= 0


@settings(max_examples=60, deadline=None)
@given(tiny())
def test_every_limit_holds_and_what_is_missed_is_said(case):
    one, rows = case
    found = allocate(one, rows)
    for use in found.rows:
        assert (use.missing == 0) == holds(one, use.row, found.offers)
        assert use.missing == 0 or not is_limit(use.row)


@settings(max_examples=60, deadline=None)
@given(tiny(most_members=4))
def test_no_answer_that_keeps_the_rows_is_worth_more_than_the_bound_or_less_than_rounding_costs(case):
    one, rows = case
    found = allocate(one, rows)
    kept = [worth(one, answer) for answer in every_answer(one) if all(holds(one, row, answer) for row in rows)]
    if not kept or not found.feasible:
        return
    assert found.value == pytest.approx(worth(one, found.offers))
    assert found.value <= max(kept) + 1e-6
    assert found.bound >= max(kept) - 1e-5 * max(1, abs(max(kept)))
    assert max(kept) - found.value <= len(rows) * np.abs(one.values).max() + 1e-6


@settings(max_examples=40, deadline=None)
@given(tiny(floors=False))
def test_the_bound_is_the_optimum_of_the_linear_program(case):
    one, rows = case
    assert allocate(one, rows).bound == pytest.approx(linear_optimum(one, rows), rel=1e-5, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(tiny())
def test_the_same_input_gives_the_same_answer_and_stays_as_it_is(case):
    one, rows = case
    copy = Problem(one.values.copy(), one.keep.copy(), one.discount.copy(), one.tier.copy(), dict(one.measures))
    assert allocate(one, rows).offers.tolist() == allocate(copy, rows).offers.tolist()
    assert np.array_equal(one.values, copy.values)


@settings(max_examples=60, deadline=None)
@given(tiny(floors=False))
def test_nobody_gets_an_offer_they_may_not_have(case):
    one, rows = case
    offers = allocate(one, rows).offers[:, 0]
    members = np.flatnonzero(offers >= 0)
    assert one.keep[members, offers[members]].all()


@pytest.mark.parametrize("floors", [False, True], ids=["stocks", "floors"])
@pytest.mark.parametrize("tightness", [0.2, 3.0])
@pytest.mark.parametrize("world", WORLDS)
def test_twelve_rows_hold_and_reach_nearly_what_the_linear_program_does(world, tightness, floors):
    one = WORLDS[world](800, 10, np.random.default_rng(5))
    rows = twelve_rows(one, tightness=tightness, floors=floors)
    found = allocate(one, rows)
    best = linear_optimum(one, rows)
    assert found.feasible
    assert found.possible
    assert all(holds(one, row, found.offers) for row in rows)
    assert found.bound == pytest.approx(best, rel=2e-6)
    assert best - found.value <= len(rows) * one.values.max()
    assert found.gap <= (1e-2 if tightness < 1 else 1e-3)


@pytest.mark.parametrize("world", WORLDS)
def test_one_budget_is_solved_to_its_last_member(world):
    one = WORLDS[world](3_000, 8, np.random.default_rng(6))
    rows = one_budget(one)
    found = allocate(one, rows)
    assert found.bound == pytest.approx(linear_optimum(one, rows), rel=1e-9)
    assert found.bound - found.value <= one.values.max()
    assert found.rows[0].used <= rows[0].bound


def test_several_offers_a_member_reach_the_linear_program_too():
    ordinary = WORLDS["ordinary"](600, 10, np.random.default_rng(7))
    caps = np.random.default_rng(8).integers(0, 4, 600)
    one = Problem(ordinary.values, ordinary.keep, ordinary.discount, ordinary.tier, per_member=caps)
    rows = twelve_rows(one)
    found = allocate(one, rows)
    assert found.feasible
    assert found.bound == pytest.approx(linear_optimum(one, rows), rel=2e-6)
    assert found.gap <= 4e-3
    given_to = (found.offers >= 0).sum(axis=1)
    assert np.all(given_to <= caps)
    assert given_to.max() > 1
    assert all(len(set(row[row >= 0].tolist())) == (row >= 0).sum() for row in found.offers)


def test_a_sample_s_prices_are_refined_for_many_members():
    one = WORLDS["ordinary"](4_400, 9, np.random.default_rng(9))
    rows = twelve_rows(one)
    assert allocate(one, rows).bound == pytest.approx(linear_optimum(one, rows), rel=2e-6)


def test_the_price_of_a_budget_is_what_a_little_more_of_it_is_worth():
    one = WORLDS["ordinary"](3_000, 8, np.random.default_rng(10))
    (row,) = one_budget(one)
    more = type(row)(row.name, row.measure, row.bound * 1.001)
    gained = linear_optimum(one, [more]) - linear_optimum(one, [row])
    assert allocate(one, [row]).rows[0].price == pytest.approx(gained / (row.bound * 0.001), rel=0.02)
