"""Points of single members, by hand: what is spent first, what ends when, what returns and merges do."""

from typing import Any

import numpy as np
import pytest

from recsys.errors import InputError
from recsys.loyalty.points import post_points
from recsys.loyalty.points_balances import Balances, Lifetime, expiring, next_change_at, redemption_worth
from recsys.loyalty.points_entries import Entries
from recsys.loyalty.points_facts import NEVER, NONE, Account, Earnings, Merges, PointsFacts, Reason, Takings
from recsys.loyalty.points_rules import PointsRules, RedemptionRules
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


def test_a_merge_takes_lots_along_with_their_ends_and_the_survivor_spends_them() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1, 2), lot("2024-02-10T12:00", 30, 2, 0), redeem("2024-04-01T12:00", 60, 1, 0),
        now="2025-03-01T00:00", merges=[(2, 0, "2024-03-01T00:00")],
    )  # fmt: skip
    assert [move[:2] for move in moves(posting.entries, Account.REDEEMED)] == [(1, 50), (2, 10)]
    accounts = posting.entries.balances(3)
    assert accounts[:, Account.MERGED].tolist() == [-50, 0, 50]
    assert moves(posting.entries, Account.EXPIRED) == [(2, 20, instant("2025-02-11T00:00"))]


def test_facts_of_a_merged_member_are_the_survivors_through_a_chain_of_merges() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1, 2), lot("2024-05-10T12:00", 30, 2, 2), give_back("2024-06-01T12:00", 5, 1, 9, 2),
        now="2024-07-01T00:00", merges=[(2, 1, "2024-03-01T00:00"), (1, 0, "2024-04-01T00:00")],
    )  # fmt: skip
    assert Balances.of(posting.closing).usable.tolist() == [75, 0, 0]
    assert posting.closing.merged_into.tolist() == [NONE, 0, 1]


def test_a_debt_comes_along_with_a_merge_and_is_paid_by_what_the_survivor_has() -> None:
    posting = post(
        lot("2024-01-10T12:00", 50, 1, 2), redeem("2024-01-11T12:00", 50, 1, 2),
        give_back("2024-01-12T12:00", 50, 1, 2, 2),
        lot("2024-02-10T12:00", 70, 2, 0), now="2024-07-01T00:00", merges=[(2, 0, "2024-03-01T00:00")],
    )  # fmt: skip
    balances = Balances.of(posting.closing)
    assert (balances.usable.tolist(), balances.debt.tolist()) == ([20, 0, 0], [0, 0, 0])


