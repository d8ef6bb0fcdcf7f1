"""The answers for when there is no bundle or the engine fails: never an error, and honest about it."""

import hashlib
from dataclasses import replace

from recsys.decision import Context, Decision, SlateItem
from recsys.decisions import asked_products
from recsys.members import Subject
from recsys.types import AnswerKind, Channel, ItemKind
from serving.live import Served

NO_BUNDLE = "no_bundle"
ENGINE_ERROR = "engine_error"
_TTL_S = 60


def no_bundle_decision(subject: Subject, context: Context) -> Decision:
    """An empty slate: nothing can be shown before the first bundle."""
    return _decision(subject, context, reason=NO_BUNDLE, items=(), shortfall=NO_BUNDLE)


def engine_error_decision(served: Served, subject: Subject, context: Context) -> Decision:
    """
    What a stranger is shown in the placement, less what was excluded or is no longer on sale.

    It passed every rule when the bundle was tried out and uses nothing personal. It holds no offers, and on channels
    that need consent nothing at all, because consent cannot be checked without the engine.
    """
    items: tuple[SlateItem, ...] = ()
    channel = context.channel or _placement_channel(served, context.placement)
    if ItemKind.PRODUCT in context.types and channel is Channel.WEB:
        listed = served.fallbacks.get(context.placement, served.fallbacks.get(served.default_placement, ()))
        catalogue = served.engine.knowledge.catalogue
        rows = catalogue.products.rows([item.id for item in listed])
        on_sale = catalogue.on_sale(context.now)[rows]
        unwanted = subject.exclude_ids.union(subject.basket, subject.about)
        wanted = [item for item, sold in zip(listed, on_sale, strict=True) if sold and item.id not in unwanted]
        items = tuple(replace(item, position=at) for at, item in enumerate(wanted[: context.n], start=1))
    decision = _decision(subject, context, reason=ENGINE_ERROR, items=items, shortfall="" if items else ENGINE_ERROR)
    return replace(decision, channel=channel, bundle_id=served.bundle_id, policy_id=served.policy_id)


def _placement_channel(served: Served, name: str) -> Channel:
    policy = served.engine.policy
    return (policy.placement(name) or policy.default_placement).channel


def _decision(
    subject: Subject, context: Context, *, reason: str, items: tuple[SlateItem, ...], shortfall: str
) -> Decision:
    asked = (
        reason, context.placement, context.channel, context.now, context.n, sorted(context.types), context.request_id,
        context.degraded, subject.member_id, subject.basket, sorted(subject.exclude_ids), context.relation,
        subject.about,
    )  # fmt: skip
    return Decision(
        decision_id=hashlib.blake2b(repr(asked).encode(), digest_size=16).hexdigest(),
        member_id=subject.member_id,
        placement=context.placement,
        channel=context.channel or Channel.WEB,
        decided_at=context.now,
        answer=AnswerKind.FALLBACK,
        items=items,
        offer_choice=None,
        logging_propensity=1.0,
        experiment="",
        arm="",
        arm_weight=1.0,
        bundle_id="",
        policy_id="",
        degraded=(*context.degraded, reason),
        shortfall_reason=shortfall,
        expires_at=context.now + _TTL_S,
        relation=context.relation,
        product_ids=asked_products(subject, context.relation),
    )
