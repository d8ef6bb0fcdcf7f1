"""Five numbers a member from dated orders: what counts as an order, a repeat, a gap and a value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.lifetime.summary import UNBOUGHT, PurchaseSummary, summarise
from recsys.errors import InputError

MEMBER = np.array([2, 0, 0, 2, 0, 0, 3])
DAY = np.array([10, 5, 30, 10, 8, 90, 61])
VALUE = np.array([100, 300, 0, 50, 700, 9_999, 1])
SUMMARY = summarise(MEMBER, DAY, VALUE, n_members=5, until_day=60)


def test_repeats_are_orders_after_the_first_and_two_on_a_day_are_one() -> None:
    assert SUMMARY.repeats.tolist() == [2, UNBOUGHT, 0, UNBOUGHT, UNBOUGHT]


def test_days_count_from_the_first_order() -> None:
    assert SUMMARY.last_days.tolist() == [25, 0, 0, 0, 0]
    assert SUMMARY.watched_days.tolist() == [55, 0, 50, 0, 0]


def test_values_of_a_day_are_added_and_orders_without_value_left_out() -> None:
    assert SUMMARY.n_valued.tolist() == [2, 0, 1, 0, 0]
    assert SUMMARY.mean_value_minor.tolist() == [500.0, 0.0, 150.0, 0.0, 0.0]


def test_the_first_order_can_be_left_out_of_the_value() -> None:
    later = summarise(MEMBER, DAY, VALUE, n_members=5, until_day=60, first_order_valued=False)
    assert later.n_valued.tolist() == [1, 0, 0, 0, 0]
    assert later.mean_value_minor.tolist() == [700.0, 0.0, 0.0, 0.0, 0.0]


def test_gaps_are_those_between_successive_orders() -> None:
    np.testing.assert_allclose(SUMMARY.log_gaps, [np.log(3) + np.log(22), 0, 0, 0, 0])


def test_without_any_order_everybody_is_unbought() -> None:
    nothing = summarise(MEMBER, DAY, n_members=4, until_day=1)
    assert not nothing.bought().any()
    assert len(nothing) == 4


@given(st.integers(0, 120))
def test_what_comes_after_the_day_is_not_looked_at(until_day: int) -> None:
    early = until_day >= DAY
    whole = summarise(MEMBER, DAY, VALUE, n_members=5, until_day=until_day)
    cut = summarise(MEMBER[early], DAY[early], VALUE[early], n_members=5, until_day=until_day)
    for name in PurchaseSummary.__slots__:
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut, name) if early.any() else getattr(whole, name))


@given(st.permutations(range(len(MEMBER))))
def test_the_order_of_purchases_does_not_matter(order: list[int]) -> None:
    mixed = summarise(MEMBER[order], DAY[order], VALUE[order], n_members=5, until_day=60)
    for name in PurchaseSummary.__slots__:
        np.testing.assert_allclose(getattr(mixed, name), getattr(SUMMARY, name))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"repeats": [1, 0], "last_days": [3], "watched_days": [9, 9]}, "differ in shape"),
        ({"repeats": [-2], "last_days": [0], "watched_days": [9]}, "repeats below -1"),
        ({"repeats": [1], "last_days": [10], "watched_days": [9]}, "not between 0 and watched_days at row 0"),
        ({"repeats": [0, 1], "last_days": [0, 0], "watched_days": [9, 9]}, "on the day of the first order at row 1"),
        ({"repeats": [0], "last_days": [4], "watched_days": [9]}, "last_days without a repeat"),
        (
            {"repeats": [1], "last_days": [4], "watched_days": [9], "n_valued": [3], "mean_value_minor": [5.0]},
            "n_valued not between",
        ),
        ({"repeats": [0], "last_days": [0], "watched_days": [9], "n_valued": [1]}, "mean_value_minor that is not"),
    ],
    ids=["shapes", "negative", "late", "same day", "no repeat", "too many valued", "no value"],
)
def test_a_wrong_summary_is_refused(columns: dict[str, list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PurchaseSummary.build(**columns)


def test_members_are_taken_by_position_or_mask() -> None:
    assert SUMMARY.take(np.array([2, 0])).watched_days.tolist() == [50, 55]
    assert SUMMARY.take(SUMMARY.bought()).repeats.tolist() == [2, 0]
