"""The last step: the chosen slates become decisions that say what they are, why, and what was left out."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.arbitrate import OfferChoice
from recsys.decision import Context
from recsys.decisions import ANSWERS, Decisions, Removals, first_expiry
from recsys.keep import KEPT, Shelf
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.offers.economics import OfferValues
from recsys.policy.compile import CompiledPolicy, Pin
from recsys.slate import EMPTY, OFFER, PRODUCT, Slates
from recsys.types import UNKNOWN_ROW, AnswerKind, Channel, ItemKind

_T = TypeVar("_T", bound=np.generic)

PLACEMENT_CAPACITY = "placement_capacity"
NOT_ENOUGH_CANDIDATES = "not_enough_candidates"
NO_OFFER_IS_BEST = "no_offer_is_best"


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
    """The running experiment and the arm of each member: shape (m,), int8, -1 where none runs."""

    experiment: str
    arm: NDArray[np.int8]
    names: tuple[str, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OfferShelf:
    """Every offer's economics, the code of the rule that removed it (-1: kept), boosts that apply, and the choice."""

    values: OfferValues
    removed: NDArray[np.int16]
    boosts: NDArray[np.uint32]
    choice: OfferChoice


def explain(
    asked: Asked,
    batch: MemberBatch,
    arms: Arms,
    shelf: Shelf,
    offers: OfferShelf,
    slates: Slates,
    pins: tuple[Pin, ...],
    *,
    policy: CompiledPolicy,
    knowledge: Knowledge,
) -> Decisions:
    """Lay everything that a decision must be able to say out as columns; texts are made when somebody reads them."""
    context = asked.context
    is_offer = slates.kind == OFFER
    value = _of_offers(offers.values.mean, slates, 0.0)
    score = np.where(
        is_offer, _of_offers(offers.choice.arbitrated, slates, np.nan), _of_products(shelf.scores, slates, np.nan)
    )
    shortfall, shortfalls = _shortfalls(asked, shelf, offers, slates, policy)
    return Decisions(
        batch=batch,
        context=context,
        knowledge=knowledge,
        policy_id=policy.policy_id,
        channel=asked.channel,
        placement=asked.placement,
        kind=slates.kind,
        row=slates.row,
        score=score.astype(np.float32),
        source=_of_products(shelf.candidates.source, slates, -1),
        sources=shelf.candidates.sources,
        boosts=np.where(is_offer, _of_offers(offers.boosts, slates, 0), _of_products(shelf.boosts, slates, 0)),
        boost_ids=policy.boost_ids,
        pinned=_pinned(slates, pins),
        value=np.rint(value).astype(np.int64),
        value_sd=np.rint(_of_offers(offers.values.sd, slates, 0.0)).astype(np.int64),
        offers_asked=asked.max_offers > 0,
        offer_choice=offers.choice.rows[:, 0] if asked.max_offers else np.full(len(batch), UNKNOWN_ROW, dtype=np.int32),
        explored=offers.choice.explored,
        propensity=offers.choice.propensity,
        experiment=arms.experiment,
        arm=arms.arm,
        arm_names=arms.names,
        arm_weights=arms.weights,
        answer=_answers(batch, shelf),
        shortfall=shortfall,
        shortfalls=shortfalls,
        degraded=asked.degraded,
        expires_at=_expiry(slates, knowledge, context.now + policy.answer_ttl_s),
        rule_ids=policy.rule_ids,
        removals=_removals(asked, shelf, offers) if context.explain else None,
    )


def _of_products(table: NDArray[_T], slates: Slates, absent: float) -> NDArray[_T]:
    return _pick(table, slates.column, (slates.kind == PRODUCT) & (slates.column >= 0), absent)


def _of_offers(table: NDArray[_T], slates: Slates, absent: float) -> NDArray[_T]:
    return _pick(table, np.where(slates.kind == OFFER, slates.row, -1), slates.kind == OFFER, absent)


