"""A policy asked rule by rule and pair by pair in plain loops: slow, apart from the compiled one, and its judge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from experiments.benchmarks.policy_contact import ContactJudge
from experiments.benchmarks.policy_definitions import is_triggered, of_the_definition
from experiments.benchmarks.policy_facts import Facts, facts_of, offer_facts, product_facts, sent_attributes
from experiments.benchmarks.policy_money import (
    Shopper,
    money_rules,
    redemption_minor,
)
from experiments.benchmarks.policy_periods import birthday_by_the_clock, is_on_by_the_clock
from recsys.decision import Context
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.attributes import WHAT_ATTRIBUTES, who_attributes
from recsys.policy.expressions.cel import Expression, Value, Verdict, compile_expression
from recsys.policy.file.attribute_types import AttributeType
from recsys.policy.file.calendar import AroundBirthday, Period
from recsys.policy.file.rule import Effect, Rule
from recsys.policy.file.schema import Policy
from recsys.policy.native import NativeRule
from recsys.types import SECONDS_PER_DAY, Channel, ItemKind

_BEFORE_CALENDAR = ("eligibility", "applicability", "suitability")
_FAILED_LIMITS = (Effect.EXCLUDE, Effect.REQUIRE, Effect.CAP)


@dataclass(frozen=True)
class Judge:
    """
    What a policy means, over a bundle.

    Shares with what it judges the files' schema, the evaluation of a whole expression and the hash of members.
    """

    policy: Policy
    knowledge: Knowledge
    _things: dict[tuple[ItemKind, int], Mapping[str, Value]] = field(default_factory=dict, repr=False)
    _expressions: dict[str, Expression] = field(default_factory=dict, repr=False)
    _named: dict[tuple[str, str, int], Verdict] = field(default_factory=dict, repr=False)

    @cached_property
    def who_types(self) -> Mapping[str, AttributeType]:
        """What a ``who`` may read."""
        return who_attributes(self.policy, self.knowledge.members.profile)

    def member(
        self, subject: Subject, context: Context, *, withheld: bool = False, impersonal: bool = False
    ) -> "MemberJudge":
        """The judge of one member in one call, whose arm of the experiment may get no offers or nothing personal."""
        known = context.placement in self.policy.placements
        placement = context.placement if known else self.policy.default_placement
        channel = context.channel or self.policy.placements[placement].channel
        return MemberJudge(self, subject, context, placement, channel, withheld, impersonal)

    def verdict(self, text: str, types: Mapping[str, AttributeType], facts: Mapping[str, Value]) -> Verdict:
        """Of a whole expression, by CEL itself."""
        if text not in self._expressions:
            self._expressions[text] = compile_expression(text, types, where="judge")
        expression = self._expressions[text]
        return expression.evaluate({name: facts[name] for name in expression.references if name in facts})

    def facts(self, kind: ItemKind, row: int) -> Mapping[str, Value]:
        """The attributes of a product or an offer."""
        if (kind, row) not in self._things:
            rate = self.policy.economics.default_margin_rate
            of_products = kind is ItemKind.PRODUCT
            found = product_facts(self.knowledge, row, rate) if of_products else offer_facts(self.knowledge, row)
            self._things[kind, row] = found
        return self._things[kind, row]


@dataclass(frozen=True)
class MemberJudge:
    """What a policy means for one member in one call."""

    judge: Judge
    subject: Subject
    context: Context
    placement: str
    channel: Channel
    withheld: bool
    impersonal: bool
    _who: dict[str, Verdict] = field(default_factory=dict, repr=False)

    @cached_property
    def facts(self) -> Facts:
        """What is known of the member."""
        return facts_of(self.subject, self.judge.knowledge, self.context.now, impersonal=self.impersonal)

    @cached_property
    def contact(self) -> ContactJudge:
        """What rules of contact say."""
        policy, knowledge, live = self.judge.policy, self.judge.knowledge, self.subject.facts
        return ContactJudge(policy, knowledge, live, self.facts.consent, self.channel, self.context.now)

    @property
    def _of_contact(self) -> tuple[str, ...]:
        return tuple(part.id for part in self.judge.policy.contact.parts())

    @cached_property
    def attributes(self) -> Mapping[str, Value]:
        """What a ``who`` sees."""
        policy, context = self.judge.policy, self.context
        local = datetime.fromtimestamp(context.now, ZoneInfo(policy.time_zone))
        found: dict[str, Value] = dict(self.facts.attributes)
        found["member.is_birthday_month"] = found["member.birth_month"] == local.month
        found["member.days_to_birthday"], found["member.days_after_birthday"] = self._birthday()
        found |= sent_attributes(context.attributes, policy.context_attributes)
        found |= {
            "context.placement": self.placement,
            "context.channel": self.channel.value,
            "context.relation": context.relation.value if context.relation else "",
            "context.store": sent_attributes(context.attributes, {"store": AttributeType.STRING}).get(
                "context.store", ""
            ),
            "context.month": local.month,
            "context.weekday": local.isoweekday(),
            "context.hour": local.hour,
        }
        types = {name: kind for name, kind in self.judge.who_types.items() if not name.startswith("segment.")}
        inside = {name: self.judge.verdict(text, types, found) for name, text in policy.segments.items()}
        known = {name: verdict for name, verdict in inside.items() if verdict is not Verdict.ERROR}
        return {**found, **{f"segment.{name}": verdict is Verdict.YES for name, verdict in known.items()}}

    def first(self, kind: ItemKind, row: int) -> str | None:
        """The first rule that removes a product or an offer; None where none does."""
        return next(self._product(row) if kind is ItemKind.PRODUCT else self._offer(row), None)

    def levers(self, kind: ItemKind, row: int) -> dict[str, float]:
        """The levers that touch a product or an offer, with their factors."""
        rules = [rule for rule, _ in self._in_force if rule.applies_to is kind]
        return {rule.id: rule.factor for rule in rules if rule.factor is not None and self._touches(rule, kind, row)}

    def shows(self, effect: Effect) -> dict[str, bool]:
        """The caps, or the pins, that are in force: whether each is about the member."""
        placed = [
            one for one in self.judge.policy.placed_rules() if one.rule.effect is effect and self._is_here(one.rule)
        ]
        return {one.rule.id: self._is_on(one.period) and self.holds(one.rule) for one in placed}

    def holds(self, rule: Rule) -> bool:
        """Is a rule that is in force about the member?"""
        if rule.who is None:
            return True
        if rule.id not in self._who:
            self._who[rule.id] = self.judge.verdict(rule.who, self.judge.who_types, self.attributes)
        verdict = self._who[rule.id]
        return verdict is Verdict.YES or (verdict is Verdict.ERROR and rule.effect in _FAILED_LIMITS)

    def _product(self, row: int) -> Iterator[str]:
        policy, catalogue, now = self.judge.policy, self.judge.knowledge.catalogue, self.context.now
        if catalogue.stock[row] == 0:
            yield NativeRule.OUT_OF_STOCK
        if not catalogue.sale_from[row] <= now < catalogue.sale_until[row]:
            yield NativeRule.NOT_ON_SALE
        product = catalogue.products.id(row)
        if product in self.subject.exclude_ids:
            yield NativeRule.EXCLUDED_BY_REQUEST
        lately = now - policy.recently_bought.days * SECONDS_PER_DAY
        rarely = float(catalogue.repeat_rate[row]) < np.float32(policy.recently_bought.unless_repeat_rate_at_least)
        if (
            policy.recently_bought.days
            and rarely
            and any(bought == row and at > lately for bought, at in self.facts.purchases)
        ):
            yield NativeRule.RECENTLY_BOUGHT
        if product in self.subject.basket:
            yield NativeRule.ALREADY_IN_BASKET
        if product in self.subject.about:
            yield NativeRule.ASKED_ABOUT
        if self.channel is not Channel.WEB:
            yield from self.contact.reached()
        least = policy.guardrails.min_margin_rate
        price, cost = int(catalogue.price_minor[row]), int(catalogue.cost_minor[row])
        margin = np.floor(max(price, 0) * policy.economics.default_margin_rate + 0.5) if cost == -1 else price - cost
        if least is not None and (margin / price if price > 0 else 0.0) < least:
            yield NativeRule.MIN_MARGIN
        yield from self._rules(ItemKind.PRODUCT, row)

    def _offer(self, row: int) -> Iterator[str]:
        knowledge, now = self.judge.knowledge, self.context.now
        yield from of_the_definition(knowledge, row, self.facts, self.channel, now)
        offer = knowledge.offers.offers.id(row)
        if offer in self.subject.exclude_ids:
            yield NativeRule.EXCLUDED_BY_REQUEST
        if offer in self.subject.facts.held_offers:
            yield NativeRule.OFFER_ALREADY_HELD
        if not is_triggered(knowledge, row, self.facts, self.subject, self._birthday()):
            yield NativeRule.NOT_TRIGGERED
        kept_away = {*self.contact.reached(), *self.contact.of_offer(offer)}
        yield from (one for one in (NativeRule.CHANNEL_CONSENT_MISSING, *self._of_contact) if one in kept_away)
        yield from self._guardrails(row)
        yield from self._rules(ItemKind.OFFER, row)
        if self.withheld:
            yield NativeRule.EXPERIMENT_HOLDOUT

    def _guardrails(self, row: int) -> Iterator[str]:
        policy, knowledge, facts, now = self.judge.policy, self.judge.knowledge, self.facts, self.context.now
        shopper = Shopper(facts.row, facts.stage, facts.tier, facts.orders_per_day, facts.basket_minor)
        yield from money_rules(policy, knowledge, row, shopper, member_id=self.subject.member_id, now=now)
        taken = redemption_minor(knowledge, row, facts.basket_minor)
        for budget in policy.guardrails.budgets:
            is_now = (budget.from_at is None or budget.from_at <= now) and (
                budget.until_at is None or now < budget.until_at
            )
            too_much = budget.amount_minor == 0 or taken > budget.amount_minor
            if is_now and too_much and self._named(budget.id, budget.what, ItemKind.OFFER, row) is not Verdict.NO:
                yield budget.id

    def _rules(self, kind: ItemKind, row: int) -> Iterator[str]:
        policy, rank = self.judge.policy, self.facts.tier
        for reach in policy.reach:
            below = reach.applies_to is kind and rank < policy.tiers.index(reach.from_tier)
            if below and self._named(reach.id, reach.what, kind, row) is not Verdict.NO:
                yield reach.id
        yield from self._removing([rule for rule, is_first in self._in_force if is_first], kind, row)
        if kind is ItemKind.OFFER:
            yield from self._seasonal(row)
        yield from self._removing([rule for rule, is_first in self._in_force if not is_first], kind, row)

    def _removing(self, rules: list[Rule], kind: ItemKind, row: int) -> Iterator[str]:
        for rule in rules:
            if rule.applies_to is not kind or rule.effect not in (Effect.EXCLUDE, Effect.REQUIRE):
                continue
            named = self._named(rule.id, rule.what, kind, row)
            removes = named is not Verdict.NO if rule.effect is Effect.EXCLUDE else named is not Verdict.YES
            if removes and self.holds(rule):
                yield rule.id

    def _touches(self, rule: Rule, kind: ItemKind, row: int) -> bool:
        return self._named(rule.id, rule.what, kind, row) is Verdict.YES and self.holds(rule)

    def _named(self, rule_id: str, what: str | None, kind: ItemKind, row: int) -> Verdict:
        if what is None:
            return Verdict.YES
        known, key = self.judge._named, (rule_id, kind.value, row)
        if key not in known:
            known[key] = self.judge.verdict(what, WHAT_ATTRIBUTES[kind], self.judge.facts(kind, row))
        return known[key]

    @cached_property
    def _in_force(self) -> list[tuple[Rule, bool]]:
        """
        The rules that hold in this placement, channel and instant, of periods that are on for the member; and of each
        whether it is asked before those of the calendar.
        """
        placed = self.judge.policy.placed_rules()
        here = [one for one in placed if self._is_here(one.rule) and self._is_on(one.period)]
        return [(one.rule, one.section in _BEFORE_CALENDAR) for one in here]

    def _is_here(self, rule: Rule) -> bool:
        now = self.context.now
        return (
            (rule.from_at is None or rule.from_at <= now)
            and (rule.until_at is None or now < rule.until_at)
            and (rule.placements is None or self.placement in rule.placements)
            and (rule.channels is None or self.channel in rule.channels)
        )

    def _is_on(self, period_id: str) -> bool:
        """Is a period on for the member? What belongs to none always is."""
        if not period_id:
            return True
        period = next(one for one in self.judge.policy.calendar if one.id == period_id)
        return (
            is_on_by_the_clock(period, self.context.now, self.judge.policy.time_zone)
            and (period.channels is None or self.channel in period.channels)
            and (period.stores is None or self.attributes["context.store"] in period.stores)
            and self._is_around_birthday(period)
        )

    def _is_around_birthday(self, period: Period) -> bool:
        if not isinstance(period.when, AroundBirthday):
            return True
        around = period.when.birthday
        ahead, behind = self._birthday()
        return 0 <= ahead <= around.before_days or 0 <= behind <= around.after_days

    def _birthday(self) -> tuple[int, int]:
        as_of, zone = self.judge.knowledge.members.profile.as_of, self.judge.policy.time_zone
        return birthday_by_the_clock(self.facts.days_to_birthday, as_of, self.context.now, zone)

    def _seasonal(self, row: int) -> Iterator[str]:
        offer = self.judge.knowledge.offers.offers.id(row)
        listing = [period for period in self.judge.policy.calendar if offer in period.offers]
        if listing and not any(self._is_on(period.id) for period in listing):
            yield listing[0].id
