"""One expression over many rows: evaluated once for each distinct set of the attributes it reads."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.policy.attributes import Column
from recsys.policy.expressions import Expression, Value, Verdict
from recsys.types import KeepMask


@dataclass(slots=True)
class ErrorCounter:
    """
    How often expressions could not be evaluated, by rule and part (``who`` or ``what``); for metrics and checks.

    Safe to add to from several threads. A member or product counts once each time it is looked at.
    """

    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _examples: dict[tuple[str, str], str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, rule_id: str, part: str, n: int, example: str) -> None:
        """Note *n* rows that could not be evaluated, and why the first could not."""
        with self._lock:
            key = (rule_id, part)
            self._counts[key] = self._counts.get(key, 0) + n
            self._examples.setdefault(key, example)

    def counts(self) -> dict[tuple[str, str], int]:
        """Rows by (rule id, part), as of now."""
        with self._lock:
            return dict(self._counts)

    def examples(self) -> dict[tuple[str, str], str]:
        """The first reason by (rule id, part)."""
        with self._lock:
            return dict(self._examples)

    def total(self) -> int:
        """All rows together."""
        return sum(self.counts().values())


@dataclass(frozen=True, slots=True)
class Question:
    """
    An expression in its rule.

    Attributes:
        rule_id, part: Whose it is, for the counter.
        expression: What is asked.
        on_error: What holds where it cannot be evaluated.
    """

    rule_id: str
    part: str
    expression: Expression
    on_error: bool


def answer(
    question: Question, columns: Mapping[str, Column], shared: Mapping[str, Value], n_rows: int, errors: ErrorCounter
) -> KeepMask:
    """
    Ask a question of n rows.

    Args:
        question: What is asked.
        columns: The attributes in which rows differ, by name; shape (n_rows,) each.
        shared: The attributes that all rows have in common.
        n_rows: Number of rows.
        errors: Takes note of rows that could not be evaluated.

    Returns:
        Shape (n_rows,): true where the expression is true, or is an error and ``on_error`` says so.
    """
    if not n_rows:
        return np.zeros(0, dtype=np.bool_)
    if n_rows == 1 or not columns:
        only = {name: column.value(column.keys[0].item()) for name, column in columns.items()}
        return np.full(n_rows, _ask(question, {**shared, **only}, n_rows, errors))
    first, group = _distinct(tuple(columns.values()))
    names = list(columns)
    decoded = [[column.value(key) for key in column.keys[first].tolist()] for column in columns.values()]
    verdicts = np.empty(len(first), dtype=np.int8)
    attributes = dict(shared)
    example: dict[str, Value] | None = None
    for position in range(len(first)):
        for name, values in zip(names, decoded, strict=True):
            attributes[name] = values[position]
        verdict = question.expression.evaluate(attributes)
        if verdict is Verdict.ERROR and example is None:
            example = dict(attributes)
        verdicts[position] = verdict
    by_row: NDArray[np.int8] = verdicts[group]
    if example is not None:
        failed = by_row == Verdict.ERROR
        errors.add(question.rule_id, question.part, int(failed.sum()), question.expression.error(example))
        by_row = np.where(failed, np.int8(question.on_error), by_row)
    return np.equal(by_row, Verdict.YES)


def _ask(question: Question, attributes: Mapping[str, Value], n_rows: int, errors: ErrorCounter) -> bool:
    """One evaluation that stands for so many rows."""
    verdict = question.expression.evaluate(attributes)
    if verdict is Verdict.ERROR:
        errors.add(question.rule_id, question.part, n_rows, question.expression.error(attributes))
        return question.on_error
    return verdict is Verdict.YES


def _distinct(columns: Sequence[Column]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row of each distinct combination of keys, and the combination of each row."""
    _, first, group = np.unique(columns[0].keys, return_index=True, return_inverse=True)
    for column in columns[1:]:
        _, codes = np.unique(column.keys, return_inverse=True)
        _, first, group = np.unique(group * (int(codes.max()) + 1) + codes, return_index=True, return_inverse=True)
    return first, group
