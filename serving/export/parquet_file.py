"""Parquet in and out: the only file of this room that needs pyarrow, which is an extra."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from recsys.errors import InputError
from serving.export.table import COLUMNS, DECIMALS, CellType, Table

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:  # the serving install leaves it out; `require_parquet` says so in words
    pa = pq = None


def require_parquet() -> None:
    """
    Refuse before any work is done where Parquet cannot be written or read.

    Raises:
        InputError: pyarrow is not installed.
    """
    if pa is None:
        raise InputError(
            "Parquet needs pyarrow, which is not installed: use CSV, or `pip install 'recsys-nbo[parquet]'`"
        )


def write_parquet(path: Path, table: Table) -> None:
    """Write one row group with the types of `COLUMNS`; the same table gives the same bytes on one pyarrow version."""
    require_parquet()
    kinds = {CellType.TEXT: pa.string(), CellType.INTEGER: pa.int64(), CellType.NUMBER: pa.float64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    arrays = []
    for name, kind in COLUMNS.items():
        cells = table[name]
        if kind is CellType.NUMBER:
            cells = [None if cell is None else round(float(cell), DECIMALS) for cell in cells]
        arrays.append(pa.array(cells, type=kinds[kind]))
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, compression="zstd")


def join_parquet(parts: Iterable[Path], target: Path) -> None:
    """Put parts behind one another as row groups of one file, one part in memory at a time."""
    require_parquet()
    writer = None
    try:
        for part in parts:
            table = pq.read_table(part)
            writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def read_text_column(path: Path, choose: Callable[[Path, Sequence[str]], int]) -> list[str]:
    """
    Read one column as texts; whole numbers are written out, an absent cell is an empty text.

    Args:
        path: A Parquet file.
        choose: Given the path and the column names, says which column.

    Raises:
        InputError: pyarrow is missing, or the file is no Parquet, or the column holds neither text nor whole numbers.
    """
    require_parquet()
    try:
        with pq.ParquetFile(path) as file:
            name = file.schema_arrow.names[choose(path, file.schema_arrow.names)]
            column = file.read(columns=[name]).column(0)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} is no Parquet file ({error}); check what wrote it") from error
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_integer)
    if not any(is_text(column.type) for is_text in texts):
        raise InputError(f"{path}: column {name!r} holds {column.type}, which are no ids; write them as text")
    return ["" if cell is None else str(cell) for cell in column.to_pylist()]


def read_text_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Rows of some columns as texts, an absent cell as an empty one; one row group in memory at a time."""
    require_parquet()
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=list(columns)):
            cells = [batch.column(name).to_pylist() for name in columns]
            for row in zip(*cells, strict=True):
                yield tuple("" if cell is None else str(cell) for cell in row)
