"""Points of single members, by hand: what is spent first, what ends when, what returns do."""

from typing import Any

import pytest

from recsys.errors import InputError
from recsys.loyalty.points import post_points
from recsys.loyalty.points_balances import Balances, Lifetime, expiring, next_change_at, redemption_worth
from recsys.loyalty.points_facts import NEVER, NONE, Account, Earnings, PointsFacts, Reason
from recsys.loyalty.points_rules import PointsRules, RedemptionRules
from tests.recsys.loyalty.points_by_hand import YEAR, give_back, lot, moves, post, redeem
from tests.recsys.loyalty.points_reference import LONDON, instant, rules


def test_the_lot_that_ends_first_is_spent_first_even_where_it_is_younger() -> None:
    long, short = rules({"rolling_months": 24}), {"rolling_months": 3}
    shorter = PointsRules.model_validate({"from": "2024-02-01", "earning": {"per_minor": 100}, "expiry": short})
    posting = post(
        lot("2024-01-10T12:00", 50, 1), lot("2024-02-10T12:00", 30, 2), redeem("2024-03-01T12:00", 40),
        now="2024-03-02T00:00", history=[long, shorter],
    )  # fmt: skip
    assert [move[:2] for move in moves(posting.entries, Account.REDEEMED)] == [(2, 30), (1, 10)]


def test_of_lots_that_never_end_the_oldest_is_spent_first() -> None:
    posting = post(
        lot("2024-02-10T12:00", 50, 1), lot("2024-01-10T12:00", 30, 2), redeem("2024-03-01T12:00", 40),
        now="2024-03-02T00:00", history=[rules()],
    )  # fmt: skip
    assert [move[:2] for move in moves(posting.entries, Account.REDEEMED)] == [(2, 30), (1, 10)]


@pytest.mark.parametrize(
    ("expiry", "earned", "first_without"),
    [
        pytest.param(YEAR, "2024-06-15T00:30", "2025-06-16T00:00", id="summer day by the clock of London"),
        pytest.param({"rolling_months": 12}, "2024-02-29T12:00", "2025-03-01T00:00", id="leap day"),
        pytest.param({"rolling_months": 1}, "2024-01-31T23:59:59", "2024-03-01T00:00", id="no 31 February"),
        pytest.param({"rolling_months": 1}, "2024-02-29T12:00", "2024-03-30T00:00", id="from a leap day"),
        pytest.param({"rolling_months": 1}, "2024-02-28T12:00", "2024-03-29T00:00", id="the day before a leap day"),
        pytest.param({"rolling_months": 6}, "2024-04-27T12:00", "2024-10-28T00:00", id="a day of 25 hours"),
        pytest.param({"rolling_months": 6}, "2023-09-30T12:00", "2024-03-31T00:00", id="before a day of 23 hours"),
        pytest.param({"rolling_months": 5}, "2023-10-31T12:00", "2024-04-01T00:00", id="a day of 23 hours"),
        pytest.param({"year_end": {"years": 0}}, "2024-12-31T23:59:59", "2025-01-01T00:00", id="end of this year"),
        pytest.param({"year_end": {"years": 1}}, "2024-01-01T00:00", "2026-01-01T00:00", id="end of the next year"),
        pytest.param(
            {"year_end": {"years": 1, "first_month": 4}}, "2024-03-31T12:00", "2025-04-01T00:00", id="year from April"
        ),
        pytest.param(
            {"year_end": {"years": 1, "first_month": 4}}, "2024-04-01T00:00", "2026-04-01T00:00", id="first of April"
        ),
    ],
)  # fmt: skip
def test_points_end_with_a_local_day(expiry: dict[str, Any], earned: str, first_without: str) -> None:
    posting = post(lot(earned, 10, 1), now="2027-01-01T00:00", history=[rules(expiry)])
    assert moves(posting.entries, Account.EXPIRED) == [(1, 10, instant(first_without))]


def test_points_can_be_spent_until_the_last_second_and_not_after() -> None:
    history = [rules({"rolling_months": 1})]
    for second, refused in (("2024-02-10T23:59:59", 0), ("2024-02-11T00:00", 1)):
        posting = post(lot("2024-01-10T12:00", 10, 1), redeem(second, 10), now="2024-02-11T00:00", history=history)
        assert len(posting.refused.number) == refused
        assert int(posting.entries.balances(3)[0, Account.EXPIRED]) == 10 * refused


