"""The shipped collaborative model: its three sources weighed by hand, and what it does with little."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import sparse

from recsys.errors import InputError, NotEnoughDataError
from recsys.scorers.collaborative import CollaborativeScorer
from training.collaborative_config import CollaborativeConfig, FactorisationConfig
from training.models import collaborative

CONFIG = CollaborativeConfig(
    n_related=10, n_explaining=4, ridge=2.0, vectors=FactorisationConfig(factors=4, iterations=6)
)
BOUGHT = np.array(
    [
        [1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 1, 0, 0],
        [0, 0, 0, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ],
    dtype=np.float32,
)


def fitted(bought=BOUGHT, config=CONFIG):
    return collaborative.mixture(sparse.csr_array(bought), config, np.random.default_rng(2))


def test_sources_are_weighed_after_the_best_new_product_of_each_has_one():
    walked = np.zeros((4, 4), dtype=np.float32)
    walked[0, 1:] = 2.0, 1.0, 0.0
    walked[1, 0] = 9.0  # leads to what the member has: it must not decide the scale
    explained = np.zeros((4, 4), dtype=np.float32)
    explained[1, 2:] = 0.2, -0.1
    scorer = CollaborativeScorer(
        history=sparse.csr_array(np.array([[1, 1, 0, 0]], dtype=np.float32)),
        walked=sparse.csr_array(walked),
        explained=sparse.csr_array(explained),
        members=np.array([[2.0]], dtype=np.float32),
        products=np.array([[7.0], [1.0], [1.0], [4.0]], dtype=np.float32),
        weights=(1.0, 0.5, 0.25),
    )
    np.testing.assert_allclose(scorer.score(np.array([0]))[0], [np.nan, np.nan, 1 + 0.5 + 0.0625, -0.25 + 0.25])


def test_the_rest_of_the_group_is_ranked_before_the_other_group():
    rows, _ = fitted().best(np.array([0, 3]), keep=np.ones(7, dtype=bool), k=1)
    assert rows.tolist() == [[2], [5]]


def test_neither_the_history_nor_unsold_products_are_ranked_and_strangers_have_no_list():
    rows, scores = fitted().best(np.array([1, 5]), keep=np.ones(7, dtype=bool), k=7)
    assert sorted(rows[0].tolist()) == [-1, -1, -1, -1, 3, 4, 5]
    assert (rows[1] == -1).all()
    assert np.isnan(scores[1]).all()


def test_a_source_of_weight_zero_is_as_if_it_were_not_there():
    alone = fitted(config=CONFIG.model_copy(update={"explained_weight": 0.0, "vectors_weight": 0.0}))
    walked = (sparse.csr_array(BOUGHT[:1]) @ alone.walked).toarray()[0]
    walked[:2] = 0
    np.testing.assert_allclose(alone.score(np.array([0]))[0, 2:6], (walked / walked.max())[2:6], rtol=1e-6)


def test_the_graphs_do_not_depend_on_the_weights_of_the_history_but_the_vectors_do():
    heavier = BOUGHT.copy()
    heavier[1, 2] = 3.0
    one, two = fitted(), fitted(heavier)
    np.testing.assert_array_equal(one.walked.toarray(), two.walked.toarray())
    np.testing.assert_array_equal(one.explained.toarray(), two.explained.toarray())
    assert not np.array_equal(one.members[:5], two.members[:5])


def test_a_product_is_explained_by_the_nearest_ends_of_its_walks():
    model = fitted(config=CONFIG.model_copy(update={"n_explaining": 1}))
    walked, explained = model.walked.toarray(), model.explained.toarray()
    for product in range(6):
        assert np.flatnonzero(explained[:, product]).tolist() == [int(np.argmax(walked[product]))]


def test_the_same_seed_gives_the_same_bytes():
    one, two = (fitted().score(np.arange(6)) for _ in range(2))
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize(
    "bought",
    [np.ones((1, 1)), np.ones((1, 5)), np.ones((6, 1)), np.ones((6, 4)), np.eye(5)],
    ids=["one pair", "one member", "one product", "identical baskets", "everything sold once"],
)
def test_little_or_uniform_history_gives_lists_without_what_was_bought(bought):
    n_members, n_products = bought.shape
    rows, _ = fitted(bought.astype(np.float32)).best(np.arange(n_members), keep=np.ones(n_products, dtype=bool), k=3)
    for member, listed in enumerate(rows):
        assert not bought[member, listed[listed >= 0]].any()


def test_nothing_bought_and_weights_without_meaning_are_said():
    with pytest.raises(NotEnoughDataError, match="found none"):
        fitted(np.zeros((3, 2), dtype=np.float32))
    with pytest.raises(InputError, match="below zero or not finite"):
        fitted(np.array([[np.nan, 1.0]], dtype=np.float32))


def test_tastes_are_found_in_a_workspace(dataset):
    scorer = collaborative.fit(dataset, CONFIG, np.random.default_rng(1))
    rows, _ = scorer.best(np.arange(200, dtype=np.int32), keep=np.ones(160, dtype=bool), k=5)
    assert (rows % 4 == np.arange(200)[:, None] % 4).mean() > 0.7
    none = {field.name: getattr(dataset.purchases, field.name)[:0] for field in fields(dataset.purchases)}
    empty = replace(dataset, purchases=replace(dataset.purchases, **none))
    with pytest.raises(NotEnoughDataError):
        collaborative.fit(empty, CONFIG, np.random.default_rng(1))