def _pick(table: NDArray[_T], column: NDArray[np.int32], where: NDArray[np.bool_], absent: float) -> NDArray[_T]:
    if not table.shape[1]:
        return np.full(column.shape, absent, dtype=table.dtype)
    # Where there is nothing to pick, column -1 reads the last entry, which is then replaced.
    found: NDArray[_T] = table[np.arange(len(table))[:, None], column]
    found[~where] = absent
    return found


def _pinned(slates: Slates, pins: tuple[Pin, ...]) -> NDArray[np.bool_]:
    pinned = np.zeros(slates.kind.shape, dtype=np.bool_)
    for pin in pins:
        code = PRODUCT if pin.kind is ItemKind.PRODUCT else OFFER
        pinned |= (slates.kind == code) & (slates.row == pin.row) & pin.applies[:, None]
    return pinned


def _answers(batch: MemberBatch, shelf: Shelf) -> NDArray[np.int8]:
    known = (batch.row >= 0) | shelf.candidates.live
    kind = np.where(known, ANSWERS.index(AnswerKind.PERSONALISED), ANSWERS.index(AnswerKind.POPULAR))
    kind = np.where(~known & (batch.segment >= 0), ANSWERS.index(AnswerKind.SEGMENT), kind)
    return np.where(shelf.fell_back, ANSWERS.index(AnswerKind.FALLBACK), kind).astype(np.int8)


def _shortfalls(
    asked: Asked, shelf: Shelf, offers: OfferShelf, slates: Slates, policy: CompiledPolicy
) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    """Why fewer than wanted: the rule that took the whole slate, or what ran out."""
    names = ("", PLACEMENT_CAPACITY, NOT_ENOUGH_CANDIDATES, NO_OFFER_IS_BEST, *policy.rule_ids)
    shown = (slates.kind != EMPTY).sum(axis=1)
    first_rule = len(names) - len(policy.rule_ids)
    why = np.full(len(shown), names.index(NOT_ENOUGH_CANDIDATES))
    if not asked.products:
        # Of several rules, the one that stopped the offer which came furthest.
        furthest = offers.removed.max(axis=1, initial=KEPT)
        why = np.where(furthest >= 0, furthest + first_rule, why)
        why[np.any(offers.removed == KEPT, axis=1)] = names.index(NO_OFFER_IS_BEST)
    withheld = shelf.withheld != KEPT
    why[withheld] = shelf.withheld[withheld] + first_rule
    full = names.index(PLACEMENT_CAPACITY) if asked.n_wanted > asked.n else 0
    return np.where(shown < asked.n, why, full).astype(np.int16), names


def _expiry(slates: Slates, knowledge: Knowledge, answer_expires_at: int) -> NDArray[np.int64]:
    never = np.iinfo(np.int64).max
    products = np.where(slates.kind == PRODUCT, slates.row, UNKNOWN_ROW)
    offers = np.where(slates.kind == OFFER, slates.row, UNKNOWN_ROW)
    ends = [
        np.where(rows >= 0, until[np.maximum(rows, 0)], never)
        for rows, until in ((products, knowledge.catalogue.sale_until), (offers, knowledge.offers.valid_until))
        if len(until)
    ]
    return first_expiry(ends, answer_expires_at, len(slates.kind))


def _removals(asked: Asked, shelf: Shelf, offers: OfferShelf) -> Removals:
    parts: list[tuple[NDArray[np.int64], int, NDArray[np.int32], NDArray[np.int16]]] = []
    if asked.products:
        member, column = np.nonzero((shelf.removed >= 0) & (shelf.candidates.products >= 0))
        parts.append((member, PRODUCT, shelf.candidates.products[member, column], shelf.removed[member, column]))
    if asked.max_offers:
        member, column = np.nonzero(offers.removed >= 0)
        parts.append((member, OFFER, column.astype(np.int32), offers.removed[member, column]))
    return Removals(
        member=np.concatenate([np.empty(0, np.int32), *(part[0].astype(np.int32) for part in parts)]),
        kind=np.concatenate([np.empty(0, np.int8), *(np.full(len(part[0]), part[1], np.int8) for part in parts)]),
        row=np.concatenate([np.empty(0, np.int32), *(part[2] for part in parts)]),
        rule=np.concatenate([np.empty(0, np.int16), *(part[3] for part in parts)]),
    )
