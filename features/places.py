"""Where each member usually buys: the channel and the store of most order lines."""

import polars as pl

from features.purchases import instant
from features.workspace import Workspace
from recsys.types import EpochSeconds

PLACES = {"usual_channel": "channel", "usual_store": "store_id"}
"""Column of the answer: column of the purchases."""


def read_usual_places(workspace: Workspace, stop: EpochSeconds) -> pl.DataFrame:
    """
    Columns member_id and those of `PLACES`, a row for each member with a purchase before *stop* that has a place.

    Null where none of the member's lines says it; among equals the first by name. The table is counted part by part,
    so that fifty million lines never live at once.
    """
    usual = pl.DataFrame(schema={"member_id": pl.String})
    for name, column in PLACES.items():
        usual = usual.join(_most_lines(workspace, stop, column, name), on="member_id", how="full", coalesce=True)
    return usual


def _most_lines(workspace: Workspace, stop: EpochSeconds, column: str, name: str) -> pl.DataFrame:
    parts = [
        pl.scan_parquet(file)
        .filter(pl.col("purchased_at") < instant(stop), pl.col(column).is_not_null())
        .group_by("member_id", column)
        .agg(pl.len().alias("lines"))
        .collect()
        for file in workspace.table_files("purchases")
    ]
    empty = pl.DataFrame(schema={"member_id": pl.String, column: pl.String, "lines": pl.UInt32})
    return (
        pl.concat([empty, *parts])
        .group_by("member_id", column)
        .agg(pl.col("lines").sum())
        .sort(["member_id", "lines", column], descending=[False, True, False])
        .unique("member_id", keep="first", maintain_order=True)
        .select("member_id", pl.col(column).alias(name))
    )
