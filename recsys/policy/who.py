"""Whom expressions are about, all of them asked at once: one look-up for each attribute that any of them reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.policy.attribute_types import AttributeType
from recsys.policy.cel_logic import Verdict, bits
from recsys.policy.cel_syntax import Node
from recsys.policy.clauses import MAX_CLAUSES, clauses_of
from recsys.policy.formula import Atom, Formula
from recsys.policy.memo import ByRange, ByValue, KilledBy, Table
from recsys.policy.readers import Audience, reader_of

Words = NDArray[np.uint64]
"""Bits, 64 a word along the last axis: bit b of word w is number ``64 w + b``."""

_Literals = tuple[tuple[Atom, bool, bool], ...]
"""Atoms that hold together: each with whether it stands without a `!`, and whether it may fail."""

WORD = 64
_EVERY_BIT = (1 << WORD) - 1


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


class Answers(NamedTuple):
    """
    Of each member.

    Attributes:
        holds: Shape (m, words): for what questions the answer is yes.
        failed: Same shape: which questions could not be evaluated; absent where all could, for everybody.
    """

    holds: Words
    failed: Words | None


@dataclass(frozen=True, slots=True)
class Who:
    """
    All who-expressions of a policy.

    An expression is split into clauses, see `clauses`: one bit a clause says that it is *broken*, by one of its atoms.
    So what one attribute's value breaks is one set of bits, kept by value, and what a member breaks is the union over
    the attributes. Each question has two sets of the same clauses: those of *not false* in the first words, those of
    *true* after them; alternatives beyond the first have words behind both.

    Attributes:
        n_words: Of the answer.
        tables: What the values of attributes break.
        padding: Bits that no clause has; always broken.
        folds: For each word of further alternatives, the word of the first ones.
        lenient: Questions answered yes where they fail.
        widths: All words of broken clauses.
    """

    n_words: int
    tables: tuple[Table, ...]
    padding: int
    folds: tuple[int, ...]
    lenient: int

    @property
    def widths(self) -> int:
        """How many words the bits of all clauses take."""
        return 2 * self.n_words + len(self.folds)

    def ask(self, audience: Audience) -> Answers:
        """Every question of every member; the same for each, whoever else is asked."""
        if len(audience.batch) == 1:
            return self._ask_one(audience)
        return self._ask_many(audience)

    def _ask_one(self, audience: Audience) -> Answers:
        broken = self.padding
        for table in self.tables:
            broken |= table.one(audience)
        first = WORD * self.n_words
        alive = ~broken
        for number, target in enumerate(self.folds):
            alive |= (alive >> (2 * first + WORD * number) & _EVERY_BIT) << WORD * target
        every = (1 << first) - 1
        possible, certain = alive & every, alive >> first & every
        failed = possible & ~certain
        holds = certain | failed & self.lenient
        return Answers(self._words(holds)[None], self._words(failed)[None] if failed else None)

    def _words(self, bits: int) -> Words:
        return np.frombuffer(bits.to_bytes(8 * self.n_words, "little"), dtype=np.uint64)

    def _ask_many(self, audience: Audience) -> Answers:
        width, n = self.widths, self.n_words
        alive = np.empty((len(audience.batch), width), dtype=np.uint64)
        alive[:] = np.frombuffer(self.padding.to_bytes(8 * width, "little"), dtype=np.uint64)
        for table in self.tables:
            alive |= table.many(audience, width)
        np.invert(alive, out=alive)
        for number, target in enumerate(self.folds):
            alive[:, target] |= alive[:, 2 * n + number]
        certain = alive[:, n : 2 * n]
        failed = alive[:, :n] & ~certain
        if not failed.any():
            return Answers(certain, None)
        return Answers(certain | failed & self._words(self.lenient), failed)


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
    layout = _Layout(n_words)
    for question in sorted(questions, key=lambda one: one.position):
        layout.add(question)
    by_names: dict[tuple[str, ...], list[KilledBy]] = {}
    by_range: dict[str, list[_Asked]] = {}
    for asked in layout.asked():
        if _is_of_a_range(asked, types):
            by_range.setdefault(asked.references[0], []).append(asked)
        else:
            by_names.setdefault(asked.references, []).append(asked.killed)
    tables: list[Table] = [
        ByValue(tuple(reader_of(name, knowledge) for name in names), atoms) for names, atoms in by_names.items()
    ]
    for name, ranged in by_range.items():
        points = sorted({point for asked in ranged for point in asked.constants})
        is_whole = types[name] is AttributeType.INT
        tables.append(ByRange(reader_of(name, knowledge), [one.killed for one in ranged], points, is_whole=is_whole))
    return Who(n_words, tuple(tables), layout.padding(), tuple(layout.folds), layout.lenient)


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
    """Gives every clause its bits, and collects what each atom breaks."""

    def __init__(self, n_words: int) -> None:
        self.n_words = n_words
        self.folds: list[int] = []
        self.lenient = 0
        self._used = 0
        self._fold_of: dict[tuple[int, int], int] = {}
        self._asked: dict[Node, _Asked] = {}

    def add(self, question: Question) -> None:
        """Give a question its bits."""
        if question.on_error:
            self.lenient |= 1 << question.position
        word, bit = divmod(question.position, WORD)
        asked = [_alternatives(one, may_fail=False) for one in question.provided]
        if question.formula is not None:
            asked.append(_alternatives(question.formula, may_fail=True))
        if prod(len(one) for one in asked) > MAX_CLAUSES:
            asked = [_as_a_whole(one, may_fail=False) for one in question.provided]
            asked += [_as_a_whole(question.formula, may_fail=True)] if question.formula is not None else []
        for number, alternative in enumerate(product(*asked)):
            possible = 1 << WORD * self._word(word, number) + bit
            certain = 1 << WORD * self._word(word + self.n_words, number) + bit
            self._used |= possible | certain
            for atom, is_plain, may_fail in (literal for clause in alternative for literal in clause):
                error = certain if may_fail else possible | certain
                self._break(atom, Verdict.NO if is_plain else Verdict.YES, wrong=possible | certain, error=error)

    def asked(self) -> tuple[_Asked, ...]:
        """Each distinct atom and what it breaks."""
        return tuple(self._asked.values())

    def padding(self) -> int:
        """The bits that no clause has."""
        return (1 << WORD * (2 * self.n_words + len(self.folds))) - 1 ^ self._used

    def _word(self, target: int, number: int) -> int:
        """Where the clauses of that number stand which are alternatives of the first ones in the word *target*."""
        if not number:
            return target
        if (target, number) not in self._fold_of:
            self._fold_of[target, number] = 2 * self.n_words + len(self.folds)
            self.folds.append(target)
        return self._fold_of[target, number]

    def _break(self, atom: Atom, on: Verdict, *, wrong: int, error: int) -> None:
        """Note that the clauses *wrong* are broken by that verdict of the atom, and the clauses *error* by an error."""
        comparison = atom.comparison
        constants = comparison.constants if comparison is not None else ()
        numbers = tuple(one for one in constants if isinstance(one, int | float))
        asked = self._asked.setdefault(atom.key, _Asked(atom.references, numbers, KilledBy(atom.verdict, (0, 0, 0))))
        by = list(asked.killed.by)
        by[on] |= wrong
        by[Verdict.ERROR] |= error
        self._asked[atom.key] = asked._replace(killed=KilledBy(atom.verdict, (by[0], by[1], by[2])))


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
