"""What judges chances of a redemption, against judges that count one by one."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss as judged_log_loss
from sklearn.metrics import roc_auc_score

from experiments.benchmarks.redemption_judge import (
    Smoothing,
    WeightedArea,
    area,
    area_gains,
    baseline_scores,
    log_loss,
    mean_area,
    recall_at,
)
from training.response.redemption_history import Coupons, Known, Offered


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60))
def test_a_weighted_area_is_that_of_an_independent_judge(seed, n):
    rng = np.random.default_rng(seed)
    score, happened = rng.integers(0, 6, n).astype(float), rng.random(n) < 0.4
    happened[:2] = True, False
    weight = rng.integers(0, 4, n).astype(float)
    weight[:2] = 1.0
    expected = roc_auc_score(happened, score, sample_weight=weight)
    assert WeightedArea(score, happened).of(weight) == pytest.approx(expected)


def test_an_area_of_one_outcome_is_not_a_number():
    assert np.isnan(area(np.arange(3.0), np.zeros(3, dtype=bool)))


def test_the_mean_of_areas_leaves_out_campaigns_of_one_outcome():
    scores = [np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([3.0, 2.0])]
    happened = [np.array([False, True]), np.array([False, False]), np.array([False, True])]
    assert mean_area(scores, happened) == 0.5


def test_a_better_score_gains_and_the_same_score_gains_nothing():
    rng = np.random.default_rng(1)
    happened = rng.random(400) < 0.3
    noise = rng.random(400)
    gains = area_gains(
        noise + happened, {"noise": noise, "same": noise + happened}, happened,
        owner=np.arange(400) // 5, n_resamples=60, seed=2,
    )  # fmt: skip
    assert gains["noise"].low > 0.3
    assert (gains["same"].mean, gains["same"].low, gains["same"].high) == (0.0, 0.0, 0.0)


def test_rows_of_one_owner_are_drawn_together():
    rng = np.random.default_rng(1)
    score, happened = np.repeat(rng.random(20), 50), np.repeat(rng.random(20) < 0.5, 50)
    draw = {"n_resamples": 300, "seed": 5}
    flat = {"flat": np.zeros(1000)}
    by_owner = area_gains(score, flat, happened, owner=np.repeat(np.arange(20), 50), **draw)["flat"]
    by_row = area_gains(score, flat, happened, owner=np.arange(1000), **draw)["flat"]
    assert by_owner.high - by_owner.low > 3 * (by_row.high - by_row.low)


def test_log_loss_is_that_of_an_independent_judge():
    rng = np.random.default_rng(3)
    chance, happened = rng.uniform(0.01, 0.9, 50), rng.random(50) < 0.4
    assert log_loss(chance, happened) == pytest.approx(judged_log_loss(happened, chance))


def test_recall_counts_the_first_of_each_member_who_redeems():
    member = np.array([0, 0, 0, 1, 1, 2])
    score = np.array([0.9, 0.5, 0.1, 0.2, 0.8, 0.4])
    happened = np.array([True, False, True, True, False, False])
    assert recall_at(score, happened, member, 1) == pytest.approx((0.5 + 0.0) / 2)
    assert recall_at(score, happened, member, 2) == pytest.approx((0.5 + 1.0) / 2)


def offered(dated):
    """Member 0 redeems coupon 0 on day 3 and not coupon 1; member 1 redeems coupon 1 late, on day 9."""
    return Offered(
        member=np.array([0, 0, 1]), coupon=np.array([0, 1, 1]), campaign=np.ones(3, dtype=int),
        kind=np.zeros(3, dtype=int),
        starts=np.zeros(3, dtype=int), ends=np.full(3, 9), redeemed_on=np.array([3, -1, 9]), dated=dated,
    )  # fmt: skip


@pytest.mark.parametrize(("now", "redeemed", "passed"), [(5, [1, 0], 0.5), (10, [1, 1], 1.0)])
def test_baselines_are_smoothed_rates_of_what_is_known_by_then(now, redeemed, passed):
    history = offered(True)
    coupons = Coupons(sp.csr_matrix(np.eye(3)), {}, np.array([0, 1, 1]))
    asked = Offered(
        member=np.array([0, 1]), coupon=np.array([0, 2]), campaign=np.array([2, 2]), kind=np.zeros(2, dtype=int),
        starts=np.full(2, now), ends=np.full(2, now + 5), redeemed_on=np.full(2, -1), dated=True,
    )  # fmt: skip
    scores = baseline_scores(asked, Known(coupons, history, 2), Smoothing(4.0, 6.0))
    overall = (sum(redeemed) + 1) / (3 * passed + 100)
    # The second coupon was issued under another number before.
    coupon = [(redeemed[0] + 4 * overall) / (passed + 4), (redeemed[1] + 4 * overall) / (2 * passed + 4)]
    member = [(redeemed[0] + 6 * overall) / (2 * passed + 6), (redeemed[1] + 6 * overall) / (passed + 6)]
    np.testing.assert_allclose(scores["coupon"], coupon)
    np.testing.assert_allclose(scores["member"], member)
    np.testing.assert_allclose(scores["product"], np.array(coupon) * member / overall)
