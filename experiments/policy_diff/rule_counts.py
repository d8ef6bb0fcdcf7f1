"""What each rule of one policy did to the members of a placement: removed, boosted, pinned, withheld."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from recsys.decisions import Decisions
from recsys.slate import EMPTY, OFFER, PRODUCT
from recsys.types import ItemKind, Rows

REMOVED_MEMBERS, REMOVED_PRODUCTS, REMOVED_OFFERS, SHOWN_MEMBERS, SHOWN_POSITIONS = range(5)
COUNTS = ("members_removed_from", "products_removed", "offers_removed", "members_shown", "positions_shown")
"""
Members of whom a rule removed some candidate first, and how many candidates; members who are shown something that it
boosted, buried or pinned, and how many positions.
"""


class RuleCounts:
    """Counts of one policy in one placement, summed block by block."""

    def __init__(self) -> None:
        self._counts: dict[str, NDArray[np.int64]] = {}

    def add(self, decisions: Decisions) -> None:
        """Count a block, decided with ``Context.explain``."""
        for known in (*decisions.rule_ids, *decisions.boost_ids, *(pin.rule_id for pin in decisions.pins)):
            self._counts.setdefault(known, np.zeros(len(COUNTS), dtype=np.int64))
        for rule_id, at, counts in (*_removals(decisions), *_boosts(decisions), *_pins(decisions)):
            self._counts[rule_id][at] += counts

    def of(self, rule_id: str) -> Mapping[str, int]:
        """By name of `COUNTS`."""
        return dict(zip(COUNTS, self._counts.get(rule_id, np.zeros(len(COUNTS), dtype=np.int64)).tolist(), strict=True))

    def ids(self) -> tuple[str, ...]:
        """Rules that were asked, in alphabetical order."""
        return tuple(sorted(self._counts))


class Reasons:
    """Why members are left with nothing: what their empty slate says, and who removed what they are shown otherwise."""

    def __init__(self) -> None:
        self.shortfalls: dict[str, int] = {}
        self.rules: dict[str, list[int]] = {}
        """By the first rule that removed what the other policy shows them: members, positions."""

    def add(self, decisions: Decisions, otherwise: Decisions, who: NDArray[np.bool_]) -> None:
        """
        Count some members of a block.

        Args:
            decisions: That leave them with nothing.
            otherwise: Of the other policy, which show them something.
            who: Shape (m,): these members.
        """
        if not who.any():
            return
        codes, counts = np.unique(decisions.shortfall[who], return_counts=True)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            name = decisions.shortfalls[code]
            self.shortfalls[name] = self.shortfalls.get(name, 0) + count
        places, slots = np.nonzero((otherwise.kind != EMPTY) & who[:, None])
        shown = _keys(otherwise, places, otherwise.kind[places, slots], otherwise.row[places, slots])
        member, kind, row, fate = _removed(decisions)
        theirs = np.isin(_keys(decisions, member, kind, row), shown)
        for rule, members, candidates in _by_rule(member[theirs], fate[theirs]):
            known = self.rules.setdefault(decisions.rule_ids[rule], [0, 0])
            known[0] += members
            known[1] += candidates


_Counted = tuple[str, list[int], list[int]]


def _removals(decisions: Decisions) -> Iterator[_Counted]:
    member, kind, _, fate = _removed(decisions)
    offers = np.bincount(fate[kind == OFFER], minlength=len(decisions.rule_ids))
    for rule, members, candidates in _by_rule(member, fate):
        counts = [members, candidates - int(offers[rule]), int(offers[rule])]
        yield decisions.rule_ids[rule], [REMOVED_MEMBERS, REMOVED_PRODUCTS, REMOVED_OFFERS], counts


def _removed(decisions: Decisions) -> tuple[Rows, NDArray[np.int8], Rows, NDArray[np.int32]]:
    """Member, kind, row and rule of every candidate that a rule removed."""
    trace = decisions.trace
    assert trace is not None, "decide with Context.explain"
    by_rule = (trace.fate >= 0) & (trace.fate < trace.n_rules)
    return trace.member[by_rule], trace.kind[by_rule], trace.row[by_rule], trace.fate[by_rule]


def _keys(decisions: Decisions, member: NDArray[np.integer], kind: NDArray[np.int8], row: Rows) -> NDArray[np.int64]:
    """One number for each thing of each member."""
    knowledge = decisions.knowledge
    n = max(len(knowledge.catalogue), len(knowledge.offers))
    keys: NDArray[np.int64] = (member.astype(np.int64) * 2 + (kind == OFFER)) * n + row
    return keys


def _by_rule(member: NDArray[np.integer], rule: NDArray[np.integer]) -> Iterator[tuple[int, int, int]]:
    """Rule code, distinct members, candidates."""
    if not len(rule):
        return
    n_rules = int(rule.max()) + 1
    candidates = np.bincount(rule, minlength=n_rules)
    pairs = np.unique(member.astype(np.int64) * n_rules + rule)
    members = np.bincount(pairs % n_rules, minlength=n_rules)
    for code in np.flatnonzero(candidates).tolist():
        yield code, int(members[code]), int(candidates[code])


def _boosts(decisions: Decisions) -> Iterator[_Counted]:
    touched = decisions.boosts.astype(np.uint64)
    if not touched.any():
        return
    for bit, rule_id in enumerate(decisions.boost_ids):
        yield from _shown(rule_id, (touched >> np.uint64(bit) & np.uint64(1)).astype(np.bool_))


def _pins(decisions: Decisions) -> Iterator[_Counted]:
    for pin in decisions.pins:
        code = PRODUCT if pin.kind is ItemKind.PRODUCT else OFFER
        named = (decisions.kind == code) & (decisions.row == pin.row) & decisions.pinned
        yield from _shown(pin.rule_id, named & pin.applies[:, None] & (decisions.kind != EMPTY))


def _shown(rule_id: str, positions: NDArray[np.bool_]) -> Iterator[_Counted]:
    if positions.any():
        yield rule_id, [SHOWN_MEMBERS, SHOWN_POSITIONS], [int(positions.any(axis=1).sum()), int(positions.sum())]
