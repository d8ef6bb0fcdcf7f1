"""Lays the who-expressions of a policy out as bits: a bit a clause, and for each value the clauses that it breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from recsys.knowledge import Knowledge
from recsys.policy.expressions.formula import Atom, Formula
from recsys.policy.expressions.logic import Verdict, bits
from recsys.policy.expressions.quick import verdict_of
from recsys.policy.expressions.syntax import Node
from recsys.policy.file.attribute_types import AttributeType
from recsys.policy.masks import WORD
from recsys.policy.members.clauses import MAX_CLAUSES, clauses_of
from recsys.policy.members.memo import ByRange, ByValue, KilledBy, Shared, Table
from recsys.policy.members.readers import reader_of
from recsys.policy.members.who import Who

_Literals = tuple[tuple[Atom, bool, bool], ...]
"""Atoms that hold together: each with whether it stands without a `!`, and whether it may fail."""


@dataclass(frozen=True, slots=True)
class Question:
    """
    Who-expressions and where their answer goes.

    Attributes:
        position: Of its bit in the answer.
        formula: What is asked; absent where the answer is always yes.
        on_error: The answer where it cannot be evaluated.
        provided: What has to be true besides; the answer is no where it is not or cannot be evaluated.
    """

    position: int
    formula: Formula | None
    on_error: bool
    provided: tuple[Formula, ...] = ()


def compile_who(
    questions: Sequence[Question],
    n_words: int,
    knowledge: Knowledge,
    types: Mapping[str, AttributeType],
) -> Who:
    """
    Lay the clauses of all questions out as bits.

    Args:
        questions: At distinct positions below ``64 n_words``.
        n_words: Of the answer.
        knowledge: The bundle that the members are of.
        types: Of every attribute that a question reads.
    """
    layout = _Layout(questions, n_words)
    by_names: dict[tuple[str, ...], list[KilledBy]] = {}
    by_range: dict[str, list[_Asked]] = {}
    for asked in layout.asked():
        if _is_of_a_range(asked, types):
            by_range.setdefault(asked.references[0], []).append(asked)
        else:
            by_names.setdefault(asked.references, []).append(asked.killed)
    by_value = [
        ByValue(tuple(reader_of(name, knowledge) for name in names), atoms) for names, atoms in by_names.items()
    ]
    shared = tuple(table for table in by_value if all(reader.shared for reader in table.readers))
    tables: list[Table] = [table for table in by_value if table not in shared]
    if shared:
        tables.append(Shared(shared, tuple({reader.name: None for table in shared for reader in table.readers})))
    for name, ranged in by_range.items():
        points = sorted({point for asked in ranged for point in asked.constants})
        is_whole = types[name] is AttributeType.INT
        tables.append(ByRange(reader_of(name, knowledge), [one.killed for one in ranged], points, is_whole=is_whole))
    alone = [table for table in by_value if table in tables and len(table.readers) == 1]
    return Who(
        n_words,
        layout.n_clause_words,
        layout.starts,
        tuple(tables),
        lookups=tuple(table.alone() for table in alone),
        others=tuple(table for table in tables if table not in alone),
        padding=layout.padding,
        lenient=layout.lenient,
    )


class _Asked(NamedTuple):
    """An atom, what it reads, and the numbers that it compares it with, if that is all it does."""

    references: tuple[str, ...]
    constants: tuple[float, ...]
    killed: KilledBy


def _is_of_a_range(asked: _Asked, types: Mapping[str, AttributeType]) -> bool:
    """Is it one number, of each member, compared with constants?"""
    return (
        bool(asked.constants)
        and types[asked.references[0]] in (AttributeType.INT, AttributeType.DOUBLE)
        and asked.references[0].partition(".")[0] in ("member", "basket")
    )


class _Layout:
    """Gives every clause its bit, and collects what each atom breaks."""

    def __init__(self, questions: Sequence[Question], n_words: int) -> None:
        asked = [(question, _clauses_of(question)) for question in questions]
        n_alternatives = np.ones(2 * n_words, dtype=np.intp)
        for question, alternatives in asked:
            word = question.position // WORD
            n_alternatives[[word, word + n_words]] = max(n_alternatives[word], len(alternatives))
        ends = n_alternatives.cumsum()
        self.starts = ends - n_alternatives
        self.n_clause_words = int(n_alternatives.sum())
        self.lenient = sum(1 << question.position for question in questions if question.on_error)
        self.padding = (1 << WORD * self.n_clause_words) - 1
        self._asked: dict[Node, _Asked] = {}
        for question, alternatives in asked:
            word, bit = divmod(question.position, WORD)
            first = [WORD * self.starts.item(at) + bit for at in (word, word + n_words)]
            for number, literals in enumerate(alternatives):
                self._place(literals, *(1 << at + WORD * number for at in first))

    def asked(self) -> tuple[_Asked, ...]:
        """Each distinct atom and what it breaks."""
        return tuple(self._asked.values())

    def _place(self, literals: _Literals, possible: int, certain: int) -> None:
        both = possible | certain
        self.padding ^= both
        for atom, is_plain, may_fail in literals:
            self._break(atom, Verdict.NO if is_plain else Verdict.YES, wrong=both, error=certain if may_fail else both)

    def _break(self, atom: Atom, on: Verdict, *, wrong: int, error: int) -> None:
        """Note that the clauses *wrong* are broken by that verdict of the atom, and the clauses *error* by an error."""
        comparison = atom.comparison
        constants = comparison.constants if comparison is not None else ()
        numbers = tuple(one for one in constants if isinstance(one, int | float))
        asked = self._asked.setdefault(
            atom.key, _Asked(atom.references, numbers, KilledBy(verdict_of(atom), (0, 0, 0)))
        )
        by = list(asked.killed.by)
        by[on] |= wrong
        by[Verdict.ERROR] |= error
        self._asked[atom.key] = asked._replace(killed=KilledBy(asked.killed.verdict, (by[0], by[1], by[2])))


def _clauses_of(question: Question) -> list[_Literals]:
    """Of all that a question asks together; one clause without literals where that is nothing."""
    formula = question.formula
    parts = [_alternatives(one, may_fail=False) for one in question.provided]
    if formula is not None:
        parts.append(_alternatives(formula, may_fail=True))
    if prod(len(part) for part in parts) > MAX_CLAUSES:
        parts = [_as_a_whole(one, may_fail=False) for one in question.provided]
        parts += [] if formula is None else [_as_a_whole(formula, may_fail=True)]
    return [tuple(literal for clause in together for literal in clause) for together in product(*parts)]


def _alternatives(formula: Formula, *, may_fail: bool) -> list[_Literals]:
    """The clauses of an expression; where these are too many, the expression as an atom of its own."""
    found = clauses_of(formula.logic)
    if found is None:
        return _as_a_whole(formula, may_fail=may_fail)
    return [
        (
            *((formula.atoms[atom], True, may_fail) for atom in bits(clause.plain)),
            *((formula.atoms[atom], False, may_fail) for atom in bits(clause.negated)),
        )
        for clause in found
    ]


def _as_a_whole(formula: Formula, *, may_fail: bool) -> list[_Literals]:
    return [((formula.whole(), True, may_fail),)]
