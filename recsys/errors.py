"""
Every error that a caller may act on.

RecsysError
├── InputError            what was given is wrong: a file, a column, a value, a request
│   ├── SourceError       a data set cannot be read as what it claims to be
│   └── PolicyError       the policy file breaks its schema or an expression does not compile
├── BundleError           a bundle is missing, incomplete, altered or of another format
├── RegistryError         the model registry is absent, unreachable or says no
├── GateError             a challenger may not become champion
├── StoreError            the decision store cannot be reached or is of another version
├── NotEnoughDataError    the workspace lacks what the command needs
└── LeakError             a fact from the cut-off or later reached what a model learns from

A message says what was wrong, the value, what is allowed, and what to do.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class RecsysError(Exception):
    """The root: catch it to report any problem that is not a bug."""

    exit_code = 1


class InputError(RecsysError):
    """
    What was given is wrong.

    Attributes:
        problems: Where it is a file: each problem by itself, as `recsys.policy.reading.problems.Problem`; else none.
        files: Paths that were read, or looked for in vain, until then: a change of one of them may mend it.
    """

    exit_code = 2

    def __init__(self, *message: object, problems: Sequence[Any] = ()) -> None:
        """A message, as of any exception."""
        super().__init__(*message)
        self.problems: tuple[Any, ...] = tuple(problems)
        self.files: tuple[Path, ...] = ()


class SourceError(InputError):
    """A data set cannot be read as what it claims to be."""


class PolicyError(InputError):
    """
    The policy file breaks its schema, or an expression in it does not compile.

    Attributes:
        problems: Each by itself; those that know a ``path`` and no place are given one by `PolicyDocument.locate`.
        code: Stable, snake_case, of the problem that the message tells; empty where ``problems`` have theirs.
        hint: What to do, if the message does not say it.
        path: Of the part that is wrong, such as ``("rules", 3, "who")``; empty means unknown, or the whole file.
        offset: Line and column inside the expression at ``path``, both from 1; ``None`` means all of it.
    """

    def __init__(
        self,
        *message: object,
        problems: Sequence[Any] = (),
        code: str = "",
        hint: str = "",
        path: Sequence[str | int] = (),
        offset: tuple[int, int] | None = None,
    ) -> None:
        """A message, and where in the file it is about."""
        super().__init__(*message, problems=problems)
        self.code = code
        self.hint = hint
        self.path: tuple[str | int, ...] = tuple(path)
        self.offset = offset


class BundleError(RecsysError):
    """A bundle is missing, incomplete, altered or of another format."""

    exit_code = 3


class RegistryError(RecsysError):
    """The model registry is absent, unreachable or refuses."""

    exit_code = 4


class GateError(RecsysError):
    """A challenger may not become champion; the message names the figure that failed."""

    exit_code = 5

    def __init__(self, message: str, *, figures: Mapping[str, Any] | None = None, failures: Sequence[str] = ()) -> None:
        """What the gate looked at, JSON-able, and one sentence a limit that does not hold."""
        super().__init__(message)
        self.figures = dict(figures or {})
        self.failures = tuple(failures)


class StoreError(RecsysError):
    """The decision store cannot be reached, or its schema is of another version."""

    exit_code = 6


class NotEnoughDataError(RecsysError):
    """The workspace lacks what the command needs; `recsys doctor` says what."""

    exit_code = 7


class LeakError(RecsysError):
    """A fact from the cut-off or later reached what a model learns from: nothing that follows can be believed."""
