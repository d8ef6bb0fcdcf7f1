"""How the truth of an expression follows from that of its atoms: CEL's `&&`, `||` and `!`, with errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Verdicts = NDArray[np.int8]
"""Shape (n,): of each row a `Verdict`."""


class Verdict(IntEnum):
    """What an expression says of one set of attributes."""

    NO = 0
    YES = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Logic:
    """
    All or any of some atoms, some negated atoms and some parts.

    In CEL these operators are commutative: one false side makes `&&` false and one true side `||` true, whatever the
    other side is, an error too; what is left undecided by that is an error if a side is (cel-spec, langdef.md,
    "Logical Operators").

    Attributes:
        is_all: `&&`, else `||`.
        plain: Numbers of the atoms, as bits.
        negated: Numbers of the atoms that stand under a `!`, as bits.
        parts: What stands in brackets, of the other operator.

    Example:
        >>> either = Logic(is_all=False, plain=0b01, negated=0b10, parts=())
        >>> either.verdict(true=0b10, errors=0b00)
        <Verdict.NO: 0>
        >>> either.verdict(true=0b00, errors=0b01)
        <Verdict.YES: 1>
    """

    is_all: bool
    plain: int
    negated: int
    parts: tuple["Logic", ...]

    def verdict(self, *, true: int, errors: int) -> Verdict:
        """
        Of the atoms that are true and of those that are errors, as bits; the rest is false.

        No atom may be both.
        """
        false = ~(true | errors)
        decides = (
            (false & self.plain) | (true & self.negated)
            if self.is_all
            else ((true & self.plain) | (false & self.negated))
        )
        if decides:
            return Verdict.NO if self.is_all else Verdict.YES
        failed = errors & (self.plain | self.negated)
        for part in self.parts:
            verdict = part.verdict(true=true, errors=errors)
            if verdict is Verdict.ERROR:
                failed = 1
            elif (verdict is Verdict.NO) == self.is_all:
                return verdict
        if failed:
            return Verdict.ERROR
        return Verdict.YES if self.is_all else Verdict.NO

    def verdicts(self, atoms: Verdicts) -> Verdicts:
        """
        The same for many rows at once.

        Args:
            atoms: Shape (n_atoms, n): the verdict of each atom on each row.
        """
        true, false = self._sides(atoms == Verdict.YES, atoms == Verdict.NO)
        by_row = np.full(true.shape, Verdict.ERROR, dtype=np.int8)
        by_row[true] = Verdict.YES
        by_row[false] = Verdict.NO
        return by_row

    def renumbered(self, numbers: Sequence[int]) -> "Logic":
        """The same over other numbers: atom i becomes atom ``numbers[i]``."""
        return Logic(
            self.is_all,
            sum(1 << number for number in {numbers[atom] for atom in bits(self.plain)}),
            sum(1 << number for number in {numbers[atom] for atom in bits(self.negated)}),
            tuple(part.renumbered(numbers) for part in self.parts),
        )

    def _sides(self, true: Bools, false: Bools) -> tuple[Bools, Bools]:
        """Shape (n,) each: where it is true, and where it is false."""
        n = true.shape[1]
        deciding = np.zeros(n, dtype=np.bool_)
        agreeing = np.ones(n, dtype=np.bool_)
        by_atom = [(true[atom], false[atom]) for atom in bits(self.plain)]
        by_atom += [(false[atom], true[atom]) for atom in bits(self.negated)]
        for holds, fails in by_atom + [part._sides(true, false) for part in self.parts]:
            deciding |= fails if self.is_all else holds
            agreeing &= holds if self.is_all else fails
        return (agreeing, deciding) if self.is_all else (deciding, agreeing)


def bits(mask: int) -> list[int]:
    """The numbers of the bits that are set, ascending."""
    numbers = []
    while mask:
        lowest = mask & -mask
        numbers.append(lowest.bit_length() - 1)
        mask ^= lowest
    return numbers
