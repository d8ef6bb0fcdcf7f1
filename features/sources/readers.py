"""CSV files, Parquet files and SQL queries as bounded frames of untouched rows."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from features.sources.base import require_columns
from recsys.errors import SourceError

CHUNK_ROWS = 250_000
_IDENTIFIER = re.compile(r"^\w+(\.\w+)?$")


def read_file_chunks(file: Path, columns: Sequence[str], chunk_rows: int = CHUNK_ROWS) -> Iterator[pl.DataFrame]:
    """
    The columns of a CSV file (all values as text) or Parquet file, some rows at a time.

    Raises:
        SourceError: The file is empty, cannot be read, lacks a column, or is neither CSV nor Parquet.
    """
    if not file.stat().st_size:
        raise SourceError(f"{file} is empty (0 bytes); give a file with a header and rows")
    try:
        if file.suffix == ".parquet":
            with pq.ParquetFile(file) as parquet:
                require_columns(file, parquet.schema_arrow.names, columns)
                for batch in parquet.iter_batches(chunk_rows, columns=list(columns)):
                    yield pl.DataFrame(pl.from_arrow(batch))
        elif file.suffix == ".csv":
            lazy = pl.scan_csv(file, infer_schema=False)
            require_columns(file, lazy.collect_schema().names(), columns)
            yield from lazy.select(columns).collect_batches(chunk_size=chunk_rows)
        else:
            raise SourceError(f"{file} ends in {file.suffix!r}; give .csv or .parquet")
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise SourceError(f"{file} cannot be read as {file.suffix.removeprefix('.')}: {error}") from error


def read_sql_chunks(
    url: str, source: str, columns: Sequence[str], chunk_rows: int = CHUNK_ROWS
) -> Iterator[pl.DataFrame]:
    """
    The columns of an SQL table or query, some rows at a time.

    Args:
        url: SQLAlchemy URL, such as ``sqlite:///shop.db`` or ``postgresql+psycopg://reader@host/shop``.
        source: A table (``schema.table``), or a query. Only a query with ORDER BY has a repeatable row order.
        columns: Columns of the result.
        chunk_rows: Rows a frame.

    Raises:
        SourceError: The database cannot be reached, the query fails, or lacks a column.
    """
    where = f"the source {source!r}"
    try:
        engine = sa.create_engine(url)
        where = f"{where} of {engine.url.render_as_string(hide_password=True)}"
        with engine.connect() as connection:
            result = connection.execution_options(stream_results=True, yield_per=chunk_rows).execute(_query(source))
            require_columns(where, list(result.keys()), columns)
            positions = [list(result.keys()).index(column) for column in columns]
            for rows in result.partitions():
                yield pl.DataFrame(
                    [_series(name, [row[at] for row in rows]) for name, at in zip(columns, positions, strict=True)]
                )
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise SourceError(f"{where} cannot be read: {error}") from error


def _query(source: str) -> sa.Executable:
    if not _IDENTIFIER.match(source):
        return sa.text(source)
    schema, _, table = source.rpartition(".")
    return sa.select(sa.text("*")).select_from(sa.table(table, schema=schema or None))


def _series(name: str, values: list[Any]) -> pl.Series:
    """One column; as text where a database that does not enforce types mixes them."""
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
