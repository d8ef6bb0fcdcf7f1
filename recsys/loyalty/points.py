"""The points ledger: facts and rules in, every movement of points and what is left out; a million members or one."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.loyalty.points_draft import Draft, order_where_needed
from recsys.loyalty.points_entries import Journal
from recsys.loyalty.points_facts import NONE, Earnings, PointsFacts, Takings
from recsys.loyalty.points_lives import build_lives, survivors
from recsys.loyalty.points_merging import post_lives
from recsys.loyalty.points_rules import PointsRules, refuse_mixed_expiry
from recsys.loyalty.points_run import LotBook, Stretch
from recsys.loyalty.points_spending import taking_stage
from recsys.loyalty.points_state import PointsState, Posting
from recsys.types import EpochSeconds

_BLOCK_LOTS = 1 << 17
"""Lots posted side by side: few enough for the processor's cache, many enough for NumPy."""


def post_points(
    facts: PointsFacts,
    history: Sequence[PointsRules],
    *,
    calendar: ProgrammeCalendar,
    now: EpochSeconds,
    opening: PointsState,
) -> Posting:
    """
    Post facts to a state, and all that time alone does up to *now*.

    Posting in two parts is posting at once, posting a million members is posting each; the order of rows is nothing.
    At one instant things happen in the order of `points_entries.Stage`, then by number.

    Args:
        facts: Later than the opening, not later than *now*; facts of a merged member are the survivor's.
        history: The rules, ascending by day; all that any fact needs.
        calendar: Where days end.
        now: Points that end or become usable until then, itself included, have done so.
        opening: What was posted before; `PointsState.empty` for a first time.

    Raises:
        InputError: A fact is impossible: see `PointsFacts.require_sound`, `build_lives`, `run_stretch`; or a lot is
            there twice.

    Example:
        >>> from recsys.loyalty.points_facts import Reason
        >>> rules = [PointsRules.model_validate({"from": "1970-01-01", "earning": {"per_minor": 100}})]
        >>> earnings = Earnings.of([(0, 100, 40, 1, Reason.ORDER, 7), (0, 200, 25, 2, Reason.ORDER, 8)])
        >>> takings = Takings.of([(0, 300, 50, 1, Reason.REDEMPTION, NONE, 9)])
        >>> facts = PointsFacts.of(earnings, takings)
        >>> utc = ProgrammeCalendar("UTC")
        >>> posting = post_points(facts, rules, calendar=utc, now=300, opening=PointsState.empty(1))
        >>> posting.entries.points.tolist(), posting.closing.lots.left.tolist()
        ([40, 25, 40, 10], [0, 15])
    """
    n_members = len(opening.debt)
    if now < opening.at:
        raise InputError(f"points are posted until {opening.at} and `now` is {now}, before that; post forward")
    try:
        refuse_mixed_expiry(history)
    except ValueError as error:
        raise InputError(str(error)) from None
    facts.require_sound(n_members=n_members, after=opening.at, now=now)
    earnings, takings, lots = facts.earnings, facts.takings, opening.lots
    if (opening.merged_into != NONE).any():
        earnings = replace(earnings, member=survivors(opening.merged_into, earnings.member))
        takings = replace(takings, member=survivors(opening.merged_into, takings.member))
    _require_once(np.concatenate([lots.number, earnings.number]) if len(lots) else earnings.number)
    draft = Draft(history, calendar, now, opening, [], [], opening.debt.copy(), [])
    lives = build_lives(facts.merges, opening.merged_into, opening.at) if len(facts.merges) else None
    if lives is not None:
        merged = lives.involved
        of_lots, of_earnings, of_takings = merged[lots.holder], merged[earnings.member], merged[takings.member]
        inside = lots.take(np.flatnonzero(of_lots)), earnings.take(np.flatnonzero(of_earnings))
        post_lives(draft, lives, *inside, takings=takings.take(np.flatnonzero(of_takings)))
        lots, earnings = lots.take(np.flatnonzero(~of_lots)), earnings.take(np.flatnonzero(~of_earnings))
        takings = takings.take(np.flatnonzero(~of_takings))
    _post_members(draft, lots, _sorted_earnings(earnings), _sorted_takings(takings))
    return draft.posting(opening.merged_into if lives is None else lives.merged_into)


def _post_members(draft: Draft, lots: LotBook, earnings: Earnings, takings: Takings) -> None:
    """Everybody whom no merge concerns, some members at a time."""
    n_members = len(draft.opening.debt)
    n_blocks = max(1, -(-(len(lots) + len(earnings)) // _BLOCK_LOTS))
    borders = [n_members * block // n_blocks for block in range(n_blocks + 1)]
    cuts = [np.searchsorted(column, borders) for column in (lots.holder, earnings.member, takings.member)]
    for block, (first, stop) in enumerate(pairwise(borders)):
        of_lots, of_earnings, of_takings = (slice(cut[block], cut[block + 1]) for cut in cuts)
        n = stop - first
        stretch = Stretch(
            start=np.full(n, draft.opening.at, dtype=np.int64),
            end=np.full(n, draft.now, dtype=np.int64),
            debt=draft.debt[first:stop],
            merged=np.zeros(n, dtype=np.bool_),
        )
        own, got, spent = lots.take(of_lots), earnings.take(of_earnings), takings.take(of_takings)
        own = replace(own, holder=own.holder - np.int32(first))
        got = replace(got, member=got.member - np.int32(first))
        spent = replace(spent, member=spent.member - np.int32(first))
        journal = Journal()
        book, draft.debt[first:stop] = draft.run(stretch, own, got, spent, journal=journal)
        draft.entries.append(journal.entries(np.arange(first, stop, dtype=np.int32)))
        draft.books.append(replace(book, holder=book.holder + np.int32(first)))


def _require_once(numbers: NDArray[np.int64]) -> None:
    ordered = np.sort(numbers)
    for row in np.flatnonzero(ordered[1:] == ordered[:-1])[:1]:
        raise InputError(f"lot {ordered[row]} is there twice; number each lot once, across all postings")


def _sorted_earnings(earnings: Earnings) -> Earnings:
    order = order_where_needed(earnings.member, earnings.at, earnings.number)
    return earnings if order is None else earnings.take(order)


def _sorted_takings(takings: Takings) -> Takings:
    order = order_where_needed(takings.member, takings.at, taking_stage(takings.reason), takings.number)
    return takings if order is None else takings.take(order)
