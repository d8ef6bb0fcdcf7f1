"""What is believed of offers, held against the truth: pooling helps, and offers never shown are covered."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.offers.prior import OfferPrior
from recsys.offers.prior.factors import FACTORS
from tests.recsys.offers.prior.worlds import N_STAGES, N_TIERS, World, alike, world

MEAN, SD = 0.01, 0.02
WORLDS = tuple(world(seed) for seed in range(20))


def fitted(known: World, *, unseen: NDArray | None = None) -> OfferPrior:
    estimate = known.estimate.copy()
    if unseen is not None:
        estimate[:, :, unseen] = np.nan
    return OfferPrior.fit(known.traits, estimate, known.variance, mean=MEAN, sd=SD)


@cache
def priors() -> tuple[OfferPrior, ...]:
    """One a world, with all that was measured."""
    return tuple(fitted(known) for known in WORLDS)


def error(found: NDArray, known: World) -> float:
    return float(np.sqrt(np.mean((found - known.truth) ** 2)))


def test_partial_pooling_errs_less_than_none_and_less_than_complete_pooling_in_every_world() -> None:
    for known, prior in zip(WORLDS, priors(), strict=True):
        weight = 1 / known.variance
        ours = error(prior.predict().mean, known)
        alone = error(known.estimate, known)
        together = error(np.full_like(known.truth, np.average(known.estimate, weights=weight)), known)
        assert ours < 0.8 * min(alone, together)


def test_intervals_of_measured_cells_hold_the_truth_as_often_as_they_say() -> None:
    inside = []
    for known, prior in zip(WORLDS, priors(), strict=True):
        found = prior.predict()
        inside.append(np.abs(found.mean - known.truth) < 1.645 * found.sd)
    assert np.mean(inside) == pytest.approx(0.90, abs=0.03)


def test_intervals_of_offers_never_shown_hold_the_truth_as_often_as_they_say() -> None:
    inside, errors, guesses = [], [], []
    for known in WORLDS:
        new = np.arange(40) >= 34
        found = fitted(known, unseen=new).predict()
        gap = (found.mean - known.truth)[:, :, new]
        inside.append(np.abs(gap) < 1.645 * found.sd[:, :, new])
        errors.append(np.mean(gap**2))
        average = np.average(known.estimate[:, :, ~new], weights=1 / known.variance[:, :, ~new])
        guesses.append(np.mean((average - known.truth[:, :, new]) ** 2))
        assert found.sd[:, :, new].mean() > 1.1 * found.sd[:, :, ~new].mean()
    assert np.mean(inside) == pytest.approx(0.90, abs=0.05)
    assert np.mean(errors) < 0.5 * np.mean(guesses)


def test_a_new_offer_is_never_worth_nothing_and_not_last() -> None:
    known = WORLDS[0]
    new = int(np.argmax(known.truth.mean(axis=(0, 1))))
    found = fitted(known, unseen=np.arange(40) == new).predict()
    mean = found.mean.mean(axis=(0, 1))
    assert found.mean[:, :, new].all()
    assert (mean < mean[new]).mean() > 0.5


def test_without_any_history_the_configured_prior_is_believed() -> None:
    unknown = np.full((N_STAGES, N_TIERS, 5), np.nan)
    found = OfferPrior.fit(alike(5), unknown, unknown, mean=MEAN, sd=SD).predict()
    assert found.mean == pytest.approx(np.full(unknown.shape, MEAN))
    assert found.sd == pytest.approx(np.full(unknown.shape, SD))


def test_what_is_far_from_usual_is_less_certain_before_any_history() -> None:
    unknown = np.full((1, 1, 3), np.nan)
    traits = alike(3, depth=np.array([0.10, 0.50, 0.10]), threshold=np.array([0.0, 0.0, 2.0]))
    found = OfferPrior.fit(traits, unknown, unknown, mean=MEAN, sd=SD).predict()
    assert found.mean == pytest.approx(np.full(unknown.shape, MEAN))
    assert found.sd[0, 0, 0] == pytest.approx(SD)
    assert found.sd[0, 0, 1:].min() > 1.03 * SD


def test_a_factor_that_makes_no_difference_is_pooled_away_and_one_that_does_is_not() -> None:
    tiers, stages = [], []
    for prior in priors():
        effect, factor = prior.posterior().effect, prior.factors.factor
        tiers.append(np.ptp(effect[factor == FACTORS.index("tier")]))
        stages.append(np.ptp(effect[factor == FACTORS.index("stage")]))
    # Tiers make no difference in these worlds; stages differ by a standard deviation of 0.01.
    assert np.mean(tiers) < 0.002
    assert np.mean(stages) > 0.01


def test_of_estimates_that_only_noise_tells_apart_hardly_a_difference_is_left() -> None:
    left = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        variance = np.full((N_STAGES, N_TIERS, 60), 0.05**2)
        estimate = rng.normal(0.03, 0.05, variance.shape)
        found = OfferPrior.fit(alike(60), estimate, variance, mean=MEAN, sd=SD).predict()
        left.append(found.mean.std() / estimate.std())
        assert found.mean.mean() == pytest.approx(estimate.mean(), abs=0.002)
    assert np.mean(left) < 0.1


def test_one_measured_cell_is_enough_for_a_belief_about_all() -> None:
    estimate = np.full((N_STAGES, N_TIERS, 3), np.nan)
    estimate[1, 1, 2] = 0.08
    found = OfferPrior.fit(alike(3), estimate, np.full_like(estimate, 1e-4), mean=MEAN, sd=SD).predict()
    assert np.unravel_index(found.mean.argmax(), estimate.shape) == (1, 1, 2)
    # Nearest to what was seen are the same offer and the same stage; all lean towards it.
    assert found.mean[0, 1, 2] > found.mean[0, 1, 0] > MEAN
    assert found.sd.argmin() == found.mean.argmax()


def test_a_single_offer_in_a_single_cell_lies_between_prior_and_estimate() -> None:
    one = np.array([[[0.06]]])
    found = OfferPrior.fit(alike(1), one, np.full_like(one, 4e-4), mean=MEAN, sd=SD).predict()
    assert MEAN < found.mean.item() < 0.06
    assert 0 < found.sd.item() < SD


def test_where_every_offer_harms_that_is_believed() -> None:
    rng = np.random.default_rng(2)
    estimate = rng.normal(-0.04, 0.005, (N_STAGES, N_TIERS, 12))
    estimate[:, :, 7] = np.nan
    found = OfferPrior.fit(alike(12), estimate, np.full_like(estimate, 2.5e-5), mean=MEAN, sd=SD).predict()
    assert found.mean.max() < -0.02


def test_no_offers_at_all_are_no_beliefs() -> None:
    none = np.empty((N_STAGES, N_TIERS, 0))
    assert OfferPrior.fit(alike(0), none, none, mean=MEAN, sd=SD).predict().mean.shape == none.shape


@pytest.mark.parametrize(
    ("estimate", "variance", "sd", "told"),
    [
        (np.zeros((3, 2)), np.ones((3, 2)), SD, "give .n_stages, n_tiers, 2."),
        (np.zeros((3, 2, 4)), np.ones((3, 2, 4)), SD, "give .n_stages, n_tiers, 2."),
        (np.zeros((1, 1, 2)), np.zeros((1, 1, 2)), SD, "variance of an estimate is 0.0; give one above 0"),
        (np.zeros((1, 1, 2)), np.full((1, 1, 2), np.nan), SD, "variance of an estimate is nan"),
        (np.zeros((1, 1, 2)), np.ones((1, 1, 2)), 0.0, "standard deviation is 0.0; it must be above 0"),
    ],
)
def test_what_cannot_be_an_estimate_is_refused(estimate: NDArray, variance: NDArray, sd: float, told: str) -> None:
    with pytest.raises(InputError, match=told):
        OfferPrior.fit(alike(2), estimate, variance, mean=MEAN, sd=sd)


def test_outcomes_of_unknown_cells_or_without_a_variance_are_refused() -> None:
    unknown = np.full((1, 1, 2), np.nan)
    prior = OfferPrior.fit(alike(2), unknown, unknown, mean=MEAN, sd=SD)
    first, third = np.array([0]), np.array([2])
    with pytest.raises(InputError, match="outside 1 stages, 1 tiers and 2 offers"):
        prior.updated((first, first, third), np.array([0.1]), np.array([1.0]))
    with pytest.raises(InputError, match="not above 0"):
        prior.updated((first, first, first), np.array([0.1]), np.array([0.0]))


def compared_with_one_group(seed: int) -> tuple[World, NDArray]:
    """A world whose offers were all compared with the same members of a stage and tier, and the variance of those."""
    known = world(seed, noise=0.01)
    common = np.full((N_STAGES, N_TIERS), 0.02**2)
    luck = np.random.default_rng([seed, 1]).normal(0.0, 0.02, common.shape)
    return World(known.traits, known.truth, known.estimate + luck[:, :, None], known.variance), common


def test_the_luck_of_the_members_without_an_offer_is_not_taken_for_an_effect() -> None:
    aware, unaware, errors = [], [], []
    for seed in range(10):
        known, common = compared_with_one_group(seed)
        for inside, told in ((aware, common), (unaware, None)):
            found = OfferPrior.fit(
                known.traits, known.estimate, known.variance, mean=MEAN, sd=SD, common=told
            ).predict()
            inside.append(np.abs(found.mean - known.truth) < 1.645 * found.sd)
            errors.append(error(found.mean, known))
    assert np.mean(aware) == pytest.approx(0.90, abs=0.06)
    assert np.mean(unaware) < 0.75
    assert np.mean(errors[::2]) < 0.95 * np.mean(errors[1::2])


@pytest.mark.parametrize("common", [np.zeros((2, 1)), np.full((1, 1), -1.0), np.full((1, 1), np.nan)])
def test_impossible_errors_in_common_are_refused(common: NDArray) -> None:
    one = np.zeros((1, 1, 2))
    with pytest.raises(InputError, match="variances of common errors"):
        OfferPrior.fit(alike(2), one, one + 1.0, mean=MEAN, sd=SD, common=common)
