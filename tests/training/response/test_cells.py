"""Uplift of the planted offers, its shrinkage, redemption and affinity."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.offers import build_offers
from features.products import build_catalogue
from recsys.types import STAGES, Stage
from tests.training.shop import N_MEMBERS
from training.affinity import scope_affinity
from training.exposures import read_outcomes
from training.response.cells import differences, fit_redemption, fit_uplift, offer_traits
from training.response_config import ResponseConfig

GOOD, IDLE, UNSEEN = 0, 1, 2
ACTIVE = STAGES.index(Stage.ACTIVE)
CONFIG = ResponseConfig(horizon_days=7.0, min_arm=10)


def cells(dataset, config=CONFIG):
    outcomes = read_outcomes(dataset, config.horizon_days)
    return fit_uplift(outcomes, outcomes.ordered.astype(float), traits(dataset), config=config, n_tiers=2)


def rates(dataset):
    return fit_redemption(read_outcomes(dataset, 7.0), traits(dataset), config=CONFIG, n_tiers=2)


def traits(dataset):
    return offer_traits(dataset, build_offers(dataset), build_catalogue(dataset))


@pytest.fixture(scope="module")
def uplift(dataset):
    return cells(dataset)


def test_an_offer_that_causes_orders_is_told_from_one_that_does_not(uplift):
    good, idle = uplift.mean[ACTIVE, 0, [GOOD, IDLE]]
    sd = uplift.sd[ACTIVE, 0]
    # Of those who would not order within the week anyway (about two in three), 45 % do.
    assert abs(good - 0.45 * 0.7) < 3 * sd[GOOD]
    assert abs(idle) < 3 * sd[IDLE]
    assert good - idle > 2 * np.hypot(sd[GOOD], sd[IDLE])


def test_an_offer_never_shown_is_not_measured_and_less_sure(uplift):
    assert uplift.measured.tolist() == [True, True, False]
    assert uplift.sd[ACTIVE, 0, UNSEEN] > uplift.sd[ACTIVE, 0, GOOD]


def test_redemption_is_learnt_given_an_order(dataset):
    learnt = rates(dataset)
    assert learnt[ACTIVE, 0, GOOD] > 0.5
    assert learnt[ACTIVE, 0, IDLE] < 0.2


def test_without_redemptions_rates_are_low_and_above_zero(dataset):
    learnt = rates(replace(dataset, redemptions=dataset.redemptions.head(0)))
    assert (learnt > 0).all()
    assert (learnt[ACTIVE, 0, [GOOD, IDLE]] < 0.02).all()


def test_without_exposures_everything_is_the_stated_prior(dataset):
    alone = replace(dataset, exposures=dataset.exposures.head(0), redemptions=dataset.redemptions.head(0))
    found = cells(alone)
    assert not found.measured.any()
    # The shop's offers have depths of their own, of which nothing is assumed but doubt.
    np.testing.assert_allclose(found.mean, CONFIG.prior_uplift)
    assert (found.sd >= 0.99 * CONFIG.prior_uplift_sd).all()
    assert (np.abs(rates(alone) - CONFIG.prior_redeem) < 0.05).all()


def test_exposures_that_were_not_drawn_at_random_measure_nothing(dataset):
    observed = dataset.exposures.with_columns(pl.lit(None, dtype=pl.Float64).alias("logging_propensity"))
    assert not cells(replace(dataset, exposures=observed)).measured.any()


def test_what_was_certain_to_be_shown_measures_nothing(dataset):
    certain = dataset.exposures.with_columns(pl.lit(1.0).alias("logging_propensity"))
    assert not cells(replace(dataset, exposures=certain)).measured.any()


def test_exposures_without_a_no_offer_arm_measure_nothing(dataset):
    treated = dataset.exposures.filter(pl.col("offer_id") != "no_offer")
    assert not cells(replace(dataset, exposures=treated)).measured.any()


def test_exposures_to_nothing_alone_measure_nothing(dataset):
    without = dataset.exposures.filter(pl.col("offer_id") == "no_offer")
    assert not cells(replace(dataset, exposures=without)).measured.any()


def test_one_campaign_is_enough(dataset):
    one = cells(replace(dataset, exposures=dataset.exposures.filter(pl.col("campaign_id") == "wave1")))
    assert one.measured.tolist() == [True, True, False]


def test_perfect_separation_stays_finite(dataset):
    """Everybody who was shown the good offer ordered, and nobody else did."""
    outcomes = read_outcomes(dataset, 7.0)
    ordered = (outcomes.offer == GOOD).astype(float)
    found = fit_uplift(outcomes, ordered, traits(dataset), config=CONFIG, n_tiers=2)
    assert np.isfinite(found.mean).all()
    assert (found.sd > 0).all()
    assert 0.5 < found.mean[ACTIVE, 0, GOOD] <= 1


def test_an_effect_that_is_negative_everywhere_is_believed(dataset):
    outcomes = read_outcomes(dataset, 7.0)
    harmed = (outcomes.offer < 0).astype(float)
    found = fit_uplift(outcomes, harmed, traits(dataset), config=CONFIG, n_tiers=2)
    assert (found.mean[ACTIVE, 0] < 0).all()


def test_unequal_probabilities_are_undone_by_weighting(dataset):
    """Half of those who saw the offer and did not order go, with the others' probability halved: the share stays."""
    outcomes, exposures = read_outcomes(dataset, 7.0), dataset.exposures
    assert len(outcomes) == len(exposures)
    quiet = (exposures["offer"] == IDLE).to_numpy() & ~outcomes.ordered
    dropped = np.zeros(len(quiet), dtype=bool)
    for stage in range(len(STAGES)):
        for campaign in range(3):
            dropped[np.flatnonzero(quiet & (outcomes.stage == stage) & (outcomes.campaign == campaign))[::2]] = True

    def uplift(probability):
        drawn = exposures.with_columns(pl.Series("logging_propensity", probability)).filter(pl.Series(~dropped))
        return cells(replace(dataset, exposures=drawn)).mean[ACTIVE, 0, IDLE]

    full = cells(dataset).mean[ACTIVE, 0, IDLE]
    assert abs(uplift(np.where(quiet, 1 / 6, 1 / 3)) - full) < 0.03
    assert uplift(np.full(len(quiet), 1 / 3)) > full + 0.05


