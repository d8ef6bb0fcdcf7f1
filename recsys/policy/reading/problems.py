"""A problem of a policy file as a value: what is wrong, what to do, and in which file, line and column."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from recsys.yaml_places import Path, Place

__all__ = ["PartError", "Path", "Place", "Problem", "Severity", "problem_list"]

_SHOWN_PROBLEMS = 10


class Severity(StrEnum):
    """Whether a policy can be used in spite of a problem."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One problem.

    Attributes:
        code: Stable, snake_case: for programs.
        severity: Of it.
        message: What is wrong, with the value and what is allowed.
        hint: What to do; empty where the message says it.
        path: Of the part, such as ``("rules", 3, "who")``; empty is the whole file.
        place: Where that stands; absent where no file is known.
        offset: Line and column inside the expression at ``path``, both from 1, until there is a ``place``.

    Example:
        >>> place = Place("policy.yaml", 12, 5)
        >>> print(Problem("unknown_key", Severity.ERROR, "wen: this key is unknown", "remove it", ("wen",), place))
        policy.yaml:12:5: error unknown_key: wen: this key is unknown; remove it
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    path: Path = ()
    place: Place | None = None
    offset: tuple[int, int] | None = None

    def __str__(self) -> str:
        """One line: place, severity, code, what is wrong, what to do."""
        where = f"{self.place}: " if self.place is not None else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{self.severity} {self.code}: {self.message}{hint}"


class PartError(ValueError):
    """
    What a validator raises that knows which part of its model is wrong.

    Attributes:
        path: From the model down, such as ``("rules", 3, "placements", 0)``.
        code: Of the problem.
    """

    def __init__(self, message: str, *, path: Sequence[str | int] = (), code: str = "inconsistent") -> None:
        """A message as of a ValueError."""
        super().__init__(message)
        self.path = tuple(path)
        self.code = code


def problem_list(problems: Sequence[Problem]) -> str:
    """One line a problem, ten at most, the others counted."""
    shown = "\n".join(f"  - {problem}" for problem in problems[:_SHOWN_PROBLEMS])
    more = len(problems) - _SHOWN_PROBLEMS
    return f"{shown}\n  and {more} more" if more > 0 else shown
