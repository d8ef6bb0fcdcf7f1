"""What a command answers: tables for people, one JSON object for programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Table:
    """
    A titled table; cells are shown as given, floats with four decimals.

    Attributes:
        spare: Columns that may be left out where the terminal is narrow, the least important first; facts hold all.
        formats: How a column's floats are written instead, for example ``{"cpu_s": ",.1f"}``.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    spare: tuple[str, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)


def show_cell(cell: Any, written: str = ",.4f") -> str:
    """
    One cell as text, floats as *written*.

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
        return format(cell, written)
    return str(cell)


@dataclass(frozen=True, slots=True)
class Report:
    """
    The result of one command.

    Attributes:
        facts: JSON-able; what `--json` prints.
        tables: What people see otherwise.
        notes: Sentences after the tables: warnings, what was left out, what to do next.
    """

    facts: Mapping[str, Any]
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


class Progress(Protocol):
    """How long work shows itself. The command line gives bars or plain lines; tests give `SILENT`."""

    def step(self, title: str, total: int | None = None) -> None:
        """Begin a named step of *total* units; the step before it is done."""

    def advance(self, done: int = 1) -> None:
        """Some units of the current step are done."""


@dataclass(frozen=True, slots=True)
class SilentProgress:
    """Shows nothing."""

    def step(self, title: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, done: int = 1) -> None:
        """Nothing."""


SILENT = SilentProgress()
