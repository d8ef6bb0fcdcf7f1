"""What fairness costs, against sums done by hand."""

import numpy as np
import pytest

from recsys.offers.allocation.fairness import price_of_fairness, tier_means
from recsys.offers.allocation.rows import COUNT, DISCOUNT, budget, parity
from tests.recsys.offers.allocation.problems import problem

TIERS = problem([[90], [80], [7], [6]], [[10], [10], [10], [30]], tier=np.array([0, 0, 2, 2]))


def test_the_price_of_fairness_is_the_share_of_value_given_up():
    rows = [budget("all", 20), *parity(DISCOUNT, (0, 2), [2, 0, 2], delta=0)]
    fairness = price_of_fairness(TIERS, rows)
    assert (fairness.unfair.value, fairness.fair.value) == (170, 97)
    assert fairness.price == pytest.approx(73 / 170)
    assert fairness.mean_unfair.tolist() == pytest.approx([10, np.nan, 0], nan_ok=True)
    assert fairness.mean_fair.tolist() == pytest.approx([5, np.nan, 5], nan_ok=True)


def test_without_fairness_rows_it_costs_nothing():
    fairness = price_of_fairness(TIERS, [budget("all", 20)])
    assert fairness.price == 0
    assert fairness.fair is fairness.unfair


def test_nothing_to_lose_has_no_price():
    losses = problem([[-1.0]], [[1.0]])
    assert price_of_fairness(losses, [*parity(DISCOUNT, (0, 0), [1], delta=0)][:1]).price == 0


def test_means_count_members_who_get_nothing_and_every_slot():
    offers = np.array([[0, -1], [-1, -1], [0, 1], [1, -1]], dtype=np.int32)
    two = problem(np.ones((4, 2)), [[10, 1], [10, 1], [10, 1], [10, 1]], tier=np.array([0, 0, 1, 1]))
    assert tier_means(two, offers).tolist() == [5, 6]
    assert tier_means(two, offers, COUNT).tolist() == [0.5, 1.5]
