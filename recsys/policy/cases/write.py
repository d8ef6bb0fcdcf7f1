"""A case made of a decision, so that a rule is pinned by example: what is decided now is what must be decided."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import ValidationError

from recsys.batch import build_batch
from recsys.decision import Context
from recsys.engine import Engine
from recsys.errors import InputError
from recsys.members import MemberBatch, Subject
from recsys.policy.cases.answers import Answer, Asker
from recsys.policy.cases.schema import ANY, Case
from recsys.policy.file.fields import TIME_ZONE
from recsys.types import SECONDS_PER_DAY, Channel, Consent, EpochSeconds, EventKind, ItemKind, Stage
from recsys.why_not import FileReason

_MOST = 20
"""Ids of a list that are pinned; a case of a thousand would be read by nobody."""

_MICRODAYS = 6
_HEAD = """\
# Pinned as it was decided under the policy {policy}, without exploration. Keep the lines that must always hold, and
# remove the others; save it in policy_cases/ beside the policy.
"""


def case_text(
    case_id: str,
    engine: Engine,
    subject: Subject,
    context: Context,
    *,
    tier: str | None = None,
    stage: str | None = None,
    consent: Consent | None = None,
) -> str:
    """
    A file with one case, which the policy passes as it is.

    Args:
        case_id: Its id.
        engine: Decides.
        subject: Who; somebody whom the bundle does not know becomes a made-up member.
        context: Where and when.
        tier, stage, consent: The member's in the case; absent means as they are.

    Raises:
        InputError: The question is about products, which no case is, or the id, tier or stage is none.
    """
    if context.relation is not None:
        raise InputError("a case is about a member, not about products; leave the products out")
    _check_traits(engine, tier, stage)
    content: dict[str, Any] = {
        "id": case_id,
        "member": _member(engine, subject, context.now, tier=tier, stage=stage, consent=consent),
        "context": _context(subject, context, ZoneInfo(engine.policy.source.time_zone)),
        "expect": {"nothing_because": ANY},  # until it was asked
    }
    try:
        case = Case.model_validate(content, context={TIME_ZONE: ZoneInfo("UTC")})
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        where = ": ".join(str(step) for step in first["loc"])
        raise InputError(f"{where} {first['input']!r} cannot be that of a case ({first['msg']})") from None
    answer = Asker.of(engine.policy, engine.knowledge, now=context.now).ask(case)
    content["expect"] = _expected(answer)
    text = yaml.safe_dump({"cases": [content]}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=116)
    return _HEAD.format(policy=engine.policy.policy_id[:12]) + text


def _check_traits(engine: Engine, tier: str | None, stage: str | None) -> None:
    for kind, name, known in (("tier", tier, engine.knowledge.tiers), ("stage", stage, tuple(map(str, Stage)))):
        if name is not None and name not in known:
            raise InputError(f"there is no {kind} {name!r}; there are {', '.join(known)}")


def _member(
    engine: Engine,
    subject: Subject,
    now: EpochSeconds,
    *,
    tier: str | None,
    stage: str | None,
    consent: Consent | None,
) -> dict[str, Any]:
    facts, batch = subject.facts, build_batch([subject], engine.knowledge)
    known = engine.knowledge.members.members.row(subject.member_id) >= 0
    agreed = consent if consent is not None else Consent(int(batch.consent[0]))
    member: dict[str, Any] = {}
    if known:
        member["id"] = subject.member_id
    if tier is not None or facts.tier is not None:
        member["tier"] = tier or facts.tier
    if stage is not None:
        member["stage"] = stage
    if not known or consent is not None or facts.consent is not None or facts.erased:
        member["consent"] = [str(one.name).lower() for one in agreed]
    if any(fact.kind is EventKind.PURCHASE for fact in facts.product_facts) and batch.personal[0]:
        member["bought"] = _bought(engine, batch, now)
    if facts.held_offers:
        offers = engine.knowledge.offers.offers
        member["held_offers"] = [one for one in facts.held_offers if offers.row(one) >= 0]
    if facts.contacts:
        member["contacts"] = [
            {"channel": one.channel.value, "days_ago": _days(now, one.contacted_at)}
            | _sent(engine, (*((one.offer_id,) if one.offer_id else ()), *one.more_offers))
            for one in facts.contacts
        ]
    if facts.responses:
        member["responses"] = [
            {"offer": one.offer_id, "kind": one.kind.value, "days_ago": _days(now, one.occurred_at)}
            for one in facts.responses
            if engine.knowledge.offers.offers.row(one.offer_id) >= 0
        ]
    return member


def _bought(engine: Engine, batch: MemberBatch, now: EpochSeconds) -> list[dict[str, Any]]:
    """All that the member bought: a case that says what was bought says all of it."""
    products = engine.knowledge.catalogue.products
    bought = zip(batch.bought.values.tolist(), batch.bought_at.tolist(), strict=True)
    return [
        {"product": products.id(row), "days_ago": _days(now, at)}
        for row, at in sorted(bought, key=lambda one: (-one[1], one[0]))
    ]


def _sent(engine: Engine, offers: tuple[str, ...]) -> dict[str, Any]:
    known = [one for one in offers if engine.knowledge.offers.offers.row(one) >= 0]
    return ({"offer": known[0]} if known else {}) | ({"more_offers": known[1:]} if known[1:] else {})


def _context(subject: Subject, context: Context, zone: ZoneInfo) -> dict[str, Any]:
    asked: dict[str, Any] = {"placement": context.placement}
    if isinstance(context.channel, Channel):
        asked["channel"] = context.channel.value
    asked["at"] = datetime.fromtimestamp(context.now, zone).isoformat()
    for key, value in (("basket", subject.basket), ("exclude_ids", sorted(subject.exclude_ids))):
        if value:
            asked[key] = list(value)
    if context.attributes:
        asked["attributes"] = dict(context.attributes)
    return asked


def _expected(answer: Answer) -> dict[str, Any]:
    decision = answer.decision
    if not decision.items:
        return {"nothing_because": decision.shortfall_reason or ANY}
    expected: dict[str, Any] = {}
    offers = sorted((one for one in decision.candidates or () if one.kind is ItemKind.OFFER), key=lambda one: one.id)
    expected["offers_allowed"] = [one.id for one in offers if one.removed_by is None][:_MOST]
    expected["offers_removed"] = dict([(one.id, one.removed_by) for one in offers if one.removed_by][:_MOST])
    products = [
        one
        for one in decision.candidates or ()
        if one.kind is ItemKind.PRODUCT and one.removed_by and one.reason and one.reason.code != FileReason.SLATE_CAP
    ]  # what a cap on slates takes depends on all else that is on this one
    expected["products_removed"] = dict([(one.id, one.removed_by) for one in products][:_MOST])
    expected["shows"] = [item.id for item in decision.items][:_MOST]
    found = {key: value for key, value in expected.items() if value}
    return found | ({} if decision.offer_choice is None else {"offer_choice": decision.offer_choice})


def _days(now: EpochSeconds, at: EpochSeconds) -> float | int:
    days = round(max(now - at, 0) / SECONDS_PER_DAY, _MICRODAYS)
    return int(days) if days == int(days) else days
