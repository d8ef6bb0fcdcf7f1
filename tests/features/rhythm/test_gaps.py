"""Days to gaps: sorted once, cut strictly, and the same sums whether a line is kept for each gap or not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.rhythm import gaps as module
from features.rhythm.gaps import History, earlier_gaps, gaps_of, present_gaps
from recsys.errors import InputError

FACTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-40, 40)), max_size=60)


def history_of(facts) -> History:
    rows = np.array(facts, dtype=np.int64).reshape(-1, 3)
    return History.of(rows[:, 0], rows[:, 1], rows[:, 2])


def test_a_history_is_sorted_and_holds_each_day_once() -> None:
    found = history_of([(2, 0, 9), (0, 1, 5), (2, 0, -3), (0, 1, 5), (0, 0, 7)])
    rows = list(zip(found.member.tolist(), found.family.tolist(), found.day.tolist(), strict=True))
    assert rows == [(0, 0, 7), (0, 1, 5), (2, 0, -3), (2, 0, 9)]
    assert {column.dtype for column in (found.member, found.family, found.day)} == {np.dtype(np.int32)}


def test_columns_that_are_given_are_not_changed() -> None:
    given_columns = [np.array([1, 0]), np.array([0, 0]), np.array([4, 2])]
    History.of(*given_columns)
    assert [column.tolist() for column in given_columns] == [[1, 0], [0, 0], [4, 2]]


@given(FACTS)
@settings(max_examples=60, deadline=None)
def test_sorting_twice_changes_nothing(facts) -> None:
    once = history_of(facts)
    twice = History.of(once.member, once.family, once.day)
    assert all(np.array_equal(getattr(once, name), getattr(twice, name)) for name in History.__slots__)


def test_columns_of_different_lengths_and_missing_members_are_refused() -> None:
    with pytest.raises(InputError, match="2, 1 and 2 rows"):
        History.of(np.zeros(2, int), np.zeros(1, int), np.zeros(2, int))
    with pytest.raises(InputError, match="negative"):
        History.of(np.array([0, -1]), np.zeros(2, int), np.zeros(2, int))
    with pytest.raises(InputError, match="too many to sort"):
        History.of(np.array([0, 2**30]), np.array([2**30, 0]), np.array([0, 7]))


def test_gaps_by_hand() -> None:
    # Member 1: days 2, 5, 12 of family 0 and day 12 of family 3; member 4: day 13. As of day 15, 13 and 14 are silent.
    gaps = gaps_of(history_of([(1, 0, 2), (1, 0, 5), (1, 0, 12), (1, 3, 12), (4, 0, 13)]), 15)
    assert gaps.days.tolist() == [3, 7, 2, 2, 1]
    assert gaps.closed.tolist() == [True, True, False, False, False]
    assert gaps.repeats.tolist() == [0, 1, 2, 0, 0]
    assert gaps.before_days.tolist() == [0, 3, 10, 0, 0]
    assert gaps.since_days.tolist() == [9, 2, 0, 0, 0]
    assert gaps.first.tolist() == [0, 0, 0, 3, 4]


def test_the_as_of_day_itself_is_not_known() -> None:
    history = history_of([(0, 0, 4), (0, 0, 9)])
    assert history.before(9).day.tolist() == [4]
    with pytest.raises(InputError, match="day 9 is not before the as-of day 9"):
        gaps_of(history, 9)


def test_a_gap_weighs_less_than_the_next() -> None:
    gaps = gaps_of(history_of([(0, 0, 0), (0, 0, 2), (0, 0, 10), (0, 0, 13), (1, 0, 5)]), 20)
    own = earlier_gaps(gaps, 0.5)
    assert own.weight.tolist() == [0, 1, 1.5, 1.75, 0]
    assert own.log_days[3] == pytest.approx(np.log(2) / 4 + np.log(8) / 2 + np.log(3))
    assert own.log_days_squared[2] == pytest.approx(np.log(2) ** 2 / 2 + np.log(8) ** 2)


@given(FACTS, st.sampled_from([0.5, 0.9, 1.0]), st.integers(1, 9))
@settings(max_examples=80, deadline=None)
def test_present_gaps_are_what_earlier_gaps_say_of_the_open_one(facts, decay: float, block: int) -> None:
    history = history_of(facts)
    gaps = gaps_of(history, 41)
    along = earlier_gaps(gaps, decay)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_ROWS", block)
        at_once = present_gaps(history, history.starts(), decay)
    for name in ("repeats", "weight", "log_days", "log_days_squared"):
        assert getattr(at_once, name) == pytest.approx(getattr(along, name)[~gaps.closed], abs=1e-9)
