"""From a policy file and a bundle to a policy that answers with arrays."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from recsys.errors import PolicyError
from recsys.knowledge import Knowledge
from recsys.policy.attributes import margin_rate
from recsys.policy.compiled import CompiledPolicy, Pin, Placement, SlateCap
from recsys.policy.contact import ContactRules
from recsys.policy.contact_schema import contact_ids
from recsys.policy.evaluate import ErrorCounter
from recsys.policy.guardrails import DepthLimit, smallest_basket_depth, tier_codes
from recsys.policy.native import (
    KEPT,
    NATIVE_AFTER_CONTACT,
    NATIVE_BEFORE_CONTACT,
    Code,
    Codes,
    NativeRule,
    remove,
)
from recsys.policy.rule import LEVERS, CapGroup, Effect
from recsys.policy.rules import CompiledRule, compile_rule
from recsys.policy.schema import Policy
from recsys.policy.standing import CapRule, Dated, PinRule, Standings, all_changes, boost_of, removal_of
from recsys.types import OFFER_KINDS, ItemKind, Rows

__all__ = ["CompiledPolicy", "Pin", "Placement", "SlateCap", "compile_policy"]


def compile_policy(policy: Policy, knowledge: Knowledge) -> CompiledPolicy:
    """
    Check a policy against a bundle and evaluate all that does not depend on a member.

    Expressions over products and offers are evaluated here, once for each distinct set of the attributes they read.

    Raises:
        PolicyError: Tiers or currency are not the bundle's, or an expression is wrong.
    """
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
    errors = ErrorCounter()
    rules = [compile_rule(rule, policy, knowledge, errors) for rule in policy.rules]
    codes = _codes(policy)
    native = {rule: codes[rule] for rule in NativeRule}
    limits = _depth_limits(policy, knowledge, codes)
    depth = smallest_basket_depth(knowledge.offers)
    placements = {
        name: Placement(name, spec.channel, spec.capacity, frozenset(spec.types), spec.max_offers)
        for name, spec in policy.placements.items()
    }
    boosts = [rule for rule in rules if rule.rule.effect in LEVERS]
    pins = _pins(rules, knowledge)
    dated = _dated(policy, knowledge, native)
    return CompiledPolicy(
        source=policy,
        policy_id=policy.policy_id,
        name=policy.name,
        rule_ids=tuple(codes),
        boost_ids=tuple(rule.rule.id for rule in boosts),
        errors=errors,
        warnings=_warnings(rules, pins),
        experiment=policy.experiment,
        epsilon=policy.exploration.epsilon,
        risk_aversion=policy.economics.risk_aversion,
        default_margin_rate=policy.economics.default_margin_rate,
        answer_ttl_s=policy.answer_ttl_s,
        contact_cost_minor=policy.economics.contact_cost_minor,
        default_placement=placements[policy.default_placement],
        rules=tuple(rules),
        _placements=placements,
        _standings=Standings(
            dated=dated,
            tier_codes=np.minimum(_tier_codes(knowledge, native), tier_codes(limits, depth, len(policy.tiers))),
            removals=tuple(
                removal_of(rule, codes[rule.rule.id])
                for rule in rules
                if rule.rule.effect in (Effect.EXCLUDE, Effect.REQUIRE)
            ),
            boosts=tuple(boost_of(rule, rule.rule.factor or 1.0, bit) for bit, rule in enumerate(boosts)),
            caps=_caps(rules, knowledge),
            pins=pins,
            changes=all_changes(list(dated.values()), rules),
        ),
        _contact=ContactRules.of(
            policy.contact, policy.campaigns, knowledge, code_of=codes, time_zone=ZoneInfo(policy.time_zone)
        ),
        _depth_limits=limits,
        _basket_offers=np.flatnonzero(np.isnan(depth)),
        _recently_bought=policy.recently_bought,
        _code=native,
        _tiers=policy.tiers,
        _catalogue=knowledge.catalogue,
        _offers=knowledge.offers,
    )


def _codes(policy: Policy) -> dict[str, Code]:
    """The code of every rule that removes, in the order in which they are asked; caps count what is left, so last."""
    bands = [band.id for band in policy.guardrails.depth_bands]
    removing = [rule.id for rule in policy.rules if rule.effect in (Effect.EXCLUDE, Effect.REQUIRE)]
    caps = [rule.id for rule in policy.rules if rule.effect is Effect.CAP]
    ordered = [
        *NATIVE_BEFORE_CONTACT, *contact_ids(policy.contact), *NATIVE_AFTER_CONTACT, *bands, *removing,
        NativeRule.EXPERIMENT_HOLDOUT, *caps,
    ]  # fmt: skip
    return {str(rule_id): Code(position) for position, rule_id in enumerate(ordered)}


def _dated(policy: Policy, knowledge: Knowledge, native: dict[NativeRule, Code]) -> dict[ItemKind, Dated]:
    catalogue, offers = knowledge.catalogue, knowledge.offers
    product_codes: Codes = np.full(len(catalogue), KEPT, dtype=np.uint16)
    remove(product_codes, ~catalogue.in_stock(), native[NativeRule.OUT_OF_STOCK])
    least = policy.guardrails.min_margin_rate
    if least is not None:
        thin = margin_rate(catalogue, policy.economics.default_margin_rate) < least
        remove(product_codes, thin, native[NativeRule.MIN_MARGIN])
    offer_codes: Codes = np.full(len(offers), KEPT, dtype=np.uint16)
    remove(offer_codes, offers.budget_minor == 0, native[NativeRule.OUT_OF_BUDGET])
    return {
        ItemKind.PRODUCT: Dated(
            product_codes, catalogue.sale_from, catalogue.sale_until, native[NativeRule.NOT_ON_SALE]
        ),
        ItemKind.OFFER: Dated(offer_codes, offers.valid_from, offers.valid_until, native[NativeRule.OFFER_NOT_VALID]),
    }


def _tier_codes(knowledge: Knowledge, native: dict[NativeRule, Code]) -> Codes:
    every_tier = np.arange(len(knowledge.tiers), dtype=np.int8)
    codes: Codes = np.full((len(every_tier), len(knowledge.offers)), KEPT, dtype=np.uint16)
    remove(codes, ~knowledge.offers.allowed_for(every_tier), native[NativeRule.TIER_NOT_ALLOWED])
    return codes


def _depth_limits(policy: Policy, knowledge: Knowledge, codes: dict[str, Code]) -> tuple[DepthLimit, ...]:
    n_tiers, kind = len(policy.tiers), knowledge.offers.kind
    limits = []
    if policy.guardrails.max_depth < 1:
        every_tier, every_offer = np.ones(n_tiers, dtype=np.bool_), np.ones(len(kind), dtype=np.bool_)
        limits.append(
            DepthLimit(codes[NativeRule.MAX_DEPTH], every_tier, every_offer, 0.0, policy.guardrails.max_depth)
        )
    for band in policy.guardrails.depth_bands:
        tiers = np.array([band.tier in (None, tier) for tier in policy.tiers])
        offers = np.ones(len(kind), dtype=np.bool_) if band.kind is None else kind == OFFER_KINDS.index(band.kind)
        limits.append(DepthLimit(codes[band.id], tiers, offers, band.min_depth, band.max_depth))
    return tuple(limits)


def _caps(rules: Sequence[CompiledRule], knowledge: Knowledge) -> tuple[CapRule, ...]:
    catalogue = knowledge.catalogue
    groups: dict[CapGroup, Rows] = {
        CapGroup.CATEGORY: catalogue.category,
        CapGroup.BRAND: catalogue.brand,
        CapGroup.ALL: np.zeros(len(catalogue), dtype=np.int32),
    }
    return tuple(
        CapRule(rule, rule.rule.cap.limit, np.where(rule.what, groups[rule.rule.cap.per], -1).astype(np.int32))
        for rule in rules
        if rule.rule.cap is not None
    )


def _pins(rules: Sequence[CompiledRule], knowledge: Knowledge) -> tuple[PinRule, ...]:
    pins = []
    for rule in rules:
        if rule.rule.pin is not None:
            kind, target = rule.rule.applies_to, rule.rule.pin
            ids = knowledge.catalogue.products if kind is ItemKind.PRODUCT else knowledge.offers.offers
            row = ids.row(target.id)
            if row >= 0:
                pins.append(PinRule(rule, kind, row, target.position))
    return tuple(pins)


def _warnings(rules: Sequence[CompiledRule], pins: tuple[PinRule, ...]) -> tuple[str, ...]:
    """What does nothing with this bundle. The next bundle may know it, so it is no error."""
    pinned = {pin.rule.rule.id for pin in pins}
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
