"""The parts of a policy file with their paths, so that every finding knows where it stands."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from recsys.policy.attributes import WHAT_ATTRIBUTES, segment_attributes, who_attributes
from recsys.policy.file.attribute_types import AttributeType
from recsys.policy.file.rule import Rule
from recsys.policy.file.schema import Policy
from recsys.policy.reading.problems import Path
from recsys.policy.rules import reach_rule
from recsys.profile import MemberProfile
from recsys.types import ItemKind

_SECTIONS = ("eligibility", "applicability", "suitability", "levers", "rules")


class RulePart(NamedTuple):
    """
    A rule, or a short form that stands for one.

    Attributes:
        path: Of the part in the file.
        rule: As the policy asks it.
        period: Id of the period of the calendar that it belongs to; empty where it belongs to none.
        called: What messages call it: ``rule 'no_wine'``.
    """

    path: Path
    rule: Rule
    period: str
    called: str


class Text(NamedTuple):
    """
    An expression.

    Attributes:
        path: Of the text in the file.
        text: As the file has it.
        part_id: Of the part whose expression it is.
        where: What messages call it.
        available: What it may read.
    """

    path: Path
    text: str
    part_id: str
    where: str
    available: Mapping[str, AttributeType]


def rule_parts(policy: Policy) -> dict[str, RulePart]:
    """Every rule of the file by its id: reach and diversity too, and those of periods."""
    return {part.rule.id: part for part in _rule_parts(policy)}


def texts(policy: Policy, profile: MemberProfile) -> Iterator[Text]:
    """Every expression that somebody wrote, segments first."""
    of_segments, of_who = segment_attributes(policy, profile), who_attributes(policy, profile)
    for name, text in policy.segments.items():
        yield Text(("segments", name), text, name, f"segment {name!r}", of_segments)
    for part in _rule_parts(policy):
        rule = part.rule
        if rule.who is not None and part.path[0] != "reach":
            yield Text((*part.path, "who"), rule.who, rule.id, f"{part.called}, who", of_who)
        if rule.what is not None:
            where = f"{part.called}, what (applies_to: {rule.applies_to})"
            yield Text((*part.path, "what"), rule.what, rule.id, where, WHAT_ATTRIBUTES[rule.applies_to])
    for row, budget in enumerate(policy.guardrails.budgets):
        if budget.what is not None:
            path, where = ("guardrails", "budgets", row, "what"), f"budget {budget.id!r}, what"
            yield Text(path, budget.what, budget.id, where, WHAT_ATTRIBUTES[ItemKind.OFFER])


def _rule_parts(policy: Policy) -> Iterator[RulePart]:
    for row, reach in enumerate(policy.reach):
        yield RulePart(("reach", row), reach_rule(reach, policy.tiers), "", f"reach {reach.id!r}")
    for section in _SECTIONS:
        for row, rule in enumerate(getattr(policy, section)):
            yield RulePart((section, row), rule, "", f"rule {rule.id!r}")
    for row, limit in enumerate(policy.diversity):
        yield RulePart(("diversity", row), limit.rule(), "", f"diversity {limit.id!r}")
    for row, period in enumerate(policy.calendar):
        for section, rules in (("rules", period.rules), ("levers", period.levers)):
            for at, rule in enumerate(rules):
                yield RulePart(("calendar", row, section, at), rule, period.id, f"rule {rule.id!r}")
