"""Choosers and judges of the bench of offers, one by one, on rows whose truth is known."""

import numpy as np
import pytest

from experiments.benchmarks.offer_response_choosers import Lessons, best_single, cells, choosers, policy_tree, teach
from experiments.benchmarks.offer_response_judge import always, judge, sums_of
from training.response.policy_value import Log, doubly_robust, snips

ARMS = np.array([0.4, 0.35, 0.25])


def lessons(n=4_000, *, seed=1, effect=3.0):
    """Arm 1 gains *effect* where the second feature is high, arm 2 where it is low; the first feature moves all."""
    rng = np.random.default_rng(seed)
    features = {"spend": rng.normal(size=n), "viewed_0": (rng.random(n) < 0.5) * 1.0, "held_viewed": np.zeros(n)}
    features |= {"viewed_1": np.zeros(n), "days_a_member": rng.random(n), "spent_a_day": np.full(n, np.nan)}
    arm = rng.choice(3, n, p=ARMS)
    high = features["viewed_0"] > 0
    cause = effect * np.where(high, arm == 1, arm == 2) + 0.5 * (arm == 1)
    outcome = 5 * features["spend"] + cause + rng.normal(size=n)
    return Lessons(features, arm, np.tile(ARMS, (n, 1)), outcome, np.arange(n)), high


@pytest.fixture(scope="module")
def taught():
    return teach(lessons()[0], seed=1)


def test_the_best_single_arm_is_the_one_with_the_highest_mean(taught):
    assert taught.best == 1
    assert (best_single(taught)(taught.lessons.features) == 1).all()


def test_scores_are_gains_over_the_best_arm_in_truth(taught):
    high = taught.lessons.features["viewed_0"] > 0
    np.testing.assert_allclose(taught.gain[high].mean(axis=0), [-3.5, 0.0, -3.5], atol=0.5)
    np.testing.assert_allclose(taught.gain[~high].mean(axis=0), [-0.5, 0.0, 2.5], atol=0.5)


def test_history_takes_noise_out_of_the_outcome(taught):
    assert taught.left.std() < 0.5 * taught.lessons.outcome.std()


@pytest.mark.parametrize(
    "way", ["cells_held_best", "cells_tenure_held_best", "policy_tree", "s_0", "t_0", "x_0", "dr_0"]
)
def test_a_difference_that_history_shows_is_found(taught, way):
    asked, high = lessons(seed=2)
    arm = choosers(taught)[way](asked.features)
    assert (arm == np.where(high, 1, 2)).mean() > 0.9


@pytest.mark.parametrize("way", ["cells_held", "cells_spend"])
def test_a_column_that_tells_nothing_leaves_the_best_single_arm(taught, way):
    assert (choosers(taught)[way](lessons(seed=2)[0].features) == 1).all()


def test_a_margin_above_every_gain_leaves_the_best_single_arm():
    small = teach(lessons(effect=0.9)[0], seed=1)
    arm = choosers(small)["t_2"](small.lessons.features)
    assert (arm == small.best).mean() > 0.95


def test_a_cell_that_was_never_seen_gets_the_best_single_arm(taught):
    asked = {name: np.array([np.nan]) for name in taught.lessons.features}
    assert cells(taught, ("viewed_0",))(asked).tolist() == [1]
    assert policy_tree(taught)(asked).tolist() == [2]


def test_the_same_rows_and_seed_teach_the_same(taught):
    np.testing.assert_array_equal(teach(lessons()[0], seed=1).gain, taught.gain)


def one_log(n=3_000, seed=4):
    rng = np.random.default_rng(seed)
    shown = rng.choice(3, n, p=ARMS)
    return Log(shown, ARMS[shown], shown * 2.0 + rng.normal(size=n)), rng.integers(0, 3, n), rng.normal(size=(n, 3))


def test_values_are_those_of_the_estimators_of_the_room():
    log, chosen, expected = one_log()
    member = np.arange(3_000) // 2
    sums = {"ours": sums_of(log, always(chosen, 3), expected, member=member)}
    for robust, value in ((True, doubly_robust(log, chosen, expected)), (False, snips(log, chosen))):
        found = judge(sums, robust=robust, n_resamples=200, seed=1).values["ours"]
        assert found.mean == pytest.approx(value.mean)
        assert found.high - found.low == pytest.approx(2 * 1.96 * value.sd, rel=0.2)


def test_a_policy_of_chances_is_the_mean_of_its_arms():
    log, _, expected = one_log()
    member = np.arange(3_000)
    ways = {str(arm): sums_of(log, always(np.full(3_000, arm), 3), expected, member=member) for arm in (1, 2)}
    half = sums_of(log, np.tile([0.0, 0.5, 0.5], (3_000, 1)), expected, member=member)
    found = judge({"half": half, **ways}, robust=True, n_resamples=20, seed=1).values
    assert found["half"].mean == pytest.approx((found["1"].mean + found["2"].mean) / 2)


def test_the_same_policy_gains_nothing_and_a_better_one_its_difference():
    log, _, expected = one_log()
    member = np.arange(3_000)
    high, low = (sums_of(log, always(np.full(3_000, arm), 3), expected, member=member) for arm in (2, 1))
    gains = judge({"ours": high, "same": high, "low": low}, robust=True, n_resamples=100, seed=1).gains
    assert (gains["same"].mean, gains["same"].low, gains["same"].high) == (0.0, 0.0, 0.0)
    assert gains["low"].low < 2.0 < gains["low"].high
