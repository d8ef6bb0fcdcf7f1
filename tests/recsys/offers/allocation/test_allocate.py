"""Examples of allocations whose answer is known, and input that makes no sense."""

import numpy as np
import pytest

from recsys.errors import InputError
from recsys.offers.allocation.allocate import allocate
from recsys.offers.allocation.rows import DISCOUNT, Row, Sense, budget, floor, parity, share_floor, stock
from tests.recsys.offers.allocation.problems import problem

THREE = problem([[300, 420], [200, 260], [-50, 10]], [[100, 200], [100, 200], [100, 200]])


def test_a_budget_goes_where_a_minor_unit_of_it_brings_most():
    found = allocate(THREE, [budget("spring", 200)])
    assert found.offers.tolist() == [[0], [0], [-1]]
    assert found.value == 500
    assert found.rows[0].used == 200


def test_without_rows_everybody_gets_what_is_best_for_them_and_nobody_a_loss():
    found = allocate(THREE, [])
    assert found.offers.tolist() == [[1], [1], [1]]
    assert (found.value, found.bound, found.gap) == (690, 690, 0)


def test_a_stock_is_given_to_those_it_is_worth_most_to():
    found = allocate(THREE, [stock("of the second", 1, np.array([0.0, 1.0]))])
    assert found.offers.tolist() == [[1], [0], [-1]]


def test_used_up_contacts_leave_a_member_without_offers():
    caps = problem(THREE.values, THREE.discount, per_member=np.array([0, 1, 2]))
    assert allocate(caps, []).offers.tolist() == [[-1, -1], [1, -1], [1, -1]]


def test_an_offer_is_given_once_to_a_member_who_may_have_several():
    several = problem([[5, 9]], [[1, 1]], per_member=2)
    assert allocate(several, []).offers.tolist() == [[1, 0]]


def test_of_equal_values_the_smaller_discount_is_given_then_the_smaller_row():
    equal = problem([[50, 50, 50], [50, 50, 50]], [[30, 20, 20], [10, 20, 20]])
    assert allocate(equal, []).offers.tolist() == [[1], [0]]
    assert allocate(equal, [budget("wide", 1_000)]).offers.tolist() == [[1], [0]]


def test_the_larger_discount_is_given_where_the_smaller_one_is_out_of_stock():
    equal = problem([[50, 50], [50, 50]], [[30, 20], [30, 20]])
    found = allocate(equal, [stock("of the smaller", 1, np.array([0.0, 1.0]))])
    assert sorted(found.offers[:, 0].tolist()) == [0, 1]


def test_a_floor_gives_a_tier_what_it_would_not_get():
    tiers = problem([[90], [80], [70], [-5]], [[10], [10], [10], [10]], tier=np.array([0, 0, 0, 1]))
    fair = [budget("all", 30), floor("tier 1", DISCOUNT, np.array([0.0, 1.0]), least=10)]
    found = allocate(tiers, fair)
    assert found.offers.tolist() == [[0], [0], [-1], [0]]
    assert found.rows[1].price >= (70 + 5) / 10 - 1e-6  # one unit less of the floor would be worth that
    assert found.feasible


def test_a_share_floor_holds_as_a_share_of_what_is_given():
    tiers = problem([[90], [80], [70], [6]], [[10], [10], [10], [10]], tier=np.array([0, 0, 0, 1]))
    share = share_floor("tier 1", DISCOUNT, np.array([0.0, 1.0]), share=0.3)
    assert allocate(tiers, [budget("all", 30), share]).offers.tolist() == [[0], [0], [-1], [0]]


def test_parity_brings_two_means_together():
    tiers = problem([[90], [80], [7], [6]], [[10]] * 4, tier=np.array([0, 0, 1, 1]))
    rows = [budget("all", 20), *parity(DISCOUNT, (0, 1), [2, 2], delta=0)]
    found = allocate(tiers, rows)
    assert found.offers.tolist() == [[0], [-1], [0], [-1]]
    assert found.feasible


def test_a_floor_that_nobody_is_eligible_for_is_missed_by_all_of_it_and_the_rest_goes_on():
    tiers = problem([[90], [np.nan]], [[10], [10]], tier=np.array([0, 1]))
    found = allocate(tiers, [floor("tier 1", DISCOUNT, np.array([0.0, 1.0]), least=5)])
    assert not found.feasible
    assert not found.possible
    (use,) = found.rows
    assert (use.missing, use.used, use.reachable) == (5, 0, 0)
    assert found.offers.tolist() == [[0], [-1]]
    assert found.value == pytest.approx(found.bound)


