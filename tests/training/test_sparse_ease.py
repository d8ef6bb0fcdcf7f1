"""Sparse EASE: equal to the dense closed form where all products are neighbours, and a ridge regression where not."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import sparse

from recsys.errors import InputError, NotEnoughDataError
from training.collaborative_config import SparseEaseConfig
from training.models import sparse_ease

N_MEMBERS, N_PRODUCTS = 60, 23


@pytest.fixture(scope="module")
def bought():
    """Random baskets in two halves that share a few products; product 22 was never bought."""
    rng = np.random.default_rng(8)
    chance = np.where(np.arange(N_MEMBERS)[:, None] % 2 == np.arange(N_PRODUCTS) // 12, 0.5, 0.2)
    matrix = (rng.random((N_MEMBERS, N_PRODUCTS)) < chance).astype(np.float32)
    matrix[:, 22] = 0
    return matrix


def weights(bought, n_related=N_PRODUCTS, ridge=3.0):
    config = SparseEaseConfig(n_related=n_related, ridge=ridge)
    return sparse_ease.weights_of(sparse.csr_array(bought), config).toarray()


def test_with_all_products_related_it_is_the_closed_form_of_ease(bought):
    sold = bought[:, :22].astype(float)
    gram = sold.T @ sold
    assert (gram > 0).all()
    precision = np.linalg.inv(gram + 3.0 * np.eye(22))
    dense = -precision / np.diag(precision)
    np.fill_diagonal(dense, 0)
    np.testing.assert_allclose(weights(bought)[:22, :22], dense, atol=2e-5)


def test_a_column_is_the_ridge_regression_on_the_nearest_by_cosine(bought):
    found, x = weights(bought, n_related=4), bought.astype(float)
    norm = np.linalg.norm(x, axis=0)
    for product in range(22):
        cosine = x.T @ x[:, product] / np.maximum(norm * norm[product], 1e-9)
        cosine[product] = -1
        near = np.sort(np.argsort(-cosine, kind="stable")[:4])
        expected = np.linalg.solve(x[:, near].T @ x[:, near] + 3.0 * np.eye(4), x[:, near].T @ x[:, product])
        np.testing.assert_allclose(found[near, product], expected, atol=2e-5)
        assert np.count_nonzero(found[:, product]) == 4


def test_a_product_says_nothing_of_itself_and_nothing_of_what_shares_no_buyer(bought):
    found = weights(bought)
    assert not found.diagonal().any()
    assert not found[22].any()
    assert not found[:, 22].any()


def test_how_products_are_grouped_changes_nothing(bought, monkeypatch):
    whole = weights(bought, n_related=5)
    monkeypatch.setattr(sparse_ease, "_WIDEST_BLOCK", 1)
    np.testing.assert_array_equal(weights(bought, n_related=5), whole)
    monkeypatch.setattr(sparse_ease, "_GROUP", 3)
    monkeypatch.setattr(sparse_ease, "_WIDEST_BLOCK", 4_096)
    np.testing.assert_array_equal(weights(bought, n_related=5), whole)


def test_a_larger_ridge_trusts_less(bought):
    assert np.abs(weights(bought, ridge=100.0)).sum() < 0.5 * np.abs(weights(bought, ridge=1.0)).sum()


def test_identical_baskets_share_the_weight_and_one_product_has_none():
    same = weights(np.ones((6, 4), dtype=np.float32), ridge=2.0)
    np.testing.assert_allclose(same[same > 0], 6 / (3 * 6 + 2), rtol=1e-5)
    assert np.count_nonzero(same) == 12
    assert weights(np.ones((6, 1), dtype=np.float32)).tolist() == [[0]]


def test_everything_sold_once_to_another_member_has_no_weights():
    assert not weights(np.eye(5, dtype=np.float32)).any()


def test_weights_without_meaning_are_refused():
    for wrong in (np.nan, -1.0):
        with pytest.raises(InputError, match="below zero or not finite"):
            weights(np.array([[wrong, 1.0]], dtype=np.float32))


def test_tastes_are_found_in_a_workspace_twice_the_same(dataset):
    config = SparseEaseConfig(n_related=20, ridge=5.0)
    one, two = (sparse_ease.fit(dataset, config, np.random.default_rng(seed)) for seed in (1, 2))
    members = np.arange(200, dtype=np.int32)
    rows, _ = one.best(members, keep=np.ones(160, dtype=bool), k=10)
    assert (rows % 4 == members[:, None] % 4).mean() > 0.7
    assert one.similarity.data.tobytes() == two.similarity.data.tobytes()
    none = {field.name: getattr(dataset.purchases, field.name)[:0] for field in fields(dataset.purchases)}
    empty = replace(dataset, purchases=replace(dataset.purchases, **none))
    with pytest.raises(NotEnoughDataError, match="found none"):
        sparse_ease.fit(empty, config, np.random.default_rng(1))
