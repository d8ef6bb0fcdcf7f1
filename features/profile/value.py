"""What a member is worth: orders to come, the chance that none comes, and discounted margin with its interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.lifetime.model import LifetimeModel
from features.lifetime.silence import SilenceModel
from features.lifetime.summary import UNBOUGHT, Figures, PurchaseSummary
from features.profile.columns import ColumnSpec, Unit
from features.profile.daily_orders import DailyOrders, daily_orders
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from features.profile.margins import KnownMargins
from features.profile.order_forecast import FittedOrders, OrderModel, ShrunkenRates, expected_and_discounted
from features.profile.stage_clock import whole_days
from features.profile.value_norms import fit_norms
from features.profile.worth import OrderCounts, OrderWorth, worth_interval
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.types import EpochSeconds, MoneyMinor

_MOST, _UNKNOWN = 2**53, -1


@dataclass(frozen=True, slots=True)
class _Models:
    orders: OrderModel
    silence: SilenceModel | None
    worth: OrderWorth

    @classmethod
    def of(cls, norms: Norms) -> "_Models":
        silence = norms["silence"] and SilenceModel.from_settings(norms["silence"])
        worth = OrderWorth(**norms["worth"])
        if norms["counts"] is None:
            return cls(ShrunkenRates(**norms["rates"]), silence, worth)
        return cls(FittedOrders(LifetimeModel.from_settings(norms["counts"])), silence, worth)

    def none(self, seen: PurchaseSummary, horizon_days: float) -> Figures:
        """Chance of no order: the regression's where it could be fitted, which beats recency, else the counts'."""
        return self.orders.none(seen, horizon_days) if self.silence is None else self.silence.silence_probability(seen)


class Value:
    """
    Lifetime value of the members who ordered, from their orders by local day, values net of returns.

    Free orders are orders, but only days of positive value say what an order is worth. The value of the orders to come
    is that of a paid order times the member's shrunken share of days that were paid for. The interval is of the
    predictive distribution: the member's rate, the chance to leave, the number of orders and their values.
    """

    name = "value"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """Orders, the chance of none, value and margin of one, and lifetime value with its interval."""
        config, nan = rules.config.value, float("nan")
        horizon, coverage = f"{config.horizon_days:g} days", f"{config.coverage:.0%}"
        return (
            ColumnSpec("expected_orders", "float32", Unit.COUNT, f"Orders in the next {horizon}", 0, 1e6, nan),
            ColumnSpec(
                "p_no_order", "float32", Unit.PROBABILITY, f"No order in the next {config.churn_days} days", 0, 1, nan
            ),
            ColumnSpec("order_value_minor", "int64", Unit.MINOR, "Expected value of the next paid order", 0, _MOST),
            ColumnSpec("margin_per_order_minor", "int64", Unit.MINOR, "Expected margin of it", 0, _MOST),
            ColumnSpec("margin_known", "bool", Unit.YES_NO, "The margin rests on costs, not on an assumed rate", 0, 1),
            ColumnSpec("ltv_minor", "int64", Unit.MINOR, f"Discounted margin of {horizon}", 0, _MOST, _UNKNOWN),
            _end("ltv_low_minor", f"Lower end of the {coverage} interval of it"),
            _end("ltv_high_minor", f"Upper end of the {coverage} interval of it"),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:
        """The models, fitted on a sample of members; which ones, and why others were refused, is in the norms."""
        config = rules.config.value
        if facts.n_members > config.sample_members:
            rng = np.random.default_rng(rules.config.seed)
            facts = facts.of_members(np.sort(rng.choice(facts.n_members, config.sample_members, replace=False)))
        return fit_norms(facts, config)

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """Days with an order, values, margin."""
        norms, prior_orders = fitted.norms, fitted.rules.config.value.prior_orders
        orders, margins = daily_orders(facts), KnownMargins.of(facts)
        counted = _counted(orders)
        share = (prior_orders * norms["paid_share"] + counted["n_valued"]) / (prior_orders + counted["repeats"] + 1)
        return {
            **counted,
            "paid_share": share,
            "margin_rate": margins.shrunken(norms["margin_rate"], prior_orders * norms["order_value_minor"]),
            "margin_known": (margins.paid_minor > 0) | np.full(facts.n_members, norms["margin"] == "costs"),
            NEXT_CHANGE_AT: np.full(facts.n_members, NEVER, dtype=np.int64),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """The models' forecasts as of an instant."""
        norms, config = fitted.norms, fitted.rules.config.value
        models, bought = _Models.of(norms), summary["repeats"] != UNBOUGHT
        until_day = whole_days(ProgrammeCalendar(norms["timezone"]), as_of) - 1
        seen = _seen(summary, until_day)
        value, margin_rate = models.worth.mean(seen), summary["margin_rate"]
        known, paid_share = seen.take(bought), summary["paid_share"][bought]
        horizon = config.horizon_days
        mean, kept = expected_and_discounted(models.orders, known, horizon, yearly_rate=config.yearly_discount_rate)
        counts = OrderCounts(mean, *models.orders.interval(known, horizon, config.coverage), paid_share)
        discount = np.divide(kept, mean, out=np.ones(len(known)), where=mean > 0)
        low, high = worth_interval(models.worth, counts, known, config.coverage)
        rate = margin_rate[bought]

        def known_only(values: Figures, missing: float = np.nan) -> Figures:
            column = np.full(len(bought), missing)
            column[bought] = values
            return column

        return {
            "expected_orders": known_only(mean).astype(np.float32),
            "p_no_order": known_only(models.none(known, config.churn_days)).astype(np.float32),
            "order_value_minor": _minor(value),
            "margin_per_order_minor": _minor(value * margin_rate),
            "margin_known": summary["margin_known"],
            "ltv_minor": _minor(known_only(kept * paid_share * value[bought] * rate, _UNKNOWN)),
            "ltv_low_minor": _minor(known_only(low * discount * rate, _UNKNOWN)),
            "ltv_high_minor": _minor(known_only(high * discount * rate, _UNKNOWN)),
        }


