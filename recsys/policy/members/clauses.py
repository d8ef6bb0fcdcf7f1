"""An expression as alternatives of atoms that hold together, so that one bit tells whether an alternative is broken."""

from dataclasses import dataclass

from recsys.policy.expressions.logic import Logic, bits

MAX_CLAUSES = 32
"""Alternatives of one expression; one that has more is asked as a whole."""
_MOST_AT_ONCE = 4 * MAX_CLAUSES


@dataclass(frozen=True, slots=True)
class Clause:
    """
    Atoms that hold together.

    CEL's three-valued logic is monotone in its literals (Kleene's strong logic), so both questions have these clauses
    as their answer: an expression is *true* if some clause has all its plain atoms true and all its negated ones
    false, and it is *not false* if some clause has no plain atom false and no negated one true. An expression that is
    not false and not true is an error.

    Attributes:
        plain: Numbers of the atoms, as bits.
        negated: Numbers of the atoms that stand under a `!`, as bits.
    """

    plain: int
    negated: int

    def within(self, other: "Clause") -> bool:
        """Does the other ask for all that this one asks, so that it adds nothing?"""
        return not (self.plain & ~other.plain or self.negated & ~other.negated)


def clauses_of(logic: Logic) -> tuple[Clause, ...] | None:
    """The alternatives of an expression, none within another; absent where they are more than MAX_CLAUSES."""
    found = _clauses(logic)
    return None if found is None else tuple(found)


def _clauses(logic: Logic) -> list[Clause] | None:
    parts = [_clauses(part) for part in logic.parts]
    if logic.is_all:
        found = [Clause(logic.plain, logic.negated)]
        for part in parts:
            if part is None or len(found) * len(part) > _MOST_AT_ONCE:
                return None
            found = _least([Clause(a.plain | b.plain, a.negated | b.negated) for a in found for b in part])
    else:
        found = [Clause(1 << atom, 0) for atom in bits(logic.plain)]
        found += [Clause(0, 1 << atom) for atom in bits(logic.negated)]
        for part in parts:
            if part is None:
                return None
            found += part
        if len(found) > _MOST_AT_ONCE:
            return None
        found = _least(found)
    return found if len(found) <= MAX_CLAUSES else None


def _least(clauses: list[Clause]) -> list[Clause]:
    """The clauses within which no other lies, in the order given."""
    kept: list[Clause] = []
    for clause in dict.fromkeys(clauses):
        if not any(other.within(clause) for other in kept):
            kept = [other for other in kept if not clause.within(other)]
            kept.append(clause)
    return kept
