"""Parts of an export as CSV with one fixed way of writing each cell."""

import csv
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from serving.export.table import COLUMNS, DECIMALS, Cell, CellType, Table


def write_csv(path: Path, table: Table) -> None:
    """
    Write UTF-8 with a header, line feeds, minimal quotes, and nothing for an absent cell.

    Numbers that are not whole have six decimals.
    """
    columns = [_texts(table[name], kind) for name, kind in COLUMNS.items()]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(zip(*columns, strict=True))


def join_csv(parts: Iterable[Path], target: Path) -> None:
    """Put parts behind one another under the first one's header."""
    with target.open("wb") as joined:
        for number, part in enumerate(parts):
            with part.open("rb") as stream:
                if number:
                    stream.readline()
                shutil.copyfileobj(stream, joined)


def _texts(cells: Sequence[Cell], kind: CellType) -> Sequence[Cell]:
    if kind is CellType.NUMBER:
        return [None if cell is None else f"{cell:.{DECIMALS}f}" for cell in cells]
    return cells
