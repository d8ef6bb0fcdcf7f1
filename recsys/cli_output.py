"""How the command line answers: reports as tables or JSON, errors as messages and exit codes."""

import json
import math
import sys
import traceback as traceback_module
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from typing import Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from recsys.cli_progress import BarProgress, LineProgress
from recsys.errors import RecsysError
from recsys.report import Progress, Report, Table

EXIT_MISSING_EXTRA = 69
EXIT_BUG = 70
EXIT_INTERRUPTED = 130

_EXTRA_OF_PACKAGE = {
    "dataframely": "train",
    "implicit": "train",
    "lightfm": "train",
    "matplotlib": "train",
    "mlflow": "train",
    "polars": "train",
    "psycopg": "postgres",
    "pyarrow": "parquet",
    "threadpoolctl": "train",
}
_LIBRARIES = ("numpy", "scipy", "fastapi", "sqlalchemy", "mlflow", "implicit", "rectools-lightfm", "polars")
_WIDTH_WITHOUT_TERMINAL = 160
_BETWEEN_COLUMNS = 3
_LONGEST_UNBROKEN_WORD = 28


class Answer:
    """What a command talks to while it works, and what shows its report."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._errors = Console(stderr=True)
        self._shown: LineProgress | BarProgress = (
            BarProgress(self._errors) if self._errors.is_terminal else LineProgress(self._errors)
        )

    @property
    def progress(self) -> Progress:
        """Goes to standard error, so that standard output holds the report alone."""
        return self._shown

    def show(self, report: Report, *, json_last: bool = False) -> None:
        """
        Write the report to standard output.

        Args:
            report: What the command found.
            json_last: End the readable form with the facts as one line of JSON.
        """
        self._shown.close()
        if self._as_json:
            _write_json(report.facts)
            return
        console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
        for table in report.tables:
            console.print(table.title, style="bold", markup=False, highlight=False, soft_wrap=True)
            shown = render(table)
            needed = sum((column.min_width or 0) + _BETWEEN_COLUMNS for column in shown.columns) + 1
            console.print(shown, width=max(needed, console.width), crop=False)  # never cut a column off
        for note in report.notes:
            console.print(note, markup=False, highlight=False, soft_wrap=True)
        if json_last:
            _write_json(report.facts)

    def fail(self, message: str, exit_code: int) -> NoReturn:
        """Show *message* in red on standard error and leave with *exit_code*."""
        self._shown.close(completed=False)
        self._errors.print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=True)
        raise typer.Exit(exit_code)


@contextmanager
def answering(*, as_json: bool, traceback: bool) -> Iterator[Answer]:
    """
    Turn whatever goes wrong inside into one message and its documented exit code.

    Args:
        as_json: Print the facts as JSON instead of tables.
        traceback: Show where an unexpected error came from.
    """
    answer = Answer(as_json=as_json)
    try:
        yield answer
    except RecsysError as error:
        answer.fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA_OF_PACKAGE:
            _fail_unexpectedly(answer, error, traceback=traceback)
        extra = _EXTRA_OF_PACKAGE[package]
        answer.fail(
            f"this command needs the package {package}, which is not installed; "
            f"install the extra that brings it: pip install 'recsys-nbo[{extra}]'",
            EXIT_MISSING_EXTRA,
        )
    except KeyboardInterrupt:
        answer.fail("interrupted", EXIT_INTERRUPTED)
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001  the last resort: a message and a code instead of a traceback
        _fail_unexpectedly(answer, error, traceback=traceback)


def versions_report() -> Report:
    """Which version this is, and of which libraries; those that are absent among them."""
    versions = {name: _version_of(name) for name in ("recsys-nbo", *_LIBRARIES)}
    rows = tuple((name, found or "not installed") for name, found in versions.items())
    return Report(facts=versions, tables=(Table("Versions", ("package", "version"), rows),))


def render(table: Table) -> RichTable:
    """A table for the terminal, without its title: figures to the right, `-` for what is not known."""
    rows = [[show_cell(cell) for cell in row] for row in table.rows]
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


def show_cell(cell: Any) -> str:
    """
    One cell as text.

    >>> [show_cell(cell) for cell in (None, True, 12345, 0.25, "a")]
    ['-', 'yes', '12,345', '0.2500', 'a']
    """
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.4f}"
    return str(cell)


def _fail_unexpectedly(answer: Answer, error: Exception, *, traceback: bool) -> NoReturn:
    if traceback:
        traceback_module.print_exception(error, file=sys.stderr)
        raise typer.Exit(EXIT_BUG)
    answer.fail(
        f"unexpected {type(error).__name__}: {error}\nThis is a defect. To see where it happened, put --traceback "
        "before the command: recsys --traceback ...",
        EXIT_BUG,
    )


def _write_json(facts: Any) -> None:
    sys.stdout.write(json.dumps(json_ready(facts), ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def json_ready(value: Any) -> Any:
    """
    Facts as plain JSON values: NumPy scalars and arrays unpacked, NaN and infinities as null, the rest as text.

    >>> json_ready({"ndcg": float("nan"), 3: ("a", None)})
    {'ndcg': None, '3': ['a', None]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): json_ready(each) for key, each in value.items()}
    if hasattr(value, "tolist"):  # NumPy's, told by their method: this file must not cost NumPy's import
        return json_ready(value.tolist())
    if isinstance(value, Iterable):
        return [json_ready(each) for each in value]
    return str(value)


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