def test_an_estimate_is_as_sure_as_its_number_of_members(dataset, uplift):
    outcomes = read_outcomes(dataset, 7.0)
    active = outcomes.stage == ACTIVE
    arms = [outcomes.ordered[active & (outcomes.offer == offer)] for offer in (GOOD, -1)]
    error = np.sqrt(sum(arm.mean() * (1 - arm.mean()) / len(arm) for arm in arms))
    # Surer than this cell alone, because the stages lean on each other, but not as if it had thrice the members.
    assert 0.5 * error < uplift.sd[ACTIVE, 0, GOOD] < error


def test_differences_are_those_of_weighted_means_joined_by_precision(dataset):
    outcomes = read_outcomes(dataset, 7.0)
    outcomes = replace(outcomes, stage=np.zeros_like(outcomes.stage))
    value = np.random.default_rng(3).normal(outcomes.offer, 1.0)
    found, variance = differences(outcomes, value, (5, 1, 3), rows=outcomes.random, min_arm=10)
    each, weight = [], []
    for campaign in range(3):
        arms = [value[(outcomes.campaign == campaign) & (outcomes.offer == offer)] for offer in (IDLE, -1)]
        each.append(arms[0].mean() - arms[1].mean())
        weight.append(1 / (1 / len(arms[0]) + 1 / len(arms[1])))
    np.testing.assert_allclose(found[0, 0, IDLE], np.average(each, weights=weight), rtol=1e-9)
    np.testing.assert_allclose(variance[0, 0, IDLE], value.var() / sum(weight), rtol=1e-2)
    assert np.isnan(found[1:]).all()
    assert np.isnan(found[0, 0, UNSEEN])


def test_tiers_at_the_exposure_are_told_apart_where_they_are_known(dataset):
    outcomes = read_outcomes(dataset, 7.0)
    tier = (outcomes.member % 2).astype(np.int8)
    value = ((outcomes.offer == GOOD) & (tier == 1)).astype(float)
    found = fit_uplift(replace(outcomes, tier=tier), value, traits(dataset), config=CONFIG, n_tiers=2)
    assert found.mean.shape == (len(STAGES), 2, 3)
    assert found.mean[ACTIVE, 1, GOOD] - found.mean[ACTIVE, 0, GOOD] > 0.5


def test_fewer_than_the_smallest_arm_measure_nothing(dataset):
    largest = ResponseConfig(horizon_days=7.0, min_arm=len(dataset.exposures))
    assert not cells(dataset, largest).measured.any()


def test_exposures_whose_horizon_is_not_over_are_left_out(dataset):
    assert len(read_outcomes(dataset, 7.0)) == len(dataset.exposures)
    assert len(read_outcomes(dataset, 60.0)) == (dataset.exposures["at"] < dataset.cut_off - 60 * 86_400).sum()


def test_the_stage_at_an_exposure_does_not_see_what_followed(dataset):
    later = dataset.purchases.at >= dataset.exposures["at"].max()
    columns = {name: getattr(dataset.purchases, name)[later] for name in dataset.purchases.__slots__}
    columns["order"] = np.unique(columns["order"], return_inverse=True)[1].astype(np.int32)
    terms = {name: getattr(dataset.terms, name)[later] for name in ("discount_minor", "offer", "channel", "store")}
    alone = replace(dataset, purchases=replace(dataset.purchases, **columns), terms=replace(dataset.terms, **terms))
    outcomes = read_outcomes(alone, 7.0)
    assert outcomes.ordered[outcomes.campaign == 2].any()
    assert set(outcomes.stage.tolist()) == {STAGES.index(Stage.POTENTIAL)}


def test_affinity_is_one_on_the_whole_basket_and_a_share_in_a_scope(dataset):
    affinity = scope_affinity(dataset, build_offers(dataset))
    assert affinity.shape == (N_MEMBERS - 10, 3)
    assert affinity.dtype == np.float16
    assert (affinity[:, [GOOD, UNSEEN]] == 1).all()
    taste = np.arange(N_MEMBERS - 10) % 4
    assert affinity[taste == 0, IDLE].mean() > 0.8
    assert affinity[taste != 0, IDLE].mean() < 0.4
    lines = dataset.purchases
    orders = np.unique(lines.order[lines.member == 0])
    holding = np.unique(lines.order[(lines.member == 0) & (lines.product % 4 == 0)])
    overall = len(np.unique(lines.order[lines.product % 4 == 0])) / lines.n_orders
    np.testing.assert_allclose(affinity[0, IDLE], (len(holding) + overall) / (len(orders) + 1), rtol=1e-3)
