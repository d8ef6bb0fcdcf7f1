"""How often a member orders and what an order is worth, shrunk towards all members where the own past is short."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.types import SECONDS_PER_DAY, Instants, MoneyMinor

PRIOR_DAYS = 90.0
"""The population's rate counts as this many days of the member's own."""
DEFAULT_MARGIN_RATE = 0.3
"""Margin over price where no product has a known cost: an assumption, not a measurement."""


@dataclass(frozen=True, slots=True)
class OrderHistory:
    """
    The orders of each member before the cut-off.

    Attributes:
        n_orders: Shape (n_members,), int64.
        n_counted: Shape (n_members,), int64: orders that fall into ``days``: all where it is known when the member
            joined, all but the first where the clock starts with the first order.
        days: Shape (n_members,), float64: watched from joining, or else from the first order, to the cut-off; 0 where
            neither is known.
        first_at, last_at: Shape (n_members,): first and last order; the cut-off where there is none.
        paid_minor: Shape (n_members,): all orders together.
    """

    n_orders: NDArray[np.int64]
    n_counted: NDArray[np.int64]
    days: NDArray[np.float64]
    first_at: Instants
    last_at: Instants
    paid_minor: MoneyMinor

    def mean_basket_minor(self) -> float:
        """Mean value of an order over all members; 0 where nobody ordered."""
        return int(self.paid_minor.sum()) / max(int(self.n_orders.sum()), 1)


def order_history(dataset: Dataset) -> OrderHistory:
    """Count and date the orders of each member of the dataset."""
    n_members, purchases = len(dataset.member_ids), dataset.purchases
    owner = np.zeros(purchases.n_orders, dtype=np.int32)
    owner[purchases.order] = purchases.member  # an order belongs to one member
    n_orders = np.bincount(owner, minlength=n_members).astype(np.int64)
    first_at = np.full(n_members, dataset.cut_off, dtype=np.int64)
    last_at = first_at.copy()
    paid_minor = np.zeros(n_members, dtype=np.int64)
    # Lines are sorted by member and instant: a member's first line is the first order, the last line the last.
    starts = np.flatnonzero(np.diff(purchases.member, prepend=-1))
    if len(starts):
        buyers = purchases.member[starts]
        first_at[buyers] = purchases.at[starts]
        last_at[buyers] = purchases.at[np.append(starts[1:], len(purchases)) - 1]
        paid_minor[buyers] = np.add.reduceat(purchases.paid_minor, starts)
    joined = dataset.members["joined_at"].dt.epoch("s")
    known = joined.is_not_null().to_numpy()
    began = np.minimum(np.where(known, joined.fill_null(dataset.cut_off).to_numpy(), first_at), first_at)
    return OrderHistory(
        n_orders=n_orders,
        n_counted=np.where(known, n_orders, np.maximum(n_orders - 1, 0)),
        days=(dataset.cut_off - began) / SECONDS_PER_DAY,
        first_at=first_at,
        last_at=last_at,
        paid_minor=paid_minor,
    )


def order_rates(history: OrderHistory) -> tuple[NDArray[np.float32], float]:
    """
    Orders a day, shrunk: (PRIOR_DAYS x population rate + orders) / (PRIOR_DAYS + days).

    The mean of a Gamma-Poisson posterior whose prior has the population's rate and the weight of PRIOR_DAYS days.

    Returns:
        Shape (n_members,), float32, at least 0; and the population's rate.
    """
    total_days = float(history.days.sum())
    population = int(history.n_counted.sum()) / total_days if total_days > 0 else 0.0
    rates = (PRIOR_DAYS * population + history.n_counted) / (PRIOR_DAYS + history.days)
    return rates.astype(np.float32), population


def margin_rates(dataset: Dataset, history: OrderHistory, prior_orders: float) -> tuple[NDArray[np.float32], float]:
    """
    Margin over value of what each member buys, shrunk as if *prior_orders* mean orders at the population's rate.

    Only lines of products with a known cost count; without any, everybody has DEFAULT_MARGIN_RATE.

    Returns:
        Shape (n_members,), float32, 0 to 1; and the population's rate.
    """
    n_members, purchases = len(dataset.member_ids), dataset.purchases
    cost = dataset.products["cost_minor"].cast(pl.Int64).fill_null(-1).to_numpy()
    paid, margin = np.zeros(n_members, dtype=np.int64), np.zeros(n_members, dtype=np.int64)
    starts = np.flatnonzero(np.diff(purchases.member, prepend=-1))
    if len(starts):
        unit_cost = cost[purchases.product]
        line_paid = np.where(unit_cost >= 0, purchases.paid_minor, 0)
        line_margin = np.where(unit_cost >= 0, purchases.paid_minor - unit_cost * purchases.quantity, 0)
        paid[purchases.member[starts]] = np.add.reduceat(line_paid, starts)
        margin[purchases.member[starts]] = np.add.reduceat(line_margin, starts)
    if not paid.sum():
        return np.full(n_members, DEFAULT_MARGIN_RATE, dtype=np.float32), DEFAULT_MARGIN_RATE
    population = float(np.clip(int(margin.sum()) / int(paid.sum()), 0.0, 1.0))
    prior_paid = max(prior_orders * history.mean_basket_minor(), 1.0)
    rates = (prior_paid * population + margin) / (prior_paid + paid)
    return np.clip(rates, 0.0, 1.0).astype(np.float32), population
