"""Own implicit ALS: the loss it makes small, the exact solution of each half step, and what it does with little."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from recsys.errors import InputError, NotEnoughDataError
from training.collaborative_config import IalsConfig
from training.models import ials

CONFIG = IalsConfig(factors=3, iterations=6, unobserved_weight=0.2, regularization=0.05, frequency_power=0.7)
BOUGHT = np.array(
    [
        [1, 2, 0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0, 3, 0],
        [1, 0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ],
    dtype=np.float32,
)
"""Five members with 3, 4, 1, 5 and 0 products, so that both ways to solve are taken with three factors."""


def factorised(weights=BOUGHT, config=CONFIG, seed=4):
    return ials.factorise(sparse.csr_array(weights), config, np.random.default_rng(seed))


def loss(weights, members, products, config=CONFIG):
    """The loss of the docstring, written out pair by pair, of those who bought and what was bought."""
    weights = weights[(weights > 0).any(axis=1)][:, (weights > 0).any(axis=0)].astype(float)
    w, h = (vectors[np.isfinite(vectors).all(axis=1)].astype(float) for vectors in (members, products))
    score, bought = w @ h.T, weights > 0
    held_back = [
        (bought.sum(axis=axis) + config.unobserved_weight * bought.shape[axis]) ** config.frequency_power
        for axis in (1, 0)
    ]
    return (
        (weights * (score - 1) ** 2).sum()
        + config.unobserved_weight * (score**2).sum()
        + config.regularization * (held_back[0] @ (w**2).sum(axis=1) + held_back[1] @ (h**2).sum(axis=1))
    )


def test_every_iteration_makes_the_loss_smaller():
    losses = [loss(BOUGHT, *factorised(config=CONFIG.model_copy(update={"iterations": n}))) for n in (1, 2, 3, 6, 12)]
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_the_gradient_of_the_products_is_zero_after_their_step():
    members, products = factorised()
    base, steps = products.astype(float), []
    for product in range(6):
        for axis in range(3):
            ahead, back = base.copy(), base.copy()
            ahead[product, axis] += 1e-4
            back[product, axis] -= 1e-4
            steps.append((loss(BOUGHT, members, ahead) - loss(BOUGHT, members, back)) / 2e-4)
    np.testing.assert_allclose(steps, 0, atol=1e-4)


def test_the_products_are_the_dense_weighted_ridge_of_the_members():
    members, products = factorised()
    w = members[:4].astype(float)
    for product in range(6):
        weight = BOUGHT[:4, product].astype(float)
        held_back = 0.05 * ((weight > 0).sum() + 0.2 * 4) ** 0.7
        left = w.T @ np.diag(weight + 0.2) @ w + held_back * np.eye(3)
        np.testing.assert_allclose(products[product], np.linalg.solve(left, w.T @ weight), rtol=2e-3, atol=1e-5)


def test_more_factors_than_purchases_and_fewer_solve_the_same_equations():
    for factors in (1, 2, 8):
        config = CONFIG.model_copy(update={"factors": factors})
        members, products = factorised(config=config)
        w = members[:4].astype(float)
        weight = BOUGHT[:4, 1].astype(float)
        left = w.T @ np.diag(weight + 0.2) @ w + 0.05 * (3 + 0.2 * 4) ** 0.7 * np.eye(factors)
        np.testing.assert_allclose(products[1], np.linalg.solve(left, w.T @ weight), rtol=2e-3, atol=1e-5)


def test_the_same_seed_gives_the_same_bytes_and_the_input_stays():
    weights = sparse.csr_array(BOUGHT)
    before = weights.toarray()
    one, two = (ials.factorise(weights, CONFIG, np.random.default_rng(4)) for _ in range(2))
    assert one[0].tobytes() == two[0].tobytes()
    assert one[1].tobytes() == two[1].tobytes()
    np.testing.assert_array_equal(weights.toarray(), before)


def test_the_order_in_which_purchases_are_stored_changes_nothing():
    row, column = np.nonzero(BOUGHT)
    back = sparse.csr_array((BOUGHT[row, column][::-1], (row[::-1], column[::-1])), shape=BOUGHT.shape)
    other = ials.factorise(back, CONFIG, np.random.default_rng(4))
    assert other[0].tobytes() == factorised()[0].tobytes()


def test_only_those_without_a_purchase_have_no_vector():
    members, products = factorised()
    assert np.isfinite(members).all(axis=1).tolist() == [True] * 4 + [False]
    assert np.isfinite(products).all(axis=1).tolist() == [True] * 6 + [False]


@pytest.mark.parametrize(
    "weights",
    [
        np.eye(1, dtype=np.float32),
        np.ones((1, 5), dtype=np.float32),
        np.ones((6, 1), dtype=np.float32),
        np.ones((6, 4), dtype=np.float32),
        np.eye(5, dtype=np.float32),
    ],
    ids=["one pair", "one member", "one product", "identical baskets", "everything sold once"],
)
def test_little_or_uniform_history_has_finite_vectors_that_like_what_was_bought(weights):
    members, products = factorised(weights, CONFIG.model_copy(update={"factors": 8, "iterations": 20}))
    score = members @ products.T
    assert np.isfinite(score).all()
    assert (score[weights > 0] > 0.3).all()


def test_nothing_bought_is_said():
    with pytest.raises(NotEnoughDataError, match="found none"):
        factorised(np.zeros((3, 2), dtype=np.float32))


def test_weights_without_meaning_are_refused():
    for wrong in (np.nan, -1.0, np.inf):
        with pytest.raises(InputError, match="below zero or not finite"):
            factorised(np.array([[wrong, 1.0]], dtype=np.float32))


def test_vectors_that_are_not_finite_are_never_given_back():
    with pytest.raises(NotEnoughDataError, match=r"raise ials\.regularization"):
        factorised(np.full((3, 4), 3e38, dtype=np.float32), CONFIG.model_copy(update={"regularization": 1e-30}))


def test_tastes_are_found_in_a_workspace_and_strangers_are_not_ranked(dataset):
    config = IalsConfig(factors=16, iterations=6)
    scorer = ials.fit(dataset, config, np.random.default_rng(1))
    members = np.arange(200, dtype=np.int32)
    rows, _ = scorer.best(members, keep=np.ones(160, dtype=bool), k=10)
    assert (rows % 4 == members[:, None] % 4).mean() > 0.7
    assert 159 not in rows
    none = {field.name: getattr(dataset.purchases, field.name)[:0] for field in fields(dataset.purchases)}
    empty = replace(dataset, purchases=replace(dataset.purchases, **none))
    with pytest.raises(NotEnoughDataError):
        ials.fit(empty, config, np.random.default_rng(1))
