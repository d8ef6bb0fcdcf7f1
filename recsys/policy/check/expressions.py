"""Every expression of a policy, each tried by itself, so that one that is wrong hides no other."""

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.errors import PolicyError
from recsys.policy.check.parts import Text, texts
from recsys.policy.expressions.formula import Formula, compile_formula
from recsys.policy.file.schema import Policy
from recsys.policy.reading.problems import Path, Problem, Severity
from recsys.profile import MemberProfile


@dataclass(frozen=True, slots=True)
class Expressions:
    """
    What could be read of a policy's expressions.

    Attributes:
        texts: All of them, by path.
        formulas: Those that are right, by path.
        problems: Of the others.
    """

    texts: Mapping[Path, Text]
    formulas: Mapping[Path, Formula]
    problems: tuple[Problem, ...]

    def references(self) -> frozenset[str]:
        """Every attribute that one of them reads."""
        return frozenset(name for formula in self.formulas.values() for name in formula.references)


def read_all(policy: Policy, profile: MemberProfile) -> Expressions:
    """Try every expression of a policy; *profile* is what the bundle knows of members."""
    found: dict[Path, Formula] = {}
    problems: list[Problem] = []
    by_path = {one.path: one for one in texts(policy, profile)}
    for path, one in by_path.items():
        try:
            found[path] = compile_formula(one.text, one.available, where=one.where)
        except PolicyError as wrong:
            problems.append(_problem(wrong, path))
    return Expressions(by_path, found, tuple(problems))


def _problem(wrong: PolicyError, path: Path) -> Problem:
    message, _, hint = (str(wrong), "", wrong.hint) if wrong.hint else str(wrong).partition("; ")
    return Problem(wrong.code or "expression_invalid", Severity.ERROR, message, hint, path, None, wrong.offset)
