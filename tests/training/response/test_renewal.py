import numpy as np
import pytest

from training.response.renewal import clock_shape, lost_orders


def test_who_orders_at_random_borrows_nothing_and_the_regular_borrow_most_when_due():
    gap, recency = np.array([5.0, 5.0, 5.0]), np.array([1.0, 5.0, 9.0])
    assert lost_orders(gap, recency, shape=1.0, overdue=2.0, weeks_left=30) == pytest.approx([0, 0, 0], abs=1e-9)
    lost = lost_orders(gap, recency, shape=3.0, overdue=2.0, weeks_left=30)
    assert 0 < lost[0] < lost[1] <= lost[2] <= 1


def test_gaps_that_vary_as_those_of_a_weibull_give_its_shape():
    gaps = np.log(np.random.default_rng(3).weibull(2.0, 200_000))
    assert clock_shape(float(gaps.std())) == pytest.approx(2.0, rel=0.02)
