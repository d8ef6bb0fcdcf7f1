"""The kinds of dated facts that features use: frozen columns, each sorted by member and instant."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.types import Instants, MoneyMinor, Rows

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Columns = TypeVar("_Columns", bound="DataclassInstance")

POINTS_KINDS = ("earn", "redeem", "adjust", "sign_in", "referral", "review", "birthday")
"""Kinds of the points_entries table; position is the code in `PointsFacts.kind`."""


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """
    One entry an order, sorted by member, then instant; order i has the lines with ``purchases.order == i``.

    Attributes:
        member: Shape (n_orders,), int32.
        at: Shape (n_orders,), int64: epoch seconds of its first line.
        day: Shape (n_orders,), int32: days since 1970-01-01 in the programme's time zone.
        paid_minor: Shape (n_orders,): all lines, after discounts, at least 0.
        discount_minor: Shape (n_orders,): all discounts.
        coupon: Shape (n_orders,), bool: a line names the offer redeemed, or the member redeemed one on that day.
        coupon_minor: Shape (n_orders,): discounts of the lines that name an offer.
        n_lines: Shape (n_orders,), int32.
        channel, store: Shape (n_orders,), int32: of the order's first line; UNKNOWN_ROW where not recorded.
    """

    member: Rows
    at: Instants
    day: NDArray[np.int32]
    paid_minor: MoneyMinor
    discount_minor: MoneyMinor
    coupon: NDArray[np.bool_]
    coupon_minor: MoneyMinor
    n_lines: NDArray[np.int32]
    channel: Rows
    store: Rows


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """
    Goods that came back, sorted by member, then instant.

    Attributes:
        member: Shape (n,), int32.
        at: Shape (n,): when they came back.
        product: Shape (n,), int32.
        bought_at: Shape (n,): when they were bought.
        refund_minor: Shape (n,): at least 0.
    """

    member: Rows
    at: Instants
    product: Rows
    bought_at: Instants
    refund_minor: MoneyMinor


@dataclass(frozen=True, slots=True)
class PointsFacts:
    """
    Points that are not earned by orders, sorted by member, then instant.

    Attributes:
        member: Shape (n,), int32.
        at: Shape (n,).
        kind: Shape (n,), int8: position in POINTS_KINDS.
        points: Shape (n,), int64: negative takes.
    """

    member: Rows
    at: Instants
    kind: NDArray[np.int8]
    points: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """Days with a view, a cart or a click, sorted by member, then instant: at is the first event of the local day."""

    member: Rows
    at: Instants


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """Tiers that the retailer recorded, sorted by member, then instant: tier is int8, position in the ladder."""

    member: Rows
    at: Instants
    tier: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class RedemptionFacts:
    """Coupons redeemed, sorted by member, then instant: kind is int8, position in OFFER_KINDS; -1 unknown."""

    member: Rows
    at: Instants
    kind: NDArray[np.int8]
    discount_minor: MoneyMinor


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """
    What is lasting about products, or known as of the ingest.

    Attributes:
        category, brand: Shape (n_products,), int32; UNKNOWN_ROW where there is none.
        category_names, brand_names: Ascending.
        cost_minor: Shape (n_products,); -1 where unknown or withheld.
    """

    category: Rows
    brand: Rows
    category_names: tuple[str, ...]
    brand_names: tuple[str, ...]
    cost_minor: MoneyMinor


def taken(columns: _Columns, rows: NDArray[np.integer]) -> tuple[_Columns, NDArray[np.int64]]:
    """
    Some members' part of columns that are sorted by member.

    Args:
        columns: A frozen dataclass with arrays of one length, among them ``member``, not falling.
        rows: Members, ascending, without repeats.

    Returns:
        The part, with members renumbered 0, 1, ... in the order of *rows*; and the positions where it lay.
    """
    member: Rows = columns.member  # type: ignore[attr-defined]  # every block has it, and no base class says so
    start = np.searchsorted(member, rows, side="left")
    length = np.searchsorted(member, rows, side="right") - start
    offset = np.cumsum(length) - length
    positions = np.arange(int(length.sum())) - np.repeat(offset - start, length)
    renumbered = np.repeat(np.arange(len(rows), dtype=np.int32), length)
    return rows_of(columns, positions, member=renumbered), positions


def rows_of(columns: _Columns, positions: NDArray[np.int64], **instead: NDArray[Any]) -> _Columns:
    """Some rows of every array among the fields of a frozen dataclass, or the arrays that are given instead."""
    values = {field.name: getattr(columns, field.name) for field in fields(columns)}
    arrays = {name: value[positions] for name, value in values.items() if isinstance(value, np.ndarray)}
    return replace(columns, **arrays | instead)


def joined_columns(past: _Columns, news: _Columns) -> tuple[_Columns, NDArray[np.int64]]:
    """
    Two parts of columns that are sorted by member, as one; of each member the past comes first.

    Returns:
        The columns, and for each row its position in past and news one after the other.
    """
    both = {
        field.name: np.concatenate([getattr(past, field.name), getattr(news, field.name)]) for field in fields(news)
    }
    position = np.argsort(both["member"], kind="stable")
    return replace(news, **{name: values[position] for name, values in both.items()}), position
