"""Where time is cut: one split or several, one after another."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import NotEnoughDataError
from training.split import MIN_HISTORY_WINDOWS, Split

DAY = 86_400


def rolling(span_days, n_folds, holdout_days=7.0):
    end = 500 * DAY
    first_at = end - round(span_days * DAY)
    return Split.rolling(first_at=first_at, end=end, holdout_days=holdout_days, n_folds=n_folds)


def test_three_folds_of_a_week():
    days = [(one.validation_at / DAY, one.test_at / DAY, one.end / DAY) for one in rolling(60, 3)]
    assert days == [(472, 479, 486), (479, 486, 493), (486, 493, 500)]


@given(n_folds=st.integers(1, 12), holdout_days=st.floats(1, 40), spare_days=st.floats(0, 100))
def test_each_test_window_ends_where_the_next_begins_and_is_the_nexts_validation(n_folds, holdout_days, spare_days):
    span_days = (n_folds + 1 + MIN_HISTORY_WINDOWS) * holdout_days + 1 + spare_days
    folds = rolling(span_days, n_folds, holdout_days)
    assert len(folds) == n_folds
    assert folds[-1].end == 500 * DAY
    for one, later in pairwise(folds):
        assert (one.test_at, one.end) == (later.validation_at, later.test_at)
    for one in folds:
        assert one.validation_at < one.test_at < one.end
        assert one.end - one.test_at == one.test_at - one.validation_at


@given(n_folds=st.integers(1, 12), span_days=st.floats(0, 120))
def test_folds_are_cut_exactly_where_two_windows_of_history_remain(n_folds, span_days):
    enough = int(span_days * DAY + 0.5) >= (n_folds + 1 + MIN_HISTORY_WINDOWS) * 7 * DAY
    try:
        folds = rolling(span_days, n_folds)
    except NotEnoughDataError:
        assert not enough
    else:
        assert enough
        assert folds[0].validation_at - (500 * DAY - round(span_days * DAY)) >= MIN_HISTORY_WINDOWS * 7 * DAY


def test_one_fold_is_the_split_that_training_uses():
    (one,) = rolling(60, 1)
    assert one == Split.of(first_at=440 * DAY, end=500 * DAY, holdout_days=7)


@pytest.mark.parametrize(
    ("span_days", "message"),
    [
        (41.9, r"span 41\.9 days, but 4 folds with windows of 7 days need 49 \(2 folds fit\); .*ask for fewer folds"),
        (34, r"\(1 fold fits\)"),
        (20, r"span 20\.0 days, but 4 folds with windows of 7 days need 49; ingest more history or lower"),
    ],
)
def test_too_short_a_history_says_how_many_folds_fit(span_days, message):
    with pytest.raises(NotEnoughDataError, match=message):
        rolling(span_days, 4)


def test_as_many_folds_as_the_message_says_do_fit():
    assert len(rolling(41.9, 2)) == 2
    assert len(rolling(34, 1)) == 1
