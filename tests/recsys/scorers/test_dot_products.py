"""The tiled ranking by dot product gives what a full sort of all scores gives."""

import numpy as np
import pytest

from recsys.ragged import Ragged
from recsys.scorers import dot_products, factors
from recsys.scorers.dot_products import best_dot_products
from recsys.scorers.factors import FactorScorer


def vectors(seed, m=7, n=2_600):
    """Small whole numbers, so that sums are exact whatever their order, and many scores are equal."""
    rng = np.random.default_rng(seed)
    members, products = rng.integers(-3, 4, (m, 5)), rng.integers(-3, 4, (n, 5))
    return members.astype(np.float32), products.astype(np.float32), rng.integers(-2, 3, n).astype(np.float32)


def fully_sorted(members, products, bias, k, banned):
    rows = []
    for member, theirs in zip(members, banned, strict=True):
        scores = products @ member + bias
        order = [row for row in np.lexsort((np.arange(len(scores)), -scores)) if row not in theirs]
        rows.append(order[:k])
    return rows


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("left_out", [False, True])
def test_equals_a_full_sort_with_ties_by_product(monkeypatch, seed, left_out):
    monkeypatch.setattr(dot_products, "BLOCK_MEMBERS", 3)
    monkeypatch.setattr(dot_products, "TILE_PRODUCTS", 1_100)
    members, products, bias = vectors(seed)
    rng = np.random.default_rng(seed)
    banned = [set(rng.integers(0, 2_600, 900).tolist()) if left_out else set() for _ in members]
    without = Ragged.of([sorted(theirs) for theirs in banned]) if left_out else None
    rows, best = best_dot_products(members, products, bias, 40, without=without)
    expected = fully_sorted(members, products, bias, 40, banned)
    assert rows.tolist() == expected
    np.testing.assert_array_equal(best, np.take_along_axis(members @ products.T + bias, np.array(expected), axis=1))


def test_a_member_whose_sample_is_better_than_all_else_is_ranked_in_full():
    members, products = np.ones((1, 1), dtype=np.float32), np.zeros((4_096, 1), dtype=np.float32)
    products[::4] = 9.0  # the sample sees these alone
    rows, best = best_dot_products(members, products, np.zeros(4_096, dtype=np.float32), 1_030, without=None)
    assert rows[0, :3].tolist() == [0, 4, 8]
    assert rows[0, 1_023:1_026].tolist() == [4_092, 1, 2]
    assert (best[0, 1_022], best[0, 1_024]) == (9.0, 0.0)


def test_a_member_without_a_vector_has_an_empty_list():
    members, products, bias = vectors(1)
    members[2] = np.nan
    rows, best = best_dot_products(members, products, bias, 5, without=None)
    assert (rows[2] == -1).all()
    assert np.isnan(best[2]).all()
    assert (rows[[1, 3]] >= 0).all()


@pytest.mark.parametrize("left_out", [None, [[0, 9], [], [77], [3, 4, 5, 6, 7], [], [2_599], [1]]])
def test_a_wide_catalogue_gives_the_lists_of_a_narrow_one(monkeypatch, left_out):
    members, products, bias = vectors(5)
    products[::9] = np.nan
    keep = np.arange(2_600) % 5 != 0
    scorer, asked = FactorScorer(members, products, bias), np.array([6, 0, 2, 2, 1, 3, 5])
    without = None if left_out is None else Ragged.of(left_out)
    narrow = scorer.best(asked, keep=keep, k=30, without=without)
    monkeypatch.setattr(factors, "_WIDE", 1_024)
    wide = scorer.best(asked, keep=keep, k=30, without=without)
    np.testing.assert_array_equal(wide[0], narrow[0])
    np.testing.assert_array_equal(wide[1], narrow[1])
