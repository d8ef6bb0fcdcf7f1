"""Lists of different lengths."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.ragged import Ragged, blocks_of_owners

LISTS = st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=6)


@given(LISTS)
def test_lists_are_read_back(lists: list[list[int]]) -> None:
    assert Ragged.of(lists).lists() == lists


@given(LISTS, st.data())
def test_taking_owners_gives_their_lists_and_none_below_zero(lists: list[list[int]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(-1, len(lists) - 1), max_size=8))
    taken = Ragged.of(lists).take(np.array(rows, dtype=np.int64))
    assert taken.lists() == [lists[row] if row >= 0 else [] for row in rows]


def test_owners_names_whose_list_each_value_is_in() -> None:
    assert Ragged.of([[7, 7], [], [1]]).owners().tolist() == [0, 0, 2]


def test_positions_serve_any_array_of_the_same_layout() -> None:
    lists = Ragged.of([[3, 1], [2]])
    beside = np.array([30, 10, 20])
    _, positions = lists.positions(np.array([1, 0]))
    assert beside[positions].tolist() == [20, 30, 10]


def test_blocks_never_part_the_entries_of_one_owner():
    owner = np.array([0, 0, 0, 2, 2, 5, 7, 7, 7, 7])
    assert blocks_of_owners(owner, 2) == [slice(0, 3), slice(3, 5), slice(5, 10)]
    assert blocks_of_owners(owner, 100) == [slice(0, 10)]
    assert blocks_of_owners(owner[:0], 3) == []
