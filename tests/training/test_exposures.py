"""What followed exposures, held against plain loops."""

from dataclasses import replace

import numpy as np
import polars as pl

from training.exposures import read_outcomes

DAY = 86_400


def test_money_and_orders_in_both_windows_are_those_of_a_loop(dataset):
    outcomes, lines = read_outcomes(dataset, 7.0), dataset.purchases
    cost = dataset.products["cost_minor"].to_numpy()[lines.product]
    for row in range(0, len(outcomes), 23):
        at, own = outcomes.at[row], lines.member == outcomes.member[row]
        first = own & (lines.at >= at) & (lines.at < at + 7 * DAY)
        after = own & (lines.at >= at + 7 * DAY) & (lines.at < at + 14 * DAY)
        assert outcomes.ordered[row] == first.any()
        assert outcomes.ordered_after[row] == after.any()
        assert outcomes.spend_minor[row] == lines.paid_minor[first].sum()
        assert outcomes.margin_minor[row] == (lines.paid_minor - cost * lines.quantity)[first].sum()


def test_a_margin_without_a_known_cost_is_the_assumed_share(dataset):
    costless = dataset.products.with_columns(cost_minor=pl.lit(None, dtype=dataset.products.schema["cost_minor"]))
    outcomes = read_outcomes(replace(dataset, products=costless), 7.0)
    np.testing.assert_allclose(outcomes.margin_minor, 0.3 * outcomes.spend_minor, atol=1)


def test_an_exposure_is_followed_when_twice_the_horizon_is_over(dataset):
    outcomes = read_outcomes(dataset, 30.0)
    np.testing.assert_array_equal(outcomes.followed, outcomes.at + 60 * DAY <= dataset.cut_off)
    assert 0 < outcomes.followed.sum() < len(outcomes)


def test_without_a_programme_no_tier_of_then_is_known(dataset):
    assert set(read_outcomes(dataset, 7.0).tier.tolist()) == {-1}


def test_only_a_probability_between_zero_and_one_in_a_campaign_is_random(dataset):
    outcomes = read_outcomes(dataset, 7.0)
    assert outcomes.random.all()
    assert not replace(outcomes, campaign=np.full_like(outcomes.campaign, -1)).random.any()
    for probability in (0.0, 1.0, np.nan):
        assert not replace(outcomes, probability=np.full(len(outcomes), probability)).random.any()
