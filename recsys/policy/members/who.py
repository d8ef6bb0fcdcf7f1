"""Whom expressions are about, all of them asked at once: one look-up for each attribute that any of them reads."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.policy.masks import WORD, Words, as_words
from recsys.policy.members.memo import Lookup, Table
from recsys.policy.members.readers import Audience

_AT_ONCE = 256


class Answers(NamedTuple):
    """
    Of each member.

    Attributes:
        holds: Shape (m, words): for what questions the answer is yes.
        failed: Same shape: which questions could not be evaluated; absent where all could, for everybody.
        bits: What holds for the only one who was asked, as a whole number; absent where several were.
    """

    holds: Words
    failed: Words | None
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """
    All who-expressions of a policy.

    An expression is split into clauses, see `clauses`: one bit a clause says that it is *broken*, by one of its atoms.
    So what one attribute's value breaks is one set of bits, kept by value, and what a member breaks is the union over
    the attributes. Of each question the first n words of the answer tell whether it is *not false* and the next n
    whether it is *true*; each word of these is the union of the words of alternatives that stand together.

    Attributes:
        n_words: Of the answer.
        n_clause_words: Of the bits of all clauses.
        starts: Shape (2 n_words,): the first of the alternatives of each word.
        tables: What the values of attributes break.
        lookups, others: The same tables as one member is asked about, see `ByValue.alone`.
        padding: Bits that no clause has; always broken.
        lenient: Questions answered yes where they fail.
    """

    n_words: int
    n_clause_words: int
    starts: NDArray[np.intp]
    tables: tuple[Table, ...]
    lookups: tuple[Lookup, ...]
    others: tuple[Table, ...]
    padding: int
    lenient: int

    def ask(self, audience: Audience) -> Answers:
        """Every question of every member; the same for each, whoever else is asked."""
        if len(audience.batch) == 1:
            holds, failed = self.ask_one(audience)
            n = self.n_words
            return Answers(as_words(holds, n)[None], as_words(failed, n)[None] if failed else None, holds)
        return self._ask_many(audience)

    def ask_one(self, audience: Audience) -> tuple[int, int]:
        """Of an audience of one: what holds, and what could not be evaluated, as bits of a whole number."""
        broken, first = self.padding, WORD * self.n_words
        for key_of, known, learn in self.lookups:
            key = key_of(audience)
            found = known.get(key)
            broken |= learn(key) if found is None else found
        for table in self.others:
            broken |= table.one(audience)
        alive = np.bitwise_or.reduceat(~as_words(broken, self.n_clause_words), self.starts) if first else self.starts
        both = int.from_bytes(alive.tobytes(), "little")
        certain = both >> first
        failed = both & ((1 << first) - 1) & ~certain
        return certain | failed & self.lenient, failed

    def _ask_many(self, audience: Audience) -> Answers:
        n, m = self.n_words, len(audience.batch)
        found = [table.many(audience, self.n_clause_words) for table in self.tables]
        padding = as_words(self.padding, self.n_clause_words)
        alive = np.empty((m, 2 * n), dtype=np.uint64)
        for start in range(0, m, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            broken = np.repeat(padding[None], len(alive[part]), axis=0)
            for rows, group in found:
                broken |= rows if group is None else rows.take(group[part], axis=0)
            alive[part] = np.bitwise_or.reduceat(~broken, self.starts, axis=1)
        certain = alive[:, n:]
        failed: Words = alive[:, :n] & ~certain
        if not failed.any():
            return Answers(certain, None)
        return Answers(certain | failed & as_words(self.lenient, n), failed)
