"""The fitted models of lifetime value as one value, which is stored with what training makes and used as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from features.lifetime.counts import CountParameters, Leaving
from features.lifetime.fit import fit_regularity
from features.lifetime.forecast import CountForecast, expected_purchases, forecast_counts, purchase_probability
from features.lifetime.spend import SpendParameters, fit_spend, order_value, value_correlation
from features.lifetime.stored import STRICT, read, written
from features.lifetime.summary import Figures, PurchaseSummary
from features.lifetime.worth import TotalForecast, ValueForecast, forecast_total, forecast_value
from recsys.errors import NotEnoughDataError


@dataclass(frozen=True, slots=True)
class LifetimeModel:
    """
    A purchase-count model and a spend model, fitted on the same members.

    Attributes:
        counts: How often members order.
        spend: What an order is worth; None where values were not known.
        correlation: Between how often and how dear members buy, which the spend model holds to be 0; None without
            values, or where one of the two does not vary.

    >>> rng = np.random.default_rng(0)
    >>> days = np.full(400, 300)
    >>> repeats = rng.poisson(rng.gamma(1.0, 2.0, 400))
    >>> last = np.where(repeats > 0, rng.integers(100, 300, 400), 0)
    >>> seen = PurchaseSummary.build(repeats=repeats, last_days=last, watched_days=days)
    >>> model = LifetimeModel.fit(seen)
    >>> model.counts.name, model.expected_purchases(seen, 90).shape
    ('MBG/NBD', (400,))
    >>> LifetimeModel.from_settings(model.to_settings()) == model
    True
    """

    __pydantic_config__ = STRICT

    counts: CountParameters
    spend: SpendParameters | None
    correlation: float | None

    @classmethod
    def fit(
        cls,
        summary: PurchaseSummary,
        *,
        leaving: Leaving = Leaving.MBG,
        ks: Sequence[int] = (1,),
        penalty: float = 0.0,
    ) -> Self:
        """
        Fit both; the spend model where any value is known.

        Args:
            summary: Whom to learn from, as of the cut-off.
            leaving: When members may leave.
            ks: Regularities, the likeliest of which is taken; more than 1 needs `log_gaps`.
            penalty: See `features.lifetime.likelihood.maximise`.

        Raises:
            InputError: See `features.lifetime.fit.fit_counts`.
            NotEnoughDataError: There are too few repeaters, or a fit does not converge. What to do without a model is
                the caller's to say.
        """
        counts = fit_regularity(summary, leaving, ks=ks, penalty=penalty)
        if not (summary.n_valued > 0).any():
            return cls(counts, None, None)
        correlation = value_correlation(summary)
        return cls(counts, fit_spend(summary, penalty=penalty), None if np.isnan(correlation) else correlation)

    def expected_purchases(self, summary: PurchaseSummary, horizon_days: float) -> Figures:
        """See `features.lifetime.forecast.expected_purchases`."""
        return expected_purchases(self.counts, summary, horizon_days)

    def purchase_probability(self, summary: PurchaseSummary, horizon_days: float) -> Figures:
        """See `features.lifetime.forecast.purchase_probability`."""
        return purchase_probability(self.counts, summary, horizon_days)

    def purchase_forecast(
        self, summary: PurchaseSummary, horizon_days: float, *, confidence: float = 0.9
    ) -> CountForecast:
        """See `features.lifetime.forecast.forecast_counts`."""
        return forecast_counts(self.counts, summary, horizon_days, confidence=confidence)

    def total_forecast(
        self, summary: PurchaseSummary, horizon_days: float, *, confidence: float = 0.95
    ) -> TotalForecast:
        """See `features.lifetime.worth.forecast_total`."""
        return forecast_total(self.counts, summary, horizon_days, confidence=confidence)

    def order_value(self, summary: PurchaseSummary) -> Figures:
        """
        See `features.lifetime.spend.order_value`.

        Raises:
            NotEnoughDataError: The model was fitted without values.
        """
        return order_value(self._valued(), summary)

    def lifetime_value(
        self,
        summary: PurchaseSummary,
        horizon_days: float,
        *,
        rng: np.random.Generator,
        yearly_discount: float = 0.1,
        margin_rate: Figures | float = 1.0,
        confidence: float = 0.9,
        n_draws: int = 400,
    ) -> ValueForecast:
        """
        See `features.lifetime.worth.forecast_value`; times *margin_rate*, one or one a member, where margin is meant.

        Raises:
            NotEnoughDataError: The model was fitted without values.
        """
        value = forecast_value(
            self.counts,
            self._valued(),
            summary,
            horizon_days,
            yearly_discount=yearly_discount,
            confidence=confidence,
            n_draws=n_draws,
            rng=rng,
        )
        return ValueForecast(value.mean * margin_rate, value.low * margin_rate, value.high * margin_rate)

    def to_settings(self) -> dict[str, Any]:
        """The model as JSON-able figures."""
        return written(self)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """
        The model that `to_settings` wrote, to the last bit.

        Raises:
            InputError: The settings are of another form.
        """
        return read(cls, settings)

    def _valued(self) -> SpendParameters:
        if self.spend is None:
            raise NotEnoughDataError(
                "the lifetime model was fitted on orders without values; give mean_value_minor and n_valued to the fit"
            )
        return self.spend
