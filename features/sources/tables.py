"""Any retailer's own tables: CSV files, Parquet files or an SQL database, named by a mapping file."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from features.convert import converted, exact_minor_units
from features.seen import SeenKeys
from features.sources.base import REASON, SOURCE_ROW, Chunk
from features.sources.mapping import GENERATED, Mapping, TableMapping
from features.sources.readers import read_file_chunks, read_sql_chunks
from features.tables import TABLES
from recsys.errors import SourceError

_UTC = pl.Datetime("us", "UTC")
_FILE = "source_file"
_YEAR_1, _YEAR_9999 = -62_135_596_800, 253_402_300_799  # epoch seconds


class TablesSource:
    """
    Tables read by a mapping, a bounded number of rows at a time.

    Values that do not fit their column are refused row by row (``wrong_type:<column>``). Only mapped columns are read,
    so no other column can reach the workspace or its quarantine.

    Raises:
        SourceError: The place is neither a folder nor an SQL URL; later, as `features.sources.readers`.
    """

    name = "tables"

    def __init__(self, place: str, mapping: Mapping) -> None:
        self._place = place
        self._mapping = mapping
        self._is_sql = "://" in place
        self.currency = mapping.currency
        self.tiers = mapping.tiers
        self.max_quantity = mapping.max_quantity
        self.programme: str | None = None
        made = [
            f"{name}.{key}" for name, key in GENERATED.items() if name in mapping.tables and not self._given(name, key)
        ]
        self.assumptions: tuple[str, ...] = (
            (f"{', '.join(made)} is made from the row's content: equal rows are kept as separate facts.",)
            if made
            else ()
        )
        if not self._is_sql and not Path(place).is_dir():
            raise SourceError(f"{place} is neither a folder nor an SQL URL such as sqlite:///shop.db")

    def chunks(self, table: str) -> Iterator[Chunk]:
        """The rows of one canonical table; nothing where it is not mapped."""
        mapping = self._mapping.tables.get(table)
        if mapping is None:
            return
        made: Counter[str] = Counter()
        keys = SeenKeys()
        n_rows = 0
        for origin, first_row, raw in self._raw_chunks(mapping):
            n_rows += raw.height
            rows = self._canonical(table, mapping, raw, first_row)
            key = GENERATED.get(table)
            if key is not None and not self._given(table, key):
                rows = rows.with_columns(pl.Series(key, _content_ids(raw, made), dtype=pl.String))
            taken = {_FILE: f"original_{_FILE}"} if _FILE in raw.columns else {}
            chunk = Chunk(rows, raw.rename(taken).with_columns(pl.lit(origin).alias(_FILE)))
            yield _first_of_each(chunk, table, keys) if mapping.distinct else chunk
        if not n_rows:
            raise SourceError(
                f"the source {mapping.source!r} of {table} has no rows; take it out of the mapping or fill it"
            )

    def _given(self, table: str, column: str) -> bool:
        mapping = self._mapping.tables[table]
        return column in mapping.columns or column in mapping.constants

    def _raw_chunks(self, mapping: TableMapping) -> Iterator[tuple[str, int, pl.DataFrame]]:
        """Origin, number of the first row in it, and the mapped columns."""
        columns = sorted(set(mapping.columns.values()))
        if self._is_sql:
            yield from _numbered(mapping.source, read_sql_chunks(self._place, mapping.source, columns))
            return
        files = sorted(file for file in Path(self._place).glob(mapping.source) if file.is_file())
        if not files:
            present = ", ".join(sorted(entry.name for entry in Path(self._place).iterdir())) or "nothing"
            raise SourceError(f"{self._place} has no file {mapping.source!r}; it holds {present}")
        for file in files:
            yield from _numbered(file.name, read_file_chunks(file, columns))

    def _canonical(self, table: str, mapping: TableMapping, raw: pl.DataFrame, first_row: int) -> pl.DataFrame:
        wanted = {name: column.dtype for name, column in TABLES[table].columns().items()}
        values: dict[str, pl.Expr] = {}
        wrong: list[pl.Expr] = [pl.lit(None, dtype=pl.String)]
        for column, given in mapping.columns.items():
            if raw.schema[given].is_nested() or raw.schema[given] == pl.Binary:
                raise SourceError(
                    f"the column {given!r} of {mapping.source!r} holds {raw.schema[given]}; "
                    f"{table}.{column} needs single values: numbers, texts, truths or instants"
                )
            said = converted(given, raw.schema[given], pl.String())
            value = self._value(mapping, column, wanted[column], given, raw.schema[given])
            values[column] = value
            wrong.append(pl.when(said.is_not_null() & value.is_null()).then(pl.lit(f"wrong_type:{column}")))
        for column, constant in mapping.constants.items():
            values[column] = pl.lit(constant)
        numbers = pl.int_range(first_row, first_row + pl.len(), dtype=pl.Int64)
        return raw.select(**values, **{REASON: pl.coalesce(*wrong), SOURCE_ROW: numbers})

    def _value(
        self, mapping: TableMapping, column: str, wanted: pl.DataType, given: str, given_type: pl.DataType
    ) -> pl.Expr:
        if column.endswith("_minor") and mapping.money == "major":
            return exact_minor_units(given, given_type, self._mapping.decimals)
        if isinstance(wanted, pl.Datetime):
            return _instants(given, given_type, mapping.timestamps, self._mapping.timezone)
        return converted(given, given_type, wanted)


def _instants(column: str, given: pl.DataType, form: str, timezone: str) -> pl.Expr:
    if form in ("epoch_s", "epoch_ms"):
        number = converted(column, given, pl.Int64())
        scale = 1 if form == "epoch_s" else 1_000
        number = pl.when(number.is_between(_YEAR_1 * scale, _YEAR_9999 * scale)).then(number)
        return (
            pl.from_epoch(number, "s" if form == "epoch_s" else "ms")
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone("UTC")
        )
    if isinstance(given, pl.String) and form != "iso":
        parsed = pl.col(column).str.strip_chars().str.to_datetime(form, time_unit="us", strict=False)
        zoned = "%z" in form or "%:z" in form or "%#z" in form
        return parsed if zoned else _in_zone(parsed, timezone)
    instants = converted(column, given, _UTC)
    said_zone = isinstance(given, pl.Datetime) and given.time_zone is not None
    if said_zone or timezone == "UTC":
        return instants
    local = _in_zone(instants.dt.replace_time_zone(None), timezone)
    if not isinstance(given, pl.String):
        return local
    return pl.when(pl.col(column).str.contains(r"(?i)\d(z|[+-]\d\d:?\d\d)\s*$")).then(instants).otherwise(local)


def _in_zone(local: pl.Expr, timezone: str) -> pl.Expr:
    """Instants of a zone; the hour that comes twice a year is its first, the hour that never comes is null."""
    return local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def _numbered(origin: str, frames: Iterator[pl.DataFrame]) -> Iterator[tuple[str, int, pl.DataFrame]]:
    first_row = 1
    for frame in frames:
        yield origin, first_row, frame
        first_row += frame.height


def _content_ids(raw: pl.DataFrame, made: Counter[str]) -> list[str]:
    """An id a row out of its values, with a number that tells equal rows apart."""
    ids = []
    for row in raw.select(pl.all().cast(pl.String, strict=False)).iter_rows():
        content = hashlib.blake2b(repr(row).encode(), digest_size=10).hexdigest()
        ids.append(f"{content}-{made[content]}")
        made[content] += 1
    return ids


def _first_of_each(chunk: Chunk, table: str, keys: SeenKeys) -> Chunk:
    repeated = keys.add(chunk.rows.select(TABLES[table].primary_key()))
    return Chunk(chunk.rows.filter(~repeated), chunk.raw.filter(~repeated))
