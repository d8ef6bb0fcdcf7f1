"""How a policy would be asked without compiling it: every rule of every pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.benchmarks.policy_emitted import RememberingJudge
from experiments.benchmarks.policy_judge import MemberJudge
from recsys.policy.attributes import WHAT_ATTRIBUTES
from recsys.policy.expressions.cel import Expression, Value, Verdict, compile_expression
from recsys.policy.file.schema import Policy
from recsys.types import ItemKind

Things = Sequence[tuple[ItemKind, Sequence[int]]]
"""Rows of products and of offers."""


@dataclass(frozen=True, slots=True)
class _Asked:
    kind: ItemKind
    who: Expression | None
    what: Expression | None


class EveryPair:
    """
    The naive way: for each candidate, each rule's ``who`` and, where that holds, its ``what``, by CEL.

    What members and things look like to expressions is prepared before; native rules and dates cost nothing here.
    """

    def __init__(self, policy: Policy, judge: RememberingJudge) -> None:
        """Compile every expression, once."""
        self._judge = judge
        rules = [placed.rule for placed in policy.placed_rules()]
        self._rules = [
            _Asked(
                rule.applies_to,
                None if rule.who is None else compile_expression(rule.who, judge.who_types, where="peer"),
                None
                if rule.what is None
                else compile_expression(rule.what, WHAT_ATTRIBUTES[rule.applies_to], where="peer"),
            )
            for rule in rules
        ]

    def ask(self, member: MemberJudge, things: Things) -> int:
        """How many pairs of a rule and a thing hold for a member."""
        n, known = 0, member.attributes
        for kind, rows in things:
            rules = [rule for rule in self._rules if rule.kind is kind]
            for row in rows:
                facts = self._judge.facts(kind, row)
                for rule in rules:
                    if rule.who is not None and rule.who.evaluate(_seen(rule.who, known)) is Verdict.NO:
                        continue
                    n += rule.what is None or rule.what.evaluate(_seen(rule.what, facts)) is Verdict.YES
        return n


def _seen(expression: Expression, facts: Mapping[str, Value]) -> dict[str, Value]:
    return {name: facts[name] for name in expression.references if name in facts}
