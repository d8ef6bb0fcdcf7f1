"""What is believed of redemption rates: pooled on logits, never certain, sensible for offers never shown."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

from recsys.errors import InputError
from recsys.offers.prior import RedemptionPrior, Scales
from tests.recsys.offers.prior.test_mixed import dense_prior
from tests.recsys.offers.prior.worlds import N_STAGES, N_TIERS, alike, various

SHAPE = (N_STAGES, N_TIERS, 30)


def counted(seed: int, rate: float = 0.08, most: int = 40) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Kinds of the offers, true rates, redeemed and ordered; the kind and the offer make the rate."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, SHAPE[2]).astype(np.int8)
    of_offer = logit(rate) + rng.normal(0, 0.7, 4)[kind] + rng.normal(0, 0.3, SHAPE[2])
    truth = np.tile(expit(of_offer), (*SHAPE[:2], 1))
    ordered = rng.integers(0, most, SHAPE)
    return kind, truth, rng.binomial(ordered, truth), ordered


def test_rates_err_less_than_each_alone_and_less_than_all_together() -> None:
    for seed in range(5):
        kind, truth, redeemed, ordered = counted(seed)
        found = RedemptionPrior.fit(alike(30, kind=kind), redeemed, ordered, rate=0.3).predict().mean
        alone = np.where(ordered > 0, redeemed / np.maximum(ordered, 1), 0.3)
        together = redeemed.sum() / ordered.sum()
        ours = np.sum((found - truth) ** 2)
        assert ours < 0.7 * min(np.sum((alone - truth) ** 2), np.sum((together - truth) ** 2))


def test_rates_are_right_on_average_also_where_hardly_anybody_redeems() -> None:
    believed = happened = 0.0
    for seed in range(10):
        kind, _, redeemed, ordered = counted(seed, rate=0.02, most=20)
        found = RedemptionPrior.fit(alike(30, kind=kind), redeemed, ordered, rate=0.3).predict().mean
        believed += np.sum(found * ordered)
        happened += redeemed.sum()
    assert believed == pytest.approx(happened, rel=0.15)


@pytest.mark.parametrize("n", [5, 5_000])
@pytest.mark.parametrize("all_of_them", [False, True])
def test_none_and_all_of_some_stay_within_nought_and_one(n: int, all_of_them: bool) -> None:
    ordered = np.zeros((1, 1, 3), dtype=np.int64)
    ordered[..., 0] = n
    redeemed = ordered if all_of_them else np.zeros_like(ordered)
    found = RedemptionPrior.fit(alike(3), redeemed, ordered, rate=0.3).predict()
    assert np.all((found.mean > 0) & (found.mean < 1))
    assert np.all(found.sd > 0)
    assert np.all((found.mean > 0.3) == all_of_them)
    # The offer that was seen is further from the prior than those that were not, which lean towards it.
    gap = np.abs(found.mean - 0.3).ravel()
    assert gap[0] > gap[1] > 0.01


def test_more_of_the_same_is_more_evidence() -> None:
    few, many = (
        RedemptionPrior.fit(alike(1), np.zeros((1, 1, 1)), np.full((1, 1, 1), n), rate=0.3).predict() for n in (5, 500)
    )
    assert 0 < many.mean.item() < few.mean.item() < 0.3


def test_without_any_history_the_configured_rate_is_believed() -> None:
    none = np.zeros((N_STAGES, N_TIERS, 2), dtype=np.int64)
    prior = RedemptionPrior.fit(alike(2), none, none, rate=0.3, sd=0.8)
    found = prior.posterior()
    assert expit(found.mean) == pytest.approx(np.full(none.size, 0.3))
    assert found.variance == pytest.approx(np.full(none.size, 0.64))


def test_the_mode_is_that_of_the_binomial_likelihood_and_the_dense_prior() -> None:
    rng = np.random.default_rng(4)
    ordered = rng.integers(0, 9, (2, 2, 4))
    redeemed = rng.binomial(ordered, 0.2)
    prior = RedemptionPrior.fit(various(rng, 4), redeemed, ordered, rate=0.3)
    mean, covariance = dense_prior(prior.factors, prior.scales)
    inverse = np.linalg.inv(covariance)

    def minus_log(cells: NDArray) -> float:
        likelihood = redeemed.ravel() @ log_expit(cells) + (ordered - redeemed).ravel() @ log_expit(-cells)
        return float(0.5 * (cells - mean) @ inverse @ (cells - mean) - likelihood)

    best = minimize(minus_log, mean, method="BFGS", options={"gtol": 1e-8})
    found = prior.posterior()
    assert found.mean == pytest.approx(best.x, abs=1e-4)
    rate = expit(found.mean)
    curvature = inverse + np.diag(ordered.ravel() * rate * (1 - rate))
    assert found.variance == pytest.approx(np.diag(np.linalg.inv(curvature)), rel=1e-6)


def test_counts_taken_in_later_are_counts_that_were_there_from_the_start() -> None:
    kind, _, redeemed, ordered = counted(2)
    cells = (np.array([0, 2]), np.array([1, 0]), np.array([4, 9]))
    prior = RedemptionPrior.fit(alike(30, kind=kind), redeemed, ordered, rate=0.3)
    late = prior.updated(cells, np.array([3, 0]), np.array([4, 25])).predict()
    redeemed[cells] += [3, 0]
    ordered[cells] += [4, 25]
    whole = RedemptionPrior(prior.factors, prior.scales, redeemed.ravel(), ordered.ravel(), np.zeros(redeemed.size))
    assert late.mean == pytest.approx(whole.predict().mean, abs=1e-8)
    assert late.mean[0, 1, 4] > prior.predict().mean[0, 1, 4]


def test_scales_are_estimated_and_not_only_stated() -> None:
    kind, _, redeemed, ordered = counted(0)
    spread = RedemptionPrior.fit(alike(30, kind=kind), redeemed, ordered, rate=0.3).scales
    even = RedemptionPrior.fit(alike(30, kind=kind), ordered * 0.1, ordered, rate=0.3).scales
    assert spread.factor[1] > even.factor[1]
    assert even.offer < Scales.stated(logit(0.3), 1.0).offer


@pytest.mark.parametrize(
    ("redeemed", "ordered", "rate", "told"),
    [
        (3.0, 2.0, 0.3, "3.0 of 2.0 redeemed"),
        (-1.0, 2.0, 0.3, "-1.0 of 2.0 redeemed"),
        (np.nan, 2.0, 0.3, "nan of 2.0 redeemed"),
        (1.0, 2.0, 0.0, "the prior rate is 0.0"),
        (1.0, 2.0, 1.0, "the prior rate is 1.0"),
    ],
)
def test_impossible_counts_and_rates_are_refused(redeemed: float, ordered: float, rate: float, told: str) -> None:
    with pytest.raises(InputError, match=told):
        RedemptionPrior.fit(alike(1), np.full((1, 1, 1), redeemed), np.full((1, 1, 1), ordered), rate=rate)
