"""The rules of a policy over a bundle's arrays: what each names as a mask, whom it names as questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL
from recsys.knowledge import Knowledge
from recsys.policy.attributes import WHAT_ATTRIBUTES, segment_attributes, who_attributes
from recsys.policy.calendar.rules import conditions, seasonal_offers
from recsys.policy.evaluate import ErrorCounter, Named
from recsys.policy.expressions.formula import Formula, compile_formula
from recsys.policy.file.attribute_types import AttributeType
from recsys.policy.file.placed import Section
from recsys.policy.file.rule import Effect, Rule
from recsys.policy.file.schema import Policy
from recsys.policy.file.sections import Reach
from recsys.policy.members.circumstances import Circumstances
from recsys.profile import NO_PROFILE, MemberProfile
from recsys.types import EpochSeconds, ItemKind, KeepMask

WHO_ON_ERROR: Mapping[Effect, bool] = {
    Effect.EXCLUDE: True,
    Effect.REQUIRE: True,
    Effect.CAP: True,
    Effect.BOOST: False,
    Effect.BURY: False,
    Effect.PIN: False,
}
"""An error never shows what would not be shown otherwise: limits hold for whom they cannot judge, favours do not."""

WHAT_ON_ERROR: Mapping[Effect, bool] = {**WHO_ON_ERROR, Effect.REQUIRE: False}
"""The same for products and offers; what a requirement cannot judge is not among what may stay."""

REACH = "reach"
_BEFORE_CALENDAR = (Section.ELIGIBILITY, Section.APPLICABILITY, Section.SUITABILITY)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """
    A rule, ready to ask.

    Attributes:
        rule: As the file has it, or the one that a short form of the file stands for.
        section: Where it stands.
        who: Absent where it is about everybody.
        provided: What has to be true besides, for its period of the calendar to be on.
        what: Shape (n_products,) or (n_offers,): what it names.
        starts, ends: First instant, and first instant after.
    """

    rule: Rule
    section: str
    who: Formula | None
    provided: tuple[Formula, ...]
    what: KeepMask
    starts: EpochSeconds
    ends: EpochSeconds

    @property
    def asks(self) -> bool:
        """Does it hold for some members and not for others?"""
        return self.who is not None or bool(self.provided)

    def removed(self) -> KeepMask:
        """What it takes away, of an exclude or a require."""
        return ~self.what if self.rule.effect is Effect.REQUIRE else self.what

    def in_force(self, at: Circumstances) -> bool:
        """Does it hold in this placement, channel and instant at all?"""
        rule = self.rule
        return (
            self.starts <= at.now < self.ends
            and (rule.placements is None or at.placement in rule.placements)
            and (rule.channels is None or at.channel in rule.channels)
        )


def compile_rules(
    policy: Policy, knowledge: Knowledge, named: Mapping[ItemKind, Named], errors: ErrorCounter
) -> list[CompiledRule]:
    """
    Check the expressions of a policy's rules and evaluate what does not depend on the member.

    Args:
        policy: The whole of it.
        knowledge: The bundle.
        named: Its products and its offers.
        errors: Takes note of what could not be evaluated.

    Returns:
        Reach, then the sections in the order in which they are asked; what a period keeps to itself before its rules.

    Raises:
        PolicyError: An expression is wrong; the message names the rule.
    """
    profile = knowledge.members.profile
    periods = period_formulas(policy)

    def compiled(
        rule: Rule, section: str, provided: tuple[Formula, ...] = (), what: KeepMask | None = None
    ) -> CompiledRule:
        who, asked = read_expressions(rule, policy, profile)
        if what is None and asked is not None:
            on_error = WHAT_ON_ERROR[rule.effect]
            what = named[rule.applies_to].by(asked, on_error=on_error, errors=errors, rule_id=rule.id)
        return CompiledRule(
            rule=rule,
            section=section,
            who=who,
            provided=provided,
            what=np.ones(named[rule.applies_to].n, dtype=np.bool_) if what is None else what,
            starts=ALWAYS_FROM if rule.from_at is None else rule.from_at,
            ends=ALWAYS_UNTIL if rule.until_at is None else rule.until_at,
        )

    found = [compiled(reach_rule(reach, policy.tiers), REACH) for reach in policy.reach]
    placed = policy.placed_rules()
    n_before = sum(one.section in _BEFORE_CALENDAR for one in placed)
    found += [compiled(one.rule, one.section) for one in placed[:n_before]]
    rows_of = knowledge.offers.offers.rows
    for offers in seasonal_offers(policy.calendar):
        rule = _exclude(id=offers.id, owner="calendar", applies_to=ItemKind.OFFER)
        listed = np.isin(np.arange(len(knowledge.offers)), rows_of(offers.offer_ids))
        off = tuple(periods[period.id].off for period in offers.periods)
        found.append(compiled(rule, Section.CALENDAR, off, listed))
    found += [
        compiled(one.rule, one.section, (periods[one.period].on,) if one.period else ()) for one in placed[n_before:]
    ]
    return found


class PeriodFormulas(NamedTuple):
    """Whether a period of the calendar is on for a member, and whether it is not."""

    on: Formula
    off: Formula


def period_formulas(policy: Policy, profile: MemberProfile = NO_PROFILE) -> dict[str, PeriodFormulas]:
    """
    Of each period by id, over what a ``who`` reads and ``calendar.<id>``: it is on now, in this channel and store.

    Raises:
        PolicyError: A condition is wrong.
    """
    available = {**who_attributes(policy, profile), **period_attributes(policy)}
    found = {}
    for period in policy.calendar:
        besides = conditions(period.model_copy(update={"stores": None}))
        text = " && ".join([f"calendar.{period.id}", *(f"({one})" for one in besides)])
        where = f"period {period.id!r}"
        found[period.id] = PeriodFormulas(
            compile_formula(text, available, where=where), compile_formula(f"!({text})", available, where=where)
        )
    return found


def period_attributes(policy: Policy) -> dict[str, AttributeType]:
    """``calendar.<id>`` of each period."""
    return {f"calendar.{period.id}": AttributeType.BOOL for period in policy.calendar}


def reach_rule(reach: Reach, tiers: Sequence[str]) -> Rule:
    """The rule that a reach stands for: lower tiers do not get what it names."""
    return _exclude(
        id=reach.id,
        owner=reach.owner,
        reason=reach.reason,
        who=f"member.tier_rank < {tiers.index(reach.from_tier)}",
        applies_to=reach.applies_to,
        what=reach.what,
    )


def _exclude(**parts: object) -> Rule:
    """An exclude that a short form of the file stands for."""
    return Rule.model_validate({"effect": Effect.EXCLUDE, **parts})


def read_expressions(
    rule: Rule, policy: Policy, profile: MemberProfile = NO_PROFILE
) -> tuple[Formula | None, Formula | None]:
    """
    Compile the rule's ``who`` and ``what``; absent where it has none. Needs no bundle, but for what only a bundle's
    *profile* knows of members.

    Raises:
        PolicyError: An expression is wrong; the message names the rule.
    """
    who = what = None
    if rule.who is not None:
        who = compile_formula(rule.who, who_attributes(policy, profile), where=f"rule {rule.id!r}, who")
    if rule.what is not None:
        where = f"rule {rule.id!r}, what (applies_to: {rule.applies_to})"
        what = compile_formula(rule.what, WHAT_ATTRIBUTES[rule.applies_to], where=where)
    return who, what


def read_segments(policy: Policy, profile: MemberProfile = NO_PROFILE) -> dict[str, Formula]:
    """
    Compile the policy's segments, by name.

    Raises:
        PolicyError: An expression is wrong; the message names the segment.
    """
    available = segment_attributes(policy, profile)
    return {name: compile_formula(text, available, where=f"segment {name!r}") for name, text in policy.segments.items()}
