"""The sparse kernel and its weights against the same formulas written out densely, product by product."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys.errors import InputError
from recsys.ragged import Ragged
from training.models import item_graph
from training.models.recency_graph import following, second_step
from training.sequence_config import RecencyGraphConfig


@st.composite
def purchases(draw):
    """More members than products or fewer, never as many; some rows and columns empty; few values, so many ties."""
    n_products = draw(st.integers(1, 9))
    n_members = draw(st.integers(1, 9).filter(lambda n: n != n_products))
    cells = st.lists(st.sampled_from([0, 0, 0, 1, 1, 2]), min_size=n_members, max_size=n_members)
    return np.array(draw(st.lists(cells, min_size=n_products, max_size=n_products)), dtype=np.float64)


def sparse_of(dense):
    return sparse.csr_array(dense.astype(np.float32))


def ratio(above, below):
    return above / below if below else 0.0


def dense_cosine(x):
    return dense(len(x), lambda p, q: ratio(x[p] @ x[q], math.sqrt((x[p] @ x[p]) * (x[q] @ x[q]))))


def dense_tf_idf(x):
    have = (x > 0).sum(axis=0)
    return dense_cosine(
        np.array([[v * math.log(len(x) / max(n, 1)) for v, n in zip(row, have, strict=True)] for row in x])
    )


def dense_bm25(x):
    n, have, mean = len(x), (x > 0).sum(axis=0), x.sum() / len(x)
    weighted = np.zeros_like(x)
    for p, t in zip(*np.nonzero(x), strict=True):
        held_back = 1.2 * (1 - 0.75 + 0.75 * x[p].sum() / mean)
        rarity = math.log(1 + (n - have[t] + 0.5) / (have[t] + 0.5))
        weighted[p, t] = x[p, t] * 2.2 / (x[p, t] + held_back) * rarity
    return dense_cosine(weighted)


def dense_rp3beta(x, alpha=0.7, beta=0.4):
    of_product, of_member = x.sum(axis=1), x.sum(axis=0)

    def walk(p, q):
        if not of_product[p] or not of_product[q]:
            return 0.0
        steps = [
            (x[p, u] / of_product[p]) ** alpha * (x[q, u] / of_member[u]) ** alpha
            for u in range(x.shape[1])
            if x[p, u] and x[q, u]
        ]
        return sum(steps) / of_product[q] ** beta

    return dense(len(x), walk)


def dense(n, value):
    return np.array([[0.0 if p == q else value(p, q) for q in range(n)] for p in range(n)])


PRESETS = {
    "cosine": (item_graph.cosine, dense_cosine),
    "tf_idf": (item_graph.tf_idf, dense_tf_idf),
    "bm25": (item_graph.bm25, dense_bm25),
    "rp3beta": (lambda x, k: item_graph.rp3beta(x, k, alpha=0.7, beta=0.4), dense_rp3beta),
}


@pytest.mark.parametrize("preset", PRESETS)
@given(x=purchases(), k=st.integers(1, 10))
def test_a_preset_is_its_formula(preset, x, k):
    sparsely, densely = PRESETS[preset]
    expected, whole = densely(x), sparsely(sparse_of(x), len(x))
    np.testing.assert_allclose(whole.toarray(), expected, rtol=2e-5, atol=1e-6)
    cut = sparsely(sparse_of(x), k)
    assert cut.toarray().tolist() == best_by_row(whole.toarray(), k).tolist()


def best_by_row(dense_matrix, k):
    kept = np.zeros_like(dense_matrix)
    for row, values in enumerate(dense_matrix):
        for column in sorted(np.flatnonzero(values), key=lambda at: (-values[at], at))[:k]:
            kept[row, column] = values[column]
    return kept


@given(left=purchases(), k=st.integers(1, 5), seed=st.integers(0, 99), block=st.integers(1, 4), itself=st.booleans())
def test_the_kernel_is_the_cut_product_whatever_the_block(left, k, seed, block, itself):
    rng = np.random.default_rng(seed)
    right = rng.integers(-2, 3, (left.shape[1], 6)).astype(np.float64)
    rows, columns = rng.integers(0, 4, len(left)), rng.integers(0, 4, 6)
    expected = rows[:, None] * (left @ right) * columns
    if not itself:
        expected[np.eye(*expected.shape, dtype=bool)] = 0
    found = item_graph.best_of_product(
        sparse_of(left), sparse_of(right), k, rows=rows, columns=columns, with_itself=itself, block_rows=block
    )
    assert found.dtype == np.float32
    assert found.has_sorted_indices
    assert found.toarray().tolist() == best_by_row(expected, k).tolist()


def test_equal_products_are_cut_by_row():
    x = sparse_of(np.ones((5, 2)))
    assert item_graph.cosine(x, 2).indices.reshape(5, 2).tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_single_product_relates_to_nothing(preset):
    found = PRESETS[preset][0](sparse_of(np.ones((1, 3))), 5)
    assert found.shape == (1, 1)
    assert found.nnz == 0


def test_a_kernel_that_keeps_nothing_or_does_not_fit_is_refused():
    x = sparse_of(np.ones((2, 3)))
    with pytest.raises(InputError, match="k is 0"):
        item_graph.cosine(x, 0)
    with pytest.raises(InputError, match=r"\(2, 3\) and \(2, 3\)"):
        item_graph.best_of_product(x, x, 1)


def test_inputs_stay_as_they_are():
    x = sparse_of(np.array([[1, 2], [0, 3], [1, 0]]))
    before = x.copy()
    for sparsely, _ in PRESETS.values():
        sparsely(x, 2)
    assert (x != before).nnz == 0


def test_recency_weights_by_hand():
    """Histories 0 1 2 and 0 2: neighbours, one place apart, and backwards at half."""
    config = RecencyGraphConfig(distance_power=1.0, length_power=1.0, backward=0.5, popularity_power=1.0)
    graph = following(Ragged.of([[0, 1, 2], [], [0, 2]]), 4, config).toarray()
    near, apart, short = 1 / (1 * 3), 1 / (2 * 3), 1 / (1 * 2)
    bought = {0: 2, 1: 1, 2: 2}
    expected = np.zeros((4, 4))
    for p, q, forward in [(0, 1, near), (1, 2, near), (0, 2, apart + short)]:
        damp = bought[p] * bought[q] + 1
        expected[p, q], expected[q, p] = forward / damp, forward / 2 / damp
    np.testing.assert_allclose(graph, expected, rtol=1e-6)


def test_the_window_ends_what_follows_and_a_product_does_not_follow_itself():
    graph = following(Ragged.of([[3, 1, 3, 0]]), 4, RecencyGraphConfig(window=2))
    assert sorted(zip(*graph.nonzero(), strict=True)) == [(0, 1), (0, 3), (1, 0), (1, 3), (3, 0), (3, 1)]
    assert not following(Ragged.of([[3, 1, 3, 0]]), 4, RecencyGraphConfig(window=1)).toarray()[1, 0]


def test_members_with_one_purchase_and_nobody_at_all_give_an_empty_graph():
    assert following(Ragged.of([[0], [1], [0]]), 2, RecencyGraphConfig()).nnz == 0
    assert following(Ragged.of([]), 2, RecencyGraphConfig()).shape == (2, 2)


def test_the_second_step_walks_from_rows_that_sum_to_one():
    graph = np.array([[0, 3, 1], [0, 0, 2], [4, 0, 0]], dtype=np.float64)
    expected = graph / graph.sum(axis=1, keepdims=True) @ graph
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(second_step(sparse_of(graph), 3).toarray(), expected, rtol=1e-6)
