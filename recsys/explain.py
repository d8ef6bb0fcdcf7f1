"""The last step: the chosen slates become decisions that say what they are, why, and what was left out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.arbitrate import OfferChoice, no_choice
from recsys.decision import Context
from recsys.decisions import ANSWERS, Decisions
from recsys.keep import KEPT, Shelf
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.offers.account import Accounts
from recsys.offers.economics import OfferValues
from recsys.offers.told import NudgeFacts
from recsys.policy.compile import CompiledPolicy, Pin
from recsys.reasons import IMPERSONAL_SOURCES, RELATED_SOURCES, SEGMENT_SOURCES
from recsys.related import Anchors, unknown_products, uses_own_lists
from recsys.slate import EMPTY, OFFER, PRODUCT, Slates
from recsys.trace import Trace, trace
from recsys.types import UNKNOWN_ROW, AnswerKind, Channel, EpochSeconds, ItemKind, Relation

_T = TypeVar("_T", bound=np.generic)

PLACEMENT_CAPACITY = "placement_capacity"
NOT_ENOUGH_CANDIDATES = "not_enough_candidates"
NO_OFFER_IS_BEST = "no_offer_is_best"
NO_OFFER_IS_TRIED = "no_offer_is_tried"
_SHORTFALLS = (PLACEMENT_CAPACITY, NOT_ENOUGH_CANDIDATES, NO_OFFER_IS_BEST, NO_OFFER_IS_TRIED)
_PERSONALISED, _RELATED, _SEGMENT, _POPULAR, _FALLBACK = (
    ANSWERS.index(kind)
    for kind in (
        AnswerKind.PERSONALISED,
        AnswerKind.RELATED,
        AnswerKind.SEGMENT,
        AnswerKind.POPULAR,
        AnswerKind.FALLBACK,
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What a call comes down to once its placement is known.

    Attributes:
        context: As given.
        placement: As decided.
        channel: Of the placement, or as asked.
        n: Positions of the slate.
        n_wanted: Positions asked for, which the placement's capacity may have cut to ``n``.
        max_offers: Positions that offers may take.
        products: Whether products may be shown.
        degraded: What could not be honoured.
    """

    context: Context
    placement: str
    channel: Channel
    n: int
    n_wanted: int
    max_offers: int
    products: bool
    degraded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arms:
    """The running experiment and the arm of each member: shape (m,), int8, -1 for members in none."""

    experiment: str
    arm: NDArray[np.int8]
    names: tuple[str, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OfferShelf:
    """Every offer's economics, code of the rule that removed it (-1: kept), boosts, the choice, and what it saved."""

    values: OfferValues
    removed: NDArray[np.int16]
    boosts: NDArray[np.uint64]
    choice: OfferChoice
    accounts: Accounts

    @classmethod
    def none(cls, n_members: int) -> "OfferShelf":
        """That of slates that hold no offers."""
        empty = np.empty((n_members, 0))
        return cls(
            OfferValues.none(n_members),
            empty.astype(np.int16),
            empty.astype(np.uint64),
            no_choice(n_members),
            Accounts.none(n_members),
        )


def explain(
    asked: Asked,
    batch: MemberBatch,
    arms: Arms,
    shelf: Shelf,
    offers: OfferShelf,
    slates: Slates,
    pins: tuple[Pin, ...],
    *,
    anchors: Anchors,
    wanted: Callable[[], Shelf],
    prices: str,
    policy: CompiledPolicy,
    knowledge: Knowledge,
) -> Decisions:
    """Lay everything that a decision must be able to say out as columns; texts are made when somebody reads them."""
    context = asked.context
    is_offer = slates.kind == OFFER
    of_offers = _Picker.of(slates.row, is_offer, offers.removed.shape[1])
    of_products = _Picker.of(slates.column, slates.kind == PRODUCT, shelf.removed.shape[1])
    source = of_products.pick(shelf.candidates.source, -1)
    score = of_products.pick(shelf.scores, np.nan)
    boosts = of_products.pick(shelf.boosts, 0)
    if is_offer.any():
        score = np.where(is_offer, of_offers.pick(offers.choice.arbitrated, np.nan), score).astype(np.float32)
        # A lever multiplies gains only, so it did not touch an offer that was drawn without one.
        boosts = np.where(is_offer, np.where(score > 0, of_offers.pick(offers.boosts, 0), 0), boosts)
    shortfall, shortfalls = _shortfalls(asked, shelf, offers, slates, policy)
    return Decisions(
        batch=batch,
        context=context,
        knowledge=knowledge,
        policy_id=policy.policy_id,
        prices=prices,
        channel=asked.channel,
        placement=asked.placement,
        kind=slates.kind,
        row=slates.row,
        score=score,
        source=source,
        sources=shelf.candidates.sources,
        boosts=boosts,
        boost_ids=policy.boost_ids,
        pinned=_pinned(slates, pins),
        pins=pins,
        value=_whole(of_offers.pick(offers.values.mean, 0.0)),
        value_sd=_whole(of_offers.pick(offers.values.sd, 0.0)),
        offers_asked=asked.max_offers > 0,
        offer_choice=offers.choice.rows[:, 0] if asked.max_offers else np.full(len(batch), UNKNOWN_ROW, dtype=np.int32),
        explored=offers.choice.explored,
        propensity=offers.choice.propensity,
        experiment=arms.experiment,
        arm=arms.arm,
        arm_names=arms.names,
        arm_weights=arms.weights,
        anchors=anchors,
        accounts=offers.accounts,
        wanted=wanted,
        told=_told(batch, slates, policy, knowledge, now=context.now) if asked.max_offers else None,
        lacking=_lacking(batch, context.relation, shelf, source),
        answer=_answers(batch, context.relation, shelf, slates, source, knowledge=knowledge),
        shortfall=shortfall,
        shortfalls=shortfalls,
        degraded=asked.degraded,
        expires_at=_expiry(slates, knowledge, context.now + policy.answer_ttl_s),
        rule_ids=policy.rule_ids,
        trace=_trace(shelf, offers, slates, policy) if context.explain else None,
    )


@dataclass(frozen=True, slots=True)
class _Picker:
    """Reads tables of members by things at the things that stand at some positions of the slates, shape (m, n)."""

    place: NDArray[np.int64]
    elsewhere: NDArray[np.bool_]

    @classmethod
    def of(cls, column: NDArray[np.int32], where: NDArray[np.bool_], width: int) -> "_Picker":
        return cls(np.where(where, column, 0) + np.arange(len(column))[:, None] * width, ~where)

    def pick(self, table: NDArray[_T], absent: float) -> NDArray[_T]:
        if not table.size:
            return np.full(self.elsewhere.shape, absent, dtype=table.dtype)
        found = table.take(self.place)
        found[self.elsewhere] = absent
        return found


def _told(
    batch: MemberBatch, slates: Slates, policy: CompiledPolicy, knowledge: Knowledge, *, now: EpochSeconds
) -> NudgeFacts | None:
    """What offers with a trigger tell of; absent where none is shown."""
    if not knowledge.offers.trigger[slates.row[slates.kind == OFFER]].any():
        return None
    return NudgeFacts.of(batch, now, policy.source.time_zone)


def _whole(amounts: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(amounts).astype(np.int64)


def _pinned(slates: Slates, pins: tuple[Pin, ...]) -> NDArray[np.bool_]:
    pinned = np.zeros(slates.kind.shape, dtype=np.bool_)
    for pin in pins:
        code = PRODUCT if pin.kind is ItemKind.PRODUCT else OFFER
        pinned |= (slates.kind == code) & (slates.row == pin.row) & pin.applies[:, None]
    return pinned


def _shows_related(shelf: Shelf, source: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Shape (m,): a product is shown that the products asked about led to."""
    # The last entry is for positions without a product, whose source is -1.
    related = np.array([*(name in RELATED_SOURCES for name in shelf.candidates.sources), False])
    return np.asarray(related[source].any(axis=1))


def _lacking(
    batch: MemberBatch, relation: Relation | None, shelf: Shelf, source: NDArray[np.int8]
) -> NDArray[np.uint8]:
    """Shape (m,): bits of ``decisions.LACKING``."""
    if relation is None:
        return np.zeros(len(batch), dtype=np.uint8)
    return (unknown_products(batch, relation) | ~_shows_related(shelf, source) * np.uint8(2)).astype(np.uint8)


def _answers(
    batch: MemberBatch,
    relation: Relation | None,
    shelf: Shelf,
    slates: Slates,
    source: NDArray[np.int8],
    *,
    knowledge: Knowledge,
) -> NDArray[np.int8]:
    """
    How personal what is shown is (law 10).

    Personalised is a slate with a product of a list of the member's own or an offer valued with the member's own
    columns; also an empty one, which was decided on them. Otherwise it is related to what was asked about, the
    segment's or everybody's; where something related was asked for and nothing is, it is a fallback. A basket that
    was completed with lists of the member's own is personalised whatever is shown: they moved what the basket led to.
    """
    # The last entry is for positions without a product, whose source is -1.
    own = np.array([*(name not in IMPERSONAL_SOURCES for name in shelf.candidates.sources), False])
    of_segment = np.array([*(name in SEGMENT_SOURCES for name in shelf.candidates.sources), False])
    known = batch.row >= 0
    # A slate without a product holds offers, or nothing.
    personalised = own[source].any(axis=1) | (known & ((slates.kind == OFFER).any(axis=1) | (source < 0).all(axis=1)))
    of_segment_shown = of_segment[source].any(axis=1) & (batch.segment >= 0)
    code = np.where(personalised, _PERSONALISED, np.where(of_segment_shown, _SEGMENT, _POPULAR))
    if relation is not None:
        personalised |= uses_own_lists(batch, relation, knowledge)
        code = np.where(personalised, _PERSONALISED, np.where(_shows_related(shelf, source), _RELATED, _FALLBACK))
    return np.where(shelf.fell_back, _FALLBACK, code).astype(np.int8)


def _shortfalls(
    asked: Asked, shelf: Shelf, offers: OfferShelf, slates: Slates, policy: CompiledPolicy
) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    """Why fewer than wanted: the rule that took the whole slate, or what ran out."""
    names = ("", *_SHORTFALLS, *policy.rule_ids)
    shown = (slates.kind != EMPTY).sum(axis=1)
    first_rule = 1 + len(_SHORTFALLS)
    why = np.full(len(shown), names.index(NOT_ENOUGH_CANDIDATES))
    if not asked.products:
        # Of several rules, the one that stopped the offer which came furthest.
        furthest = offers.removed.max(axis=1, initial=KEPT)
        why = np.where(furthest >= 0, furthest + first_rule, why)
        why[np.any(offers.removed == KEPT, axis=1)] = names.index(NO_OFFER_IS_BEST)
        why[offers.choice.explored & (shown == 0)] = names.index(NO_OFFER_IS_TRIED)
        why[shown == asked.max_offers] = names.index(PLACEMENT_CAPACITY)
    withheld = shelf.withheld != KEPT
    why[withheld] = shelf.withheld[withheld] + first_rule
    full = names.index(PLACEMENT_CAPACITY) if asked.n_wanted > asked.n else 0
    return np.where(shown < asked.n, why, full).astype(np.int16), names


def _expiry(slates: Slates, knowledge: Knowledge, answer_expires_at: int) -> NDArray[np.int64]:
    ends = np.full(slates.kind.shape, answer_expires_at, dtype=np.int64)
    for code, until in ((PRODUCT, knowledge.catalogue.sale_until), (OFFER, knowledge.offers.valid_until)):
        shown = slates.kind == code
        ends[shown] = until[slates.row[shown]]
    earliest: NDArray[np.int64] = ends.min(axis=1, initial=answer_expires_at)
    return earliest


def _trace(shelf: Shelf, offers: OfferShelf, slates: Slates, policy: CompiledPolicy) -> Trace:
    return trace(
        shelf, slates, policy,
        values=offers.values, removed=offers.removed, boosts=offers.boosts, choice=offers.choice,
    )  # fmt: skip
