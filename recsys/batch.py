"""Builds the columns of one call's members, and is the one place where consent to personalisation is applied."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch, Subject
from recsys.ragged import Ragged
from recsys.types import STAGES, UNKNOWN_ROW, Consent, EventKind, Instants, Rows, Stage
from recsys.vocabulary import Vocabulary

EVENT_KINDS: tuple[EventKind, ...] = tuple(EventKind)
"""The order is the code in `MemberBatch.touched_kind`."""

_T = TypeVar("_T", bound=np.generic)
_LOWEST_TIER = 0
_POTENTIAL = STAGES.index(Stage.POTENTIAL)
_INTEREST = frozenset({EventKind.VIEW, EventKind.CART, EventKind.CLICK, EventKind.PURCHASE})


def build_batch(
    subjects: Sequence[Subject], knowledge: Knowledge, *, impersonal: NDArray[np.bool_] | None = None
) -> MemberBatch:
    """
    Look the members up and lay their facts out as columns.

    Args:
        subjects: The members of one call, in any order, repeats allowed.
        knowledge: What the bundle says.
        impersonal: Shape (m,): members who must be treated as strangers whatever they agreed to, such as an
            ablation arm.

    Returns:
        One entry a subject in each column. Members without consent to personalisation, erased members and those in
        *impersonal* have a stranger's columns; their true consent bits stay, because channels need them.
    """
    members = knowledge.members
    row = members.members.rows([subject.member_id for subject in subjects])
    consent = np.where(row >= 0, _gather(members.consent, row, 0), 0).astype(np.uint8)
    live = [i for i, subject in enumerate(subjects) if subject.facts.consent is not None or subject.facts.erased]
    for i in live:
        facts = subjects[i].facts
        consent[i] = 0 if facts.erased or facts.consent is None else int(facts.consent)
    personal = (consent & np.uint8(Consent.PERSONALISATION)) != 0
    if impersonal is not None:
        personal &= ~impersonal
    row = np.where(personal, row, UNKNOWN_ROW).astype(np.int32)
    touched, touched_at, touched_kind = _touched(subjects, personal, knowledge.catalogue.products)
    bought, bought_at = _bought(knowledge, row, touched, touched_at, touched_kind)
    offers = knowledge.offers.offers
    return MemberBatch(
        subjects=tuple(subjects),
        row=row,
        personal=personal,
        tier=_tier(subjects, personal, _gather(members.tier, row, _LOWEST_TIER), knowledge.tiers),
        stage=_gather(members.stage, row, _POTENTIAL),
        consent=consent,
        segment=_gather(members.segment, row, -1),
        birth_month=_gather(members.birth_month, row, 0),
        points=_gather(members.points, row, 0),
        orders_per_day=_gather(members.orders_per_day, row, knowledge.stranger_orders_per_day),
        basket_minor=_gather(members.basket_minor, row, knowledge.stranger_basket_minor),
        margin_rate=_gather(members.margin_rate, row, knowledge.stranger_margin_rate),
        touched=touched,
        touched_at=touched_at,
        touched_kind=touched_kind,
        bought=bought,
        bought_at=bought_at,
        held=_rows_of([subject.facts.held_offers for subject in subjects], offers),
        excluded_products=_rows_of([sorted(subject.exclude_ids) for subject in subjects], knowledge.catalogue.products),
        excluded_offers=_rows_of([sorted(subject.exclude_ids) for subject in subjects], offers),
        basket=_rows_of([subject.basket for subject in subjects], knowledge.catalogue.products),
    )


def _gather(column: NDArray[_T], row: Rows, absent: float) -> NDArray[_T]:
    if not len(column):
        return np.full(len(row), absent, dtype=column.dtype)
    # Row -1 reads the last entry, which is then replaced.
    found: NDArray[_T] = column[row]
    found[row < 0] = absent
    return found


def _tier(
    subjects: Sequence[Subject], personal: NDArray[np.bool_], tier: NDArray[np.int8], tiers: tuple[str, ...]
) -> NDArray[np.int8]:
    for i, subject in enumerate(subjects):
        if subject.facts.tier is not None and personal[i] and subject.facts.tier in tiers:
            tier[i] = tiers.index(subject.facts.tier)
    return tier


def _rows_of(lists: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Ragged:
    if not any(lists):
        return Ragged(np.zeros(len(lists) + 1, dtype=np.int64), np.empty(0, dtype=np.int32))
    rows = [[row for row in vocabulary.rows(one).tolist() if row >= 0] if one else [] for one in lists]
    return Ragged.of(rows)


def _touched(
    subjects: Sequence[Subject], personal: NDArray[np.bool_], products: Vocabulary
) -> tuple[Ragged, Instants, NDArray[np.int8]]:
    lists: list[list[int]] = []
    times: list[int] = []
    kinds: list[int] = []
    for i, subject in enumerate(subjects):
        facts = [fact for fact in subject.facts.product_facts if fact.kind in _INTEREST] if personal[i] else []
        if not facts:
            lists.append([])
            continue
        facts.sort(key=lambda fact: (-fact.occurred_at, fact.product_id, fact.kind))
        rows = products.rows([fact.product_id for fact in facts]).tolist()
        known = [(row, fact) for row, fact in zip(rows, facts, strict=True) if row >= 0]
        lists.append([row for row, _ in known])
        times.extend(fact.occurred_at for _, fact in known)
        kinds.extend(EVENT_KINDS.index(fact.kind) for _, fact in known)
    return Ragged.of(lists), np.array(times, dtype=np.int64), np.array(kinds, dtype=np.int8)


def _bought(
    knowledge: Knowledge, row: Rows, touched: Ragged, touched_at: Instants, touched_kind: NDArray[np.int8]
) -> tuple[Ragged, Instants]:
    """Purchases of the bundle, and after them those since; a product may occur in both."""
    before = knowledge.members.purchased
    indptr, positions = before.positions(row)
    rows, at = before.values[positions], knowledge.members.purchased_at[positions]
    since = touched_kind == EVENT_KINDS.index(EventKind.PURCHASE)
    if not since.any():
        return Ragged(indptr, rows), at
    owner = np.concatenate([Ragged(indptr, rows).owners(), touched.owners()[since]])
    order = np.argsort(owner, kind="stable")
    joined = np.zeros(len(indptr), dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=len(row)), out=joined[1:])
    values = np.concatenate([rows, touched.values[since]])[order]
    return Ragged(joined, values), np.concatenate([at, touched_at[since]])[order]
