"""Reciprocal rank fusion against a plain loop, and its laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.scorers.blend import fuse


def plain_fusion(lists, weights, member, k=60.0):
    """The definition, one member, one product at a time."""
    total, best = {}, {}
    for source, (one, weight) in enumerate(zip(lists, weights, strict=True)):
        seen = set()
        for rank, product in enumerate(one[member].tolist(), start=1):
            if product < 0 or product in seen or weight == 0:
                continue
            seen.add(product)
            gain = weight / (k + rank)
            total[product] = total.get(product, 0.0) + gain
            if product not in best or gain > best[product][0]:
                best[product] = (gain, source)
    order = sorted(total, key=lambda product: (-np.float32(total[product]), product))
    return order, [total[product] for product in order], [best[product][1] for product in order]


def random_lists(seed, n_members=9, n_products=40):
    rng = np.random.default_rng(seed)
    lists = []
    for width in (12, 7, 1, 20):
        one = np.array([rng.permutation(n_products)[:width] for _ in range(n_members)], dtype=np.int32)
        one[rng.random(one.shape) < 0.2] = -1
        lists.append(one)
    return lists


@given(st.integers(0, 10_000), st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.0]), min_size=4, max_size=4))
def test_equals_the_definition(seed, weights):
    lists = random_lists(seed)
    rows, scores, source = fuse(lists, weights)
    expected = [plain_fusion(lists, weights, member) for member in range(9)]
    assert rows.shape[1] == max(len(order) for order, _, _ in expected)
    for member, (order, totals, sources) in enumerate(expected):
        n = len(order)
        assert rows[member, :n].tolist() == order
        assert source[member, :n].tolist() == sources
        np.testing.assert_allclose(scores[member, :n], totals, rtol=1e-6)
        assert (rows[member, n:] == -1).all()
        assert np.isnan(scores[member, n:]).all()
        assert (source[member, n:] == -1).all()


def test_one_member_alone_gets_the_same_bytes_as_in_a_batch():
    lists, weights = random_lists(5), [1.0, 0.3, 2.0, 0.7]
    rows, scores, source = fuse(lists, weights)
    for member in range(9):
        alone = fuse([one[member : member + 1] for one in lists], weights)
        n = alone[0].shape[1]
        assert alone[0][0].tobytes() == rows[member, :n].tobytes()
        assert alone[1][0].tobytes() == scores[member, :n].tobytes()
        assert alone[2][0].tobytes() == source[member, :n].tobytes()


def test_many_members_in_blocks_get_the_same_as_alone(monkeypatch):
    lists, weights = random_lists(6), [1.0, 0.3, 2.0, 0.7]
    whole = fuse(lists, weights)
    monkeypatch.setattr("recsys.scorers.blend._BLOCK_CANDIDATES", 80)
    for one, other in zip(whole, fuse(lists, weights), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_product_twice_in_one_list_counts_once_at_its_better_rank():
    once = fuse([np.array([[3, 8, -1]], dtype=np.int32)], [1.0])
    twice = fuse([np.array([[3, 8, 3]], dtype=np.int32)], [1.0])
    assert once[0].tolist() == twice[0].tolist() == [[3, 8]]
    np.testing.assert_array_equal(once[1], twice[1])


def test_equal_scores_are_ordered_by_product_row():
    rows, _, source = fuse([np.array([[9]], dtype=np.int32), np.array([[4]], dtype=np.int32)], [1.0, 1.0])
    assert rows.tolist() == [[4, 9]]
    assert source.tolist() == [[1, 0]]


def test_inputs_stay_as_they_are():
    lists = random_lists(1)
    before = [one.copy() for one in lists]
    fuse(lists, [1.0, 1.0, 1.0, 1.0])
    assert all((one == copy).all() for one, copy in zip(lists, before, strict=True))


@pytest.mark.parametrize("shape", [(0, 5), (3, 0)])
def test_nothing_in_is_nothing_out(shape):
    rows, scores, source = fuse([np.empty(shape, dtype=np.int32)], [1.0])
    assert rows.shape == scores.shape == source.shape == (shape[0], 0)


def test_members_with_holes_only_get_an_empty_list():
    rows, _, _ = fuse([np.full((2, 4), -1, dtype=np.int32)], [1.0])
    assert rows.shape == (2, 0)


@pytest.mark.parametrize(
    ("lists", "weights", "k", "said"),
    [
        ([np.zeros((1, 1), np.int32)], [1.0, 2.0], 60.0, "one weight a list"),
        ([np.zeros((1, 1), np.int32)], [-1.0], 60.0, "at least 0"),
        ([np.zeros((1, 1), np.int32)], [float("nan")], 60.0, "finite"),
        ([np.zeros((1, 1), np.int32), np.zeros((2, 1), np.int32)], [1.0, 1.0], 60.0, "same"),
        ([np.zeros((1, 1), np.int32)], [1.0], 0.0, "above 0"),
    ],
)
def test_what_does_not_fit_is_refused(lists, weights, k, said):
    with pytest.raises(InputError, match=said):
        fuse(lists, weights, k)