def test_a_redemption_beyond_the_balance_takes_nothing_and_says_what_there_was() -> None:
    posting = post(lot("2024-01-10T12:00", 30, 1), redeem("2024-01-11T12:00", 31, 77), now="2024-02-01T00:00")
    assert int(Balances.of(posting.closing).usable[0]) == 30
    with pytest.raises(InputError, match=r"^redemption 77 asks for 31 points and the balance is 30; redeem at most"):
        posting.refused.require_none()


def test_what_is_earned_at_an_instant_can_be_redeemed_at_it() -> None:
    posting = post(redeem("2024-01-10T12:00", 30), lot("2024-01-10T12:00", 30, 1), now="2024-01-10T12:00")
    posting.refused.require_none()
    assert int(Balances.of(posting.closing).usable[0]) == 0


def test_pending_points_become_usable_at_the_beginning_of_a_local_day() -> None:
    history = [rules(YEAR, pending=14)]
    posting = post(
        lot("2024-03-20T22:00", 30, 1), redeem("2024-04-02T23:59:59", 1), now="2024-04-02T23:59:59", history=history
    )
    assert posting.refused.usable.tolist() == [0]
    assert int(Balances.of(posting.closing).pending[0]) == 30
    assert next_change_at(posting.closing).tolist() == [instant("2024-04-03T00:00"), NEVER, NEVER]
    later = post(lot("2024-03-20T22:00", 30, 1), now="2024-04-03T00:00", history=history)
    assert int(Balances.of(later.closing).usable[0]) == 30
    assert next_change_at(later.closing)[0] == instant("2025-03-21T00:00")


def test_a_return_takes_from_its_own_lot_first_although_another_ends_sooner() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1), lot("2024-02-10T12:00", 30, 2), give_back("2024-02-11T12:00", 20, 2),
        now="2024-03-01T00:00",
    )  # fmt: skip
    assert [move[:2] for move in moves(posting.entries, Account.CLAWED_BACK)] == [(2, 20)]


def test_a_return_of_spent_points_takes_other_points_then_makes_a_debt_that_later_earnings_pay() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1), redeem("2024-01-11T12:00", 50), lot("2024-02-01T12:00", 20, 2),
        give_back("2024-02-02T12:00", 50, 1, 2), lot("2024-03-01T12:00", 12, 3), lot("2024-03-02T12:00", 40, 4),
        now="2024-03-03T00:00",
    )  # fmt: skip
    assert [move[:2] for move in moves(posting.entries, Account.CLAWED_BACK)] == [(2, 20), (NONE, 30)]
    assert [move[:2] for move in moves(posting.entries, Account.DEBT)] == [(3, 12), (4, 18)]
    assert int(Balances.of(posting.closing).usable[0]) == 22


def test_where_no_debt_is_made_what_is_missing_is_counted_as_written_off() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1), redeem("2024-01-11T12:00", 45), give_back("2024-02-02T12:00", 50, 1, 2),
        lot("2024-03-01T12:00", 12, 3), now="2024-03-03T00:00", history=[rules(YEAR, below_zero="write_off")],
    )  # fmt: skip
    lifetime = Lifetime.of(posting.entries.balances(3))
    assert (int(lifetime.written_off[0]), int(lifetime.clawed_back[0])) == (45, 50)
    assert int(Balances.of(posting.closing).usable[0]) == 12


def test_a_return_after_the_points_expired_takes_them_from_what_expired_and_nothing_else() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1), redeem("2024-01-11T12:00", 15), lot("2024-03-01T12:00", 100, 2),
        give_back("2024-03-02T12:00", 30, 1, 2), now="2024-03-03T00:00", history=[rules({"rolling_months": 1})],
    )  # fmt: skip
    accounts = posting.entries.balances(3)[0]
    assert accounts[[Account.EXPIRED, Account.CLAWED_BACK, Account.MEMBER]].tolist() == [5, 30, 100]


