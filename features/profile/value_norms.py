"""Fitting the models of value: what is done where one cannot be fitted, and how the norms say so."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

import numpy as np

from features.lifetime.model import LifetimeModel
from features.lifetime.silence import OrderDays, fit_silence
from features.lifetime.spend import SpendParameters
from features.lifetime.summary import PurchaseSummary
from features.profile.config import ValueConfig
from features.profile.daily_orders import DailyOrders, daily_orders
from features.profile.facts import MemberFacts
from features.profile.group import Norms
from features.profile.margins import KnownMargins
from features.profile.order_forecast import ShrunkenRates
from features.profile.stage_clock import whole_days
from features.profile.worth import OrderWorth
from recsys.errors import NotEnoughDataError

_Model = TypeVar("_Model")

_PENALTIES = (0.0, 1e-3)
"""Plain maximum likelihood first; a ridge where it is flat or without end, as where all values are equal."""

SHRUNKEN = "shrunken rate"
"""What ``model`` of the norms is where no purchase-count model could be fitted; else that model's name."""


def fit_norms(facts: MemberFacts, config: ValueConfig) -> Norms:
    """
    Fit what can be fitted.

    Returns:
        JSON-able. ``model``, ``value_model`` and ``silence_model`` name what forecasts orders, the value of one, and
        the chance of none; ``refused`` says why it is not the better one; ``margin`` is costs or assumed.
    """
    until = whole_days(facts.calendar, facts.as_of) - 1
    orders, margins = daily_orders(facts), KnownMargins.of(facts)
    values = np.maximum(orders.value_minor, 0)
    dated = OrderDays(orders.member, orders.day, values, facts.n_members)
    seen, refused = dated.summary(until), list[str]()
    unvalued = OrderDays(orders.member, orders.day, None, facts.n_members).summary(until)
    both = _tried(lambda penalty: LifetimeModel.fit(seen, penalty=penalty), refused)
    # A spend model that is refused says nothing against the counts.
    model = both or _tried(lambda penalty: LifetimeModel.fit(unvalued, penalty=penalty), refused)
    silence = model and _tried(
        lambda penalty: fit_silence(dated, until_day=until, horizon_days=config.churn_days, penalty=penalty), refused
    )
    spend = both.spend if both else None
    rates = ShrunkenRates.fit(seen, config.prior_days)
    order_value = _mean_value(orders)
    margin_rate, measured = margins.population()
    return {
        "model": model.counts.name if model else SHRUNKEN,
        "value_model": "Gamma-Gamma" if spend else "shrunken mean",
        "silence_model": "regression" if silence else (model.counts.name if model else SHRUNKEN),
        "refused": list(dict.fromkeys(refused)),
        "counts": model.to_settings() if model else None,
        "rates": asdict(rates),
        "silence": silence.to_settings() if silence else None,
        "worth": asdict(_worth(spend, order_value, config)),
        "order_value_minor": order_value,
        "paid_share": _paid_share(seen),
        "margin_rate": margin_rate,
        "margin": "costs" if measured else "assumed",
        "timezone": facts.calendar.timezone,
    }


def _tried(fit: Callable[[float], _Model], refused: list[str]) -> _Model | None:
    """What fits with the first penalty that lets it; else none, and *refused* gets the reason of the last."""
    reason = ""
    for penalty in _PENALTIES:
        try:
            return fit(penalty)
        except NotEnoughDataError as error:
            reason = str(error)
    refused.append(reason)
    return None


def _worth(spend: SpendParameters | None, order_value: float, config: ValueConfig) -> OrderWorth:
    if spend:
        return OrderWorth(spend.p, spend.q, spend.v_minor)
    return OrderWorth(1.0, config.prior_orders + 1.0, config.prior_orders * order_value)


def _mean_value(orders: DailyOrders) -> float:
    paid = orders.value_minor[orders.value_minor > 0]
    return int(paid.sum()) / max(len(paid), 1)


def _paid_share(seen: PurchaseSummary) -> float:
    """Share of days with an order that were worth anything; all where nobody ordered."""
    days = int((seen.repeats + 1).sum())
    return int(seen.n_valued.sum()) / days if days else 1.0
