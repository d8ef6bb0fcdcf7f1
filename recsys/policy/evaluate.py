"""What the rules of a policy name, evaluated when it is compiled, and the count of what could not be evaluated."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from recsys.knowledge import Knowledge
from recsys.policy.attributes import Column, offer_column, product_column
from recsys.policy.expressions.cel import Value
from recsys.policy.expressions.formula import Atom, Formula, Verdict, Verdicts, atom_verdicts
from recsys.policy.expressions.syntax import Node
from recsys.types import ItemKind, KeepMask


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

    def add_all(self, part: str, rows: Iterable[tuple[str, int]]) -> None:
        """Note of several rules by id how many rows could not be evaluated; their reasons are known."""
        with self._lock:
            for rule_id, n in rows:
                key = (rule_id, part)
                self._counts[key] = self._counts.get(key, 0) + n

    def has_example(self, rule_id: str, part: str) -> bool:
        """Is a reason known already, so that none has to be found?"""
        return (rule_id, part) in self._examples

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
class Named:
    """
    The products or the offers of a bundle, asked by what-expressions; an atom that several share is asked once.

    Attributes:
        kind: Which of the two.
        n: How many.
    """

    kind: ItemKind
    n: int
    _knowledge: Knowledge = field(repr=False)
    _default_margin_rate: float
    _columns: dict[str, Column] = field(default_factory=dict, repr=False)
    _verdicts: dict[Node, Verdicts] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, kind: ItemKind, knowledge: Knowledge, *, default_margin_rate: float) -> "Named":
        """Those of a bundle; the margin rate is of products whose cost is not known."""
        n = len(knowledge.catalogue if kind is ItemKind.PRODUCT else knowledge.offers)
        return cls(kind, n, knowledge, default_margin_rate)

    def by(self, formula: Formula, *, on_error: bool, errors: ErrorCounter, rule_id: str) -> KeepMask:
        """Shape (n,): what an expression is true of, or cannot judge where *on_error* says so; failures are counted."""
        if not self.n:
            return np.zeros(0, dtype=np.bool_)
        by_row = formula.logic.verdicts(np.stack([self._of(atom) for atom in formula.atoms]))
        failed = by_row == Verdict.ERROR
        named: KeepMask = by_row == Verdict.YES
        if failed.any():
            errors.add(rule_id, "what", int(failed.sum()), formula.error(self._attributes(formula, failed.argmax())))
            if on_error:
                named |= failed
        return named

    def _of(self, atom: Atom) -> Verdicts:
        if atom.key not in self._verdicts:
            columns = {name: self._column(name) for name in atom.references}
            self._verdicts[atom.key] = atom_verdicts(atom, columns, self.n)
        return self._verdicts[atom.key]

    def _attributes(self, formula: Formula, row: np.intp) -> Mapping[str, Value]:
        columns = {name: self._column(name) for name in formula.references}
        return {name: column.value(column.keys[row].item()) for name, column in columns.items()}

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            self._columns[name] = (
                product_column(name, self._knowledge.catalogue, default_margin_rate=self._default_margin_rate)
                if self.kind is ItemKind.PRODUCT
                else offer_column(name, self._knowledge)
            )
        return self._columns[name]
