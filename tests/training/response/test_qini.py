"""Curves, coefficients and uplift among the first, against judges that count one by one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.response.trials import planted
from training.response.qini import qini_curve, qini_resampled, uplift_at
from training.response.resampling import Estimate, poisson_counts


def judged_gain(trial, score, n_first):
    """Radcliffe's gain after the first rows, counted in plain loops."""
    order = sorted(range(len(score)), key=lambda row: -score[row])[:n_first]
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for row in order:
        p = trial.probability[row] if trial.treated[row] else 1 - trial.probability[row]
        sums[bool(trial.treated[row])][0] += 1 / p
        sums[bool(trial.treated[row])][1] += trial.outcome[row] / p
    if not (sums[True][0] and sums[False][0]):
        return 0.0
    return n_first / len(score) * (sums[True][1] / sums[True][0] - sums[False][1] / sums[False][0])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 60), money=st.booleans())
def test_every_point_is_what_counting_gives(seed, n, money):
    trial, _ = planted(n, seed=seed, probability=lambda x: np.where(x[:, 0] > 0, 0.3, 0.7), money=money)
    score = np.random.default_rng(seed).permutation(n).astype(float)
    curve = qini_curve(trial, score)
    np.testing.assert_allclose(curve.share, np.arange(n + 1) / n)
    np.testing.assert_allclose(curve.gain[1:], [judged_gain(trial, score, m) for m in range(1, n + 1)], atol=1e-12)


def test_a_constant_score_has_a_coefficient_of_zero_and_all_of_the_area():
    trial, _ = planted(300)
    curve = qini_curve(trial, np.full(300, 4.2))
    assert curve.coefficient == 0.0
    assert curve.area == pytest.approx(curve.gain[-1] / 2)


def test_a_known_curve_has_its_known_coefficient():
    # Two treated and two not; the first pair gains 1, the second nothing.
    trial, _ = planted(4)
    trial = replace(trial, treated=np.array([True, False, True, False]), outcome=np.array([1.0, 0.0, 0.0, 0.0]))
    curve = qini_curve(trial, np.array([2.0, 2.0, 1.0, 1.0]))
    np.testing.assert_allclose(curve.gain, [0.0, 0.5, 0.5])
    assert curve.area == pytest.approx(0.125 + 0.25)
    assert curve.coefficient == pytest.approx(0.125)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_only_the_order_of_scores_counts_and_not_the_order_of_rows(seed):
    trial, truth = planted(200, seed=seed)
    score = np.round(truth + np.random.default_rng(seed).normal(size=200), 1)
    shuffled = np.random.default_rng(seed + 1).permutation(200)
    value = qini_curve(trial, score).coefficient
    assert qini_curve(trial, np.exp(score)).coefficient == pytest.approx(value, abs=1e-12)
    assert qini_curve(trial.take(shuffled), score[shuffled]).coefficient == pytest.approx(value, abs=1e-12)


def test_the_truth_ranks_better_than_its_opposite():
    trial, truth = planted(20_000)
    assert qini_curve(trial, truth).coefficient > 0.01 > -0.01 > qini_curve(trial, -truth).coefficient


def test_long_curves_are_thinned_and_their_area_stays():
    trial, truth = planted(30_000)
    score = truth + 0.05 * np.random.default_rng(0).normal(size=30_000)
    curve = qini_curve(trial, score)
    assert len(curve.share) <= 1_001
    exact = np.array([0.0, *(judged_gain(trial, score, m) for m in (10_000, 30_000))])
    np.testing.assert_allclose(np.interp([1 / 3, 1.0], curve.share, curve.gain), exact[1:], atol=5e-4)


def test_uplift_among_the_first_counts_only_them():
    trial, _ = planted(2_000, effect="step", level=0.2)
    score = trial.features[:, 0]
    top = np.argsort(-score)[:600]
    shown = trial.take(top[trial.treated[top]]).outcome.mean()
    without = trial.take(top[~trial.treated[top]]).outcome.mean()
    assert uplift_at(trial, score, 0.3) == pytest.approx(shown - without)


