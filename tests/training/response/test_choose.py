"""The choice among learners."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.training.response.trials import planted
from training.response.choose import calibration_slope, choose, cross_fitted_effects, fold_ranks, measured_by_third
from training.response.folds import stratified_folds
from training.response.learners import LEARNERS

SOME = {name: LEARNERS[name] for name in ("mean", "linear", "class_transformation")}


@pytest.fixture(scope="module")
def stepped():
    trial, truth = planted(8_000, effect="step")
    return trial, truth, choose(trial, SOME, n_resamples=60, seed=1)


def test_where_all_are_alike_the_mean_is_mostly_chosen():
    few = {name: SOME[name] for name in ("mean", "linear")}
    choices = [choose(planted(900, seed=seed, effect="flat")[0], few, n_resamples=40, seed=seed) for seed in range(9)]
    assert sum(one.name == "mean" for one in choices) >= 6
    assert {one.judged["mean"].qini.value for one in choices} == {0.0}


def test_a_line_is_believed_before_trees_that_are_hardly_better():
    trial, _ = planted(5_000, effect="line", level=0.2)
    choice = choose(trial, SOME, n_resamples=60, seed=1)
    assert choice.name == "linear"
    assert choice.judged["linear"].qini.low > 0


def test_trees_are_chosen_where_no_line_comes_near(stepped):
    _, _, choice = stepped
    assert choice.name == choice.best == "class_transformation"
    assert choice.judged["linear"].behind.high < 0


def test_the_chosen_is_the_first_within_one_standard_error_of_the_best(stepped):
    _, _, choice = stepped
    best = choice.judged[choice.best].qini
    enough = [name for name, one in choice.judged.items() if one.qini.value >= best.value - best.sd]
    assert choice.name == enough[0]


@dataclass(frozen=True)
class Blurred:
    """Foretells the first feature less well, the more of the third, which is noise, it takes for an effect."""

    share: float

    def fit(self, trial, *, seed):
        return self

    def effect(self, features):
        return features[:, 0] + self.share * features[:, 2]


def test_of_many_learners_in_fine_steps_the_one_just_within_one_standard_error_is_chosen():
    trial, _ = planted(2_000, effect="line", level=0.2)
    grades = {f"blur_{share:.2f}": Blurred(share) for share in np.arange(2.0, -0.01, -0.05)}
    choice = choose(trial, grades, n_folds=2, n_resamples=60, seed=1)
    values = np.array([one.qini.value for one in choice.judged.values()])
    best = choice.judged[choice.best].qini
    assert best.value == values.max()
    names = list(grades)
    chosen = names.index(choice.name)
    assert (values[:chosen] < best.value - best.sd).all()
    assert best.value - 1.4 * best.sd < values[chosen - 1] < best.value - best.sd <= values[chosen]


def test_figures_of_all_learners_are_given_for_tables(stepped):
    _, _, choice = stepped
    facts = choice.facts()
    assert list(facts["qini"]) == list(SOME)
    assert set(facts["qini"]["linear"]) == {"value", "low", "high", "sd", "uplift_at_30", "slope", "thirds"}
    assert facts["chosen"] == choice.name


def test_cross_fitted_effects_rank_the_truth(stepped):
    _, truth, choice = stepped
    assert np.corrcoef(choice.effects["class_transformation"], truth)[0, 1] > 0.6


def test_the_same_seed_makes_the_same_choice_with_the_same_figures():
    trial, _ = planted(1_500)
    first, second = (choose(trial, SOME, n_resamples=20, seed=5) for _ in range(2))
    assert first.facts() == second.facts()
    assert first.facts() != choose(trial, SOME, n_resamples=20, seed=6).facts()


def test_no_row_is_foretold_by_a_model_that_saw_it():
    trial, _ = planted(600, effect="flat", level=0.0)
    fold = stratified_folds(trial, 3, 1)
    changed = trial.outcome.copy()
    changed[fold == 1] = 1 - changed[fold == 1]
    before, after = (
        cross_fitted_effects(one, LEARNERS["linear"], fold, seed=1) for one in (trial, trial.with_outcome(changed))
    )
    np.testing.assert_array_equal(before[fold == 1], after[fold == 1])
    assert not np.array_equal(before[fold == 0], after[fold == 0])


def test_folds_spread_arms_and_outcomes_evenly():
    trial, _ = planted(1_000, probability=0.3)
    fold = stratified_folds(trial, 5, 1)
    for rows in (trial.treated & (trial.outcome > 0), ~trial.treated & (trial.outcome == 0)):
        counts = np.bincount(fold[rows], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_rows_of_one_owner_stay_in_one_fold():
    trial, _ = planted(400)
    trial = replace(trial, owner=np.random.default_rng(0).integers(0, 90, 400))
    fold = stratified_folds(trial, 4, 1)
    assert all(len(set(fold[trial.owner == owner])) == 1 for owner in np.unique(trial.owner))
    assert len(set(fold)) == 4


def test_slopes_say_how_much_of_a_difference_is_true():
    rng = np.random.default_rng(0)
    truth, fold = rng.normal(size=40_000), rng.integers(0, 4, 40_000)
    noisy = truth + rng.normal(size=40_000)
    assert calibration_slope(2 * truth + fold, noisy, fold) == pytest.approx(0.5, abs=0.02)
    assert calibration_slope(rng.normal(size=40_000), noisy, fold) == pytest.approx(0.0, abs=0.03)
    assert calibration_slope(np.full(40_000, 0.3), noisy, fold) == 0.0


def test_levels_of_folds_do_not_reach_their_ranks():
    effects, fold = np.array([1.0, 2.0, 101.0, 102.0, 7.0, 7.0, 7.0]), np.array([0, 0, 1, 1, 2, 2, 2])
    np.testing.assert_allclose(fold_ranks(effects, fold), [0.25, 0.75, 0.25, 0.75, 0.5, 0.5, 0.5])


class TestThirds:
    def test_what_is_true_is_measured_as_foretold_in_every_third(self):
        rng = np.random.default_rng(4)
        effects = rng.uniform(-0.1, 0.3, 3_000)
        noisy = effects + rng.normal(0, 0.5, 3_000)
        found = measured_by_third(effects, effects.argsort().argsort() / 3_000, noisy, None)
        assert [round(third.foretold, 1) for third in found] == [-0.0, 0.1, 0.2]
        assert all(third.low < third.foretold < third.high for third in found)
        assert found[0].high - found[0].low == pytest.approx(2 * 1.96 * 0.5 / np.sqrt(1_000), rel=0.05)

    def test_noise_is_foretold_apart_and_measured_alike(self):
        rng = np.random.default_rng(5)
        effects = rng.uniform(-0.1, 0.3, 3_000)
        found = measured_by_third(effects, effects.argsort().argsort() / 3_000, rng.normal(0.1, 0.5, 3_000), None)
        assert found[2].foretold - found[0].foretold > 0.2
        assert abs(found[2].measured - found[0].measured) < 0.06

    def test_rows_of_one_owner_are_one_piece_of_evidence(self):
        effects = np.repeat(np.linspace(0, 1, 30), 40)
        noisy = np.repeat(np.random.default_rng(6).normal(size=30), 40)
        rank = effects * 0.999
        alone = measured_by_third(effects, rank, noisy, None)
        owned = measured_by_third(effects, rank, noisy, np.repeat(np.arange(30), 40))
        assert owned[1].high - owned[1].low > 5 * (alone[1].high - alone[1].low)

    def test_one_effect_for_all_has_no_thirds(self):
        same = np.full(9, 0.1)
        assert measured_by_third(same, np.full(9, 0.5), same, None) == ()
