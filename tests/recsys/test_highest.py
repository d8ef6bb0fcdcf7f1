"""The probability of being the highest, against the integral and against draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtr

from recsys.highest import highest_shares


def of(mean: list[float], sd: list[float], discount: list[float] | None = None) -> list[float]:
    line = np.array([mean], dtype=np.float64), np.array([sd], dtype=np.float64)
    found: list[float] = highest_shares(*line, np.array([discount or [1.0] * len(mean)]))[0].tolist()
    return found


def integral(mean: NDArray, sd: NDArray) -> NDArray:
    """Of pdf times the other cdfs, value by value, on cells so small that the rule does not matter."""
    low = max(0.0, float((mean - 8 * sd).max()))
    high = max(low, float((mean + 8 * sd).max()))
    edges = np.unique(np.clip((mean[:, None] + sd[:, None] * np.linspace(-8, 8, 801)).ravel(), low, high))
    x = np.unique(np.append(edges, [low, high]))
    below = ndtr((x - mean[:, None]) / sd[:, None])
    shares = np.empty(len(mean) + 1)
    shares[0] = below[:, 0].prod()
    for one in range(len(mean)):
        others = np.delete(below, one, axis=0).prod(axis=0)
        shares[one + 1] = np.sum(np.diff(below[one]) * (others[1:] + others[:-1]) / 2)
    return shares


def test_of_one_value_it_is_known() -> None:
    assert of([3.0], [2.0]) == pytest.approx([ndtr(-1.5), ndtr(1.5)])
    assert of([-3.0], [2.0]) == pytest.approx([ndtr(1.5), ndtr(-1.5)])


def test_of_two_values_far_above_nothing_it_is_that_of_their_difference() -> None:
    assert of([100.0, 103.0], [3.0, 4.0]) == pytest.approx([0.0, ndtr(-0.6), ndtr(0.6)], abs=0.005)


@pytest.mark.parametrize("k", [2, 3, 5, 8, 12, 25])
def test_it_is_the_integral_whatever_the_scales(k: int) -> None:
    rng = np.random.default_rng(k)
    for _ in range(40):
        sd = 10 ** rng.uniform(-1, 1, k)
        mean = rng.normal(0, 1.5, k) * sd
        assert of(mean.tolist(), sd.tolist()) == pytest.approx(integral(mean, sd), abs=0.01)


def test_it_is_how_often_a_value_is_the_highest_of_draws() -> None:
    mean, sd = np.array([2.0, -1.0, 0.5, 0.0]), np.array([1.0, 4.0, 0.2, 2.0])
    draws = np.random.default_rng(3).normal(mean, sd, (200_000, 4))
    highest = np.where(draws.max(axis=1) > 0, draws.argmax(axis=1) + 1, 0)
    assert of(mean.tolist(), sd.tolist()) == pytest.approx(np.bincount(highest) / len(draws), abs=0.01)


def test_equal_values_have_equal_shares() -> None:
    found = of([4.0, 4.0, 4.0], [2.0, 2.0, 2.0])
    assert found[1] == pytest.approx(found[2])
    assert found[2] == pytest.approx(found[3])


def test_of_certain_values_the_highest_takes_what_nothing_uncertain_takes() -> None:
    assert of([2.0, 5.0, 3.0], [0.0, 0.0, 0.0]) == [0.0, 0.0, 1.0, 0.0]
    assert of([2.0, 5.0], [0.0, 1.5]) == pytest.approx([0.0, ndtr(-2.0), ndtr(2.0)])


def test_of_equal_certain_values_the_one_with_the_smaller_discount_wins_then_the_first() -> None:
    assert of([5.0, 5.0, 5.0], [0.0] * 3, [9.0, 7.0, 7.0]) == [0.0, 0.0, 1.0, 0.0]
    assert of([0.1 + 0.2, 0.3], [0.0] * 2, [9.0, 7.0]) == [0.0, 0.0, 1.0]


def test_what_certainly_loses_or_gains_nothing_leaves_all_to_nothing() -> None:
    assert of([-1.0, 0.0], [0.0, 0.0]) == [1.0, 0.0, 0.0]
    assert of([-1.0, -3.0], [0.0, 1.0]) == pytest.approx([ndtr(3.0), 0.0, ndtr(-3.0)])


def test_values_that_hardly_reach_nothing_hardly_have_a_share() -> None:
    assert of([-1.0] * 3, [0.1] * 3) == pytest.approx([1.0, 0.0, 0.0, 0.0], abs=1e-12)


VALUE = st.tuples(st.floats(-1e7, 1e7), st.one_of(st.just(0.0), st.floats(0.0, 1e7)))


@settings(max_examples=100, deadline=None)
@given(values=st.lists(VALUE, min_size=1, max_size=9), others=st.integers(0, 300))
def test_shares_add_up_to_one_and_are_the_same_in_any_company(values: list[tuple[float, float]], others: int) -> None:
    mean, sd = np.array(values).T
    alone = highest_shares(mean[None], sd[None], np.abs(mean)[None])
    assert alone.min() >= 0
    assert alone.sum() == pytest.approx(1.0, abs=1e-12)
    rng = np.random.default_rng(others)
    company = rng.normal(0, 10, (others, len(values)))
    together = highest_shares(
        np.vstack([company, mean]), np.vstack([np.abs(company), sd]), np.vstack([company, np.abs(mean)])
    )
    assert np.array_equal(together[-1], alone[0])
