"""Counts over members: nobody is lost, nobody is counted twice, the few are hidden."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from experiments.profile_report.counting import by_code, crossed, hidden, in_classes, log_edges, means, shown

AMOUNTS = st.lists(st.integers(0, 10**9), max_size=40).map(lambda values: np.array(values, dtype=np.int64))


@given(AMOUNTS, st.integers(3, 20))
def test_classes_of_size_hold_every_value_once(values, most):
    edges = log_edges(values, most)
    assert sum(in_classes(values, edges)) == len(values)
    assert len(edges) <= most + 1
    assert list(edges) == sorted(set(edges))


def test_classes_begin_at_one_two_or_five():
    assert log_edges(np.array([0, 999])) == (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
    assert in_classes(np.array([0, 1, 4, 5]), (0, 1, 2, 5, 10)) == (1, 1, 1, 1)


def test_where_classes_are_few_the_smallest_values_share_the_first():
    assert log_edges(np.array([999]), 3) == (0, 200, 500, 1000)


def test_unknown_values_are_in_no_class():
    assert in_classes(np.array([0.1, np.nan, 0.9]), (0.0, 0.5, 1.0)) == (1, 1)


def test_members_without_a_code_count_nowhere():
    assert by_code(np.array([1, -1, 1, 0]), 3).tolist() == [1, 2, 0]
    assert by_code(np.array([1, -1, 1, 0]), 3, np.array([5, 7, 9, 11])).tolist() == [11, 14, 0]


def test_a_cross_table_has_rows_of_the_first_code():
    rows, columns = np.array([0, 0, 0, 1, -1]), np.array([2, 2, 1, 0, 0])
    assert crossed(rows, columns, (2, 3)).tolist() == [[0, 1, 2], [1, 0, 0]]


def test_cells_of_one_to_four_members_are_hidden_and_have_no_mean():
    counts = np.array([[0.0, 1.0, 4.0, 5.0]])
    assert hidden(counts) == ((0, None, None, 5),)
    assert means(counts * 10, counts) == ((None, None, None, 10.0),)
    assert [shown(cell) for cell in (0, None, 1_234)] == ["0", "<5", "1,234"]
