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
    consent = _gather(members.consent, row, 0, row < 0)
    live = [i for i, subject in enumerate(subjects) if subject.facts.consent is not None or subject.facts.erased]
    for i in live:
        facts = subjects[i].facts
        consent[i] = 0 if facts.erased or facts.consent is None else int(facts.consent)
    personal = (consent & np.uint8(Consent.PERSONALISATION)) != 0
    if impersonal is not None:
        personal &= ~impersonal
    row = np.where(personal, row, UNKNOWN_ROW).astype(np.int32)
    strangers = row < 0
    products, offers = knowledge.catalogue.products, knowledge.offers.offers
    touched, touched_at, touched_kind = _touched(subjects, personal, products)
    bought, bought_at = _bought(knowledge, row, touched, touched_at, touched_kind)
    excluded = [sorted(subject.exclude_ids) for subject in subjects]

    def of_members(column: NDArray[_T], of_strangers: float) -> NDArray[_T]:
        return _gather(column, row, of_strangers, strangers)

    return MemberBatch(
        subjects=tuple(subjects),
        row=row,
        personal=personal,
        tier=_tier(subjects, personal, of_members(members.tier, _LOWEST_TIER), knowledge.tiers),
        stage=of_members(members.stage, _POTENTIAL),
        consent=consent,
        segment=of_members(members.segment, -1),
        birth_month=of_members(members.birth_month, 0),
        points=of_members(members.points, 0),
        orders_per_day=of_members(members.orders_per_day, knowledge.stranger_orders_per_day),
        basket_minor=of_members(members.basket_minor, knowledge.stranger_basket_minor),
        margin_rate=of_members(members.margin_rate, knowledge.stranger_margin_rate),
        touched=touched,
        touched_at=touched_at,
        touched_kind=touched_kind,
        bought=bought,
        bought_at=bought_at,
        held=_rows_of([subject.facts.held_offers for subject in subjects], offers),
        excluded_products=_rows_of(excluded, products),
        excluded_offers=_rows_of(excluded, offers),
        basket=_rows_of([subject.basket for subject in subjects], products),
        about=_rows_of([subject.about for subject in subjects], products),
        profile=members.profile,
    )


def _gather(column: NDArray[_T], row: Rows, absent: float, is_absent: NDArray[np.bool_]) -> NDArray[_T]:
    if not len(column):
        return np.full(len(row), absent, dtype=column.dtype)
    # Row -1 reads the last entry, which is then replaced.
    found = column.take(row)
    found[is_absent] = absent
    return found


def _tier(
    subjects: Sequence[Subject], personal: NDArray[np.bool_], tier: NDArray[np.int8], tiers: tuple[str, ...]
) -> NDArray[np.int8]:
    for i, subject in enumerate(subjects):
        if subject.facts.tier is not None and personal[i] and subject.facts.tier in tiers:
            tier[i] = tiers.index(subject.facts.tier)
    return tier


def _rows_of(lists: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Ragged:
    """The rows of the known ids of each list, all looked up at once."""
    flat = [one for ids in lists for one in ids]
    if not flat:
        return _no_lists(len(lists))
    rows = vocabulary.rows(flat)
    known = rows >= 0
    return _grouped(np.repeat(np.arange(len(lists)), [len(ids) for ids in lists])[known], rows[known], len(lists))


def _no_lists(n_owners: int) -> Ragged:
    return Ragged(np.zeros(n_owners + 1, dtype=np.int64), np.empty(0, dtype=np.int32))


def _grouped(owner: NDArray[np.int64], values: Rows, n_owners: int) -> Ragged:
    """Lists from values whose owners ascend."""
    indptr = np.zeros(n_owners + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=n_owners), out=indptr[1:])
    return Ragged(indptr, values)


def _touched(
    subjects: Sequence[Subject], personal: NDArray[np.bool_], products: Vocabulary
) -> tuple[Ragged, Instants, NDArray[np.int8]]:
    """What each member did since the cut-off, newest first."""
    owned = [
        (owner, fact)
        for owner, subject in enumerate(subjects)
        if subject.facts.product_facts and personal[owner]
        for fact in sorted(subject.facts.product_facts, key=lambda one: (-one.occurred_at, one.product_id, one.kind))
        if fact.kind in _INTEREST
    ]
    if not owned:
        return _no_lists(len(subjects)), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int8)
    rows = products.rows([fact.product_id for _, fact in owned])
    known = rows >= 0
    owner = np.array([owner for owner, _ in owned], dtype=np.int64)[known]
    at = np.array([fact.occurred_at for _, fact in owned], dtype=np.int64)[known]
    kind = np.array([EVENT_KINDS.index(fact.kind) for _, fact in owned], dtype=np.int8)[known]
    return _grouped(owner, rows[known], len(subjects)), at, kind


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
    values = np.concatenate([rows, touched.values[since]])[order]
    return _grouped(owner[order], values, len(row)), np.concatenate([at, touched_at[since]])[order]
