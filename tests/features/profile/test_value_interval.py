"""The interval of lifetime value in closed form, beside draws from the same posterior."""

import numpy as np
import pytest

from features.lifetime.counts import CountParameters, Leaving
from features.lifetime.likelihood import FitFacts
from features.lifetime.model import LifetimeModel
from features.lifetime.summary import PurchaseSummary
from features.lifetime.worth import draw_counts
from features.profile.order_forecast import FittedOrders, ShrunkenRates, expected_and_discounted
from features.profile.worth import OrderCounts, OrderWorth, worth_interval

FACTS = FitFacts(0.0, 0, 0, 0, 0.0, None)
COUNTS = CountParameters(Leaving.MBG, 1, 0.9, 40.0, 0.6, 3.0, FACTS)
ORDERS = FittedOrders(LifetimeModel(COUNTS, None, None))
WORTH = OrderWorth(6.0, 4.0, 4_000.0)
SEEN = PurchaseSummary.build(
    repeats=[0, 2, 9, 25, 25],
    last_days=[0, 60, 150, 170, 90],
    watched_days=[30, 80, 160, 180, 180],
    n_valued=[1, 3, 9, 26, 0],
    mean_value_minor=[8_000, 5_000, 12_000, 7_000, 0],
)
N_DRAWS = 20_000


def counts(horizon, coverage, paid_share):
    share = np.full(len(SEEN), paid_share)
    return OrderCounts(ORDERS.mean(SEEN, horizon), *ORDERS.interval(SEEN, horizon, coverage), share)


def drawn(rng, horizon, paid_share):
    """The value of orders of each member, by drawing the number, which are paid, nu, and the values."""
    numbers = draw_counts(COUNTS, SEEN, horizon, n_draws=N_DRAWS, rng=rng)
    paid = rng.binomial(numbers, paid_share)
    shape = WORTH.q + WORTH.p * SEEN.n_valued
    rate = WORTH.v_minor + SEEN.n_valued * SEEN.mean_value_minor
    nu = rng.gamma(shape[:, None], size=paid.shape) / rate[:, None]
    return rng.standard_gamma(WORTH.p * paid) / nu


@pytest.mark.parametrize("horizon", [90, 365])
@pytest.mark.parametrize("paid_share", [1.0, 0.7])
def test_each_tail_holds_its_tenth_of_the_values_drawn_from_the_posterior(horizon, paid_share):
    values = drawn(np.random.default_rng(3), horizon, paid_share)
    low, high = worth_interval(WORTH, counts(horizon, 0.8, paid_share), SEEN, 0.8)
    above = (values > high[:, None]).mean(axis=1)
    below = (values < low[:, None]).mean(axis=1)
    assert (low > 0).sum() >= 1
    assert above[:-1] == pytest.approx(np.full(len(SEEN) - 1, 0.1), abs=0.025)
    # No value is below nothing.
    assert below[low > 0] == pytest.approx(np.full((low > 0).sum(), 0.1), abs=0.025)


def test_a_member_who_has_almost_surely_left_may_be_worth_nothing():
    low, _ = worth_interval(WORTH, counts(365, 0.8, 1.0), SEEN, 0.8)
    assert ORDERS.none(SEEN, 365)[-1] > 0.95
    assert low[-1] == 0


def test_shrunken_rates_are_those_of_draws():
    rates, rng = ShrunkenRates(0.02, 90.0), np.random.default_rng(5)
    shape, days = 0.02 * 90 + SEEN.repeats, 90 + SEEN.watched_days
    numbers = rng.poisson(rng.gamma(shape[:, None], size=(len(SEEN), N_DRAWS)) / days[:, None] * 100)
    assert rates.mean(SEEN, 100) == pytest.approx(numbers.mean(axis=1), rel=0.03)
    low, high = rates.interval(SEEN, 100, 0.8)
    assert low.tolist() == np.quantile(numbers, 0.1, axis=1).tolist()
    assert high.tolist() == np.quantile(numbers, 0.9, axis=1).tolist()
    assert rates.none(SEEN, 100) == pytest.approx((numbers == 0).mean(axis=1), abs=0.01)


def test_the_value_of_an_order_is_the_mean_of_the_posterior():
    rng = np.random.default_rng(7)
    nu = rng.gamma((WORTH.q + WORTH.p * SEEN.n_valued)[:, None], size=(len(SEEN), N_DRAWS))
    nu /= (WORTH.v_minor + SEEN.n_valued * SEEN.mean_value_minor)[:, None]
    assert WORTH.mean(SEEN) == pytest.approx((WORTH.p / nu).mean(axis=1), rel=0.02)
    # The last member's draws of 1 / nu^2 have no finite variance.
    assert WORTH.squares(SEEN)[:-1] == pytest.approx((1 / nu**2).mean(axis=1)[:-1], rel=0.05)


def test_discounting_by_quarters_is_nearly_that_by_days():
    rates = ShrunkenRates(0.02, 90.0)
    daily = np.array([1.1 ** -((day + 0.5) / 365.25) for day in range(365)])
    exact = rates.mean(SEEN, 365) * daily.mean()
    mean, kept = expected_and_discounted(rates, SEEN, 365, yearly_rate=0.1)
    assert mean == pytest.approx(rates.mean(SEEN, 365))
    assert kept == pytest.approx(exact, rel=1e-4)


def test_without_orders_to_come_there_is_no_value():
    nothing = np.zeros(len(SEEN))
    low, high = worth_interval(WORTH, OrderCounts(nothing, nothing, nothing, nothing + 1), SEEN, 0.8)
    assert low.tolist() == high.tolist() == [0.0] * len(SEEN)
