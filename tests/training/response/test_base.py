"""The trees below the learners: which loss, which unit, where they begin."""

import numpy as np
import pytest

from training.response.base import BaseConfig, Kind, fit_base, outcome_kind

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(2_000, 3))
SPEND = np.where(RNG.random(2_000) < 0.2, RNG.exponential(30.0, 2_000) * np.exp(0.5 * FEATURES[:, 0]), 0.0)
EVERY = np.ones(2_000)


def fitted(outcome, **options):
    return fit_base(FEATURES, outcome, weight=EVERY, config=BaseConfig(), seed=1, **options)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ([0.0, 1.0, 1.0], Kind.CHANCE),
        ([0.0, 0.0, 12.5], Kind.SPEND),
        ([3.0, 0.0, 12.5], Kind.AMOUNT),
        ([0.0, 0.0, -2.0], Kind.AMOUNT),
    ],
)
def test_the_loss_follows_the_outcome(outcome, kind):
    assert outcome_kind(np.array(outcome)) is kind


@pytest.mark.parametrize("kind", [Kind.SPEND, Kind.AMOUNT])
def test_cents_and_dollars_say_the_same(kind):
    dollars = fitted(SPEND, kind=kind).predict(FEATURES)
    cents = fitted(SPEND * 100, kind=kind).predict(FEATURES)
    np.testing.assert_allclose(cents, dollars * 100, rtol=1e-6)


def test_foretold_spend_is_positive_and_right_on_average():
    spend = fitted(SPEND).predict(FEATURES)
    assert (spend > 0).all()
    assert spend.mean() == pytest.approx(SPEND.mean(), rel=1e-6)
    assert np.corrcoef(spend, FEATURES[:, 0])[0, 1] > 0.5


def test_equal_outcomes_are_foretold_as_they_are():
    for value, kind in ((0.0, Kind.SPEND), (7.5, Kind.AMOUNT), (0.0, Kind.CHANCE)):
        foretold = fitted(np.full(2_000, value), kind=kind).predict(FEATURES[:2])
        np.testing.assert_allclose(foretold, value, atol=1e-3)
        assert np.isfinite(foretold).all()


def test_another_start_moves_all_on_the_scale_of_the_loss():
    bought = (SPEND > 0).astype(float)
    model = fitted(bought)
    low, high = (model.predict(FEATURES, start=start) for start in (0.1, 0.3))
    odds = [one / (1 - one) for one in (low, high)]
    np.testing.assert_allclose(odds[1] / odds[0], (0.3 / 0.7) / (0.1 / 0.9))


def test_rows_weigh_as_they_are_told():
    heavy = np.where(SPEND > 0, 4.0, 1.0)
    twice = fit_base(FEATURES, SPEND, weight=heavy, config=BaseConfig(), seed=1)
    foretold = np.average(twice.predict(FEATURES), weights=heavy)
    assert foretold == pytest.approx(np.average(SPEND, weights=heavy), rel=1e-6)
