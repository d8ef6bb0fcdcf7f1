"""What members will be worth: a discounted value with its interval each, and a total that knows the fit is a guess."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from features.lifetime.counts import CountParameters, Leaving, count_rows, state_chances
from features.lifetime.forecast import expected_purchases, forecast_counts
from features.lifetime.spend import SpendParameters, order_value
from features.lifetime.summary import Counts, Figures, PurchaseSummary

_PERIOD_DAYS = 30.0
_MOST_PERIODS = 60
_YEAR_DAYS = 365.25
_STEP = 1e-4
_CELLS = 1 << 20


@dataclass(frozen=True, slots=True)
class ValueForecast:
    """
    Discounted value of each member's orders within a horizon, minor units.

    Attributes:
        mean: Shape (n,), float64.
        low, high: Shape (n,), float64: the central predictive interval.
    """

    mean: Figures
    low: Figures
    high: Figures


@dataclass(frozen=True, slots=True)
class TotalForecast:
    """
    Orders of all members together within a horizon.

    Attributes:
        mean: Expected.
        low, high: Normal interval of both uncertainties.
        process_sd: How much the total varies although the parameters are right.
        parameter_sd: How much its expectation varies because they are estimates (delta method).
    """

    mean: float
    low: float
    high: float
    process_sd: float
    parameter_sd: float


def discounted_purchases(
    parameters: CountParameters, summary: PurchaseSummary, horizon_days: float, *, yearly_discount: float
) -> Figures:
    """
    Expected orders within the horizon, each counted as (1 + yearly_discount)^-years until it comes.

    Orders of a period count as if they came in its middle; periods are of 30 days, and longer beyond five years.

    Returns:
        Shape (n,), float64.
    """
    n_periods = min(max(1, int(np.ceil(horizon_days / _PERIOD_DAYS))), _MOST_PERIODS) if yearly_discount else 1
    ends = horizon_days * np.arange(n_periods + 1) / n_periods
    total, before = np.zeros(len(summary)), np.zeros(len(summary))
    for start, end in pairwise(ends.tolist()):
        until = expected_purchases(parameters, summary, end)
        total += (until - before) * (1 + yearly_discount) ** (-(start + end) / 2 / _YEAR_DAYS)
        before = until
    return total


def forecast_value(
    counts: CountParameters,
    spend: SpendParameters,
    summary: PurchaseSummary,
    horizon_days: float,
    *,
    yearly_discount: float,
    confidence: float,
    n_draws: int,
    rng: np.random.Generator,
) -> ValueForecast:
    """
    Discounted value of the orders within the horizon: expectation and predictive interval of each member.

    The expectation is exact but for the periods of `discounted_purchases`. The interval is of *n_draws* draws from the
    posterior of the member: rate, chance to leave, number of orders, and their values. Every order of a draw is
    discounted by the member's average discount.

    Args:
        counts, spend: Fitted.
        summary: Whom to forecast.
        horizon_days: From the day of the summary.
        yearly_discount: 0.1 is ten per cent a year.
        confidence: Share of the predictive distribution inside the interval.
        n_draws: More make the interval's ends steadier: 400 give a 90 % interval within about 1.5 points of its level.
        rng: Same generator and same summary, same interval.
    """
    each = order_value(spend, summary)
    plain = expected_purchases(counts, summary, horizon_days)
    kept = discounted_purchases(counts, summary, horizon_days, yearly_discount=yearly_discount)
    discount = np.divide(kept, plain, out=np.ones(len(summary)), where=plain > 0)
    tail = (1 - confidence) / 2
    ends = np.zeros((2, len(summary)))
    step = max(1, _CELLS // n_draws)
    known = np.flatnonzero(summary.bought())
    for start in range(0, len(known), step):
        some = known[start : start + step]
        part = summary.take(some)
        orders = draw_counts(counts, part, horizon_days, n_draws=n_draws, rng=rng)
        worth = _draw_worth(spend, part, orders, rng)
        ends[:, some] = np.quantile(worth, [tail, 1 - tail], axis=1) * discount[some]
    return ValueForecast(kept * each, ends[0], ends[1])


def draw_counts(
    parameters: CountParameters,
    summary: PurchaseSummary,
    horizon_days: float,
    *,
    n_draws: int,
    rng: np.random.Generator,
) -> Counts:
    """
    Orders within the horizon, drawn from each member's posterior.

    First the state now, then the rate and the chance to leave, which are Gamma and Beta given it; the stages that a
    Poisson number passes make orders until the member leaves.

    Args:
        parameters: Fitted.
        summary: Members with an order each.
        horizon_days: From the day of the summary.
        n_draws: Columns of the result.
        rng: Source of the draws.

    Returns:
        Shape (n, n_draws), int64.
    """
    k, (r, alpha, a, b) = parameters.k, parameters.values()
    rows = count_rows(summary)
    chances = np.cumsum(state_chances(parameters.values(), parameters.leaving, k, rows), axis=0)[:, rows.row]
    drawn = rng.random((len(summary), n_draws))
    stage = np.zeros(drawn.shape, dtype=np.int64)
    for until in chances[:k]:
        stage += drawn > until[:, None]
    tries = summary.repeats + (parameters.leaving is Leaving.MBG)
    rate = rng.gamma(r + k * summary.repeats[:, None] + np.minimum(stage, k - 1))
    rate /= alpha + summary.watched_days[:, None]
    orders = (np.minimum(stage, k - 1) + rng.poisson(rate * horizon_days)) // k
    leave = np.maximum(rng.beta(a, (b + tries)[:, None], drawn.shape), 1e-12)
    return np.asarray(np.where(stage == k, 0, np.minimum(orders, rng.geometric(leave))), dtype=np.int64)


def forecast_total(
    parameters: CountParameters, summary: PurchaseSummary, horizon_days: float, *, confidence: float = 0.95
) -> TotalForecast:
    """
    Orders of all members within the horizon, with the uncertainty of chance and of the parameters.

    Members are independent given the parameters. The slope of the total in the logarithm of each parameter is taken by
    central differences.

    Raises:
        NotEnoughDataError: The parameters have no covariance.
    """
    covariance = parameters.facts.log_covariance()
    forecast = forecast_counts(parameters, summary, horizon_days)
    slopes = np.array([_slope(parameters, summary, horizon_days, at) for at in range(4)])
    parameter_sd = float(np.sqrt(slopes @ covariance @ slopes))
    process_sd = float(np.sqrt(forecast.variance.sum()))
    mean = float(forecast.mean.sum())
    reach = float(norm.ppf((1 + confidence) / 2)) * float(np.hypot(process_sd, parameter_sd))
    return TotalForecast(mean, max(0.0, mean - reach), mean + reach, process_sd, parameter_sd)


def _slope(parameters: CountParameters, summary: PurchaseSummary, horizon_days: float, at: int) -> float:
    """Change of the total a unit of the logarithm of the parameter at that place."""
    step = np.zeros(4)
    step[at] = _STEP
    high, low = (parameters.moved(parameters.values() * np.exp(sign * step)) for sign in (1, -1))
    change = expected_purchases(high, summary, horizon_days) - expected_purchases(low, summary, horizon_days)
    return float(change.sum()) / (2 * _STEP)


def _draw_worth(
    spend: SpendParameters, summary: PurchaseSummary, orders: NDArray[np.int64], rng: np.random.Generator
) -> Figures:
    """Shape (n, n_draws): the orders' values together, given the member's past ones."""
    p, q, v = spend.values()
    seen = summary.n_valued
    nu = rng.gamma((p * seen + q)[:, None], size=orders.shape) / (v + seen * summary.mean_value_minor)[:, None]
    return np.asarray(rng.standard_gamma(p * orders) / nu)
