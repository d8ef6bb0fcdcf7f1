"""The algebra in the space of effects, against conditioning a dense joint normal on one outcome after another."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.offers.prior import OfferPrior, Scales
from recsys.offers.prior.factors import FACTORS, SHARES, Factors, ramps
from tests.recsys.offers.prior.worlds import N_STAGES, N_TIERS, alike, various, world

MEAN, SD = 0.01, 0.02
UNKNOWN = np.full((N_STAGES, N_TIERS, 4), np.nan)


def dense_prior(factors: Factors, scales: Scales) -> tuple[NDArray, NDArray]:
    """Mean and covariance of all cells before anything was seen, written out."""
    x = factors.columns.toarray()
    same_offer = factors.offer[:, None] == factors.offer
    covariance = (x * scales.factor[factors.factor]) @ x.T + scales.offer * same_offer + scales.cell * np.eye(len(x))
    return np.full(len(x), scales.mean), covariance


def kalman(mean: NDArray, covariance: NDArray, cell: int, outcome: float, variance: float) -> tuple[NDArray, NDArray]:
    gain = covariance[:, cell] / (covariance[cell, cell] + variance)
    return mean + gain * (outcome - mean[cell]), covariance - np.outer(gain, covariance[cell])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 12))
def test_outcomes_one_by_one_are_the_kalman_filter_of_the_dense_model(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    prior = OfferPrior.fit(various(rng, 4), UNKNOWN, UNKNOWN, mean=MEAN, sd=SD)
    mean, covariance = dense_prior(prior.factors, prior.scales)
    for _ in range(n):
        cell = tuple(rng.integers(0, size) for size in UNKNOWN.shape)
        outcome, variance = rng.normal(0.0, 0.1), rng.uniform(1e-5, 1e-2)
        place = int(np.ravel_multi_index(cell, UNKNOWN.shape))
        mean, covariance = kalman(mean, covariance, place, outcome, variance)
        one = tuple(np.array([index]) for index in cell)
        prior = prior.updated(one, np.array([outcome]), np.array([variance]))
    found = prior.predict()
    assert found.mean.ravel() == pytest.approx(mean, abs=1e-9)
    assert found.sd.ravel() ** 2 == pytest.approx(np.diag(covariance), rel=1e-6)


def test_an_outcome_taken_in_is_one_that_was_there_from_the_start() -> None:
    known = world(3)
    before = known.estimate.copy()
    before[1, 0, 5] = np.nan
    early = OfferPrior.fit(known.traits, before, known.variance, mean=MEAN, sd=SD)
    cell = (np.array([1]), np.array([0]), np.array([5]))
    late = early.updated(cell, known.estimate[cell], known.variance[cell]).predict()
    whole = OfferPrior.fit(known.traits, known.estimate, known.variance, mean=MEAN, sd=SD)
    together = replace(whole, scales=early.scales).predict()
    assert np.allclose(late.mean, together.mean, rtol=0, atol=1e-12)
    assert np.allclose(late.sd, together.sd, rtol=1e-9)
    assert not np.isclose(late.mean[1, 0, 5], early.predict().mean[1, 0, 5])


def test_the_order_of_outcomes_does_not_matter_and_nothing_given_is_changed() -> None:
    prior = OfferPrior.fit(alike(4), UNKNOWN, UNKNOWN, mean=MEAN, sd=SD)
    cells = (np.array([0, 2, 0]), np.array([1, 0, 1]), np.array([3, 1, 3]))
    outcome, variance = np.array([0.1, -0.2, 0.3]), np.array([1e-3, 2e-3, 3e-3])
    back = [2, 1, 0]
    one = prior.updated(cells, outcome, variance).predict()
    other = prior.updated(tuple(part[back] for part in cells), outcome[back], variance[back]).predict()
    assert np.allclose(one.mean, other.mean, rtol=0, atol=1e-14)
    assert not prior.precision.any()


def test_the_stated_scales_add_up_to_the_stated_variance() -> None:
    assert sum(share for name, share in SHARES.items() if name not in ("depth", "threshold")) == pytest.approx(1.0)
    stated = Scales.stated(MEAN, SD)
    assert stated.factor[FACTORS.index("kind")] == pytest.approx(0.15 * SD**2)


def test_a_depth_between_two_knots_has_climbed_part_of_the_way() -> None:
    knots = (0.0, 0.1, 0.3)
    assert ramps(np.array([0.05, 0.2, 0.9]), knots, 0.1).tolist() == pytest.approx(
        np.array([[-0.5, 0.0], [0.0, 0.5], [0.0, 1.0]])
    )


def test_an_error_in_common_is_conditioned_on_as_the_dense_model_has_it() -> None:
    rng = np.random.default_rng(11)
    estimate, variance = rng.normal(0, 0.03, (2, 2, 4)), rng.uniform(1e-4, 1e-3, (2, 2, 4))
    estimate[0, 1, 2] = np.nan
    common = np.array([[3e-4, 0.0], [1e-3, 2e-4]])
    prior = OfferPrior.fit(various(rng, 4), estimate, variance, mean=MEAN, sd=SD, common=common)
    one = tuple(np.array([index]) for index in (1, 0, 3))
    later = prior.updated(one, np.array([0.05]), np.array([5e-4])).predict()

    mean, covariance = dense_prior(prior.factors, prior.scales)
    block = np.arange(16) // 4
    known = np.flatnonzero(np.isfinite(estimate.ravel()))
    noise = np.diag(variance.ravel()) + (block[:, None] == block) * common.ravel()[block]
    gain = covariance[:, known] @ np.linalg.inv((covariance + noise)[np.ix_(known, known)])
    mean, covariance = mean + gain @ (estimate.ravel() - mean)[known], covariance - gain @ covariance[known]
    # The later outcome errs by itself.
    mean, covariance = kalman(mean, covariance, int(np.ravel_multi_index((1, 0, 3), (2, 2, 4))), 0.05, 5e-4)
    assert later.mean.ravel() == pytest.approx(mean, abs=1e-9)
    assert later.sd.ravel() ** 2 == pytest.approx(np.diag(covariance), rel=1e-6)
