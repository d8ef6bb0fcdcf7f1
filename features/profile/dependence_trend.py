"""Month by month: how much of what everybody buys hangs on coupons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.profile.dependence import full_price
from features.profile.facts import MemberFacts
from recsys.errors import InputError
from recsys.loyalty.calendar import Period, add_months
from recsys.types import MoneyMinor

Counts = NDArray[np.int64]
Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DependenceTrend:
    """
    Sums over orders, shape (n_groups, n_months) each; orders for nothing are left out, as in `Dependence`.

    Attributes:
        month: Shape (n_months,), int32: first local day of each, ascending; the last one is the month of the last
            instant before the as-of one and may be under way.
        orders, coupon_orders, full_price_orders: Counts.
        paid_minor, coupon_paid_minor: Of all orders, and of those with a coupon.
        discount_minor, coupon_discount_minor: Likewise, all discounts.
        depth_sum: Sum of discount / (paid + discount) over the orders with a coupon.
    """

    month: NDArray[np.int32]
    orders: Counts
    coupon_orders: Counts
    full_price_orders: Counts
    paid_minor: MoneyMinor
    coupon_paid_minor: MoneyMinor
    discount_minor: MoneyMinor
    coupon_discount_minor: MoneyMinor
    depth_sum: Figures

    @property
    def coupon_order_share(self) -> Figures:
        """Orders with a coupon; NaN where there are no orders."""
        return _ratio(self.coupon_orders, self.orders)

    @property
    def coupon_spend_share(self) -> Figures:
        """Paid in orders with a coupon; NaN where nothing was paid."""
        return _ratio(self.coupon_paid_minor, self.paid_minor)

    @property
    def mean_depth(self) -> Figures:
        """Mean depth of the orders with a coupon; NaN where there are none."""
        return _ratio(self.depth_sum, self.coupon_orders)


def dependence_trend(
    facts: MemberFacts, months: int, *, group: NDArray[np.integer] | None = None, n_groups: int = 1
) -> DependenceTrend:
    """
    The last months, ending with the one that ``facts.as_of`` ends in.

    Args:
        facts: Of all members.
        months: How many, at least 1.
        group: Shape (n_members,): where each member counts, such as tier or stage; below 0 nowhere.
        n_groups: How many groups there are; codes are below it.

    Raises:
        InputError: No months, or a group that is not among them.
    """
    if months < 1:
        raise InputError(f"months is {months}; a trend needs at least 1")
    if group is not None and group.size and int(group.max()) >= n_groups:
        raise InputError(f"a member has group {int(group.max())}; with n_groups {n_groups} the last is {n_groups - 1}")
    last = facts.calendar.period_starts(facts.calendar.local_days(np.array([facts.as_of - 1])), Period.MONTH)
    month = add_months(np.repeat(last, months), np.arange(1 - months, 1))
    orders = facts.orders
    paid, discount = np.maximum(orders.paid_minor, 0), np.maximum(orders.discount_minor, 0)
    code = np.zeros(len(paid), dtype=np.int64) if group is None else group[orders.member].astype(np.int64)
    keep = (paid + discount > 0) & (code >= 0) & (orders.day >= month[0])
    coupon = keep & orders.coupon
    cell = code * months + np.searchsorted(month, orders.day, side="right") - 1

    def total(rows: NDArray[np.bool_], amounts: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        weights = None if amounts is None else amounts[rows]
        # Exact: a month of everybody is below 2**53 minor units.
        return np.bincount(cell[rows], weights, n_groups * months).astype(np.int64).reshape(n_groups, months)

    depth = discount[coupon] / (paid + discount)[coupon]
    return DependenceTrend(
        month=month,
        orders=total(keep),
        coupon_orders=total(coupon),
        full_price_orders=total(keep & full_price(orders)),
        paid_minor=total(keep, paid),
        coupon_paid_minor=total(coupon, paid),
        discount_minor=total(keep, discount),
        coupon_discount_minor=total(coupon, discount),
        depth_sum=np.bincount(cell[coupon], depth, n_groups * months).astype(np.float64).reshape(n_groups, months),
    )


def _ratio(part: NDArray[np.int64] | Figures, whole: NDArray[np.int64]) -> Figures:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
