"""From a policy file and a bundle to a policy that answers with arrays."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from recsys.errors import PolicyError
from recsys.knowledge import Knowledge
from recsys.offers.definitions import smallest_basket_depth
from recsys.policy.attributes import who_attributes
from recsys.policy.bounds import depth_limits, paid_by, worth_of_margin
from recsys.policy.calendar.periods_on import PeriodsOn
from recsys.policy.codes import all_codes, sections_of
from recsys.policy.compiled import CompiledPolicy
from recsys.policy.compiled_masks import Masks
from recsys.policy.contact.rules import ContactRules
from recsys.policy.evaluate import ErrorCounter, Named
from recsys.policy.file.rule import CapGroup
from recsys.policy.file.schema import Policy
from recsys.policy.guardrails import tier_codes
from recsys.policy.layout import Layout
from recsys.policy.lever_names import LeverNames
from recsys.policy.masks import code_table, lever_table
from recsys.policy.members.segments import Segments
from recsys.policy.members.who_compile import Question, compile_who
from recsys.policy.money_limits import MoneyLimits
from recsys.policy.native import NativeRule
from recsys.policy.rules import WHO_ON_ERROR, CompiledRule, compile_rules, period_attributes
from recsys.policy.shown import Pin, Placement, SlateCap
from recsys.policy.standing import (
    CapRule,
    PinRule,
    Standings,
    all_changes,
    carried,
    dated,
    lever_names,
    removal_names,
    tiered,
)
from recsys.policy.triggered import Triggered
from recsys.types import ItemKind, Rows

__all__ = ["CompiledPolicy", "Pin", "Placement", "SlateCap", "compile_policy"]


def compile_policy(policy: Policy, knowledge: Knowledge) -> CompiledPolicy:
    """
    Check a policy against a bundle and evaluate all that does not depend on a member.

    Expressions over products and offers are evaluated here, each atom once for each distinct set of the attributes it
    reads.

    Raises:
        PolicyError: Tiers or currency are not the bundle's, or an expression is wrong.
    """
    _check_fit(policy, knowledge)
    errors = ErrorCounter()
    rate = policy.economics.default_margin_rate
    named = {kind: Named.of(kind, knowledge, default_margin_rate=rate) for kind in ItemKind}
    rules = compile_rules(policy, knowledge, named, errors)
    layout = Layout.of(rules)
    codes = all_codes(policy, rules)
    native = {rule: codes[rule] for rule in NativeRule}
    zone = ZoneInfo(policy.time_zone)
    profile = knowledge.members.profile
    limits = depth_limits(policy, knowledge, codes)
    depth = smallest_basket_depth(knowledge.offers)
    placements = {name: _placement(name, policy, knowledge) for name in policy.placements}
    triggered = Triggered.of(knowledge, policy.time_zone, native[NativeRule.NOT_TRIGGERED])
    times = dated(policy, knowledge, native)
    pins = _pins(layout, knowledge)
    of_products, of_each_offer = (removal_names(layout.removals[kind], named[kind].n) for kind in ItemKind)
    of_offers, offers_alike = np.unique(of_each_offer[:-1], axis=0, return_inverse=True)
    return CompiledPolicy(
        source=policy,
        policy_id=policy.policy_id,
        name=policy.name,
        rule_ids=tuple(codes),
        boost_ids=tuple(rule.rule.id for rule in layout.levers.rules),
        errors=errors,
        warnings=(
            *_warnings(rules, {pin.rule_id for pin in pins.values()}),
            *_unknown_fallbacks(policy, knowledge),
            *triggered.warnings(knowledge),
        ),
        experiment=policy.experiment,
        epsilon=policy.exploration.epsilon,
        risk_aversion=policy.economics.risk_aversion,
        default_margin_rate=policy.economics.default_margin_rate,
        answer_ttl_s=policy.answer_ttl_s,
        contact_cost_minor=policy.economics.contact_cost_minor,
        default_placement=placements[policy.default_placement],
        rules=tuple(rules),
        _placements=placements,
        _sections=sections_of(policy, rules),
        _positions={rule.rule.id: position for position, rule in layout.positions()},
        _zone=zone,
        _periods=PeriodsOn(policy.calendar, policy.time_zone),
        _segments=Segments.compiled(policy, knowledge),
        _who=compile_who(
            _questions(layout), layout.n_words, knowledge, who_attributes(policy, profile) | period_attributes(policy)
        ),
        _standings=Standings(
            layout=layout,
            code_of=codes,
            dated=times,
            channel_codes=carried(knowledge, native),
            tier_codes=np.minimum(tiered(knowledge, native), tier_codes(limits, depth, len(policy.tiers))),
            caps=_caps(layout, knowledge),
            pins=pins,
            changes=all_changes(list(times.values()), rules),
        ),
        _masks=Masks(
            layout=layout,
            code=native,
            removal_names={ItemKind.PRODUCT: of_products, ItemKind.OFFER: of_offers},
            offers_alike=offers_alike.reshape(-1),
            removal_codes={
                kind: code_table([codes[rule.rule.id] for rule in layout.removals[kind].rules]) for kind in ItemKind
            },
            levers={
                ItemKind.PRODUCT: LeverNames.of(
                    lever_names(layout.levers, ItemKind.PRODUCT, named[ItemKind.PRODUCT].n)
                ),
                ItemKind.OFFER: LeverNames.of(lever_names(layout.levers, ItemKind.OFFER, named[ItemKind.OFFER].n)[:-1]),
            },
            lever_factors=lever_table([rule.rule.factor or 1.0 for rule in layout.levers.rules]),
            rarely_bought=knowledge.catalogue.repeat_rate < policy.recently_bought.unless_repeat_rate_at_least,
            rarely_days=policy.recently_bought.days,
            contact=ContactRules.of(policy.contact, policy.campaigns, knowledge, code_of=codes, time_zone=zone),
            depth_limits=limits,
            money=MoneyLimits.of(
                policy, knowledge, code_of=codes, paid_by=paid_by(policy, named[ItemKind.OFFER], errors)
            ),
            basket_offers=np.flatnonzero(np.isnan(depth)),
            triggered=triggered,
            knowledge=knowledge,
        ),
    )


def _check_fit(policy: Policy, knowledge: Knowledge) -> None:
    if policy.tiers != knowledge.tiers:
        raise PolicyError(
            f"the policy {policy.name!r} has the tiers {', '.join(policy.tiers)}; "
            f"the bundle has {', '.join(knowledge.tiers)}, low to high; write those"
        )
    if policy.currency != knowledge.currency:
        raise PolicyError(
            f"the policy {policy.name!r} counts in {policy.currency}, the bundle in {knowledge.currency}; "
            "set `currency` and check every amount"
        )


def _placement(name: str, policy: Policy, knowledge: Knowledge) -> Placement:
    spec = policy.placements[name]
    fallback = knowledge.catalogue.products.rows(spec.fallback)
    return Placement(
        name=name,
        channel=spec.channel,
        capacity=spec.capacity,
        types=frozenset(spec.types),
        max_offers=spec.max_offers,
        relevance=spec.objective.relevance,
        margin_worth=worth_of_margin(spec.objective, policy, knowledge),
        fallback=fallback[fallback >= 0],
    )


def _unknown_fallbacks(policy: Policy, knowledge: Knowledge) -> list[str]:
    return [
        f"placement {name!r} falls back on the product {product!r}, which is not in the bundle"
        for name, spec in policy.placements.items()
        for product, row in zip(spec.fallback, knowledge.catalogue.products.rows(spec.fallback), strict=True)
        if row < 0
    ]


def _questions(layout: Layout) -> list[Question]:
    return [
        Question(position, rule.who, on_error=WHO_ON_ERROR[rule.rule.effect], provided=rule.provided)
        for position, rule in layout.positions()
    ]


def _caps(layout: Layout, knowledge: Knowledge) -> dict[int, CapRule]:
    catalogue = knowledge.catalogue
    groups: dict[CapGroup, Rows] = {
        CapGroup.CATEGORY: catalogue.category,
        CapGroup.BRAND: catalogue.brand,
        CapGroup.ALL: np.zeros(len(catalogue), dtype=np.int32),
    }
    return {
        number: CapRule(
            rule.rule.id, rule.rule.cap.limit, np.where(rule.what, groups[rule.rule.cap.per], -1).astype(np.int32)
        )
        for number, rule in enumerate(layout.shows.rules)
        if rule.rule.cap is not None
    }


def _pins(layout: Layout, knowledge: Knowledge) -> dict[int, PinRule]:
    ids = {ItemKind.PRODUCT: knowledge.catalogue.products, ItemKind.OFFER: knowledge.offers.offers}
    pins = {}
    for number, rule in enumerate(layout.shows.rules):
        if rule.rule.pin is not None:
            kind, target = rule.rule.applies_to, rule.rule.pin
            row = ids[kind].row(target.id)
            if row >= 0:
                pins[number] = PinRule(rule.rule.id, kind, row, target.position)
    return pins


def _warnings(rules: Sequence[CompiledRule], pinned: set[str]) -> tuple[str, ...]:
    """What does nothing with this bundle. The next bundle may know it, so it is no error."""
    warnings = []
    for rule in rules:
        name = rule.rule.id
        if rule.rule.pin is not None and name not in pinned:
            warnings.append(
                f"rule {name!r} pins the {rule.rule.applies_to} {rule.rule.pin.id!r}, which is not in the bundle"
            )
        elif rule.rule.what is not None and not rule.what.any():
            warnings.append(f"rule {name!r} names no {rule.rule.applies_to} of the bundle")
    return tuple(warnings)
