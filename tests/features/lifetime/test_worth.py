"""What members will be worth: draws against exact distributions, discounts, intervals and totals."""

from dataclasses import replace

import numpy as np
import pytest

from features.lifetime.counts import CountParameters, Leaving
from features.lifetime.forecast import expected_purchases, forecast_counts
from features.lifetime.likelihood import FitFacts
from features.lifetime.spend import SpendParameters, order_value
from features.lifetime.summary import PurchaseSummary
from features.lifetime.worth import _draw_worth, discounted_purchases, draw_counts, forecast_total, forecast_value
from recsys.errors import NotEnoughDataError

COVARIANCE = tuple(map(tuple, (np.diag([0.04, 0.09, 0.05, 0.08]) + 0.01).tolist()))
FACTS = FitFacts(0.0, 10, 5, 1, 0.0, COVARIANCE)
COUNTS = CountParameters(Leaving.MBG, 1, 0.52, 43.0, 0.89, 1.6, FACTS)
SPEND = SpendParameters(6.25, 3.74, 1544.0, FACTS)
SUMMARY = PurchaseSummary.build(
    repeats=[0, 2, 26, -1, 6],
    last_days=[0, 200, 260, 0, 90],
    watched_days=[270, 270, 266, 0, 260],
    n_valued=[1, 3, 27, 0, 7],
    mean_value_minor=[4000.0, 1500.0, 3000.0, 0.0, 2500.0],
)


def value(confidence: float = 0.9, *, n_draws: int = 4000, discount: float = 0.0, seed: int = 1) -> np.ndarray:
    found = forecast_value(
        COUNTS,
        SPEND,
        SUMMARY,
        365,
        yearly_discount=discount,
        confidence=confidence,
        n_draws=n_draws,
        rng=np.random.default_rng(seed),
    )
    return np.stack([found.low, found.mean, found.high])


@pytest.mark.parametrize(("leaving", "k"), [(leaving, k) for leaving in Leaving for k in (1, 3)])
def test_draws_have_the_exact_mean_and_spread(leaving: Leaving, k: int) -> None:
    parameters = replace(COUNTS, leaving=leaving, k=k)
    known = SUMMARY.take(SUMMARY.bought())
    drawn = draw_counts(parameters, known, 365, n_draws=20_000, rng=np.random.default_rng(3))
    exact = forecast_counts(parameters, known, 365)
    error = np.sqrt(exact.variance / 20_000)
    assert (np.abs(drawn.mean(axis=1) - exact.mean) < 4 * error).all()
    np.testing.assert_allclose(drawn.var(axis=1), exact.variance, rtol=0.12, atol=0.01)


def test_without_discount_value_is_orders_times_their_worth() -> None:
    np.testing.assert_allclose(value()[1], expected_purchases(COUNTS, SUMMARY, 365) * order_value(SPEND, SUMMARY))


def test_a_discount_takes_off_what_comes_later() -> None:
    plain, year = expected_purchases(COUNTS, SUMMARY, 365), 0.2
    kept = discounted_purchases(COUNTS, SUMMARY, 365, yearly_discount=year)
    some = plain > 0
    assert (kept[some] < plain[some]).all()
    assert (kept[some] > plain[some] / 1.2).all()
    # Members may leave, so that orders come rather early: less is taken off than half a year takes.
    assert (kept[some] > plain[some] / 1.2**0.5).all()


def test_intervals_hold_the_mean_and_widen_with_confidence() -> None:
    wide, narrow = value(0.95), value(0.5)
    assert (wide[0] <= narrow[0]).all()
    assert (wide[2] >= narrow[2]).all()
    assert wide[2, 2] > wide[1, 2] > wide[0, 2]
    assert value()[:, 3].tolist() == [0.0, 0.0, 0.0]


def test_the_interval_holds_its_share_of_the_values_that_come() -> None:
    rng = np.random.default_rng(8)
    member = SUMMARY.take(np.array([2]))
    orders = draw_counts(COUNTS, member, 365, n_draws=4000, rng=rng)[0]
    rate = rng.gamma(SPEND.p * 27 + SPEND.q, size=4000) / (SPEND.v_minor + 27 * 3000.0)
    came = np.array([rng.gamma(SPEND.p, 1 / one, n).sum() for one, n in zip(rate, orders, strict=True)])
    low, _, high = value(0.8, n_draws=4000)[:, 2]
    assert ((came >= low) & (came <= high)).mean() == pytest.approx(0.8, abs=0.03)


def test_drawn_orders_are_worth_what_the_spend_model_expects() -> None:
    known = SUMMARY.take(SUMMARY.bought())
    worth = _draw_worth(SPEND, known, np.full((len(known), 60_000), 3), np.random.default_rng(5))
    np.testing.assert_allclose(worth.mean(axis=1), 3 * order_value(SPEND, known), rtol=0.02)


def test_the_same_seed_gives_the_same_interval_and_another_does_not() -> None:
    np.testing.assert_array_equal(value(n_draws=200), value(n_draws=200))
    assert (value(n_draws=200, seed=2)[2] != value(n_draws=200)[2]).any()


def test_a_total_is_uncertain_by_chance_and_by_its_parameters() -> None:
    total = forecast_total(COUNTS, SUMMARY, 365)
    exact = forecast_counts(COUNTS, SUMMARY, 365)
    assert total.mean == pytest.approx(exact.mean.sum())
    assert total.process_sd == pytest.approx(np.sqrt(exact.variance.sum()))
    assert total.low < total.mean < total.high


def test_the_uncertainty_of_parameters_is_that_of_drawing_them() -> None:
    small = FitFacts(0.0, 10, 5, 1, 0.0, tuple(map(tuple, (np.array(COVARIANCE) / 400).tolist())))
    sure = replace(COUNTS, facts=small)
    rng = np.random.default_rng(6)
    logs = rng.multivariate_normal(np.log(sure.values()), small.log_covariance(), 200)
    totals = [expected_purchases(sure.moved(np.exp(one)), SUMMARY, 365).sum() for one in logs]
    assert forecast_total(sure, SUMMARY, 365).parameter_sd == pytest.approx(np.std(totals), rel=0.2)


def test_a_total_without_covariance_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="not identified"):
        forecast_total(replace(COUNTS, facts=replace(FACTS, covariance=None)), SUMMARY, 365)
