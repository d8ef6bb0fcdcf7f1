"""The spend model: an own mean value of an order for each member, shrunk towards all where orders are few."""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from features.lifetime.likelihood import MIN_REPEATERS, FitFacts, maximise
from features.lifetime.stored import STRICT
from features.lifetime.summary import Figures, PurchaseSummary
from recsys.errors import NotEnoughDataError


@dataclass(frozen=True, slots=True)
class SpendParameters:
    """
    A fitted Gamma-Gamma model (Fader and Hardie 2013): an order is worth Gamma(p, nu), nu is Gamma(q, v) over members.

    Attributes:
        p, q: Shapes; q is above 1, or a mean value would not exist.
        v_minor: Rate of nu, minor units.
        facts: How the fit went; its parameters are these three, in this order.
    """

    __pydantic_config__ = STRICT

    p: float
    q: float
    v_minor: float
    facts: FitFacts

    def values(self) -> Figures:
        """Shape (3,): p, q, v_minor."""
        return np.array([self.p, self.q, self.v_minor])


def fit_spend(summary: PurchaseSummary, *, penalty: float = 0.0) -> SpendParameters:
    """
    Maximum-likelihood parameters from the members with at least one valued order.

    The model holds that how often and how dear a member buys are independent: see `value_correlation`.

    Raises:
        NotEnoughDataError: Fewer than MIN_REPEATERS members have a valued order, the search does not converge, or the
            values are so spread that the model's mean is infinite.
    """
    valued = summary.take(summary.n_valued > 0)
    if len(valued) < MIN_REPEATERS:
        raise NotEnoughDataError(
            f"{len(valued)} members have an order with a positive value; a spend model needs at least {MIN_REPEATERS}"
        )
    scale = float(valued.mean_value_minor.mean())
    orders, mean = valued.n_valued.astype(np.float64), valued.mean_value_minor / scale

    def total(values: Figures) -> tuple[float, Figures]:
        return spend_log_likelihood(values, orders, mean)

    best = maximise(
        total, [(2.0, 3.0, 1.0), (5.0, 5.0, 1.0)], n_members=len(valued), penalty=penalty, what="Gamma-Gamma"
    )
    p, q, v = best.values.tolist()
    if q <= 1:
        raise NotEnoughDataError(
            f"the values of orders are too spread for a spend model: q is {q:.3f} and must be above 1; leave out "
            "orders that are not of a consumer, or give a penalty, such as 0.01"
        )
    unscaled = best.log_likelihood - len(valued) * float(np.log(scale))
    facts = FitFacts(unscaled, len(valued), int((orders > 1).sum()), best.n_evaluations, best.gradient, best.covariance)
    return SpendParameters(p, q, v * scale, facts)


def spend_log_likelihood(values: Figures, orders: Figures, mean: Figures) -> tuple[float, Figures]:
    """
    Sum over members of the logarithm of the density of their mean value, and its gradient in p, q, v.

    Fader and Hardie (2013), eq. 1a.

    Args:
        values: p, q, v; v in the unit of *mean*.
        orders: Shape (n,): orders that the mean is of, at least 1.
        mean: Shape (n,), positive.
    """
    p, q, v = values
    shape, total = p * orders, orders * mean
    spread = np.log(v + total)
    value = (
        gammaln(shape + q)
        - gammaln(shape)
        - gammaln(q)
        + q * np.log(v)
        + shape * np.log(total)
        - np.log(mean)
        - (shape + q) * spread
    )
    both = digamma(shape + q)
    d_p = orders @ (both - digamma(shape) + np.log(total) - spread)
    d_q = both.sum() - spread.sum() + len(orders) * (np.log(v) - digamma(q))
    d_v = len(orders) * q / v - ((shape + q) / (v + total)).sum()
    return float(value.sum()), np.array([d_p, d_q, d_v])


def order_value(parameters: SpendParameters, summary: PurchaseSummary) -> Figures:
    """
    Expected value of a member's next order (Fader and Hardie 2013, eq. 5).

    Returns:
        Shape (n,), float64, minor units, positive; the population's mean for members without a valued order.
    """
    p, q, v = parameters.values()
    orders = summary.n_valued
    return np.asarray(p * (v + orders * summary.mean_value_minor) / (p * orders + q - 1))


def value_correlation(summary: PurchaseSummary) -> float:
    """
    Pearson's correlation of the number and the mean value of valued orders, over members who have any.

    Near 0 where the spend model may be believed; NaN where either is the same for all.
    """
    valued = summary.n_valued > 0
    orders, mean = summary.n_valued[valued].astype(np.float64), summary.mean_value_minor[valued]
    spread = np.sqrt(orders.var() * mean.var()) if len(mean) else 0.0
    if not spread > 0:
        return float("nan")
    return float(((orders - orders.mean()) * (mean - mean.mean())).mean() / spread)