@pytest.mark.parametrize(("share", "counted"), [(0.24, 2.8), (0.26, 3.0), (0.3, 3.0), (0.34, 3.8)])
def test_a_share_that_ends_within_a_row_counts_that_row_in_part(share, counted):
    # Treated and not take turns, so rows 0, 2, 4 and 6 are treated; only 0 and 2 bought.
    trial, _ = planted(20)
    row = np.arange(20)
    trial = replace(trial, treated=row % 2 == 0, outcome=np.isin(row, (0, 2)).astype(float))
    assert uplift_at(trial, -row.astype(float), share) == pytest.approx(2 / counted)


def test_rows_of_unequal_chance_weigh_unequally_among_the_first():
    # The first three: shown at 1/4 with 1, shown at 1/2 with 0, not shown at 3/4 (so 1/4 to be without) with 1.
    trial, _ = planted(4)
    trial = replace(
        trial,
        treated=np.array([True, True, False, False]),
        probability=np.array([0.25, 0.5, 0.75, 0.5]),
        outcome=np.array([1.0, 0.0, 1.0, 0.0]),
    )
    assert uplift_at(trial, -np.arange(4.0), 0.75) == pytest.approx(4 / 6 - 1)
    assert uplift_at(trial, -np.arange(4.0), 1.0) == pytest.approx(4 / 6 - 4 / 6)


def test_where_all_scores_are_equal_the_first_are_everybody_in_part():
    trial, _ = planted(500)
    order = np.argsort(trial.treated)
    sorted_by_arm = trial.take(order)
    assert uplift_at(sorted_by_arm, np.zeros(500), 0.1) == pytest.approx(uplift_at(trial, np.zeros(500), 1.0))


def test_uplift_of_one_arm_is_no_number():
    trial, _ = planted(100)
    assert np.isnan(uplift_at(trial, trial.treated.astype(float), 0.1))


def test_the_interval_covers_the_coefficient_of_everybody_about_as_often_as_it_says():
    everybody, _ = planted(200_000, seed=1)
    expected = qini_curve(everybody, everybody.features[:, 0]).coefficient
    hits = 0
    for seed in range(40):
        rows = np.random.default_rng(seed).choice(200_000, 1_500, replace=False)
        sample = everybody.take(rows)
        score = sample.features[:, 0]
        resampled = qini_resampled(sample, {"a": score}, n_resamples=100, seed=seed)["a"]
        one = Estimate.of(qini_curve(sample, score).coefficient, resampled, 0.9)
        hits += one.low <= expected <= one.high
    assert 31 <= hits <= 40


def test_an_interval_leaves_half_of_the_rest_out_on_either_side():
    one = Estimate.of(7.0, np.arange(1_001.0), 0.9)
    assert (one.value, one.low, one.high) == pytest.approx((7.0, 50.0, 950.0))
    assert one.sd == pytest.approx(np.sqrt(1_001 * 1_002 / 12))


def test_scores_share_their_resamples_so_differences_are_paired():
    trial, truth = planted(3_000)
    drawn = qini_resampled(trial, {"a": truth, "b": truth * 2, "c": -truth}, n_resamples=40, seed=2)
    np.testing.assert_allclose(drawn["a"], drawn["b"])
    assert drawn["c"].shape == (40,)
    assert np.std(drawn["a"] - drawn["c"]) > 0


def test_a_resample_is_the_curve_of_rows_taken_as_often_as_they_count():
    trial, truth = planted(150, probability=0.3)
    score = np.round(truth + np.random.default_rng(0).normal(size=150), 1)
    drawn = qini_resampled(trial, {"a": score}, n_resamples=5, seed=4)["a"]
    counts = np.vstack(list(poisson_counts(trial, n_resamples=5, seed=4)))
    rows = [np.repeat(np.arange(150), one) for one in counts]
    np.testing.assert_allclose(drawn, [qini_curve(trial.take(one), score[one]).coefficient for one in rows])


def test_rows_of_one_owner_count_alike_in_a_resample():
    trial, _ = planted(30)
    trial = replace(trial, owner=np.repeat(np.arange(10), 3))
    counts = np.vstack(list(poisson_counts(trial, n_resamples=7, seed=1)))
    assert counts.shape == (7, 30)
    np.testing.assert_array_equal(counts[:, ::3], counts[:, 2::3])
    assert counts.std() > 0