def test_activity_keeps_all_points_alive_and_its_absence_ends_them_together() -> None:
    history = [rules({"inactivity_months": 2})]
    posting = post(
        lot("2024-01-10T12:00", 50, 1), lot("2024-03-10T23:00", 5, 2), redeem("2024-05-01T12:00", 10),
        lot("2024-07-02T00:00", 7, 3), now="2024-08-01T00:00", history=history,
    )  # fmt: skip
    assert moves(posting.entries, Account.EXPIRED) == [
        (1, 40, instant("2024-07-02T00:00")), (2, 5, instant("2024-07-02T00:00")),
    ]  # fmt: skip
    assert expiring(posting.closing, NEVER).expires_at.tolist() == [instant("2024-09-03T00:00")]


def test_points_given_by_hand_are_no_activity() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1), lot("2024-03-01T12:00", 5, 2, 0, Reason.ADJUSTMENT), now="2024-04-01T00:00",
        history=[rules({"inactivity_months": 2})],
    )  # fmt: skip
    assert moves(posting.entries, Account.EXPIRED) == [(1, 50, instant("2024-03-11T00:00"))]


def test_a_lot_keeps_the_end_of_the_rules_it_was_earned_under() -> None:
    short = PointsRules.model_validate(
        {"from": "2024-02-01", "earning": {"per_minor": 100}, "expiry": {"rolling_months": 1}}
    )
    posting = post(
        lot("2024-01-31T23:59:59", 5, 1),
        lot("2024-02-01T00:00", 6, 2),
        now="2024-07-01T00:00",
        history=[rules(YEAR), short],
    )
    assert moves(posting.entries, Account.EXPIRED) == [(2, 6, instant("2024-03-02T00:00"))]


def test_breakage_is_the_share_of_what_was_kept_that_expired() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1), redeem("2024-01-11T12:00", 20), give_back("2024-01-12T12:00", 10, 1, 2),
        now="2025-03-03T00:00",
    )  # fmt: skip
    assert Lifetime.of(posting.entries.balances(3)).breakage_rate() == 20 / 40


def test_points_are_worth_whole_minor_units_rounded_down() -> None:
    redemption = RedemptionRules(points=150, worth_minor=100, minimum=200)
    assert redemption_worth(200, balance=200, redemption=redemption) == 133


def test_entries_are_numbered_on_from_the_posting_before() -> None:
    first = post(lot("2024-01-10", 5, 1), lot("2024-01-11", 6, 2), now="2024-03-01")
    again = PointsFacts.of(Earnings.of([lot("2024-03-10", 7, 3)]))
    second = post_points(again, [rules(YEAR)], calendar=LONDON, now=instant("2024-04-01"), opening=first.closing)
    assert (first.entries.numbers().tolist(), second.entries.numbers().tolist()) == ([0, 1], [2])
    assert second.closing.n_entries == 3


def test_activity_at_the_instant_points_end_comes_too_late() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1, 0, Reason.ADJUSTMENT), lot("2024-03-11T00:00", 5, 2), now="2024-03-12T00:00",
        history=[rules({"inactivity_months": 2})],
    )  # fmt: skip
    assert moves(posting.entries, Account.EXPIRED) == [(1, 50, instant("2024-03-11T00:00"))]


def test_a_lot_may_end_before_it_is_usable() -> None:
    history = [rules({"rolling_months": 1}, pending=40)]
    before = post(lot("2024-01-10T12:00", 50, 1), now="2024-02-01T00:00", history=history)
    assert next_change_at(before.closing)[0] == instant("2024-02-11T00:00")
    after = post(lot("2024-01-10T12:00", 50, 1), now="2024-03-01T00:00", history=history)
    assert after.entries.source.tolist() == [Account.ISSUED, Account.PENDING]
    assert moves(after.entries, Account.EXPIRED) == [(1, 50, instant("2024-02-11T00:00"))]


def test_lots_of_a_state_lie_by_member_and_age_whichever_ends_first() -> None:
    shorter = PointsRules.model_validate(
        {"from": "2024-02-01", "earning": {"per_minor": 100}, "expiry": {"rolling_months": 3}}
    )
    posting = post(
        lot("2024-01-31T12:00", 5, 9, 1), lot("2024-02-02T12:00", 6, 2, 1), lot("2024-02-03T12:00", 7, 4, 0),
        now="2024-03-01T00:00", history=[rules({"rolling_months": 24}), shorter],
    )  # fmt: skip
    assert posting.closing.lots.number.tolist() == [4, 9, 2]
