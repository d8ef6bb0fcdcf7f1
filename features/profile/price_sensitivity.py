"""How a member's purchases go with prices: more units when cheaper, and cheaper than usual at all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.profile.columns import ColumnSpec, Unit
from features.profile.evidence import numbered
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from features.profile.price_bands import regular_unit_prices
from features.profile.segment_norms import SEGMENT_WEIGHT, Figures, by_segment, leaning, posterior, prior_of, sample_of
from recsys.types import SECONDS_PER_DAY, EpochSeconds

_UNKNOWN = float("nan")
_MOST_SLOPE, _MOST_INDEX = 20.0, 100.0
_LEAST_VARIATION = 0.05**2 / 2
"""Sum of squares of log prices below which they do not vary: that of two prices five percent apart."""
_LEAST_MEMBERS = 10
"""Segments' slopes are learnt from at least so many members whose prices varied."""
_LEAST_BETWEEN = 1e-4
"""Variance of slopes between members is taken as no less."""


class PriceSensitivity:
    """
    Slope of units on price, and what is paid against usual prices, in the orders of the last ``window_days``.

    ``price_sensitivity`` is minus the slope of log units on log unit price between the times that one member bought
    one product (so that neither a member's appetite nor a product's price level plays a part): 2 means two percent more
    units when one percent cheaper. It is shrunken to the segment's slope by precision, variance within over variance
    between members (empirical Bayes; DerSimonian and Laird 1986). Where the member never bought a product at two
    prices it is unknown, however much is known of others.

    ``paid_price_index`` is paid over what the same units cost at usual prices (the median regular unit price of the
    training window): it also sees who only comes when it is cheap.

    Both describe and do not identify a cause. Prices were not set at random; shops promote what sells anyway; who buys
    two for the price of one shows a slope by arithmetic; and occasions on which the member bought nothing are not seen.
    """

    name = "price_sensitivity"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """The slope, what it rests on, the index."""
        window = f"in the last {rules.config.dependence.window_days} days"
        return (
            ColumnSpec(
                "price_sensitivity",
                "float32",
                Unit.NONE,
                f"Percent more units when a product is one percent cheaper, {window}",
                -_MOST_SLOPE,
                _MOST_SLOPE,
                unknown=_UNKNOWN,
            ),
            ColumnSpec(
                "price_variation",
                "float32",
                Unit.NONE,
                f"Standard deviation of log unit prices of products bought repeatedly {window}",
                0,
                50,
                unknown=_UNKNOWN,
            ),
            ColumnSpec(
                "paid_price_index",
                "float32",
                Unit.NONE,
                f"Paid over the usual price of the same units {window}; 1 is usual",
                0,
                _MOST_INDEX,
                unknown=_UNKNOWN,
            ),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:
        """Usual prices, the segments' slopes and indices, and how much slopes differ between members."""
        some = sample_of(facts)
        norms: dict[str, Any] = {"usual": _usual_prices(some, _window_start(facts, rules))}
        found = self.summarise(some, Fitted(norms, rules))
        orders = max(int((some.orders.at >= _window_start(facts, rules)).sum()), 1)
        value = max(float(found["usual"].sum()) / orders, 1.0)
        index = leaning(by_segment(some, found["paid"]), by_segment(some, found["usual"]), SEGMENT_WEIGHT * value)
        varied = found["xx"] >= _LEAST_VARIATION
        weight = _precision_ratio(found, varied)
        xy, xx = (
            by_segment(some, np.where(varied, found["xy"], 0.0)),
            by_segment(some, np.where(varied, found["xx"], 0)),
        )
        known = int(varied.sum()) >= _LEAST_MEMBERS
        slope = leaning(xy, xx, weight) if known else [None] * len(xx)
        return norms | {"order_value": value, "index": index, "slope": slope, "slope_weight": weight}

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """Sums within products, paid and usual amounts; and when the oldest order falls out of the window."""
        window_s = fitted.rules.config.dependence.window_days * SECONDS_PER_DAY
        start, n = _window_start(facts, fitted.rules), facts.n_members
        oldest = np.full(n, NEVER, dtype=np.int64)
        inside = facts.orders.at >= start
        oldest[facts.orders.member[inside][::-1]] = facts.orders.at[inside][::-1]
        bought = _bought(facts, start)
        usual = _usual_of(fitted.norms["usual"], len(facts.products.category))[bought.product] * bought.units
        known = ~np.isnan(usual)
        return {
            "segment": facts.segment,
            **_within(bought, n, len(facts.products.category)),
            "paid": np.bincount(bought.member[known], bought.paid[known], n).astype(np.float64),
            "usual": np.bincount(bought.member[known], usual[known], n).astype(np.float64),
            NEXT_CHANGE_AT: np.where(oldest < NEVER, oldest + window_s + 1, NEVER),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:  # noqa: ARG002 - sums do not age
        """Posterior means; no prices, no sensitivity."""
        norms, segment = fitted.norms, summary["segment"]
        slope = posterior(summary["xy"], summary["xx"], prior_of(norms["slope"], segment), norms["slope_weight"])
        slope[summary["xx"] < _LEAST_VARIATION] = np.nan
        repeats = summary["repeats"]
        variation = np.where(repeats > 0, np.sqrt(summary["xx"] / np.maximum(repeats, 1)), np.nan)
        money = fitted.rules.config.dependence.prior_orders * norms["order_value"]
        index = posterior(summary["paid"], summary["usual"], prior_of(norms["index"], segment), money)
        return {
            "price_sensitivity": np.clip(-slope, -_MOST_SLOPE, _MOST_SLOPE).astype(np.float32),
            "price_variation": variation.astype(np.float32),
            "paid_price_index": np.minimum(index, _MOST_INDEX).astype(np.float32),
        }


@dataclass(frozen=True, slots=True)
class _Bought:
    """Products of orders, each once an order: whose, units, and what was paid for them together."""

    member: NDArray[np.int32]
    product: NDArray[np.int32]
    units: NDArray[np.int64]
    paid: NDArray[np.int64]


def _window_start(facts: MemberFacts, rules: Rules) -> EpochSeconds:
    return facts.as_of - rules.config.dependence.window_days * SECONDS_PER_DAY


def _bought(facts: MemberFacts, start: EpochSeconds) -> _Bought:
    """Lines of orders since *start*; those of one order and product, which lie side by side, are one."""
    purchases = facts.purchases
    lines = np.flatnonzero(facts.orders.at[purchases.order] >= start)
    order, product = purchases.order[lines], purchases.product[lines]
    first = np.ones(len(lines), dtype=np.bool_)
    first[1:] = (order[1:] != order[:-1]) | (product[1:] != product[:-1])
    number = np.cumsum(first) - 1
    n = int(first.sum())
    return _Bought(
        member=purchases.member[lines[first]],
        product=product[first],
        units=np.bincount(number, np.maximum(purchases.quantity[lines], 1), n).astype(np.int64),
        paid=np.bincount(number, np.maximum(purchases.paid_minor[lines], 0), n).astype(np.int64),
    )


def _within(bought: _Bought, n_members: int, n_products: int) -> Summary:
    """
    Sums over members of squares and products around the means of each member and product.

    Log prices are whole percents, so that equal prices differ by exactly nothing after a rounded discount.

    Returns:
        ``xx``, ``xy``, ``yy`` of log unit price and log units; ``repeats``: purchases beyond the first of a product.
    """
    paid = np.flatnonzero(bought.paid > 0)
    member, units = bought.member[paid], bought.units[paid]
    x = np.rint(100.0 * np.log(bought.paid[paid] / units)) / 100.0
    y = np.log(units)
    keys, number = numbered(member.astype(np.int64) * max(n_products, 1) + bought.product[paid])
    n = np.bincount(number, minlength=len(keys))
    again = np.flatnonzero((n > 1)[number])
    member, x, y, number = member[again], x[again], y[again], number[again]
    safe = np.maximum(n, 1)
    x = np.rint(1e4 * (x - (np.bincount(number, x, len(keys)) / safe)[number])) / 1e4
    y -= (np.bincount(number, y, len(keys)) / safe)[number]
    return {
        "xx": np.bincount(member, x * x, n_members).astype(np.float64),
        "xy": np.bincount(member, x * y, n_members).astype(np.float64),
        "yy": np.bincount(member, y * y, n_members).astype(np.float64),
        "repeats": (
            np.bincount(member, minlength=n_members)
            - np.bincount((keys[n > 1] // max(n_products, 1)), minlength=n_members)
        ).astype(np.int32),
    }


def _precision_ratio(found: Summary, varied: NDArray[np.bool_]) -> float:
    """Variance of units within members over that of slopes between them, by moments (DerSimonian and Laird 1986)."""
    xx, xy, yy = (found[key][varied] for key in ("xx", "xy", "yy"))
    freedom = float(np.maximum(found["repeats"][varied] - 1, 0).sum())
    if len(xx) < 2 or freedom <= 0:
        return 1.0
    own = xy / xx
    within = max(float(np.maximum(yy - own * xy, 0.0).sum()) / freedom, 1e-6)
    pooled = float(xy.sum() / xx.sum())
    spread = float((xx * np.square(own - pooled)).sum()) / within - (len(xx) - 1)
    between = spread * within / float(xx.sum() - np.square(xx).sum() / xx.sum()) if len(xx) > 1 else 0.0
    return within / max(between, _LEAST_BETWEEN)


def _usual_prices(facts: MemberFacts, start: EpochSeconds) -> list[float | None]:
    """One entry a product: the median regular unit price of its lines since *start*; None where it was not sold."""
    prices = (
        pl.DataFrame(
            {"product": facts.purchases.product, "price": regular_unit_prices(facts), "at": facts.purchases.at}
        )
        .filter(pl.col("price") > 0, pl.col("at") >= start)
        .group_by("product")
        .agg(pl.col("price").median().round(2))
    )
    usual = np.full(len(facts.products.category), np.nan)
    usual[prices["product"].to_numpy()] = prices["price"].to_numpy()
    return [None if np.isnan(price) else price for price in usual.tolist()]


def _usual_of(prices: list[float | None], n_products: int) -> Figures:
    """Shape (n_products,): NaN for products that are new since the norms were fitted."""
    usual = np.full(n_products, np.nan)
    known = min(n_products, len(prices))
    usual[:known] = np.asarray(prices[:known], dtype=np.float64)
    return usual
