"""Points of members who turn out to be one person, by hand; and merges that cannot be."""

from typing import Any

import numpy as np
import pytest

from recsys.errors import InputError
from recsys.loyalty.points import post_points
from recsys.loyalty.points_balances import Balances
from recsys.loyalty.points_facts import NONE, Account, Merges, PointsFacts
from tests.recsys.loyalty.points_by_hand import YEAR, give_back, lot, moves, post, redeem
from tests.recsys.loyalty.points_reference import LONDON, instant, rules


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
