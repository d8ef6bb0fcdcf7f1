"""Tables for the terminal: figures whole, texts folded, and what a narrow one leaves out."""

from dataclasses import replace

from rich import box
from rich.markup import escape
from rich.table import Table as RichTable

from recsys.report import Table, show_cell

_BETWEEN_COLUMNS = 3
_LONGEST_UNBROKEN_WORD = 28


def fit_width(table: Table, width: int) -> Table:
    """The table without as many of its spare columns as it takes to be readable in *width*."""
    spare = [name for name in table.spare if name in table.columns]
    while spare and _comfortable_width(table) > width:
        at = table.columns.index(spare.pop(0))
        rows = tuple((*row[:at], *row[at + 1 :]) for row in table.rows)
        table = replace(table, columns=(*table.columns[:at], *table.columns[at + 1 :]), rows=rows)
    return table


def needed_width(shown: RichTable) -> int:
    """Below it, figures or words would be cut."""
    return sum((column.min_width or 0) + _BETWEEN_COLUMNS for column in shown.columns) + 1


def render(table: Table) -> RichTable:
    """A table for the terminal, without its title: figures to the right, `-` for what is not known."""
    rows = _shown_rows(table)
    rich = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(table.columns):
        numeric = bool(rows) and all(row[at] in (None, "") or isinstance(row[at], int | float) for row in table.rows)
        heading = name.replace("_", "\n") if numeric else name  # several lines, so that figures need little room
        words = [word for text in (heading, *(row[at] for row in rows)) for word in text.split()]
        width = max(map(len, words), default=1)
        rich.add_column(
            escape(heading),
            justify="right" if numeric else "left",
            min_width=width if numeric else min(width, _LONGEST_UNBROKEN_WORD),
            overflow="fold",
        )
    for row in rows:
        rich.add_row(*map(escape, row))
    return rich


def _shown_rows(table: Table) -> list[list[str]]:
    written = [table.formats.get(name, ",.4f") for name in table.columns]
    return [[show_cell(cell, how) for cell, how in zip(row, written, strict=True)] for row in table.rows]


def _comfortable_width(table: Table) -> int:
    """What the table takes with figures whole and texts in few lines."""
    shown = _shown_rows(table)
    widths = [
        max(
            max(map(len, name.split("_") if "_" in name else [name])),
            *(min(len(row[at]), _LONGEST_UNBROKEN_WORD) for row in shown),
            0,
        )
        for at, name in enumerate(table.columns)
    ]
    return sum(width + _BETWEEN_COLUMNS for width in widths) + 1