@pytest.mark.parametrize(
    ("merges", "message"),
    [
        pytest.param([(2, 0, "2024-01-01"), (2, 1, "2024-01-02")], "merged into row 1 at .* row 0 before", id="twice"),
        pytest.param([(2, 0, "2024-01-01"), (0, 2, "2024-01-02")], "closes a circle", id="there and back"),
        pytest.param(
            [(2, 0, "2024-01-03"), (0, 1, "2024-01-02"), (1, 2, "2024-01-01")], "closes a circle", id="circle of three"
        ),
        pytest.param([(1, 1, "2024-01-01")], "closes a circle", id="into oneself"),
    ],
)
def test_a_merge_that_cannot_be_is_refused(merges: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        post(now="2024-07-01T00:00", merges=merges)


def test_a_member_merged_in_an_earlier_posting_is_not_merged_again() -> None:
    first = post(lot("2024-01-10T12:00", 50, 1, 2), now="2024-07-01T00:00", merges=[(2, 0, "2024-03-01")])
    again = PointsFacts.of(merges=Merges.of([(2, 1, instant("2024-08-01"))]))
    with pytest.raises(InputError, match="member row 2 is merged into row 1"):
        post_points(again, [rules()], calendar=LONDON, now=instant("2024-09-01"), opening=first.closing)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        pytest.param([lot("2024-01-10", 0, 1)], "the points of a lot is 0; it may be 1 to", id="no points"),
        pytest.param([lot("2024-01-10", 5, 1, 3)], "the member row of a lot is 3; it may be 0 to 2", id="no member"),
        pytest.param([lot("2024-01-10", 5, 1), lot("2024-01-11", 5, 1)], "lot 1 is there twice", id="lot twice"),
        pytest.param([lot("2024-08-10", 5, 1)], "the instant of a lot is .* correct", id="after now"),
        pytest.param([give_back("2024-01-10", 5, 4)], "names lot 4, which nobody here has earned", id="no lot"),
        pytest.param(
            [lot("2024-01-10", 5, 4, 1), give_back("2024-01-12", 5, 4)], "another member holds", id="lot of another"
        ),
        pytest.param(
            [lot("2024-01-10", 5, 4), give_back("2024-01-09", 5, 4)], "earned later", id="before it was earned"
        ),
        pytest.param(
            [lot("2024-01-10", 5, 4), give_back("2024-01-11", 3, 4, 1), give_back("2024-01-12", 3, 4, 2)],
            "returns take 6 points of lot 4, which earned 5", id="more than earned",
        ),
    ],
)  # fmt: skip
def test_an_impossible_fact_is_refused(facts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        post(*facts, now="2024-07-01T00:00")


def test_facts_before_the_first_rules_are_refused() -> None:
    late = [PointsRules.model_validate({"from": "2024-02-01", "earning": {"per_minor": 100}})]
    with pytest.raises(InputError, match="before the rules of 2024-02-01"):
        post(lot("2024-01-31T23:59:59", 5, 1), now="2024-07-01T00:00", history=late)


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


@pytest.mark.parametrize(
    ("points", "message"),
    [
        pytest.param(251, "251 points are asked for and the balance is 250", id="more than there is"),
        pytest.param(199, "the smallest redemption is 200, the balance is 250", id="too few"),
    ],
)
def test_a_redemption_outside_the_rules_is_refused_before_it_is_posted(points: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        redemption_worth(points, balance=250, redemption=RedemptionRules(minimum=200))


def test_a_fact_before_the_state_it_is_posted_to_is_refused() -> None:
    state = post(lot("2024-01-10", 5, 1), now="2024-03-01").closing
    late = PointsFacts.of(Earnings.of([lot("2024-02-10", 5, 2)]))
    with pytest.raises(InputError, match="the instant of a lot is"):
        post_points(late, [rules()], calendar=LONDON, now=instant("2024-04-01"), opening=state)
    with pytest.raises(InputError, match="before that; post forward"):
        post_points(PointsFacts.of(), [rules()], calendar=LONDON, now=instant("2024-02-01"), opening=state)


def test_inactivity_and_dates_do_not_mix_in_one_history() -> None:
    later = PointsRules.model_validate(
        {"from": "2024-06-01", "earning": {"per_minor": 100}, "expiry": {"inactivity_months": 3}}
    )
    with pytest.raises(InputError, match="use inactivity_months in all of them or in none"):
        post(now="2024-07-01", history=[rules(YEAR), later])


def test_a_return_of_a_lot_that_is_not_among_the_lots_is_refused() -> None:
    with pytest.raises(InputError, match="names lot 4, which nobody here has earned"):
        post(lot("2024-01-10", 5, 3), give_back("2024-01-11", 5, 4), now="2024-07-01T00:00")


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


@pytest.mark.parametrize(
    ("merged", "account"),
    [
        pytest.param("2024-02-29T23:59:59", Account.PENDING, id="the second before it is usable"),
        pytest.param("2024-03-01T00:00", Account.MEMBER, id="as it becomes usable"),
    ],
)
def test_a_merge_moves_a_lot_from_the_account_it_is_in(merged: str, account: Account) -> None:
    posting = post(
        lot("2024-02-28T12:00", 50, 1, 2), now="2024-03-02T00:00", merges=[(2, 0, merged)],
        history=[rules(YEAR, pending=2)],
    )  # fmt: skip
    rows = np.flatnonzero(posting.entries.target == Account.MERGED)
    assert posting.entries.source[rows].tolist() == [account]
    assert Balances.of(posting.closing).usable.tolist() == [50, 0, 0]


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
