"""Decisions as the columns of an exported file, without an object a row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import ALWAYS_UNTIL
from recsys.decisions import ANSWERS, Decisions
from recsys.nudge_reasons import CODES
from recsys.offers.account import RESPONSE_CLASSES, UNTOLD, Accounts
from recsys.reasons import OFFER_SOURCE, SOURCE_CODES
from recsys.slate import EMPTY, OFFER
from recsys.types import NO_OFFER, UNKNOWN_ROW, ItemKind, KeepMask
from serving.export.table import Cell, Status, Table
from serving.export.texts import text_columns

LIMIT_REACHED = "limit_reached"
"""Why nothing is sent to a member whose message is worth less than those within the limit."""

NOTHING_TO_SHOW = "nothing_to_show"
"""Why nothing is sent where the engine gave an empty slate without a reason of its own."""


@dataclass(frozen=True, slots=True)
class ExportedChunk:
    """
    One chunk of members, ready to be written.

    Attributes:
        table: One row a position of a sent slate, one row a member who gets nothing; members in the order decided.
        counts: Members by ``sent``, ``nothing`` and ``nothing.<reason>``.
        saved: See `saved`.
        sent: Shape (m,): this member gets a message.
        with_offer: Shape (m,): this member gets a message that holds an offer.
    """

    table: Table
    counts: dict[str, int]
    saved: dict[str, int]
    sent: KeepMask
    with_offer: KeepMask


def message_values(decisions: Decisions) -> NDArray[np.float64]:
    """Shape (m,): expected incremental margin of all offers in each slate, minor units; -inf where it is empty."""
    shown = decisions.kind != EMPTY
    value = np.where(decisions.kind == OFFER, decisions.value, 0).sum(axis=1, dtype=np.float64)
    return np.where(shown.any(axis=1), value, -np.inf)


def export_columns(decisions: Decisions, within_limit: KeepMask) -> ExportedChunk:
    """
    Lay out decisions as rows.

    Args:
        decisions: Of one chunk.
        within_limit: Shape (m,): False where the limit of the whole export leaves the member out.
    """
    shown = decisions.kind != EMPTY
    sent = shown.any(axis=1) & within_limit
    # A member with nothing has one row: its cell 0.
    rows = np.where(sent[:, None], shown, np.arange(shown.shape[1])[None, :] == 0)
    if not shown.shape[1]:
        rows = np.ones((len(decisions), 1), dtype=np.bool_)
    member, at = np.nonzero(rows)
    filled = sent[member]
    reason = _nothing_reasons(decisions, sent, within_limit)
    table: dict[str, Sequence[Cell]] = {
        "member_id": _by_member(member, [subject.member_id for subject in decisions.batch.subjects]),
        "status": np.where(filled, Status.SENT.value, Status.NOTHING.value).tolist(),
        "reason": _by_member(member, reason),
        "decision_id": _by_member(member, decisions.decision_ids()),
        "answer": _by_member(member, [ANSWERS[code].value for code in decisions.answer.tolist()]),
    }
    table |= _item_columns(decisions, member, at, filled)
    arms = decisions.arm[member]
    # What the limit left out was decided and not done: it must not count as an exposure in any analysis.
    decided = (within_limit | ~shown.any(axis=1))[member]
    table |= {
        "offer_choice": _where(decided, _offer_choices(decisions, member)),
        "logging_propensity": _where(decided, decisions.propensity[member].tolist()),
        "experiment": np.where(arms >= 0, decisions.experiment, "").tolist(),
        "arm": _pick(("", *decisions.arm_names), arms + 1),
    }
    # Nor did it save anything.
    told = (decisions.accounts.response != UNTOLD) & (within_limit | ~shown.any(axis=1))
    table |= _account_columns(decisions.accounts, member, told)
    with_offer = sent & (decisions.kind == OFFER).any(axis=1)
    return ExportedChunk(table, _counts(reason), saved(decisions.accounts, told), sent, with_offer)


def saved(accounts: Accounts, told: KeepMask) -> dict[str, int]:
    """
    Sums over members of what their choices saved: ``discount_minor``, ``deadweight_minor``, and members by class.

    Args:
        accounts: Of m members.
        told: Shape (m,): those that count.
    """
    classes = np.bincount(accounts.response[told], minlength=len(RESPONSE_CLASSES)).tolist()
    return {
        "discount_minor": int(accounts.discount_avoided_minor[told].sum()),
        "deadweight_minor": int(accounts.deadweight_avoided_minor[told].sum()),
        **{one.value: n for one, n in zip(RESPONSE_CLASSES, classes, strict=True)},
    }


def _account_columns(accounts: Accounts, member: NDArray[np.int64], told: KeepMask) -> dict[str, Sequence[Cell]]:
    names = ("", *(one.value for one in RESPONSE_CLASSES))
    return {
        "response_class": _pick(names, np.where(told, accounts.response + 1, 0)[member]),
        "discount_avoided_minor": _where(told[member], accounts.discount_avoided_minor[member].tolist()),
        "deadweight_avoided_minor": _where(told[member], accounts.deadweight_avoided_minor[member].tolist()),
    }


def _item_columns(
    decisions: Decisions, member: NDArray[np.int64], at: NDArray[np.int64], filled: KeepMask
) -> dict[str, Sequence[Cell]]:
    knowledge = decisions.knowledge
    member, at = member[filled], at[filled]
    is_offer = decisions.kind[member, at] == OFFER
    row = decisions.row[member, at]
    offers, products = knowledge.offers, knowledge.catalogue
    ids = _decoded(offers.offers.encoded, products.products.encoded, row, is_offer)
    names = _decoded(offers.names, products.names, row, is_offer)
    source = np.where(is_offer, len(decisions.sources), decisions.source[member, at])
    columns: dict[str, Sequence[Cell]] = {
        "position": (at + 1).tolist(),
        "kind": np.where(is_offer, ItemKind.OFFER.value, ItemKind.PRODUCT.value).tolist(),
        "id": ids,
        "name": names,
        "score": decisions.score[member, at].astype(np.float64).tolist(),
        "source": _pick((*decisions.sources, OFFER_SOURCE), source),
        "reasons": _reasons(decisions, member, at, is_offer),
        **text_columns(decisions, member, row, is_offer),
        "value_minor": _where(is_offer, decisions.value[member, at].tolist()),
        "valid_until": _ends(decisions, row, is_offer),
    }
    return {name: _spread(cells, filled) for name, cells in columns.items()}


def _reasons(decisions: Decisions, member: NDArray[np.int64], at: NDArray[np.int64], is_offer: KeepMask) -> list[str]:
    """The codes that `Decisions.records` gives, as masks; joined once a combination."""
    row = decisions.row[member, at]
    everyone = (1 << len(decisions.knowledge.tiers)) - 1
    offer_row = np.where(is_offer, row, 0)
    tiers = decisions.knowledge.offers.tier_mask
    for_tier = is_offer & ((tiers[offer_row] & everyone) != everyone) if len(tiers) else is_offer
    trial = is_offer & decisions.explored[member] & (row == decisions.offer_choice[member])
    known = decisions.batch.row[member] >= 0
    codes = [SOURCE_CODES.get(source, "recommended") for source in decisions.sources]
    first = ["offer_trial", "offer_fits_you", "popular_now", *codes]
    of_offer = np.where(trial, 0, np.where(known, 1, 2))
    primary = np.where(is_offer, of_offer, 3 + decisions.source[member, at])
    flags = {
        "offer_for_tier": for_tier,
        "featured": decisions.pinned[member, at],
        "promoted": decisions.boosts[member, at] != 0,
    }
    # What an offer waited for comes first; 0 for none and for products.
    trigger = np.zeros(len(row), dtype=np.int64)
    if is_offer.any():
        trigger[is_offer] = decisions.knowledge.offers.trigger[row[is_offer]]
    waited = ["", *(f"{code}|" for code in CODES)]
    primary += len(first) * trigger
    combination = primary.astype(np.int64) << len(flags)
    for bit, mask in enumerate(flags.values()):
        combination |= mask.astype(np.int64) << bit
    distinct, inverse = np.unique(combination, return_inverse=True)
    joined = [
        waited[(code >> len(flags)) // len(first)]
        + "|".join(
            [first[(code >> len(flags)) % len(first)], *(name for bit, name in enumerate(flags) if code >> bit & 1)]
        )
        for code in distinct.tolist()
    ]
    return _pick(joined, inverse)


def _ends(decisions: Decisions, row: NDArray[np.int32], is_offer: KeepMask) -> list[Cell]:
    ends = np.full(len(row), ALWAYS_UNTIL, dtype=np.int64)
    knowledge = decisions.knowledge
    ends[is_offer] = knowledge.offers.valid_until[row[is_offer]]
    ends[~is_offer] = knowledge.catalogue.sale_until[row[~is_offer]]
    return _where(ends != ALWAYS_UNTIL, ends.tolist())


def _nothing_reasons(decisions: Decisions, sent: KeepMask, within_limit: KeepMask) -> list[str]:
    shown = (decisions.kind != EMPTY).any(axis=1)
    why = [decisions.shortfalls[code] or NOTHING_TO_SHOW for code in decisions.shortfall.tolist()]
    return [
        "" if is_sent else LIMIT_REACHED if has_slate and not within else reason
        for is_sent, has_slate, within, reason in zip(
            sent.tolist(), shown.tolist(), within_limit.tolist(), why, strict=True
        )
    ]


def _counts(reasons: Sequence[str]) -> dict[str, int]:
    counts = {Status.SENT.value: 0, Status.NOTHING.value: 0}
    for reason in reasons:
        if reason:
            counts[Status.NOTHING.value] += 1
            name = f"{Status.NOTHING.value}.{reason}"
            counts[name] = counts.get(name, 0) + 1
        else:
            counts[Status.SENT.value] += 1
    return counts


def _offer_choices(decisions: Decisions, member: NDArray[np.int64]) -> list[str] | list[None]:
    if not decisions.offers_asked:
        return [None] * len(member)
    names = [NO_OFFER, *(value.decode() for value in decisions.knowledge.offers.offers.encoded.tolist())]
    return _pick(names, decisions.offer_choice[member] - UNKNOWN_ROW)


def _decoded(
    offers: NDArray[np.bytes_], products: NDArray[np.bytes_], row: NDArray[np.int32], is_offer: KeepMask
) -> list[str]:
    """Texts of rows in two tables, each distinct one decoded once."""
    distinct, inverse = np.unique(np.where(is_offer, -1 - row, row), return_inverse=True)
    texts = [bytes(offers[-1 - key] if key < 0 else products[key]).decode() for key in distinct.tolist()]
    return _pick(texts, inverse)


def _pick(texts: Sequence[str], codes: NDArray[np.integer]) -> list[str]:
    return [texts[code] for code in codes.tolist()]


def _by_member(member: NDArray[np.int64], texts: Sequence[str]) -> list[str]:
    return _pick(texts, member)


def _where(keep: KeepMask, cells: Sequence[Cell]) -> list[Cell]:
    return [cell if kept else None for cell, kept in zip(cells, keep.tolist(), strict=True)]


def _spread(cells: Sequence[Cell], filled: KeepMask) -> list[Cell]:
    given = iter(cells)
    return [next(given) if has else None for has in filled.tolist()]
