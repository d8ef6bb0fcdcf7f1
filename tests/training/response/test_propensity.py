"""Calibrated chances."""

import numpy as np
import pytest

from recsys.errors import InputError, NotEnoughDataError
from training.response.base import BaseConfig
from training.response.propensity import calibration_error, fit_chance


def drawn(n, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 3))
    chance = 1 / (1 + np.exp(2.5 - features[:, 0] - 0.8 * (features[:, 1] > 0)))
    return features, (rng.random(n) < chance).astype(float), chance


def test_chances_are_near_the_truth_and_calibrated():
    features, happened, _ = drawn(8_000)
    fitted = fit_chance(features, happened, seed=1)
    others, _, chance = drawn(4_000, seed=9)
    found = fitted.chance(others)
    assert np.corrcoef(found, chance)[0, 1] > 0.9
    assert abs(found.mean() - chance.mean()) < 0.02
    assert fitted.calibration_error < 0.02


def test_rows_are_judged_by_models_that_did_not_see_them():
    rng = np.random.default_rng(0)
    features, happened = rng.normal(size=(2_000, 5)), (rng.random(2_000) < 0.2).astype(float)
    fitted = fit_chance(features, happened, seed=1)
    assert abs(np.corrcoef(fitted.cross_fitted, happened)[0, 1]) < 0.08
    assert fitted.cross_fitted.std() < 0.05


@pytest.mark.parametrize("outcome", ["separated", "never", "always"])
def test_no_chance_is_certain(outcome):
    features = np.arange(400.0)[:, None]
    happened = {"separated": features[:, 0] > 200, "never": np.zeros(400), "always": np.ones(400)}[outcome]
    fitted = fit_chance(features, happened.astype(float), seed=1)
    found = fitted.chance(np.array([[-1e9], [200.0], [1e9], [np.nan]]))
    assert ((found > 0) & (found < 1)).all()
    assert ((fitted.cross_fitted > 0) & (fitted.cross_fitted < 1)).all()


def test_rows_of_one_owner_are_not_learnt_from_each_other():
    # The feature names the owner, whose rows all have the same label.
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(150), 10)
    happened = np.repeat((rng.random(150) < 0.3).astype(float), 10)
    features = np.repeat(rng.permutation(150).astype(float), 10)[:, None]
    careless = fit_chance(features, happened, seed=1)
    careful = fit_chance(features, happened, owner=owner, seed=1)
    assert np.corrcoef(careless.cross_fitted, happened)[0, 1] > 0.3
    assert np.corrcoef(careful.cross_fitted, happened)[0, 1] < 0.2


def test_the_calibration_is_judged_by_curves_of_other_rows():
    # Trees this eager are far too sure of noise, so a curve helps. One fitted to a row's own label agrees with it.
    eager = BaseConfig(n_trees=15, learning_rate=0.5, n_leaves=8, min_leaf_rows=2, min_leaf_share=0.0, l2=0.0)
    agreed = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        features, happened = rng.normal(size=(120, 4)), (rng.random(120) < 0.5).astype(float)
        fitted = fit_chance(features, happened, config=eager, n_folds=3, seed=seed)
        assert fitted.facts()["calibrated"]
        agreed.append(np.cov(fitted.cross_fitted, happened)[0, 1])
    assert np.mean(agreed) < 0.0


def test_chances_that_are_right_already_keep_no_curve():
    calibrated = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        features, happened = rng.normal(size=(600, 2)), (rng.random(600) < 0.3).astype(float)
        fitted = fit_chance(features, happened, config=BaseConfig(n_trees=3), n_folds=2, seed=seed)
        calibrated.append(fitted.facts()["calibrated"])
    assert sum(calibrated) <= 1


def test_the_same_seed_gives_the_same_chances():
    features, happened, _ = drawn(600)
    first, second = (fit_chance(features, happened, seed=4).chance(features) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_calibration_error_is_the_mean_distance_of_chance_and_share():
    chance, happened = np.repeat([0.1, 0.6], [100, 300]), np.zeros(400)
    happened[:20] = 1
    happened[100:250] = 1
    assert calibration_error(chance, happened, n_bins=4) == pytest.approx((100 * 0.1 + 300 * 0.1) / 400)
    assert np.isnan(calibration_error(np.empty(0), np.empty(0)))


def test_labels_and_shapes_are_checked():
    with pytest.raises(InputError, match="neither 0 nor 1"):
        fit_chance(np.zeros((3, 1)), np.array([0.0, 1.0, 2.0]), seed=1)
    with pytest.raises(InputError, match=r"\(4, 1\)"):
        fit_chance(np.zeros((4, 1)), np.array([0.0, 1.0, 1.0]), seed=1)
    with pytest.raises(NotEnoughDataError, match="3 owners"):
        fit_chance(np.zeros((3, 1)), np.array([0.0, 1.0, 1.0]), seed=1)
