"""What the learners find in trials whose effects are known."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.response.trials import planted
from training.response.base import BaseConfig, Boosted, Kind
from training.response.effect_learners import CrossedEffect
from training.response.learners import LEARNERS
from training.response.nuisance import Arms, cross_fitted_arms, doubly_robust_scores
from training.response.simple_learners import mean_effect
from training.response.trial import Trial

PERSONAL = [name for name in LEARNERS if name != "mean"]
TREES = [name for name in PERSONAL if name != "linear"]


def fitted(name, trial, seed=3):
    return LEARNERS[name].fit(trial, seed=seed)


def test_the_simplest_comes_first():
    assert list(LEARNERS) == ["mean", "linear", "class_transformation", "s", "t", "x", "dr"]


@pytest.mark.parametrize("name", PERSONAL)
@pytest.mark.parametrize("money", [False, True], ids=["chance", "money"])
def test_a_linear_effect_is_ranked(name, money):
    trial, _ = planted(7_000, effect="line", level=0.2, money=money)
    other, truth = planted(3_000, effect="line", level=0.2, seed=9, money=money)
    found = fitted(name, trial).effect(other.features)
    assert np.corrcoef(found, truth)[0, 1] > 0.5
    assert abs(found.mean() - truth.mean()) < 0.25 * truth.mean()


@pytest.mark.parametrize("name", TREES)
def test_trees_find_a_step_that_no_line_has(name):
    trial, _ = planted(12_000, effect="step")
    other, truth = planted(3_000, effect="step", seed=9)
    line, trees = fitted("linear", trial).effect(other.features), fitted(name, trial).effect(other.features)
    assert np.corrcoef(trees, truth)[0, 1] > np.corrcoef(line, truth)[0, 1]


@pytest.mark.parametrize("name", list(LEARNERS))
def test_unequal_probabilities_do_not_mislead(name):
    # Who buys anyway is shown the offer most: the plain difference of means is twice the effect.
    trial, truth = planted(
        7_000, effect="flat", level=0.05, base=0.1, probability=lambda x: np.where(x[:, 2] > 0, 0.9, 0.1)
    )
    naive = trial.outcome[trial.treated].mean() - trial.outcome[~trial.treated].mean()
    found = fitted(name, trial).effect(trial.features).mean()
    assert naive > 1.6 * truth.mean()
    assert abs(found - truth.mean()) < 0.03


def test_a_line_has_the_effect_of_all_rows_and_not_of_those_drawn_most_evenly():
    # The third that is moved was shown the offer nearly always; no line tells it from the thirds on either side.
    rng = np.random.default_rng(0)
    third = rng.integers(-1, 2, 6_000)
    probability = np.where(third == 0, 0.95, 0.5)
    treated = rng.random(6_000) < probability
    outcome = (rng.random(6_000) < 0.3 + 0.6 * treated * (third == 0)).astype(float)
    trial = Trial(third[:, None].astype(float), ("third",), treated, probability, outcome)
    assert fitted("linear", trial).level == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize("name", ["mean", "linear", "class_transformation"])
def test_the_arms_changed_for_each_other_turn_the_effect_round(name):
    trial, _ = planted(2_000, probability=lambda x: np.where(x[:, 2] > 0, 0.7, 0.2))
    turned = replace(trial, treated=~trial.treated, probability=1 - trial.probability)
    one, other = (fitted(name, each).effect(trial.features) for each in (trial, turned))
    np.testing.assert_allclose(one, -other, atol=1e-6)


@pytest.mark.parametrize("name", list(LEARNERS))
def test_what_all_rows_have_more_changes_no_effect(name):
    trial, truth = planted(2_000, effect="line", probability=0.3)
    noise = np.random.default_rng(1).normal(size=2_000)
    trial = trial.with_outcome(8 + noise + 4 * truth * trial.treated)
    one, other = (fitted(name, each).effect(trial.features) for each in (trial, trial.with_outcome(trial.outcome + 8)))
    np.testing.assert_allclose(one, other, atol=0.02)


@pytest.mark.parametrize("name", list(LEARNERS))
def test_a_draw_by_what_no_feature_shows_is_put_right_by_its_probability(name):
    # Half are moved by 0.4 and were mostly shown the offer; the features are noise. The mean effect is 0.2.
    rng = np.random.default_rng(0)
    moved = rng.random(6_000) < 0.5
    probability = np.where(moved, 0.85, 0.15)
    treated = rng.random(6_000) < probability
    outcome = (rng.random(6_000) < 0.2 + 0.4 * treated * moved).astype(float)
    trial = Trial(rng.normal(size=(6_000, 2)), ("a", "b"), treated, probability, outcome)
    assert fitted(name, trial).effect(trial.features).mean() == pytest.approx(0.2, abs=0.04)


@pytest.mark.parametrize("name", list(LEARNERS))
def test_unknown_features_are_no_obstacle(name):
    trial, truth = planted(2_500, effect="line", level=0.3)
    trial.features[::3, 0] = np.nan
    found = fitted(name, trial).effect(np.full((2, 4), np.nan))
    assert np.isfinite(found).all()
    assert abs(found[0] - truth.mean()) < 0.2


@pytest.mark.parametrize("name", list(LEARNERS))
def test_the_same_trial_and_seed_give_the_same_effects_and_leave_the_trial_alone(name):
    trial, _ = planted(700)
    before = trial.features.copy()
    first, second = (fitted(name, trial).effect(trial.features) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(trial.features, before)


@pytest.mark.parametrize("name", list(LEARNERS))
@pytest.mark.parametrize("buyers", ["those shown", "those not shown", "a feature"])
def test_perfect_separation_gives_finite_effects(name, buyers):
    trial, _ = planted(1_000)
    outcome = {
        "those shown": trial.treated,
        "those not shown": ~trial.treated,
        "a feature": trial.features[:, 0] > 0,
    }[buyers].astype(float)
    effect = fitted(name, trial.with_outcome(outcome)).effect(trial.features)
    assert np.isfinite(effect).all()
    expected = {"those shown": 1.0, "those not shown": -1.0, "a feature": 0.0}[buyers]
    assert abs(effect.mean() - expected) < 0.1


@pytest.mark.parametrize("name", list(LEARNERS))
def test_harm_everywhere_is_a_negative_effect_for_about_everybody(name):
    trial, _ = planted(5_000, effect="flat", level=-0.15, base=0.4)
    assert (fitted(name, trial).effect(trial.features) < 0).mean() > 0.99


@pytest.mark.parametrize("name", ["s", "t"])
def test_foretold_spend_has_the_mean_effect_of_the_arms_themselves(name):
    trial, _ = planted(3_000, effect="line", level=0.2, money=True)
    assert fitted(name, trial).effect(trial.features).mean() == pytest.approx(mean_effect(trial), rel=0.15)


@pytest.mark.parametrize("arm", [0, 1])
def test_s_foretells_the_spend_of_either_arm_right_on_average(arm):
    trial, _ = planted(3_000, effect="line", level=0.2, money=True, probability=lambda x: 0.3 + 0.4 * (x[:, 2] > 0))
    found, rows = fitted("s", trial), trial.treated == arm
    columns = np.column_stack([trial.features[rows], np.full(rows.sum(), arm)])
    foretold = np.average(found.model.predict(columns, start=found.starts[arm]), weights=trial.weight[rows])
    assert foretold == pytest.approx(np.average(trial.outcome[rows], weights=trial.weight[rows]), rel=1e-6)


def test_a_row_far_outside_is_not_extrapolated_without_end():
    trial, _ = planted(2_000, effect="line", level=0.3)
    found = fitted("linear", trial)
    centre, spread = trial.features.mean(axis=0), trial.features.std(axis=0)
    at_four, far = found.effect(np.stack([centre + 4 * spread, centre + 1e6 * spread]))
    assert far == pytest.approx(at_four)
    assert at_four != pytest.approx(found.effect(centre[None, :] + 3 * spread)[0])


def test_shrinkage_of_s_is_towards_the_mean_effect_and_not_towards_none():
    trial, _ = planted(700, effect="flat", level=0.2)
    assert fitted("s", trial).effect(trial.features).mean() == pytest.approx(mean_effect(trial), abs=0.03)


def test_x_trusts_the_regression_of_the_smaller_arm_less():
    def always(value):
        return Boosted(None, Kind.AMOUNT, 1.0, 0.0, value)

    joined = CrossedEffect(from_without=always(1.0), from_shown=always(5.0), chance=always(0.25))
    np.testing.assert_allclose(joined.effect(np.zeros((3, 2))), 0.25 * 1.0 + 0.75 * 5.0)


def test_nobody_is_foretold_by_a_model_that_saw_the_own_outcome():
    trial, _ = planted(900, effect="flat", level=0.0)
    arms = cross_fitted_arms(trial, config=BaseConfig(n_trees=200, min_leaf_rows=5, min_leaf_share=0.0, l2=0.0), seed=1)
    foretold = np.where(trial.treated, arms.shown, arms.without)
    # Models of the rows themselves, with trees this deep in noise, would agree with them at .5 or more.
    assert np.corrcoef(foretold, trial.outcome)[0, 1] < 0.3


def test_no_owner_is_foretold_by_a_model_that_saw_another_row_of_the_same():
    trial, _ = planted(900)
    trial = replace(trial, owner=np.arange(900) // 3)
    # Only the first owner's first row changes; the forecasts of its other rows must not.
    changed = trial.outcome.copy()
    changed[0] = 1 - changed[0]
    before, after = (
        cross_fitted_arms(one, config=BaseConfig(n_trees=20), seed=1) for one in (trial, trial.with_outcome(changed))
    )
    np.testing.assert_array_equal(before.without[:3], after.without[:3])
    np.testing.assert_array_equal(before.shown[:3], after.shown[:3])
    assert not np.array_equal(before.without + before.shown, after.without + after.shown)


def test_the_mean_effect_is_the_difference_of_weighted_means():
    trial, _ = planted(6)
    treated = np.array([True, True, False, False, True, False])
    trial = type(trial)(trial.features, trial.names, treated, np.array([0.5, 0.25, 0.5, 0.2, 0.5, 0.5]), np.arange(6.0))
    shown = (0 * 2 + 1 * 4 + 4 * 2) / 8
    without = (2 * 2 + 3 * 1.25 + 5 * 2) / 5.25
    assert mean_effect(trial) == pytest.approx(shown - without)


def test_doubly_robust_scores_are_unbiased_whatever_the_forecasts():
    trial, truth = planted(40_000, probability=0.2)
    wrong = Arms(np.full(len(trial), 0.9), np.full(len(trial), 0.1))
    assert doubly_robust_scores(trial, wrong).mean() == pytest.approx(truth.mean(), abs=0.02)


def test_good_forecasts_make_scores_less_noisy():
    trial, _ = planted(6_000)
    good = cross_fitted_arms(trial, config=BaseConfig(), seed=1)
    none = Arms(np.zeros(len(trial)), np.zeros(len(trial)))
    assert doubly_robust_scores(trial, good).std() < 0.9 * doubly_robust_scores(trial, none).std()
