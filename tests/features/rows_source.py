"""An ingest of rows held in memory, and what it put into quarantine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from features.ingest import Ingested, ingest_source
from features.sources.base import Chunk, derived
from recsys.report import SILENT
from tests.features.small_workspace import NOW, TIERS

Rows = dict[str, list[dict[str, Any]]]


class RowsSource:
    """A source of rows held in memory, *chunk* rows at a time."""

    name = "rows"
    currency = "GBP"
    tiers: tuple[str, ...] = TIERS
    max_quantity = 100
    assumptions: tuple[str, ...] = ("Nothing.",)
    programme: str | None = None

    def __init__(self, rows: Rows, chunk: int = 1_000) -> None:
        self._rows = rows
        self._chunk = chunk

    def chunks(self, table: str) -> Iterator[Chunk]:
        rows = self._rows.get(table, [])
        for start in range(0, len(rows), self._chunk):
            yield derived(pl.DataFrame(rows[start : start + self._chunk], infer_schema_length=None, strict=False))


def run(rows: Rows, out: Path, *, chunk: int = 1_000, now: int = NOW) -> Ingested:
    return ingest_source(RowsSource(rows, chunk), out, now=now, policy="name: default\n", progress=SILENT)


def rejected(out: Path, table: str) -> list[tuple[str, str]]:
    """(first column, reason) of the rows in quarantine."""
    frame = pl.read_parquet(out / "quarantine" / f"{table}.parquet")
    return list(zip(frame[frame.columns[0]].to_list(), frame["reason"].to_list(), strict=True))