def test_a_floor_above_the_budget_yields_to_it():
    tiers = problem([[90], [80], [70]], [[10]] * 3, tier=np.array([1, 1, 1]))
    found = allocate(tiers, [budget("all", 20), floor("tier 1", DISCOUNT, np.array([0.0, 1.0]), least=30)])
    assert not found.possible
    missed = found.rows[1]
    assert (found.rows[0].missing, missed.missing, missed.used, missed.reachable) == pytest.approx((0, 10, 20, 30))
    assert found.value == 170


def test_a_budget_of_zero_leaves_what_costs_nothing():
    free = problem([[90, 5], [80, 4]], [[10, 0], [10, 0]])
    assert allocate(free, [budget("all", 0)]).offers.tolist() == [[1], [1]]
    assert allocate(free, [budget("all", 0), stock("both", 1)]).offers.tolist() == [[1], [-1]]


@pytest.mark.parametrize("value", [np.nan, -np.inf, -3.0, 0.0], ids=["nan", "minus infinity", "loss", "nothing"])
def test_where_nothing_is_worth_giving_nobody_gets_anything(value):
    rows = [budget("all", 50), stock("both", 1)]
    found = allocate(problem(np.full((3, 2), value), np.ones((3, 2))), rows)
    assert found.offers.tolist() == [[-1]] * 3
    assert (found.value, found.bound, found.feasible) == (0, 0, True)


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (1, 1)], ids=["no members", "no offers", "one of each"])
def test_empty_and_single_problems_are_answered(shape):
    one = problem(np.full(shape, 7.0), np.ones(shape))
    for rows in ([], [budget("all", 5)], [budget("all", 5), stock("each", 1)]):
        found = allocate(one, rows)
        assert found.offers.shape == (shape[0], 1)
        assert found.value == (7 if shape == (1, 1) else 0)


def test_an_overspent_budget_is_a_row_that_nothing_satisfies():
    found = allocate(THREE, [budget("overspent", -5), stock("any", 2)])
    assert found.offers.tolist() == [[-1], [-1], [-1]]
    assert found.rows[0].missing == 5


@pytest.mark.parametrize(
    ("one", "rows", "message"),
    [
        (problem([[np.inf]], [[1]]), [], "a value is"),
        (problem([[1.0]], [[-1]]), [], "negative or no number for 1 eligible"),
        (problem([[1.0]], [[np.nan]]), [], "negative or no number"),
        (problem([[1.0, 2.0]], [[1]]), [], "discount has shape"),
        (problem([[1.0]], [[1]], keep=np.ones((2, 2), dtype=bool)), [], "members x offers"),
        (problem([[1.0]], [[1]], per_member=-1), [], "per_member is -1"),
        (problem([[1.0]], [[1]], per_member=np.array([1, 1])), [], "per_member has shape"),
        (problem([[1.0]], [[1]], tier=np.array([0, 1])), [], "tier has 2"),
        (problem([[1.0]], [[1]], measures={"count": np.ones((1, 1))}), [], "given by themselves"),
        (problem([[1.0]], [[1]]), [Row("a", "benefit", 1.0)], "counts 'benefit'; there are count, discount"),
        (problem([[1.0]], [[1]]), [budget("a", np.nan)], "must be finite"),
        (problem([[1.0]], [[1]]), [budget("a", 1), budget("a", 2)], "two rows are called 'a'"),
        (problem([[1.0]], [[1]]), [budget("a", 1, np.ones(3))], "3 weights of offers; it needs 1"),
    ],
    ids=[
        "infinite value",
        "negative cost",
        "no cost",
        "other shape",
        "other mask",
        "negative cap",
        "caps of others",
        "tiers of others",
        "reserved",
        "unknown measure",
        "no bound",
        "same name",
        "weights of others",
    ],
)
def test_input_that_makes_no_sense_is_refused(one, rows, message):
    with pytest.raises(InputError, match=message):
        allocate(one, rows)


def test_rows_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="must be from 0 to 1"):
        share_floor("a", DISCOUNT, np.ones(1), share=1.5)
    with pytest.raises(InputError, match="must be 0 or more"):
        parity(DISCOUNT, (0, 1), [1, 1], delta=-1)


def test_a_pair_without_a_measure_is_fine_where_it_is_not_eligible():
    one = problem([[5.0, 9.0]], [[1.0, np.nan]], keep=np.array([[True, False]]))
    assert allocate(one, [Row("least", DISCOUNT, 1.0, sense=Sense.AT_LEAST)]).offers.tolist() == [[0]]
