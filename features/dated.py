"""Dated facts strictly before a cut-off, a frame a table, with rows instead of ids."""

from collections.abc import Mapping

import polars as pl

from features.purchases import instant
from features.tables import DATED
from features.workspace import Workspace
from recsys.types import UNKNOWN_ROW, EpochSeconds


def read_offer_facts(
    workspace: Workspace, table: str, cut_off: EpochSeconds, rows: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Exposures or redemptions with the rows of member and offer (``no_offer`` is UNKNOWN_ROW), sorted by instant."""
    dated = DATED[table]
    key = f"{table.removesuffix('s')}_id"
    return (
        workspace.read_table(table)
        .filter(pl.col(dated) < instant(cut_off))
        .join(rows["member"].lazy(), on="member_id")
        .join(rows["offer"].lazy(), on="offer_id", how="left")
        .with_columns(pl.col("offer").fill_null(UNKNOWN_ROW), pl.col(dated).dt.epoch("s").alias("at"))
        .collect()
        .sort("at", key)
    )


def read_returns(workspace: Workspace, cut_off: EpochSeconds, rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """
    Returns of what the member bought, and when; there are few, so the purchases are looked through for them.

    What was bought by somebody who did not agree, or who is another member until a later merge, came back from nobody.
    """
    returned = (
        workspace.read_table("returns")
        .filter(pl.col("returned_at") < instant(cut_off))
        .join(rows["member"].lazy(), on="member_id")
        .collect()
    )
    buyers = rows["member"].lazy().rename({"member": "buyer"})
    bought = (
        workspace.read_table("purchases", ["purchase_id", "member_id", "product_id", "purchased_at"])
        .join(returned.lazy().select("purchase_id").unique(), on="purchase_id", how="semi")
        .join(buyers, on="member_id")
        .join(rows["product"].lazy(), on="product_id")
        .collect()
    )
    return (
        returned.join(bought, on="purchase_id")
        .filter(pl.col("member") == pl.col("buyer"))
        .select(
            "member",
            pl.col("returned_at").dt.epoch("s").alias("at"),
            "product",
            pl.col("purchased_at").dt.epoch("s").alias("bought_at"),
            "quantity",
            "refund_minor",
        )
        .sort(pl.all())
    )


def read_loyalty_facts(
    workspace: Workspace, table: str, cut_off: EpochSeconds, member_rows: pl.DataFrame
) -> pl.DataFrame:
    """What the retailer recorded of points or tiers, with the row of the member, sorted."""
    dated = DATED[table]
    kept = {"points_entries": ("kind", "points"), "tier_changes": ("tier",)}[table]
    return (
        workspace.read_table(table)
        .filter(pl.col(dated) < instant(cut_off))
        .join(member_rows.lazy(), on="member_id")
        .select("member", pl.col(dated).dt.epoch("s").alias("at"), *kept)
        .collect()
        .sort(pl.all())
    )


def read_events(workspace: Workspace, cut_off: EpochSeconds, rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Events with the rows of member, product and offer (UNKNOWN_ROW where there is none), sorted by instant."""
    columns = ["at", "member", "kind", "product", "offer"]
    return (
        workspace.read_table("events")
        .filter(pl.col("occurred_at") < instant(cut_off))
        .join(rows["member"].lazy(), on="member_id")
        .join(rows["product"].lazy(), on="product_id", how="left")
        .join(rows["offer"].lazy(), on="offer_id", how="left")
        .select(
            pl.col("occurred_at").dt.epoch("s").alias("at"),
            "member",
            "kind",
            pl.col("product").fill_null(UNKNOWN_ROW),
            pl.col("offer").fill_null(UNKNOWN_ROW),
        )
        .collect()
        .sort(columns)
    )
