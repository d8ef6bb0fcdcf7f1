"""Intervals of differences: against published formulas, and against draws from a known population."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.policy_diff.intervals import Difference, Sample

FIGURES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=30)


def of(a: np.ndarray, b: np.ndarray, sample: Sample) -> Difference:
    d = b - a
    return sample.difference(a.sum(), d.sum(), (d * d).sum(), len(a))


@given(FIGURES)
def test_the_interval_is_students_of_paired_differences_where_almost_nobody_was_drawn(pairs):
    a, b = np.array(pairs, dtype=np.float64).T
    found = of(a, b, Sample(len(a), 10**12))
    assert found.difference == pytest.approx(np.mean(b - a), abs=1e-9)
    if np.ptp(b - a) == 0:
        assert (found.low, found.high) == (None, None)
    else:
        expected = stats.ttest_rel(b, a).confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-5, abs=1e-6)


def test_a_larger_share_of_everybody_makes_it_narrower_and_all_of_them_exact():
    a, b = np.array([1.0, 5.0, 2.0, 9.0]), np.array([2.0, 4.0, 7.0, 9.5])
    few, most, every = (of(a, b, Sample(4, n_all)) for n_all in (4_000_000, 5, 4))
    assert few.low is not None
    assert most.low is not None
    assert (few.difference - few.low) * np.sqrt(1 / 5) == pytest.approx(most.difference - most.low, rel=1e-6)
    assert (every.low, every.high, every.difference) == (None, None, few.difference)


def test_a_group_is_as_narrow_as_the_share_drawn_of_everybody_makes_it():
    a, b = np.array([1.0, 5.0, 2.0]), np.array([2.0, 4.0, 7.0])
    few, half = (of(a, b, Sample(n, 1_000_000)) for n in (3, 500_000))
    assert few.low is not None
    assert half.low is not None
    assert half.difference - half.low == pytest.approx((few.difference - few.low) * np.sqrt(0.5), rel=1e-4)


def test_nineteen_of_twenty_intervals_hold_the_difference_of_everybody():
    rng = np.random.default_rng(7)
    a = rng.gamma(2.0, 30.0, 3_000)
    b = np.where(rng.random(3_000) < 0.3, a * 1.4, a)
    truth, held = np.mean(b - a), 0
    for _ in range(400):
        drawn = rng.choice(3_000, 600, replace=False)
        found = of(a[drawn], b[drawn], Sample(600, 3_000))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.91 <= held / 400 <= 0.98


def test_the_interval_of_a_ratio_holds_that_of_everybody_as_often():
    rng = np.random.default_rng(11)
    spend = rng.gamma(2.0, 40.0, 3_000)
    before, after = spend * 0.1 * rng.random(3_000), spend * 0.16 * rng.random(3_000)
    later = spend * rng.uniform(0.9, 1.2, 3_000)
    truth = after.sum() / later.sum() - before.sum() / spend.sum()
    figures = np.stack([np.ones(3_000), before, spend, after - before, later - spend], axis=1)
    held = 0
    for _ in range(400):
        drawn = figures[rng.choice(3_000, 500, replace=False)]
        found = Sample(500, 3_000).ratio(0, 1, drawn.T @ drawn)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.91 <= held / 400 <= 0.98


def test_a_ratio_without_a_whole_is_nothing():
    none = np.zeros((5, 5))
    none[0, 0] = 3
    assert Sample(3, 9).ratio(0, 1, none) == Difference(0.0, 0.0, 0.0, None, None)


def test_wilsons_interval_of_a_share_is_right_at_the_ends_too():
    assert Sample(10, 1_000).share(0, 10) == pytest.approx((0.0, 0.0, 0.2775), abs=1e-4)
    assert Sample(10, 1_000).share(10, 10) == pytest.approx((1.0, 0.7225, 1.0), abs=1e-4)
    expected = stats.binomtest(3, 20).proportion_ci(method="wilson")
    assert Sample(20, 1_000).share(3, 20)[1:] == pytest.approx((expected.low, expected.high))
    assert Sample(20, 20).share(3, 20) == (0.15, None, None)


def test_an_amount_in_another_unit_keeps_what_is_absent():
    assert Difference(100.0, 300.0, 200.0, 50.0, 350.0).times(0.01) == Difference(1.0, 3.0, 2.0, 0.5, 3.5)
    assert Difference(1.0, 3.0, 2.0, None, None).times(10).low is None
    assert Difference(1.0, 2.0, 1.0, -0.5, 2.5).may_be_luck
    assert not Difference(1.0, 2.0, 1.0, None, None).may_be_luck
