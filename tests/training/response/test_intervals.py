"""Effects with their uncertainty, held against effects that are known."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.training.response.trials import planted
from training.response.intervals import FittedEffects, fit_effects
from training.response.learners import LEARNERS
from training.response.simple_learners import FlatEffect


@dataclass(frozen=True)
class Stated:
    """Says a share of the last feature, or the opposite of the first one, and learns nothing."""

    share: float = 0.0
    name: str = "stated"

    def fit(self, trial, *, seed):
        return self

    def effect(self, features):
        return self.share * features[:, -1] if self.share else -features[:, 0]


def repeated(name, *, n=1_500, times=6, n_refits=4, **world):
    """Effects learnt from several trials, and the truth of other rows of the same world."""
    for seed in range(times):
        trial, _ = planted(n, seed=seed, **world)
        other, truth = planted(1_500, seed=1_000 + seed, **world)
        yield fit_effects(trial, LEARNERS[name], n_refits=n_refits, seed=seed).effects(other.features), truth


def test_intervals_cover_a_linear_effect_about_as_often_as_they_say():
    covered = []
    for effects, truth in repeated("linear", effect="line", level=0.2):
        low, high = effects.interval(0.9)
        covered.append(np.mean((low <= truth) & (truth <= high)))
    assert 0.75 < np.mean(covered) < 0.99


@pytest.mark.parametrize("name", ["linear", "class_transformation"])
def test_intervals_cover_one_effect_for_all_whatever_the_learner(name):
    inside = []
    for effects, truth in repeated(name, effect="flat", level=0.1, times=5):
        low, high = effects.interval(0.9)
        inside.append(np.mean((low <= truth) & (truth <= high)))
    assert np.mean(inside) > 0.75


@pytest.mark.parametrize("name", ["linear", "class_transformation"])
def test_groups_of_like_forecasts_have_the_effect_that_is_foretold(name):
    away = []
    for effects, truth in repeated(name, effect="step", times=4, n=2_500):
        groups = np.array_split(np.argsort(effects.mean), 5)
        away += [(truth[rows] - effects.mean[rows]).mean() / effects.sd[rows].mean() for rows in groups]
    assert np.mean(np.abs(away) < 2) > 0.7


@pytest.mark.parametrize(
    ("name", "effect"),
    [("linear", "flat"), ("linear", "line"), ("class_transformation", "flat"), ("class_transformation", "step")],
)
def test_those_picked_by_their_lower_bound_are_on_average_not_below_it(name, effect):
    gap = []
    for effects, truth in repeated(name, effect=effect, n=1_000, times=4):
        lower = effects.lower(0.9)
        best = np.argsort(-lower)[:30]
        gap.append(np.mean(truth[best] - lower[best]))
    assert np.mean(gap) > 0


def test_those_picked_by_a_plain_forecast_disappoint_which_is_why_bounds_are_used():
    gap = []
    for seed in range(6):
        trial, _ = planted(1_500, seed=seed, effect="flat")
        other, truth = planted(1_500, seed=seed + 50, effect="flat")
        plain = LEARNERS["t"].fit(trial, seed=1).effect(other.features)
        best = np.argsort(-plain)[:30]
        gap.append(np.mean(truth[best] - plain[best]))
    assert np.mean(gap) < -0.02


def test_patterns_in_noise_are_not_believed():
    slopes = [
        fit_effects(
            planted(1_500, seed=seed, effect="flat")[0], LEARNERS["class_transformation"], n_refits=4, seed=1
        ).slope
        for seed in range(5)
    ]
    assert np.median(slopes) < 0.2


def test_mean_and_variance_of_an_effect_by_hand():
    # Away from their centres the refits are 1, 2 and 6: mean 3, variance 7 of 3 - 1 degrees of freedom.
    refits = tuple(FlatEffect(value) for value in (1.5, 2.0, 5.0))
    fitted = FittedEffects("mean", 0.1, 0.3, 0.5, 0.2, refits, (0.5, 0.0, -1.0))
    effects = fitted.effects(np.zeros((2, 1)))
    np.testing.assert_allclose(effects.mean, 0.1 + 0.5 * 3)
    np.testing.assert_allclose(effects.sd**2, 0.3**2 + 0.5 * 7 + (0.2 * 3) ** 2)
    np.testing.assert_allclose(effects.lower(0.9), effects.mean - 1.2815516 * effects.sd)
    np.testing.assert_allclose(effects.interval(0.9)[1], effects.mean + 1.6448536 * effects.sd)


def test_what_is_foretold_the_wrong_way_round_is_not_believed_and_not_turned():
    trial, _ = planted(2_000, effect="line", level=0.3)
    fitted = fit_effects(trial, Stated(), n_refits=4, seed=1)
    assert fitted.slope == 0.0
    assert np.ptp(fitted.effect(trial.features)) < 1e-12


@pytest.mark.parametrize(("share", "slope"), [(2.0, 0.5), (0.5, 1.0)])
def test_differences_foretold_too_large_are_made_smaller_and_too_small_ones_stay(share, slope):
    trial, truth = planted(8_000, effect="line", level=0.3)
    # The truth stands in the last feature.
    trial = replace(trial, features=np.column_stack([trial.features[:, :3], truth]))
    assert fit_effects(trial, Stated(share), n_refits=4, seed=1).slope == pytest.approx(slope, abs=0.1)


def test_more_rows_make_surer():
    others, _ = planted(50, seed=9)
    few, many = (
        fit_effects(planted(n, effect="line")[0], LEARNERS["linear"], n_refits=8, seed=1).effects(others.features)
        for n in (800, 12_800)
    )
    assert many.sd.mean() < 0.5 * few.sd.mean()


def test_where_it_harms_everybody_nobody_is_treated():
    trial, _ = planted(2_500, effect="flat", level=-0.15, base=0.4)
    effects = fit_effects(trial, LEARNERS["s"], n_refits=4, seed=1).effects(trial.features)
    assert (effects.mean < 0).all()
    assert not (effects.lower(0.9) > 0).any()


def test_perfect_separation_has_finite_effects_and_intervals():
    trial, _ = planted(600)
    effects = fit_effects(trial.with_outcome(trial.treated.astype(float)), LEARNERS["dr"], n_refits=4, seed=1).effects(
        trial.features
    )
    assert np.isfinite(effects.mean).all()
    assert np.isfinite(effects.sd).all()


def test_repeated_rows_of_one_owner_make_nobody_surer():
    trial, _ = planted(500)
    thrice = trial.take(np.repeat(np.arange(500), 3))
    alone = fit_effects(trial, LEARNERS["mean"], seed=1)
    owned = fit_effects(replace(thrice, owner=np.repeat(np.arange(500), 3)), LEARNERS["mean"], seed=1)
    careless = fit_effects(thrice, LEARNERS["mean"], seed=1)
    assert owned.level_sd == pytest.approx(alone.level_sd, rel=0.15)
    assert careless.level_sd < 0.7 * alone.level_sd


def test_repeated_rows_of_one_owner_make_no_slope_surer():
    trial, _ = planted(800, effect="line", level=0.3)
    thrice = trial.take(np.repeat(np.arange(800), 3))
    alone = fit_effects(trial, Stated(1.0), n_refits=4, seed=1)
    owned = fit_effects(replace(thrice, owner=np.repeat(np.arange(800), 3)), Stated(1.0), n_refits=4, seed=1)
    careless = fit_effects(thrice, Stated(1.0), n_refits=4, seed=1)
    assert owned.slope_sd == pytest.approx(alone.slope_sd, rel=0.15)
    assert careless.slope_sd < 0.7 * alone.slope_sd


def test_the_same_seed_gives_the_same_effects_and_facts_say_who_made_them():
    trial, _ = planted(800)
    first, second = (fit_effects(trial, LEARNERS["s"], n_refits=4, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.effect(trial.features), second.effect(trial.features))
    assert first.facts()["learner"] == "s"
    assert first.facts()["n_refits"] == 4
