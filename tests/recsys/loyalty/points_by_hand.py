"""Facts of points in few words, with local times, for ledgers that are checked by hand."""

from typing import Any

import numpy as np

from recsys.loyalty.points import post_points
from recsys.loyalty.points_entries import Entries
from recsys.loyalty.points_facts import NONE, Account, Earnings, Merges, PointsFacts, Reason, Takings
from recsys.loyalty.points_rules import PointsRules
from recsys.loyalty.points_state import PointsState, Posting
from tests.recsys.loyalty.points_reference import LONDON, instant, rules

YEAR = {"rolling_months": 12}


def lot(when: str, points: int, number: int, member: int = 0, reason: Reason = Reason.ORDER) -> tuple[Any, ...]:
    return member, instant(when), points, number, reason, number


def redeem(when: str, points: int, number: int = 1, member: int = 0) -> tuple[Any, ...]:
    return member, instant(when), points, number, Reason.REDEMPTION, NONE, NONE


def give_back(when: str, points: int, own: int, number: int = 1, member: int = 0) -> tuple[Any, ...]:
    return member, instant(when), points, number, Reason.RETURN, own, own


def post(
    *facts: tuple[Any, ...], now: str, history: list[PointsRules] | None = None, merges: Any = (), n: int = 3
) -> Posting:
    lots, taken = [fact for fact in facts if len(fact) == 6], [fact for fact in facts if len(fact) == 7]
    joined = Merges.of([(source, target, instant(when)) for source, target, when in merges])
    some = PointsFacts.of(Earnings.of(lots), Takings.of(taken), joined)
    return post_points(some, history or [rules(YEAR)], calendar=LONDON, now=instant(now), opening=PointsState.empty(n))


def moves(entries: Entries, target: Account) -> list[tuple[int, int, int]]:
    """Lot, points, instant of what went to an account."""
    rows = np.flatnonzero(entries.target == target)
    return list(zip(*(getattr(entries, name)[rows].tolist() for name in ("lot", "points", "at")), strict=True))
