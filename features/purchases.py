"""Purchases as integer columns: fifty million order lines must fit where fifty million texts would not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.workspace import Workspace
from recsys.errors import InputError
from recsys.types import UNKNOWN_ROW, EpochSeconds, Instants, MoneyMinor, Rows
from recsys.vocabulary import Vocabulary

_COLUMNS = [
    "member_id", "product_id", "order_id", "purchased_at", "quantity", "paid_minor",
    "discount_minor", "offer_id", "channel", "store_id",
]  # fmt: skip
_SORT = ["member", "at", "product", "quantity", "paid_minor", "order", "discount_minor", "offer", "channel", "store"]
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


@dataclass(frozen=True, slots=True)
class PurchaseTerms:
    """
    How each order line was bought; row i belongs to row i of the `Purchases` read with it.

    Attributes:
        discount_minor: Shape (n,), int64: of the whole line, at least 0.
        offer: Shape (n,), int32: row of the offer redeemed on the line; UNKNOWN_ROW where none is recorded.
        channel, store: Shape (n,), int32: position in the names; UNKNOWN_ROW where it is not recorded.
        channel_names, store_names: Ascending.
    """

    discount_minor: MoneyMinor
    offer: Rows
    channel: Rows
    store: Rows
    channel_names: tuple[str, ...]
    store_names: tuple[str, ...]


def read_purchases(
    workspace: Workspace,
    rows: Mapping[str, pl.DataFrame],
    *,
    start: EpochSeconds | None,
    stop: EpochSeconds,
) -> tuple[Purchases, PurchaseTerms]:
    """
    The purchases of known members in [start, stop); without *start*, from the beginning.

    Lines of members or products without a row are left out: members who have not agreed to personalisation have none
    (law 8). The table is read part by part, so texts never live all at once.

    Args:
        workspace: Whose purchases.
        rows: Frames as `id_rows` makes them, by noun: member, product, offer. Several ids may have one member's row.
        start, stop: Epoch seconds.
    """
    parts = [part for part in _encoded_parts(workspace, rows, start, stop) if part.height]
    if not parts:
        return _nothing()
    # Equal lines of different orders are the same whichever comes first, so the result does not depend on row order.
    lines = pl.concat(parts, rechunk=True)
    parts.clear()
    channel, channel_names = _codes(lines["channel"])
    store, store_names = _codes(lines["store"])
    lines = lines.with_columns(channel, store).sort(_SORT)
    terms = PurchaseTerms(
        discount_minor=_column(lines, "discount_minor", np.int64),
        offer=_column(lines, "offer", np.int32),
        channel=_column(lines, "channel", np.int32),
        store=_column(lines, "store", np.int32),
        channel_names=channel_names,
        store_names=store_names,
    )
    lines = lines.drop("discount_minor", "offer", "channel", "store")
    member = _column(lines, "member", np.int32)
    purchases = Purchases(
        member=member,
        product=_column(lines, "product", np.int32),
        at=_column(lines, "at", np.int64),
        quantity=_column(lines, "quantity", np.int32),
        paid_minor=_column(lines, "paid_minor", np.int64),
        order=_order_numbers(_column(lines, "order", np.uint64) + member.astype(np.uint64) * _ODD),
    )
    return purchases, terms


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


def _nothing() -> tuple[Purchases, PurchaseTerms]:
    rows, amounts = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    return Purchases(rows, rows, amounts, rows, amounts, rows), PurchaseTerms(amounts, rows, rows, rows, (), ())


def _encoded_parts(
    workspace: Workspace, rows: Mapping[str, pl.DataFrame], start: EpochSeconds | None, stop: EpochSeconds
) -> Iterator[pl.DataFrame]:
    within = pl.col("purchased_at") < instant(stop)
    if start is not None:
        within &= pl.col("purchased_at") >= instant(start)
    for file in workspace.table_files("purchases"):
        yield (
            pl.scan_parquet(file)
            .select(_COLUMNS)
            .filter(within)
            .join(rows["member"].lazy(), on="member_id")
            .join(rows["product"].lazy(), on="product_id")
            .join(rows["offer"].lazy(), on="offer_id", how="left")
            .select(
                "member",
                "product",
                pl.col("purchased_at").dt.epoch("s").alias("at"),
                "quantity",
                "paid_minor",
                pl.col("order_id").hash(seed=0).alias("order"),  # only equality is used, never the value
                "discount_minor",
                pl.col("offer").fill_null(UNKNOWN_ROW),
                pl.col("channel").cast(pl.Categorical),
                pl.col("store_id").cast(pl.Categorical).alias("store"),
            )
            .collect()
        )


def _codes(names: pl.Series) -> tuple[pl.Series, tuple[str, ...]]:
    """Positions in the ascending distinct names, whatever numbers the categories have; UNKNOWN_ROW for null."""
    distinct = names.unique().drop_nulls()
    by_name = distinct.to_frame("name").with_columns(text=pl.col("name").cast(pl.String)).sort("text")
    found = names.to_physical().fill_null(0).to_numpy()
    place = np.full(int(found.max()) + 1 if len(found) else 1, UNKNOWN_ROW, dtype=np.int32)
    place[by_name["name"].to_physical().to_numpy()] = np.arange(by_name.height, dtype=np.int32)
    codes = np.where(names.is_null().to_numpy(), np.int32(UNKNOWN_ROW), place[found])
    return pl.Series(names.name, codes, dtype=pl.Int32), tuple(by_name["text"].to_list())


def _order_numbers(keys: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Dense numbers in order of first appearance, so that they do not depend on the hash."""
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[number]


def _column(frame: pl.DataFrame, name: str, dtype: type) -> NDArray[Any]:
    return frame[name].to_numpy().astype(dtype, copy=False)
