"""The next product: sources by hand, attributes that are missing, members and catalogues with almost nothing."""

import numpy as np
import pytest
from scipy import sparse

from recsys.errors import InputError, NotEnoughDataError
from recsys.ragged import Ragged
from training.models.attribute_map import attribute_space, ridge_map
from training.models.next_product import fit
from training.sequence_config import NextProductConfig, SourceWeightsConfig

CHAIN = Ragged.of([[0, 1, 2], [0, 1, 2], [3, 4], [3, 4], [0, 1], [5]])
"""Products 6 and 7 were never sold."""
ATTRIBUTES = sparse.csr_array(
    np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 1, 1], [0, 0, 0]], dtype=np.float32)
)
"""Half of the products have none."""
EVERYBODY = np.arange(len(CHAIN), dtype=np.int32)


def only(**weights):
    nothing = dict.fromkeys(SourceWeightsConfig.model_fields, 0.0)
    return NextProductConfig(weights=SourceWeightsConfig(**{**nothing, **weights}))


def test_what_follows_is_ranked_first():
    rows, _ = fit(CHAIN, ATTRIBUTES, NextProductConfig()).best(np.array([4]), keep=np.ones(8, dtype=bool), k=8)
    assert rows[0, 0] == 2
    assert sorted(rows[0].tolist()) == [-1, -1, 2, 3, 4, 5, 6, 7]


def test_the_own_products_are_not_ranked_and_the_best_of_a_source_counts_its_weight():
    scores = fit(CHAIN, ATTRIBUTES, only(following=0.7)).score(EVERYBODY)
    assert np.isnan(scores[0, [0, 1, 2]]).all()
    assert np.isnan(scores[4, [0, 1]]).all()
    assert scores[4, 2] == np.float32(0.7)
    assert scores[5, 0] == 0


def test_the_end_of_a_history_counts_more():
    """After 1 comes 2, after 3 comes 4, equally often; the later of 1 and 3 decides."""
    learn = Ragged.of([[1, 2], [3, 4]])
    scorer = fit(learn, ATTRIBUTES, only(following=1.0))
    first = scorer.with_histories(Ragged.of([[1, 3], [3, 1]])).score(np.array([0, 1]))
    np.testing.assert_allclose(first[:, [2, 4]], [[0.6, 1.0], [1.0, 0.6]], rtol=1e-6)


@pytest.mark.parametrize("source", ["alike", "profile", "mapped"])
def test_attributes_reach_products_that_were_never_sold(source):
    scores = fit(CHAIN, ATTRIBUTES, only(**{source: 1.0})).score(np.array([2, 0]))
    if source != "mapped":  # the map says what follows what, and after 3 and 4 nothing with attributes does
        assert scores[0, 6] > 0
    assert scores[1, 6] > 0
    assert scores[1, 7] == 0


def test_without_any_attribute_the_graphs_still_rank():
    none = sparse.csr_array((8, 0), dtype=np.float32)
    rows, _ = fit(CHAIN, none, NextProductConfig()).best(np.array([4]), keep=np.ones(8, dtype=bool), k=2)
    assert rows[0, 0] == 2


def test_nobody_and_the_unknown_have_empty_lists():
    histories = Ragged.of([[0, 1], []])
    rows, scores = fit(histories, ATTRIBUTES, NextProductConfig()).best(
        np.array([1, -1], dtype=np.int32), keep=np.ones(8, dtype=bool), k=3
    )
    assert (rows == -1).all()
    assert np.isnan(scores).all()


def test_a_single_product_leaves_nothing_to_buy_next():
    scorer = fit(Ragged.of([[0]]), sparse.csr_array(np.ones((1, 1), dtype=np.float32)), NextProductConfig())
    rows, _ = scorer.best(np.array([0]), keep=np.ones(1, dtype=bool), k=2)
    assert rows.tolist() == [[-1, -1]]


def test_members_with_one_purchase_fall_back_on_attributes_and_popularity():
    scorer = fit(Ragged.of([[0], [2], [4], [4]]), ATTRIBUTES, NextProductConfig())
    rows, scores = scorer.best(np.array([1, 0]), keep=np.ones(8, dtype=bool), k=2)
    assert rows[:, 0].tolist() == [4, 4]
    assert np.isfinite(scores).all()


def test_one_member_scores_as_among_all():
    scorer = fit(CHAIN, ATTRIBUTES, NextProductConfig())
    together = scorer.score(EVERYBODY)
    for member in EVERYBODY:
        np.testing.assert_array_equal(scorer.score(np.array([member])), together[[member]])


def test_same_histories_same_bytes():
    one, other = (fit(CHAIN, ATTRIBUTES, NextProductConfig()).score(EVERYBODY).tobytes() for _ in range(2))
    assert one == other


def test_histories_without_purchases_or_with_unknown_products_are_refused():
    with pytest.raises(NotEnoughDataError, match="found none"):
        fit(Ragged.of([[], []]), ATTRIBUTES, NextProductConfig())
    with pytest.raises(InputError, match="rows 0 to 8"):
        fit(Ragged.of([[0, 8]]), ATTRIBUTES, NextProductConfig())


def test_the_attribute_space_counts_what_is_sold():
    sold = np.array([True] * 6 + [False] * 2)
    space = attribute_space(ATTRIBUTES, sold).toarray()
    np.testing.assert_allclose(np.linalg.norm(space, axis=1), [1, 0, 1, 0, 1, 0, 1, 0], rtol=1e-6)
    rare, rarest = np.log(6 / 2), np.log(6 / 1)  # attribute 2 is on no product that was sold and counts as on one
    np.testing.assert_allclose(space[6], np.array([0, rare, rarest]) / np.hypot(rare, rarest), rtol=1e-6)


def test_the_map_is_the_least_squares_solution_with_a_ridge():
    rng = np.random.default_rng(3)
    graph, space = rng.random((7, 7)), rng.random((7, 2))
    sold = np.array([True, True, False, True, True, True, False])
    known = space[sold]
    stacked = np.vstack([known, np.sqrt(0.3) * np.eye(2)])
    right = np.vstack([graph[:, sold].T, np.zeros((2, 7))])
    expected = np.linalg.lstsq(stacked, right, rcond=None)[0].T
    found = ridge_map(sparse.csr_array(graph), sparse.csr_array(space), sold, ridge=0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
