"""A rule of the file over a bundle's arrays: what it names as a mask, whom it names as a question."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL
from recsys.decision import Context
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.policy.attributes import (
    CONTEXT_ATTRIBUTES,
    MEMBER_ATTRIBUTES,
    OFFER_ATTRIBUTES,
    PRODUCT_ATTRIBUTES,
    context_values,
    member_column,
    offer_column,
    product_column,
    profile_attributes,
)
from recsys.policy.evaluate import ErrorCounter, Question, answer
from recsys.policy.expressions import Expression, compile_expression
from recsys.policy.rule import Effect, Rule
from recsys.policy.schema import AttributeType, Policy
from recsys.profile import NO_PROFILE, MemberProfile
from recsys.types import Channel, EpochSeconds, ItemKind, KeepMask

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


@dataclass(frozen=True, slots=True)
class Situation:
    """Where, how and when a call happens, with the placement it is answered with."""

    placement: str
    channel: Channel
    context: Context

    @property
    def now(self) -> EpochSeconds:
        """The instant of the decision."""
        return self.context.now


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """
    A rule, ready to ask.

    Attributes:
        rule: As the file has it.
        who: Absent where it holds for everybody.
        what: Shape (n_products,) or (n_offers,): what it names.
        member_names, context_types: Attributes that ``who`` reads.
        starts, ends: First instant, and first instant after.
    """

    rule: Rule
    who: Question | None
    what: KeepMask
    member_names: tuple[str, ...]
    context_types: Mapping[str, AttributeType]
    starts: EpochSeconds
    ends: EpochSeconds

    def in_force(self, situation: Situation) -> bool:
        """Does it hold in this placement, channel and instant at all?"""
        rule = self.rule
        return (
            self.starts <= situation.now < self.ends
            and (rule.placements is None or situation.placement in rule.placements)
            and (rule.channels is None or situation.channel in rule.channels)
        )

    def holds_for(
        self, batch: MemberBatch, situation: Situation, *, tiers: tuple[str, ...], errors: ErrorCounter
    ) -> KeepMask:
        """Shape (m,): the members whom it is about, given that it is in force."""
        if self.who is None:
            return np.ones(len(batch), dtype=np.bool_)
        columns = {name: member_column(name, batch, tiers=tiers, now=situation.now) for name in self.member_names}
        shared = context_values(
            self.context_types, situation.context, placement=situation.placement, channel=situation.channel
        )
        return answer(self.who, columns, shared, len(batch), errors)


def compile_rule(rule: Rule, policy: Policy, knowledge: Knowledge, errors: ErrorCounter) -> CompiledRule:
    """
    Check a rule's expressions and evaluate what does not depend on the member.

    Raises:
        PolicyError: An expression is wrong; the message names the rule.
    """
    who, what = read_expressions(rule, policy, knowledge.members.profile)
    references = who.references if who else ()
    types = _context_types(policy)
    return CompiledRule(
        rule=rule,
        who=Question(rule.id, "who", who, WHO_ON_ERROR[rule.effect]) if who else None,
        what=_named(rule, what, policy, knowledge, errors),
        member_names=tuple(name for name in references if name.startswith("member.")),
        context_types={name: types[name] for name in references if name in types},
        starts=ALWAYS_FROM if rule.from_at is None else rule.from_at,
        ends=ALWAYS_UNTIL if rule.until_at is None else rule.until_at,
    )


def read_expressions(
    rule: Rule, policy: Policy, profile: MemberProfile = NO_PROFILE
) -> tuple[Expression | None, Expression | None]:
    """
    Compile the rule's ``who`` and ``what``; absent where it has none. Needs no bundle, but for what only a bundle's
    *profile* knows of members.

    Raises:
        PolicyError: An expression is wrong; the message names the rule.
    """
    who = what = None
    if rule.who is not None:
        available = {**profile_attributes(profile), **MEMBER_ATTRIBUTES, **_context_types(policy)}
        who = compile_expression(rule.who, available, where=f"rule {rule.id!r}, who")
    if rule.what is not None:
        of_products = rule.applies_to is ItemKind.PRODUCT
        where = f"rule {rule.id!r}, what (applies_to: {rule.applies_to})"
        what = compile_expression(rule.what, PRODUCT_ATTRIBUTES if of_products else OFFER_ATTRIBUTES, where=where)
    return who, what


def _context_types(policy: Policy) -> dict[str, AttributeType]:
    own = {f"context.{name}": kind for name, kind in policy.context_attributes.items()}
    return {**own, **CONTEXT_ATTRIBUTES}


def _named(rule: Rule, what: Expression | None, policy: Policy, knowledge: Knowledge, errors: ErrorCounter) -> KeepMask:
    catalogue = knowledge.catalogue
    of_products = rule.applies_to is ItemKind.PRODUCT
    n_rows = len(catalogue) if of_products else len(knowledge.offers)
    if what is None:
        return np.ones(n_rows, dtype=np.bool_)
    rate = policy.economics.default_margin_rate
    columns = {
        name: product_column(name, catalogue, default_margin_rate=rate)
        if of_products
        else offer_column(name, knowledge)
        for name in what.references
    }
    return answer(Question(rule.id, "what", what, WHAT_ON_ERROR[rule.effect]), columns, {}, n_rows, errors)
