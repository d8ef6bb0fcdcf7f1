"""What every adapter gives, so that ingest needs to know none of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from features.convert import converted
from recsys.errors import SourceError

REASON = "reason"
"""Column of `Chunk.rows`: why the adapter refuses the row; null where it does not."""

SOURCE_ROW = "source_row"
"""Column of `Chunk.rows`: number of the row in its raw file or query, from 1, without the header."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """
    Some rows of one canonical table.

    Attributes:
        rows: Canonical columns of any type that can be converted (absent columns are null), and REASON and SOURCE_ROW.
            Rows that are refused are in it too: what comes in must be kept or rejected, never lost.
        raw: The same rows in the same order as the source has them; what quarantine keeps.
    """

    rows: pl.DataFrame
    raw: pl.DataFrame


class Source(Protocol):
    """
    One retailer's data in its original form.

    Attributes:
        name: The adapter's name.
        currency: ISO 4217 code.
        tiers: Tier names, low to high; at least one.
        max_quantity: More units on one order line than this is taken for a mistake.
        programme: Text of the programme file that the source is known to follow; absent where it does not say.
        assumptions: Sentences about what the source does not say and the adapter assumes.
    """

    name: str
    currency: str
    tiers: tuple[str, ...]
    max_quantity: int
    programme: str | None
    assumptions: tuple[str, ...]

    def chunks(self, table: str) -> Iterator[Chunk]:
        """The rows of one canonical table; nothing where the source has none. Called in the order of `TABLES`."""
        ...


def read_raw(folder: Path, name: str, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """
    One raw table of a data set: ``<name>.parquet``, or else ``<name>.csv`` with every value as text.

    Args:
        folder: Where the data set is.
        name: The table.
        columns: The columns that are needed.

    Returns:
        The needed columns, untouched.

    Raises:
        SourceError: The file is absent, cannot be read, has no rows, or lacks a column.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; give the folder that holds {name}.parquet")
    file = next((file for file in (folder / f"{name}.parquet", folder / f"{name}.csv") if file.is_file()), None)
    if file is None:
        present = ", ".join(sorted(entry.name for entry in folder.iterdir())) or "nothing"
        raise SourceError(f"{folder} has no {name}.parquet and no {name}.csv; it holds {present}")
    frame = read_file(file)
    require_columns(file, frame.columns, list(columns))
    if not frame.height:
        raise SourceError(f"{file} has no rows; give a file with at least one")
    return frame.select(list(columns))


def read_file(file: Path) -> pl.DataFrame:
    """
    A whole Parquet file, or CSV file (values as text).

    Raises:
        SourceError: The file is empty or is not what its name says.
    """
    if not file.stat().st_size:
        raise SourceError(f"{file} is empty (0 bytes); give a file with a header and rows")
    try:
        return pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{file} cannot be read as {file.suffix.removeprefix('.')}: {error}") from error


def require_columns(where: Path | str, found: Sequence[str], wanted: Sequence[str]) -> None:
    """
    Check that a file has its columns.

    Raises:
        SourceError: It names the columns that lack, the file, and the columns that were found.
    """
    lacking = [column for column in wanted if column not in found]
    if lacking:
        raise SourceError(f"{where} lacks the column {', '.join(lacking)}; it has {', '.join(found) or 'none'}")


def typed(raw: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """
    The raw columns in their types, with REASON ``wrong_type:<column>`` where a value has another, and SOURCE_ROW.

    Rows keep their order; a value that cannot be converted is null.
    """
    values = {column: converted(column, raw.schema[column], wanted) for column, wanted in columns.items()}
    wrong = [
        pl.when(_said(column, raw.schema[column]) & value.is_null()).then(pl.lit(f"wrong_type:{column}"))
        for column, value in values.items()
    ]
    return raw.select(
        **values,
        **{REASON: pl.coalesce(*wrong), SOURCE_ROW: pl.int_range(1, pl.len() + 1, dtype=pl.Int64)},
    )


def refuse(rows: pl.DataFrame, reason: str, where: pl.Expr) -> pl.DataFrame:
    """Give *reason* to the rows for which *where* holds and that have none yet: the first reason stands."""
    refused = pl.col(REASON).is_null() & where.fill_null(False)
    return rows.with_columns(pl.when(refused).then(pl.lit(reason)).otherwise(pl.col(REASON)).alias(REASON))


def derived(rows: pl.DataFrame) -> Chunk:
    """A chunk of rows that the adapter made from others, such as one product for each code in the receipts."""
    numbered = rows.with_columns(
        pl.lit(None, dtype=pl.String).alias(REASON), pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(SOURCE_ROW)
    )
    return Chunk(numbered, rows)


def _said(column: str, given: pl.DataType) -> pl.Expr:
    present = pl.col(column).is_not_null()
    return present & (pl.col(column).str.strip_chars().str.len_bytes() > 0) if given == pl.String else present
