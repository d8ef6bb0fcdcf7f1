"""What is asked of the engine and what it answers: one call as columns, one member's answer as a record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recsys.types import AnswerKind, Channel, EpochSeconds, ItemKind, Relation, ResponseClass

Attribute = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Context:
    """
    The circumstances that all members of one call share.

    Attributes:
        placement: Name of a placement in the policy; an unknown one is answered with its default placement and
            the degraded reason ``unknown_placement``.
        now: The instant the decision is for.
        seed: Of exploration; the same seed, versions and inputs give the same decision.
        n: Positions wanted; absent means the placement's capacity, which also bounds it.
        channel: Absent means the placement's channel.
        types: Kinds of items wanted; only those the placement allows are given.
        request_id: Distinguishes decisions of one member in one second; part of the decision id.
        explain: Also answer all that was considered, and what became of each.
        language: Of the reasons' texts: ``en`` or ``zh``; any other is answered in English.
        degraded: What the caller could not give, as stable codes such as ``store_unavailable``; carried into answers.
        attributes: What expressions see as ``context``, besides placement, channel, relation and the calendar.
        relation: Products are asked for that are related so to the products each subject is about, or to the basket
            (``complete``). Absent means that the question is about the member.
        drawn_at: Exploration draws as on the day of this instant; absent means that of ``now``. What-ifs draw as the
            decision they are compared with.
    """

    placement: str
    now: EpochSeconds
    seed: int = 0
    n: int | None = None
    channel: Channel | None = None
    types: frozenset[ItemKind] = frozenset(ItemKind)
    request_id: str = ""
    explain: bool = False
    language: str = "en"
    degraded: tuple[str, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    relation: Relation | None = None
    drawn_at: EpochSeconds | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is shown: a stable code for programs, a text for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ProductReason(Reason):
    """A reason that lies in another product: one asked about, or one in the basket."""

    product_id: str


@dataclass(frozen=True, slots=True)
class OfferGap:
    """
    What is missing to an offer's threshold, and what closes it.

    Attributes:
        threshold_minor, spend_minor, missing_minor: The smallest qualifying spend; what qualifies of the basket now, or
            of the member's usual order; the difference.
        product_ids: What the member may add, at most three; empty where nothing suitable closes it.
        added_minor: Price of these.
        assumed: There is no basket: the member's usual order stands for it, and for what is scoped none.
        scoped: Only some products qualify; where there is no threshold, one of them is missing.
        text: The same in words.
    """

    threshold_minor: int
    spend_minor: int
    missing_minor: int
    product_ids: tuple[str, ...]
    added_minor: int
    assumed: bool
    scoped: bool
    text: str


@dataclass(frozen=True, slots=True)
class Economics:
    """
    What the choice among offers saved against giving the deepest eligible one.

    Attributes:
        offer_id: The offer that it is about: the first one shown, or where none is, the one that was worth most.
        response_class: Who the member is to that offer.
        measured: What that offer adds was measured against a random no-offer arm; otherwise it is assumed.
        deepest_offer_id: Of the offers that no rule removed, the one that gives most on the member's usual order.
        discount_avoided_minor, deadweight_avoided_minor: Expected discount of the deepest offer beyond that of the
            choice, and the part of it that would have gone to orders which come anyway.
        depth_saved_bp: What one redemption gives less, in basis points of the member's usual order.
    """

    offer_id: str
    response_class: ResponseClass
    measured: bool
    deepest_offer_id: str
    discount_avoided_minor: int
    deadweight_avoided_minor: int
    depth_saved_bp: int


@dataclass(frozen=True, slots=True)
class SlateItem:
    """
    One position of a slate.

    Attributes:
        position: From 1.
        score: Comparable within the slate's kind only. For offers, the arbitrated value in minor units.
        source: Which list or model proposed it.
        value_minor: Offers: expected incremental margin before levers, rounded to minor units; absent for products.
        value_sd_minor: Offers: its standard deviation; absent for products.
        gap: Offers: what is missing to their threshold; absent where nothing is, and for products.
        rules_applied: Ids of boosts and pins that touched it.
    """

    kind: ItemKind
    id: str
    name: str
    position: int
    score: float
    source: str
    reasons: tuple[Reason, ...]
    value_minor: int | None = None
    value_sd_minor: int | None = None
    gap: OfferGap | None = None
    rules_applied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A candidate that is not shown, and the first rule that removed it."""

    kind: ItemKind
    id: str
    rule: str


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A lever that multiplied a score or a value, and by how much."""

    rule: str
    factor: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    One product or offer that was considered: what it was worth, and what became of it.

    Attributes:
        position: Where it is shown, from 1; absent where it is not.
        source: Which list or model proposed it.
        score_before: Without levers, by the placement's objective; for offers, a cautious estimate in minor units.
        multipliers: Levers that touched it. Those of offers multiply gains only: without a gain there are none.
        score: With multipliers, as in `SlateItem`: what it was ranked by.
        value_minor, value_sd_minor: As in `SlateItem`.
        logging_propensity: Offers: the probability that this policy makes it the first offer; absent where it cannot
            be. What all have together is missing to 1: that of no offer.
        removed_by: Id of the first rule that removed it; absent where none did.
        section: Where it fell out, one of `recsys.why_not.WhySection`; absent where it is shown.
        reason: Why it is not shown; absent where it is. Its code is one of `recsys.why_not.REASON_CODES`.
    """

    kind: ItemKind
    id: str
    name: str
    position: int | None
    source: str
    score_before: float
    multipliers: tuple[Multiplier, ...]
    score: float
    value_minor: int | None
    value_sd_minor: int | None
    logging_propensity: float | None
    removed_by: str | None
    section: str | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Decision:
    """
    One member's answer, with all that is needed to attribute, audit and replay it.

    Attributes:
        offer_choice: Id of the first offer, or ``no_offer``; ``None`` where offers were not asked for.
        logging_propensity: Probability that this policy, in this arm, made that offer choice for this member.
        experiment, arm: Key of the running experiment and the member's arm; empty for members in none.
        arm_weight: Share of the experiment's members who are in that arm; 1 for members in none.
        degraded: What could not be used, as stable codes; empty when nothing was missing.
        shortfall_reason: Why fewer items than wanted; empty when none are missing.
        expires_at: The first instant at which a shown item may no longer hold.
        relation, product_ids: What products were asked about, and how; absent and empty where it was the member.
        candidates: All that was considered: what is shown by position, then what no rule removed, best first, then what
            rules removed, in the order of the rules. Absent unless the context asks to explain.
        economics: What the choice among offers saved; absent where offers were not asked for or rules removed all.
    """

    decision_id: str
    member_id: str
    placement: str
    channel: Channel
    decided_at: EpochSeconds
    answer: AnswerKind
    items: tuple[SlateItem, ...]
    offer_choice: str | None
    logging_propensity: float
    experiment: str
    arm: str
    arm_weight: float
    bundle_id: str
    policy_id: str
    degraded: tuple[str, ...]
    shortfall_reason: str
    expires_at: EpochSeconds
    why_not: tuple[WhyNot, ...] = ()
    relation: Relation | None = None
    product_ids: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] | None = None
    economics: Economics | None = None
