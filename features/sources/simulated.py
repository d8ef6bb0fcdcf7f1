"""What `recsys simulate` wrote: canonical columns already, in parts, which are read one at a time."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from features.simulator.parameters import Parameters
from features.simulator.programme import programme_text
from features.sources.base import REASON, SOURCE_ROW, Chunk, read_file, require_columns
from features.tables import REQUIRED, TABLES
from recsys.errors import SourceError

FORMAT = 1


class SimulatedSource:
    """
    A folder with ``simulation.json`` and ``<table>/part-*.parquet``.

    Only these are read. The truth of the simulation lies in another folder, beside this one, and has neither.

    Raises:
        SourceError: simulation.json is absent, broken or of another format; or a required table has no parts.
    """

    name = "simulated"
    max_quantity = 10_000
    assumptions: tuple[str, ...] = ("The retailer is simulated; nothing in it is about a real person or shop.",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        file = folder / "simulation.json"
        if not file.is_file():
            raise SourceError(f"{folder} has no simulation.json; make one with `recsys simulate --out {folder}`")
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            found = facts["format"]
            self.currency = str(facts["currency"])
            self.tiers = tuple(str(tier) for tier in facts["tiers"])
            self.programme: str | None = programme_text(Parameters(), currency=self.currency)
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{file} cannot be read ({error!r}); run `recsys simulate` again") from error
        if found != FORMAT:
            raise SourceError(f"{file} has format {found!r}, this version reads {FORMAT}; run `recsys simulate` again")

    def chunks(self, table: str) -> Iterator[Chunk]:
        """One chunk a part, in the order of the parts; columns that may be null may be absent."""
        files = sorted((self._folder / table).glob("part-*.parquet"))
        if not files and table in REQUIRED:
            raise SourceError(f"{self._folder / table} has no part-*.parquet; run `recsys simulate` again")
        columns = TABLES[table].columns()
        for file in files:
            part = read_file(file)
            require_columns(file, part.columns, [name for name, column in columns.items() if not column.nullable])
            raw = part.select(name for name in columns if name in part.columns)
            yield Chunk(
                raw.with_columns(
                    pl.lit(None, dtype=pl.String).alias(REASON),
                    pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(SOURCE_ROW),
                ),
                raw.with_columns(pl.lit(file.name).alias("source_file")),
            )
