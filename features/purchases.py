"""Purchases as integer columns: fifty million order lines must fit where fifty million texts would not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.workspace import Workspace
from recsys.errors import InputError
from recsys.types import EpochSeconds, Instants, MoneyMinor, Rows
from recsys.vocabulary import Vocabulary

_COLUMNS = ["member_id", "product_id", "order_id", "purchased_at", "quantity", "paid_minor"]
_SORT = ["member", "at", "product", "quantity", "paid_minor", "order"]
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Purchases:
    """
    Order lines, sorted by member, then instant, then product, quantity and amount.

    Attributes:
        member: Shape (n,), int32: row of the member.
        product: Shape (n,), int32: row of the product.
        at: Shape (n,), int64: epoch seconds.
        quantity: Shape (n,), int32: units, at least 1.
        paid_minor: Shape (n,), int64: the whole line, after discounts.
        order: Shape (n,), int32: number of the order; lines of one order share it. Dense, from 0.
    """

    member: Rows
    product: Rows
    at: Instants
    quantity: NDArray[np.int32]
    paid_minor: MoneyMinor
    order: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.member)

    @property
    def n_orders(self) -> int:
        """How many distinct orders there are."""
        return int(self.order.max()) + 1 if len(self.order) else 0

    def frame(self) -> pl.DataFrame:
        """The same columns as a data frame, without a copy."""
        return pl.DataFrame({name: getattr(self, name) for name in self.__slots__})


def read_purchases(
    workspace: Workspace, members: Vocabulary, products: Vocabulary, *, start: EpochSeconds | None, stop: EpochSeconds
) -> Purchases:
    """
    The purchases of known members in [start, stop); without *start*, from the beginning.

    Lines of members or products outside the vocabularies are left out: members who have not agreed to
    personalisation are not in them (law 8). The table is read part by part, so texts never live all at once.
    """
    member_rows, product_rows = id_rows(members, "member"), id_rows(products, "product")
    parts = [part for part in _encoded_parts(workspace, member_rows, product_rows, start, stop) if part.height]
    if not parts:
        empty = np.empty(0, dtype=np.int32)
        return Purchases(empty, empty, np.empty(0, np.int64), empty, np.empty(0, np.int64), empty)
    # Equal lines of different orders are the same whichever comes first, so the result does not depend on row order.
    lines = pl.concat(parts, rechunk=True).sort(_SORT)
    parts.clear()
    member = _column(lines, "member", np.int32)
    return Purchases(
        member=member,
        product=_column(lines, "product", np.int32),
        at=_column(lines, "at", np.int64),
        quantity=_column(lines, "quantity", np.int32),
        paid_minor=_column(lines, "paid_minor", np.int64),
        order=_order_numbers(_column(lines, "order", np.uint64) + member.astype(np.uint64) * _ODD),
    )


def id_rows(ids: Vocabulary, name: str) -> pl.DataFrame:
    """A frame that joins external ids (column ``<name>_id``) to rows (column *name*, int32)."""
    rows = np.arange(len(ids), dtype=np.int32)
    return pl.DataFrame({f"{name}_id": ids.ids(rows), name: rows}, schema={f"{name}_id": pl.String, name: pl.Int32})


def instant(at: EpochSeconds) -> datetime:
    """
    Epoch seconds as the UTC instant that the canonical tables store.

    Raises:
        InputError: The instant lies outside the years 1 to 9999.
    """
    try:
        return datetime.fromtimestamp(at, tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"{at} is not an instant in epoch seconds between the years 1 and 9999") from error


def _encoded_parts(
    workspace: Workspace,
    member_rows: pl.DataFrame,
    product_rows: pl.DataFrame,
    start: EpochSeconds | None,
    stop: EpochSeconds,
) -> Iterator[pl.DataFrame]:
    within = pl.col("purchased_at") < instant(stop)
    if start is not None:
        within &= pl.col("purchased_at") >= instant(start)
    for file in workspace.table_files("purchases"):
        yield (
            pl.scan_parquet(file)
            .select(_COLUMNS)
            .filter(within)
            .join(member_rows.lazy(), on="member_id")
            .join(product_rows.lazy(), on="product_id")
            .select(
                "member",
                "product",
                pl.col("purchased_at").dt.epoch("s").alias("at"),
                "quantity",
                "paid_minor",
                pl.col("order_id").hash(seed=0).alias("order"),  # only equality is used, never the value
            )
            .collect()
        )


def _order_numbers(keys: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Dense numbers in order of first appearance, so that they do not depend on the hash."""
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[number]


def _column(frame: pl.DataFrame, name: str, dtype: type) -> NDArray[Any]:
    return frame[name].to_numpy().astype(dtype, copy=False)
