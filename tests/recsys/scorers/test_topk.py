"""The exact order of the best k."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys.errors import InputError
from recsys.ragged import Ragged
from recsys.scorers import topk
from recsys.scorers.topk import leave_out, top_k, top_k_entries, top_k_sparse


@given(st.integers(0, 5_000), st.integers(1, 12))
def test_equals_a_full_sort_with_ties_by_column(seed, k):
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 3, (4, 9)).astype(np.float32) / 2
    scores[rng.random(scores.shape) < 0.2] = np.nan
    rows, best = top_k(scores, k)
    for member in range(4):
        known = [c for c in range(9) if not np.isnan(scores[member, c])]
        expected = sorted(known, key=lambda c: (-scores[member, c], c))[:k]
        n = len(expected)
        assert rows[member, :n].tolist() == expected
        assert best[member, :n].tolist() == [scores[member, c] for c in expected]
        assert (rows[member, n:] == -1).all()
        assert np.isnan(best[member, n:]).all()


@pytest.mark.parametrize("seed", range(4))
def test_wide_rows_get_the_same_answer_as_narrow_ones(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 40, (6, 20_000)).astype(np.float32)
    scores[0] = np.nan
    scores[1, 5:] = np.nan
    scores[2] = np.arange(20_000)
    scores[3] = 1.0
    scores[4, :: 20_000 // 1_024] = 1_000 + np.arange(scores[4, :: 20_000 // 1_024].size)
    scores[5] = -np.inf
    rows, best = top_k(scores, 30)
    for member in range(6):
        order = np.lexsort((np.arange(20_000), -scores[member]))
        expected = [column for column in order if not np.isnan(scores[member, column])][:30]
        assert rows[member].tolist() == expected + [-1] * (30 - len(expected))
        np.testing.assert_array_equal(best[member, : len(expected)], scores[member, expected])


def test_minus_zero_and_zero_are_equal_and_infinities_sort():
    scores = np.array([[-0.0, 0.0, -np.inf, np.inf]], dtype=np.float32)
    assert top_k(scores, 4)[0].tolist() == [[3, 0, 1, 2]]


def test_the_order_of_rows_does_not_matter():
    scores = np.random.default_rng(0).normal(size=(6, 50)).astype(np.float32)
    rows, _ = top_k(scores, 5)
    np.testing.assert_array_equal(top_k(scores[::-1].copy(), 5)[0], rows[::-1])


def test_leave_out_takes_away_columns_for_all_and_for_each():
    scores = np.ones((2, 4), dtype=np.float32)
    leave_out(scores, np.array([True, False, True, True]), Ragged.of([[3], [0, 2]]))
    assert np.isnan(scores).tolist() == [[False, True, False, True], [True, True, True, False]]


def test_no_columns_give_padding_only():
    rows, best = top_k(np.empty((2, 0), dtype=np.float32), 3)
    assert (rows == -1).all()
    assert np.isnan(best).all()


def test_k_below_one_is_refused():
    with pytest.raises(InputError, match="at least 1"):
        top_k(np.zeros((1, 1), dtype=np.float32), 0)


@given(st.integers(0, 4), st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_sparse_rows_are_ranked_as_their_dense_twins(m: int, n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = rng.integers(0, 4, (m, n)).astype(np.float32)
    dense[rng.random((m, n)) < 0.1] = -1.5
    matrix = sparse.csr_array(dense)
    dense[dense == 0] = np.nan
    for of_sparse, of_dense in zip(top_k_sparse(matrix, k), top_k(dense, k), strict=True):
        assert np.array_equal(of_sparse, of_dense, equal_nan=True)


def test_a_nan_among_the_entries_of_a_sparse_row_is_never_ranked() -> None:
    matrix = sparse.csr_array(np.array([[0.0, np.nan, 2.0, 1.0]], dtype=np.float32))
    assert top_k_sparse(matrix, 3)[0].tolist() == [[2, 3, -1]]


@pytest.mark.parametrize("sort_bits", [4, 32])
def test_many_sparse_rows_are_ranked_alike_however_they_are_sorted(monkeypatch, sort_bits):
    rng = np.random.default_rng(7)
    dense = np.where(rng.random((90, 13)) < 0.4, rng.integers(-4, 5, (90, 13)), 0).astype(np.float32)
    monkeypatch.setattr(topk, "_SORT_BITS", sort_bits)
    rows, best = top_k_sparse(sparse.csr_array(dense), 6)
    for of_sparse, of_dense in zip((rows, best), top_k(np.where(dense == 0, np.nan, dense), 6), strict=True):
        np.testing.assert_array_equal(of_sparse, of_dense)


def test_entries_in_any_order_are_ranked_within_their_row():
    line, column = np.array([2, 0, 2, 0, 2]), np.array([4, 1, 3, 0, 0])
    value = np.array([-0.5, 2.0, 7.0, 3.0, np.nan], dtype=np.float32)
    rows, best = top_k_entries(line, column, value, 2, shape=(3, 5))
    assert rows.tolist() == [[0, 1], [-1, -1], [3, 4]]
    assert best[[0, 2]].tolist() == [[3.0, 2.0], [7.0, -0.5]]
