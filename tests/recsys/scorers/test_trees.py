"""Flat trees: added up, refused other columns, and the same answers as the library that grew them, gaps included."""

import lightgbm
import numpy as np
import pytest

from recsys.errors import InputError
from recsys.scorers.trees import Trees
from training.models.boosting import flat_trees

NOTHING = float("nan")


def stump(missing_left: bool) -> Trees:
    """Asks whether column 1 is at most 0.5; and a tree that is one leaf of 10."""
    return Trees(
        roots=np.array([0, 3]),
        feature=np.array([1, 0, 0, 0]),
        threshold=np.array([0.5, 0, 0, 0]),
        missing_left=np.array([missing_left, True, True, True]),
        left=np.array([1, 1, 2, 3]),
        right=np.array([2, 1, 2, 3]),
        value=np.array([0.0, -1.0, 3.0, 10.0]),
        depth=1,
        n_features=2,
    )


def grown(features, *, use_missing=True, objective="regression"):
    rng = np.random.default_rng(8)
    known = np.nan_to_num(features, nan=1.7)
    target = known[:, 0] * known[:, 1] - known[:, 2] + 0.1 * rng.normal(size=len(features))
    settings = {
        "objective": objective, "num_leaves": 23, "min_data_in_leaf": 7, "verbosity": -1, "num_threads": 1, "seed": 3,
        "use_missing": use_missing, "deterministic": True, "force_row_wise": True,
    }  # fmt: skip
    label, group = target, None
    if objective == "lambdarank":
        label, group = (target > np.median(target)).astype(float), [len(target) // 10] * 10
    rows = lightgbm.Dataset(features, label, group=group, params={"verbosity": -1, "use_missing": use_missing})
    return lightgbm.train(settings, rows, 15)


def with_gaps(share, n=2000):
    rng = np.random.default_rng(21)
    features = rng.normal(size=(n, 4)).astype(np.float32)
    features[rng.random(features.shape) < share] = NOTHING
    return features


def test_trees_add_up():
    assert stump(True).predict(np.array([[9.0, 0.5], [0.0, 0.75]])).tolist() == [9.0, 13.0]


def test_joined_trees_answer_the_sum():
    features = with_gaps(0.4, n=60)
    one, other = flat_trees(grown(with_gaps(0.4))), flat_trees(grown(with_gaps(0.0)))
    both = Trees.joined([one, other])
    assert both.roots.shape == (30,)
    np.testing.assert_allclose(both.predict(features), one.predict(features) + other.predict(features), rtol=1e-12)


def test_trees_on_other_columns_are_not_joined():
    with pytest.raises(InputError, match="cannot be added up"):
        Trees.joined([stump(True), flat_trees(grown(with_gaps(0.0)))])
    with pytest.raises(InputError, match="cannot be added up"):
        Trees.joined([])


def test_other_columns_are_refused():
    with pytest.raises(InputError, match=r"shape \(1, 3\); give 2"):
        stump(True).predict(np.zeros((1, 3)))


@pytest.mark.parametrize(("missing_left", "answer"), [(True, 9.0), (False, 13.0)])
def test_each_node_sends_what_is_missing_its_own_way(missing_left, answer):
    features = np.array([[9.0, NOTHING], [9.0, 0.75], [NOTHING, 0.25]])
    assert stump(missing_left).predict(features).tolist() == [answer, 13.0, 9.0]


@pytest.mark.parametrize("objective", ["regression", "lambdarank"])
@pytest.mark.parametrize("share", [0.0, 0.4])
def test_the_library_says_the_same_with_and_without_gaps(share, objective):
    features = with_gaps(share)
    booster = grown(features, objective=objective)
    trees = flat_trees(booster)
    assert trees.roots.shape == (15,)
    np.testing.assert_allclose(trees.predict(features), booster.predict(features, raw_score=True), rtol=1e-9)


def test_gaps_where_the_fit_had_none_are_read_as_the_library_reads_them():
    booster = grown(with_gaps(0.0))
    asked = with_gaps(0.3, n=500)
    np.testing.assert_allclose(flat_trees(booster).predict(asked), booster.predict(asked, raw_score=True), rtol=1e-9)


def test_a_library_told_to_ignore_gaps_is_followed():
    features = with_gaps(0.3)
    booster = grown(features, use_missing=False)
    np.testing.assert_allclose(
        flat_trees(booster).predict(features), booster.predict(features, raw_score=True), rtol=1e-9
    )


def test_a_row_is_answered_alike_alone_and_in_a_crowd():
    """Blocks with a gap somewhere take another way than those without."""
    features = with_gaps(0.4, n=40)
    trees = flat_trees(grown(with_gaps(0.4)))
    alone = np.concatenate([trees.predict(features[row : row + 1]) for row in range(len(features))])
    assert alone.tolist() == trees.predict(features).tolist()
