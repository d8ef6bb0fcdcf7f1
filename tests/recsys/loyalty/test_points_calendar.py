"""What the programme owes, what ends in which month, and how each month came about; by hand."""

import numpy as np

from recsys.loyalty.points import post_points
from recsys.loyalty.points_balances import expiring
from recsys.loyalty.points_calendar import expiry_calendar, liability, roll_forward
from recsys.loyalty.points_facts import NONE, Earnings, PointsFacts, Reason, Takings
from recsys.loyalty.points_rules import PointsRules, RedemptionRules
from recsys.loyalty.points_state import PointsState, Posting
from tests.recsys.loyalty.points_reference import LONDON, instant, rules


def posting(history: list[PointsRules], now: str = "2024-04-01T00:00") -> Posting:
    """Member 0 spends and returns in debt, member 2 keeps."""
    earnings = Earnings.of(
        [
            (0, instant("2024-01-31T23:59:59"), 100, 1, Reason.ORDER, 1),
            (2, instant("2024-02-01T00:00"), 70, 2, Reason.EVENT, NONE),
            (2, instant("2024-03-31T01:00"), 9, 3, Reason.ORDER, 3),
        ]
    )
    takings = Takings.of(
        [
            (0, instant("2024-02-10T12:00"), 80, 1, Reason.REDEMPTION, NONE, 5),
            (0, instant("2024-02-20T12:00"), 60, 2, Reason.RETURN, 1, 1),
            (2, instant("2024-02-21T12:00"), 10, 3, Reason.CORRECTION, NONE, NONE),
        ]
    )
    facts = PointsFacts.of(earnings, takings)
    return post_points(facts, history, calendar=LONDON, now=instant(now), opening=PointsState.empty(4))


def days(*texts: str) -> list[int]:
    return np.array(texts, dtype="datetime64[D]").astype(int).tolist()


def test_debts_are_not_set_off_against_what_others_hold_and_money_is_rounded_once() -> None:
    owed = liability(posting([rules()]).closing, RedemptionRules(points=100, worth_minor=150))
    assert (owed.usable, owed.pending, owed.debt, owed.worth_minor) == (69, 0, 40, 103)


def test_pending_points_are_owed_too() -> None:
    owed = liability(posting([rules(pending=40)]).closing, RedemptionRules(points=1, worth_minor=2))
    assert (owed.usable, owed.pending, owed.worth_minor) == (100, 9, 218)


def test_each_month_opens_with_what_the_month_before_closed_with() -> None:
    months = roll_forward(posting([rules({"rolling_months": 1})]).entries, calendar=LONDON, opening=1_000)
    assert months.month.tolist() == days("2024-01-01", "2024-02-01", "2024-03-01")
    assert months.opening.tolist() == [1_000, 1_100, 1_020]
    assert months.earned.tolist() == [100, 70, 9]
    assert months.redeemed.tolist() == [0, 80, 0]
    assert months.clawed_back.tolist() == [0, 60, 0]
    assert months.adjusted.tolist() == [0, -10, 0]
    assert months.expired.tolist() == [0, 0, 60]
    assert months.closing.tolist() == [1_100, 1_020, 969]


def test_ends_lie_in_the_month_of_their_last_day_by_the_tier_of_today() -> None:
    state = posting([rules({"rolling_months": 3})], now="2024-04-01T00:00").closing
    calendar = expiry_calendar(state, calendar=LONDON, tier=np.array([0, 0, 1, 0]), n_tiers=3)
    assert calendar.month.tolist() == days("2024-05-01", "2024-06-01")
    assert calendar.points.tolist() == [[0, 60, 0], [0, 9, 0]]
    assert calendar.never.tolist() == [0, 0, 0]


def test_points_without_an_end_are_counted_apart() -> None:
    state = posting([rules()]).closing
    calendar = expiry_calendar(state, calendar=LONDON, tier=np.array([0, 0, 2, 0]), n_tiers=3)
    assert (calendar.points.shape, calendar.never.tolist()) == ((0, 3), [0, 0, 69])


def test_one_member_sees_what_of_theirs_ends_until_a_day() -> None:
    state = posting([rules({"rolling_months": 3})]).closing
    mine = expiring(state, instant("2024-05-02T00:00"), member=2)
    assert (mine.lot.tolist(), mine.points.tolist()) == ([2], [60])
    assert mine.expires_at.tolist() == [instant("2024-05-02T00:00")]
    assert not len(expiring(state, instant("2024-05-01T23:59:59"), member=2))
    assert not len(expiring(state, instant("2024-05-02T00:00"), member=1))
