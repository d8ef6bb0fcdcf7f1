"""How much a member's orders hang on coupons, and how long the member goes on without them."""

import numpy as np
from numpy.typing import NDArray

from features.profile.blocks import OrderFacts
from features.profile.columns import ColumnSpec, Unit
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from features.profile.segment_norms import SEGMENT_WEIGHT, Figures, by_segment, leaning, posterior, prior_of, sample_of
from recsys.types import SECONDS_PER_DAY, EpochSeconds, Instants, MoneyMinor

_UNKNOWN = float("nan")
_NEVER_DAYS = -1
_SUMS = (
    "orders", "coupon_orders", "full_price", "paid", "discount", "coupon_paid",
    "depth", "trend_xx", "trend_xy", "other_discount", "other_gross",
)  # fmt: skip


class Dependence:
    """
    Coupons in the orders of the last ``window_days``, each share shrunken to the member's segment.

    Three kinds of orders: with a coupon; discounted without one; at full price. An order for nothing (nothing paid,
    nothing taken off) is a gift or a replacement and counts nowhere. An order that a coupon paid entirely has depth 1
    and no spend. Amounts are as sold: goods that come back later change nothing here, and an amount below zero counts
    as zero.

    ``discount_dependence`` is the mean of three shrunken shares: orders with a coupon, spend on them, and orders that
    were not at full price. 0 is a member who never saw a discount, 1 one who never bought without a coupon. It
    describes; whether a member would have bought without the coupon only an experiment can say.
    """

    name = "dependence"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """Shares, depth and its trend, days since."""
        window = f"in the last {rules.config.dependence.window_days} days"
        days = "int32", Unit.DAYS
        return (
            _share("discount_dependence", f"Mean of the shares: coupon orders, coupon spend, not full price; {window}"),
            _share("coupon_order_share", f"Orders with a coupon among orders {window}"),
            _share("coupon_spend_share", f"Paid in orders with a coupon {window}"),
            _share("coupon_depth", f"Mean of discount / (paid + discount) of coupon orders {window}"),
            ColumnSpec(
                "coupon_depth_trend",
                "float32",
                Unit.NONE,
                f"Change of that depth from one coupon order to the next {window}",
                -1,
                1,
                unknown=_UNKNOWN,
            ),
            _share("full_price_share", f"Orders without coupon and discount among orders {window}"),
            _share("other_discount_share", f"Discount / (paid + discount) of orders without a coupon {window}"),
            ColumnSpec(
                "full_price_since_coupon",
                "int32",
                Unit.COUNT,
                "Orders at full price since the last one with a coupon, or since ever",
                0,
                2**31 - 1,
            ),
            ColumnSpec(
                "days_since_coupon",
                *days,
                "Whole days since the last coupon order",
                0,
                200_000,
                unknown=_NEVER_DAYS,
                ages=1,
            ),
            ColumnSpec(
                "days_since_full_price",
                *days,
                "Whole days since the last order at full price",
                0,
                200_000,
                unknown=_NEVER_DAYS,
                ages=1,
            ),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:
        """The same figures of every segment, which leans on everybody by SEGMENT_WEIGHT orders."""
        some = sample_of(facts)
        found = self.summarise(some, Fitted({}, rules))
        sums = {key: by_segment(some, values) for key, values in found.items() if key in _SUMS}
        n = max(float(sums["orders"].sum()), 1.0)
        order_value = float((sums["paid"] + sums["discount"]).sum()) / n
        money = max(SEGMENT_WEIGHT * order_value, 1.0)
        weight = rules.config.dependence.prior_orders
        return {
            "order_value": order_value,
            "coupon_orders": leaning(sums["coupon_orders"], sums["orders"]),
            "coupon_paid": leaning(sums["coupon_paid"], sums["paid"], money),
            "depth": leaning(sums["depth"], sums["coupon_orders"]),
            "trend": _usual_trend(sums["trend_xy"], sums["trend_xx"], _prior_spread(weight) * SEGMENT_WEIGHT / weight),
            "full_price": leaning(sums["full_price"], sums["orders"]),
            "other": leaning(sums["other_discount"], sums["other_gross"], money),
        }

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """Sum the window's orders, and when the oldest of them falls out of it."""
        orders, n = facts.orders, facts.n_members
        window_s = fitted.rules.config.dependence.window_days * SECONDS_PER_DAY
        paid, discount = np.maximum(orders.paid_minor, 0), np.maximum(orders.discount_minor, 0)
        counts = paid + discount > 0
        full = full_price(orders)
        inside = counts & (orders.at >= facts.as_of - window_s)
        with_coupon, without = inside & orders.coupon, inside & ~orders.coupon
        oldest = np.full(n, NEVER, dtype=np.int64)
        oldest[orders.member[inside][::-1]] = orders.at[inside][::-1]
        last_coupon, last_at = _last(orders, counts & orders.coupon, n)
        since = np.flatnonzero(full)
        since = since[since > last_coupon[orders.member[since]]]
        member = orders.member[with_coupon]
        depth = discount[with_coupon] / (paid + discount)[with_coupon]
        spread, slope = _trend(member, depth, n)
        return {
            "segment": facts.segment,
            "orders": _count(orders, inside, n),
            "coupon_orders": _count(orders, with_coupon, n),
            "full_price": _count(orders, inside & full, n),
            "paid": _money(orders, inside, paid, n),
            "discount": _money(orders, inside, discount, n),
            "coupon_paid": _money(orders, with_coupon, paid, n),
            "depth": np.bincount(member, depth, n).astype(np.float64),
            "trend_xx": spread,
            "trend_xy": slope,
            "other_discount": _money(orders, without, discount, n),
            "other_gross": _money(orders, without, paid + discount, n),
            "full_since": np.bincount(orders.member[since], minlength=n).astype(np.int32),
            "coupon_at": last_at,
            "full_at": _last(orders, full, n)[1],
            NEXT_CHANGE_AT: np.where(oldest < NEVER, oldest + window_s + 1, NEVER),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """Posterior means and days since."""
        norms, segment = fitted.norms, summary["segment"]
        weight = fitted.rules.config.dependence.prior_orders
        money = max(weight * norms["order_value"], 1.0)

        def share(part: str, whole: str, norm: str, prior_weight: float) -> Figures:
            return posterior(summary[part], summary[whole], prior_of(norms[norm], segment), prior_weight)

        coupon_orders = share("coupon_orders", "orders", "coupon_orders", weight)
        coupon_spend = share("coupon_paid", "paid", "coupon_paid", money)
        full = share("full_price", "orders", "full_price", weight)
        found = {
            "discount_dependence": (coupon_orders + coupon_spend + (1.0 - full)) / 3.0,
            "coupon_order_share": coupon_orders,
            "coupon_spend_share": coupon_spend,
            "coupon_depth": share("depth", "coupon_orders", "depth", weight),
            "coupon_depth_trend": share("trend_xy", "trend_xx", "trend", _prior_spread(weight)),
            "full_price_share": full,
            "other_discount_share": share("other_discount", "other_gross", "other", money),
        }
        return {
            **{name: values.astype(np.float32) for name, values in found.items()},
            "full_price_since_coupon": summary["full_since"],
            "days_since_coupon": _days(summary["coupon_at"], as_of),
            "days_since_full_price": _days(summary["full_at"], as_of),
        }


def full_price(orders: OrderFacts) -> NDArray[np.bool_]:
    """Shape (n_orders,): something was paid, without a coupon and without any discount."""
    return (orders.paid_minor > 0) & (orders.discount_minor <= 0) & ~orders.coupon


def _share(name: str, meaning: str) -> ColumnSpec:
    return ColumnSpec(name, "float32", Unit.SHARE, meaning, 0, 1, unknown=_UNKNOWN)


def _count(orders: OrderFacts, keep: NDArray[np.bool_], n_members: int) -> NDArray[np.int32]:
    return np.bincount(orders.member[keep], minlength=n_members).astype(np.int32)


def _money(orders: OrderFacts, keep: NDArray[np.bool_], amounts: MoneyMinor, n_members: int) -> MoneyMinor:
    # Exact: a member's year is far below 2**53 minor units.
    return np.bincount(orders.member[keep], amounts[keep], n_members).astype(np.int64)


def _last(orders: OrderFacts, keep: NDArray[np.bool_], n_members: int) -> tuple[NDArray[np.int64], Instants]:
    """Each member's last such order, and when it was; -1 and -1 where there is none."""
    row, at = np.full(n_members, -1, dtype=np.int64), np.full(n_members, -1, dtype=np.int64)
    rows = np.flatnonzero(keep)
    row[orders.member[rows]] = rows  # sorted by instant: the last one stays
    at[orders.member[rows]] = orders.at[rows]
    return row, at


def _trend(member: NDArray[np.int32], depth: Figures, n_members: int) -> tuple[Figures, Figures]:
    """Sums of squares and products around the means, of depth against 0, 1, 2, ... within each member."""
    n = np.bincount(member, minlength=n_members)
    number = np.arange(len(member)) - (np.cumsum(n) - n)[member]
    middle = (n - 1) / 2.0
    products = np.bincount(member, depth * (number - middle[member]), n_members)
    return _spread(n.astype(np.float64)), products.astype(np.float64)


def _usual_trend(xy: Figures, xx: Figures, weight: float) -> list[float | None]:
    """As `leaning`; and everybody leans on no trend, so that a handful of coupons does not speak for all."""
    whole = xx.copy()
    whole[-1] += weight * (xx.sum() > 0)
    return leaning(xy, whole, weight)


def _prior_spread(n_orders: float) -> float:
    """What a prior of so many orders in a row weighs; that of two at least."""
    return float(_spread(max(n_orders, 2.0)))


def _spread(n: Figures | float) -> Figures:
    """Sum of squares of 0 to n - 1 around their mean."""
    return np.asarray(np.maximum(n * (np.square(n) - 1.0), 0.0) / 12.0)


def _days(at: Instants, as_of: EpochSeconds) -> NDArray[np.int32]:
    return np.where(at >= 0, (as_of - at) // SECONDS_PER_DAY, _NEVER_DAYS).astype(np.int32)
