"""Every return against the purchase that it takes back, without fifty million purchases in memory."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.convert import converted
from features.sources.base import REASON, Chunk, refuse

RETURNED_TOO_MUCH = "returned_too_much"
"""Reason of a return after which more units or more money would have come back than were bought or paid."""

_PLACE = "place"


def read_bought(files: Iterable[Path], chunks: Sequence[Chunk]) -> pl.DataFrame:
    """
    The purchases that returns name, read part by part.

    Args:
        files: Parts of the purchases table.
        chunks: All returns, as the source gives them.

    Returns:
        purchase_id, bought_by (the member), bought (units), paid_minor, purchased_at; one row a purchase that exists.
    """
    named = [
        chunk.rows.select(converted("purchase_id", chunk.rows.schema["purchase_id"], pl.String()))
        for chunk in chunks
        if "purchase_id" in chunk.rows.columns
    ]
    wanted = pl.concat([pl.DataFrame(schema={"purchase_id": pl.String}), *named]).unique().lazy()
    columns = [
        pl.col("purchase_id"),
        pl.col("member_id").alias("bought_by"),
        pl.col("quantity").alias("bought"),
        pl.col("paid_minor"),
        pl.col("purchased_at"),
    ]
    parts = [
        pl.scan_parquet(file).select(columns).join(wanted, on="purchase_id", how="semi").collect() for file in files
    ]
    return pl.concat(parts)


def refuse_unlike_bought(rows: pl.DataFrame, bought: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    """
    Give reasons to returns that do not fit their purchase, each by itself.

    ``unknown_purchase`` (none was kept that has this id), ``wrong_member`` (somebody else bought it; members that were
    merged are one person, so a return may be booked on the new card), ``before_purchase`` (returned earlier than
    bought); rows and columns stay as they are.

    Args:
        rows: The columns of `ReturnsTable`, and REASON.
        bought: As `read_bought` gives it.
        merged: As `features.merges.survivors` gives it.
    """
    returner, buyer = (
        pl.col(column).replace(merged["member_id"], merged["survivor_id"]) for column in ("member_id", "bought_by")
    )
    joined = rows.join(bought, on="purchase_id", how="left", maintain_order="left")
    joined = refuse(joined, "unknown_purchase", pl.col("bought_by").is_null())
    joined = refuse(joined, "wrong_member", returner != buyer)
    joined = refuse(joined, "before_purchase", pl.col("returned_at") < pl.col("purchased_at"))
    return joined.select(rows.columns)


def returned_too_much(rows: pl.DataFrame, bought: pl.DataFrame) -> NDArray[np.bool_]:
    """
    Returns that no longer fit their purchase once the earlier ones are taken off it.

    The earliest come first, those of one instant in the order of the rows; a return that does not fit takes nothing
    off, so that a smaller one after it may fit.

    Args:
        rows: As of `refuse_unlike_bought`, of the whole table; rows with a reason are passed over.
        bought: As `read_bought` gives it.

    Returns:
        Shape (n_rows,): true where the units or the money are too much.
    """
    too_much = np.zeros(rows.height, dtype=np.bool_)
    fitting = rows.with_row_index(_PLACE).filter(pl.col(REASON).is_null()).join(bought, on="purchase_id")
    alone = pl.len().over("purchase_id") == 1
    within = (pl.col("quantity") <= pl.col("bought")) & (pl.col("refund_minor") <= pl.col("paid_minor"))
    doubtful = fitting.filter(~(alone & within)).sort("returned_at", _PLACE)
    left: dict[str, tuple[int, int]] = {}
    for place, purchase, quantity, refund, units, paid in doubtful.select(
        _PLACE, "purchase_id", "quantity", "refund_minor", "bought", "paid_minor"
    ).iter_rows():
        units_left, money_left = left.get(purchase, (units, paid))
        if quantity > units_left or refund > money_left:
            too_much[place] = True
        else:
            left[purchase] = units_left - quantity, money_left - refund
    return too_much