def _counted(orders: DailyOrders) -> dict[str, NDArray[np.int64] | NDArray[np.float64]]:
    """What models need of each member, but for the day: what is summarised does not change with it."""
    n, starts, ends = orders.n_members, orders.starts(), orders.ends()
    buyers = orders.member[starts]
    valued = orders.value_minor > 0
    n_valued, total = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    repeats, first, last = np.full(n, UNBOUGHT), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    if len(starts):
        repeats[buyers] = ends - starts
        first[buyers], last[buyers] = orders.day[starts], orders.day[ends]
        n_valued[buyers] = np.add.reduceat(valued.astype(np.int64), starts)
        total[buyers] = np.add.reduceat(np.where(valued, orders.value_minor, 0), starts)
    mean = total / np.maximum(n_valued, 1)
    return {"repeats": repeats, "first_day": first, "last_day": last, "n_valued": n_valued, "mean_value_minor": mean}


def _seen(summary: Summary, until_day: int) -> PurchaseSummary:
    bought = summary["repeats"] != UNBOUGHT
    return PurchaseSummary.build(
        repeats=summary["repeats"],
        last_days=summary["last_day"] - summary["first_day"],
        watched_days=np.where(bought, until_day - summary["first_day"], 0),
        n_valued=summary["n_valued"],
        mean_value_minor=summary["mean_value_minor"],
    )


def _minor(values: Figures) -> MoneyMinor:
    return np.floor(np.minimum(values, _MOST) + 0.5).astype(np.int64)


def _end(name: str, meaning: str) -> ColumnSpec:
    return ColumnSpec(name, "int64", Unit.MINOR, meaning, 0, _MOST, _UNKNOWN)
