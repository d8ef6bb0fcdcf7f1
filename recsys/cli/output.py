"""How the command line answers: reports as tables or JSON, errors as messages and exit codes."""

import json
import math
import os
import re
import sys
import traceback as traceback_module
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from recsys.cli.progress import BarProgress, LineProgress
from recsys.cli.tables import fit_width, needed_width, render
from recsys.errors import GateError, RecsysError
from recsys.report import Progress, Report, Table

EXIT_MISSING_EXTRA = 69
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_CODES = (
    "Exit codes: 0 done, 1 other, 2 wrong input, 3 bundle, 4 registry, 5 gate, 6 store or altered record, "
    "7 not enough data, 69 missing extra, 70 defect, 130 interrupted."
)

_EXTRA_OF_PACKAGE = {
    "dataframely": "train",
    "implicit": "train",
    "lightfm": "train",
    "matplotlib": "train",
    "mlflow": "train",
    "optuna": "train",
    "polars": "train",
    "psycopg": "postgres",
    "pyarrow": "parquet",
    "threadpoolctl": "train",
}
_LIBRARIES = ("numpy", "scipy", "fastapi", "sqlalchemy", "mlflow", "implicit", "rectools-lightfm", "polars")
_WIDTH_WITHOUT_TERMINAL = 160


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
        told = sys.stdout.isatty() or "COLUMNS" in os.environ
        console = Console(width=None if told else _WIDTH_WITHOUT_TERMINAL)
        for table in report.tables:
            console.print(table.title, style="bold", markup=False, highlight=False, soft_wrap=True)
            fitting = fit_width(table, console.width)
            shown = render(fitting)
            console.print(shown, width=max(needed_width(shown), console.width), crop=False)  # never cut a column off
            if left_out := [name for name in table.columns if name not in fitting.columns]:
                line = f"left out at this width: {', '.join(left_out)}; all are in --json\n"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
        for note in report.notes:
            console.print(note, markup=False, highlight=False, soft_wrap=True)
        if json_last:
            _write_json(report.facts)

    def fail(self, message: str, exit_code: int, *, code: str, more: Mapping[str, Any] | None = None) -> NoReturn:
        """Show *message* in red on standard error, and for programs as JSON; leave with *exit_code*."""
        self._shown.close(completed=False)
        if self._as_json:
            write_error(message, exit_code, code=code, more=more)
        self._errors.print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=True)
        raise typer.Exit(exit_code)


class Commands(TyperGroup):
    """The commands; with --json, also what is wrong with the words themselves is one JSON object."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            if "--json" in sys.argv[1:]:
                write_error(error.format_message(), error.exit_code, code="usage")
            raise


@contextmanager
def answering(*, as_json: bool, traceback: bool, step: str = "") -> Iterator[Answer]:
    """
    Turn whatever goes wrong inside into one message and its documented exit code.

    Args:
        as_json: Print the facts as JSON instead of tables.
        traceback: Show where an unexpected error came from.
        step: What the whole of a short command is called while it works.
    """
    answer = Answer(as_json=as_json)
    if step:
        answer.progress.step(step)
    try:
        yield answer
    except RecsysError as error:
        more = {"gate": error.figures, "gate_failures": error.failures} if isinstance(error, GateError) else None
        answer.fail(str(error), error.exit_code, code=_code_of(error), more=more)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA_OF_PACKAGE:
            _fail_unexpectedly(answer, error, traceback=traceback)
        extra = _EXTRA_OF_PACKAGE[package]
        answer.fail(
            f"this command needs the package {package}, which is not installed; "
            f"install the extra that brings it: pip install 'recsys-nbo[{extra}]'",
            EXIT_MISSING_EXTRA,
            code="missing_extra",
        )
    except KeyboardInterrupt:
        answer.fail("interrupted", EXIT_INTERRUPTED, code="interrupted")
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001  the last resort: a message and a code instead of a traceback
        _fail_unexpectedly(answer, error, traceback=traceback)


def versions_report() -> Report:
    """Which version this is, and of which libraries; those that are absent among them."""
    versions = {name: _version_of(name) for name in ("recsys-nbo", *_LIBRARIES)}
    rows = tuple((name, found or "not installed") for name, found in versions.items())
    return Report(facts=versions, tables=(Table("Versions", ("package", "version"), rows),))


def _fail_unexpectedly(answer: Answer, error: Exception, *, traceback: bool) -> NoReturn:
    if traceback:
        traceback_module.print_exception(error, file=sys.stderr)
        raise typer.Exit(EXIT_BUG)
    answer.fail(
        f"unexpected {type(error).__name__}: {error}\nThis is a defect. To see where it happened, put --traceback "
        "before the command: recsys --traceback ...",
        EXIT_BUG,
        code="defect",
    )


def write_error(message: str, exit_code: int, *, code: str, more: Mapping[str, Any] | None = None) -> None:
    """What went wrong, as the one JSON object on standard output."""
    _write_json({"error": message, "code": code, "exit": exit_code, **(more or {})})


def _code_of(error: Exception) -> str:
    """
    The name of an error's class, as programs like it.

    >>> _code_of(RecsysError("x"))
    'recsys_error'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


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
