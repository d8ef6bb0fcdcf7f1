"""How many orders a member will make: the fitted purchase-count model, or shrunken rates where it cannot be fitted."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.stats import nbinom

from features.lifetime.model import LifetimeModel
from features.lifetime.summary import Figures, PurchaseSummary

_YEAR_DAYS = 365.25
_N_PERIODS = 4


class OrderModel(Protocol):
    """What is asked of either; all of shape (n,), float64, in the days (0, horizon] after the summary."""

    def mean(self, seen: PurchaseSummary, horizon_days: float) -> Figures:
        """Expected orders."""
        ...

    def interval(self, seen: PurchaseSummary, horizon_days: float, coverage: float) -> tuple[Figures, Figures]:
        """Low and high of the central interval of their number."""
        ...

    def none(self, seen: PurchaseSummary, horizon_days: float) -> Figures:
        """Chance of no order."""
        ...


@dataclass(frozen=True, slots=True)
class FittedOrders:
    """The purchase-count model of `features.lifetime`."""

    model: LifetimeModel

    def mean(self, seen: PurchaseSummary, horizon_days: float) -> Figures:
        """See `OrderModel`."""
        return self.model.expected_purchases(seen, horizon_days)

    def interval(self, seen: PurchaseSummary, horizon_days: float, coverage: float) -> tuple[Figures, Figures]:
        """See `OrderModel`."""
        forecast = self.model.purchase_forecast(seen, horizon_days, confidence=coverage)
        return forecast.low.astype(np.float64), forecast.high.astype(np.float64)

    def none(self, seen: PurchaseSummary, horizon_days: float) -> Figures:
        """See `OrderModel`."""
        return 1.0 - self.model.purchase_probability(seen, horizon_days)


@dataclass(frozen=True, slots=True)
class ShrunkenRates:
    """
    Repeats at a rate of the member's own that never ends: a Gamma-Poisson mixture with a given prior.

    Attributes:
        rate: Repeats a day of the population.
        prior_days: It counts as so many days of the member's own.
    """

    rate: float
    prior_days: float

    @classmethod
    def fit(cls, seen: PurchaseSummary, prior_days: float) -> "ShrunkenRates":
        """The population's rate since first orders, as if there had been one more repeat of all in the days watched."""
        bought = seen.bought()
        days = float(seen.watched_days[bought].sum())
        return cls((float(seen.repeats[bought].sum()) + 1.0) / max(days, prior_days), prior_days)

    def mean(self, seen: PurchaseSummary, horizon_days: float) -> Figures:
        """See `OrderModel`."""
        shape, days = self._posterior(seen)
        return shape * horizon_days / days

    def interval(self, seen: PurchaseSummary, horizon_days: float, coverage: float) -> tuple[Figures, Figures]:
        """See `OrderModel`."""
        shape, days = self._posterior(seen)
        tail, stay = (1 - coverage) / 2, days / (days + horizon_days)
        return nbinom.ppf(tail, shape, stay), nbinom.ppf(1 - tail, shape, stay)

    def none(self, seen: PurchaseSummary, horizon_days: float) -> Figures:
        """See `OrderModel`."""
        shape, days = self._posterior(seen)
        return np.asarray(np.exp(-shape * np.log1p(horizon_days / days)))

    def _posterior(self, seen: PurchaseSummary) -> tuple[Figures, Figures]:
        shape = np.asarray(self.rate * self.prior_days + np.maximum(seen.repeats, 0), dtype=np.float64)
        return shape, np.asarray(self.prior_days + seen.watched_days, dtype=np.float64)


def expected_and_discounted(
    orders: OrderModel, seen: PurchaseSummary, horizon_days: float, *, yearly_rate: float
) -> tuple[Figures, Figures]:
    """
    Expected orders, and the same with each counted as (1 + yearly_rate)^-years until it comes; shape (n,) each.

    Orders of a quarter of the horizon count as if they came in its middle: within a hundredth of a per cent at ten per
    cent a year and a horizon of a year.
    """
    kept, before = np.zeros(len(seen)), np.zeros(len(seen))
    for period in range(_N_PERIODS):
        until = orders.mean(seen, horizon_days * (period + 1) / _N_PERIODS)
        years = horizon_days * (period + 0.5) / _N_PERIODS / _YEAR_DAYS
        kept += (until - before) * (1 + yearly_rate) ** -years
        before = until
    return before, kept
