"""Ids, choices and instants built as whole columns."""

import numpy as np
import pytest

from features.simulator.columns import chosen, fixed_ids, instants


def test_ids_have_leading_zeros_and_literal_parts() -> None:
    ids = fixed_ids("o", (np.array([7, 123]), 4), "-", (np.array([0, 99]), 2))
    assert ids.to_list() == ["o0007-00", "o0123-99"]


def test_no_rows_give_no_ids() -> None:
    assert fixed_ids("m", (np.empty(0, dtype=np.int64), 4)).to_list() == []


def test_ids_leave_their_numbers_alone() -> None:
    number = np.array([41, 42])
    fixed_ids("m", (number, 4))
    assert number.tolist() == [41, 42]


@pytest.mark.parametrize("number", [-1, 100])
def test_numbers_that_do_not_fit_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="do not fit 2 digits"):
        fixed_ids("m", (np.array([5, number]), 2))


def test_negative_positions_choose_nothing() -> None:
    assert chosen(["a", "b"], np.array([1, -1, 0])).to_list() == ["b", None, "a"]


def test_instants_are_microseconds_in_utc() -> None:
    assert instants(np.array([1_782_777_600])).dt.to_string("%FT%T%z").to_list() == ["2026-06-30T00:00:00+0000"]
