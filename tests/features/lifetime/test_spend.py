"""The spend model: its gradient, the truth where it is known, and what an order of a member is worth."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma

from features.lifetime.likelihood import FitFacts
from features.lifetime.spend import SpendParameters, fit_spend, order_value, spend_log_likelihood, value_correlation
from features.lifetime.summary import PurchaseSummary
from recsys.errors import NotEnoughDataError

VALUES = np.array([2.5, 3.5, 1.2])
ORDERS = np.array([1.0, 4.0, 9.0])
MEAN = np.array([0.7, 2.0, 1.1])
CDNOW = SpendParameters(6.25, 3.74, 1544.0, FitFacts(0.0, 10, 5, 1, 0.0, None))


def spenders(n: int, *, p: float = 6.0, q: float = 4.0, v: float = 1500.0) -> PurchaseSummary:
    rng = np.random.default_rng(4)
    orders = rng.integers(1, 9, n)
    mean = rng.gamma(p * orders) / orders / (rng.gamma(q, size=n) / v)
    days = np.where(orders > 1, 50, 0)
    return PurchaseSummary.build(
        repeats=orders - 1, last_days=days, watched_days=np.full(n, 90), n_valued=orders, mean_value_minor=mean
    )


def test_a_member_is_as_likely_as_direct_integration_says() -> None:
    p, q, v = VALUES
    for orders, mean in zip(ORDERS, MEAN, strict=True):

        def given(nu: float, orders: float = orders, mean: float = mean) -> float:
            density = gamma.pdf(mean, p * orders, scale=1 / (orders * nu)) * gamma.pdf(nu, q, scale=1 / v)
            return float(density)

        found = spend_log_likelihood(VALUES, np.array([orders]), np.array([mean]))[0]
        assert found == pytest.approx(np.log(quad(given, 0, 60, epsabs=1e-12)[0]), abs=1e-6)


def test_the_gradient_is_that_of_finite_differences() -> None:
    slopes = [
        (spend_log_likelihood(VALUES + one, ORDERS, MEAN)[0] - spend_log_likelihood(VALUES - one, ORDERS, MEAN)[0])
        / 2e-6
        for one in np.eye(3) * 1e-6
    ]
    np.testing.assert_allclose(spend_log_likelihood(VALUES, ORDERS, MEAN)[1], slopes, rtol=1e-6)


def test_the_truth_is_found_within_its_standard_errors() -> None:
    fitted = fit_spend(spenders(5000))
    off = (fitted.values() - [6.0, 4.0, 1500.0]) / fitted.facts.standard_errors(fitted.values())
    assert np.abs(off).max() < 3.5


def test_the_unit_of_money_does_not_matter() -> None:
    pence = spenders(400)
    pounds = PurchaseSummary.build(
        repeats=pence.repeats,
        last_days=pence.last_days,
        watched_days=pence.watched_days,
        n_valued=pence.n_valued,
        mean_value_minor=pence.mean_value_minor / 100,
    )
    one, other = fit_spend(pence), fit_spend(pounds)
    np.testing.assert_allclose(other.values(), one.values() / [1, 1, 100], rtol=1e-6)
    assert other.facts.log_likelihood == pytest.approx(one.facts.log_likelihood + 400 * np.log(100), rel=1e-9)


def test_an_order_is_worth_between_the_own_and_the_common_mean() -> None:
    common = 6.25 * 1544.0 / 2.74
    summary = PurchaseSummary.build(
        repeats=[0, 0, 40], last_days=[0, 0, 30], watched_days=[9, 9, 30], n_valued=[0, 1, 41],
        mean_value_minor=[0.0, 9000.0, 9000.0],
    )  # fmt: skip
    worth = order_value(CDNOW, summary)
    assert worth[0] == pytest.approx(common)
    assert common < worth[1] < worth[2] < 9000
    assert worth[2] > 8800


def test_too_few_spenders_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="19 members have an order with a positive value"):
        fit_spend(spenders(19))


def test_values_without_a_mean_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match=r"q is 0\.\d+ and must be above 1"):
        fit_spend(spenders(3000, q=0.6))


def test_the_correlation_of_how_often_and_how_dear_is_reported() -> None:
    summary = PurchaseSummary.build(
        repeats=[0, 1, 2, 0], last_days=[0, 4, 4, 0], watched_days=[9] * 4, n_valued=[1, 2, 3, 0],
        mean_value_minor=[10.0, 30.0, 20.0, 0.0],
    )  # fmt: skip
    assert value_correlation(summary) == pytest.approx(0.5)
    assert np.isnan(value_correlation(summary.take(np.array([0, 3]))))
