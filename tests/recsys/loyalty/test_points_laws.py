"""Laws of the points ledger: it agrees with one written fact by fact, loses nothing, and knows nothing of the future."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recsys.loyalty.points import post_points
from recsys.loyalty.points_entries import COLUMNS
from recsys.loyalty.points_facts import Account, PointsFacts, Reason
from recsys.loyalty.points_rules import PointsRules
from recsys.loyalty.points_state import PointsState, Posting
from tests.recsys.loyalty.points_reference import HISTORIES, LAST, LONDON, MOMENTS, N_MEMBERS, Reference, facts, lots_of


def post(some: PointsFacts, history: list[PointsRules], now: int = LAST, opening: PointsState | None = None) -> Posting:
    opening = opening or PointsState.empty(N_MEMBERS)
    return post_points(some, history, calendar=LONDON, now=now, opening=opening)


def between(some: PointsFacts, after: int, until: int) -> PointsFacts:
    e, t, m = some.earnings, some.takings, some.merges
    keep = np.flatnonzero((m.at > after) & (m.at <= until))
    return PointsFacts(
        e.take(np.flatnonzero((e.at > after) & (e.at <= until))),
        t.take(np.flatnonzero((t.at > after) & (t.at <= until))),
        type(m)(m.source[keep], m.target[keep], m.at[keep]),
    )


@settings(max_examples=400)
@given(some=facts(), history=HISTORIES)
def test_the_ledger_agrees_with_one_that_takes_fact_by_fact(some: PointsFacts, history: list[PointsRules]) -> None:
    posting, reference = post(some, history), Reference(history[0]).run(some, LAST)
    assert posting.entries.balances(N_MEMBERS).tolist() == reference.balances(N_MEMBERS)
    assert lots_of(posting.closing.lots) == reference.open_lots()
    refused = posting.refused
    assert sorted(
        zip(refused.number.tolist(), refused.points.tolist(), refused.usable.tolist(), strict=True)
    ) == sorted(reference.refused)
