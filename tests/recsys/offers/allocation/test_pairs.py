"""What two changes together reach, and single ones do not."""

import numpy as np

from recsys.offers.allocation.moves import Standing, affordable
from recsys.offers.allocation.pairs import pair_up
from recsys.offers.allocation.problem import lay_out
from recsys.offers.allocation.repair import fill, settle
from recsys.offers.allocation.rows import DISCOUNT, budget, floor, parity
from tests.recsys.offers.allocation.problems import problem

TWO_TIERS = problem([[90], [80], [7], [6]], [[10]] * 4, tier=np.array([0, 0, 1, 1]))


def standing(one, rows, choice):
    columns, limits = lay_out(one, rows)
    start = np.array([choice], dtype=np.int32)
    found = Standing(columns, limits, np.zeros(len(rows)), start, np.zeros(len(rows)))
    uses = found.uses(np.arange(start.size, dtype=np.int32), start[0])
    found.activity = uses.sum(axis=0)
    return found


def test_parity_lets_nobody_be_first_and_pairs_be_both():
    rows = [budget("all", 20), *parity(DISCOUNT, (0, 1), [2, 2], delta=0)]
    found = standing(TWO_TIERS, rows, [-1, -1, -1, -1])
    fill(found)
    assert found.choice.tolist() == [[-1, -1, -1, -1]]
    pair_up(found)
    assert found.choice.tolist() == [[0, -1, 0, -1]]


def test_a_used_up_budget_is_exchanged_for_a_floor():
    rows = [budget("all", 20), floor("tier 1", DISCOUNT, np.array([0.0, 1.0]), least=10)]
    found = standing(TWO_TIERS, rows, [0, 0, -1, -1])
    pair_up(found)
    assert found.choice.tolist() == [[0, -1, 0, -1]]


def test_pairs_break_no_limit_for_the_sake_of_value():
    found = standing(TWO_TIERS, [budget("all", 10), budget("same", 10)], [0, -1, -1, -1])
    pair_up(found)
    assert found.choice.tolist() == [[0, -1, -1, -1]]


def test_what_loses_least_is_taken_back_first():
    found = standing(TWO_TIERS, [budget("all", 20), budget("same", 20)], [0, 0, 0, 0])
    settle(found)
    assert found.choice.tolist() == [[0, 0, -1, -1]]


def test_changes_are_taken_in_order_while_something_is_left_and_skipped_where_it_is_not():
    delta = np.array([[3.0], [5.0], [2.0], [1.0], [4.0]])
    assert affordable(delta, np.array([6.0])).tolist() == [0, 2, 3]
    assert affordable(-delta, np.array([np.inf]), row=0, need=7.0).tolist() == [0, 1]
    assert affordable(delta, np.array([0.5])).tolist() == []
