"""Columns of facts and grants: what is sorted, and what is refused."""

from typing import Any

import pytest

from recsys.errors import InputError
from recsys.loyalty.facts import Grants, TierFacts


def test_sums_beyond_64_bits_are_refused():
    with pytest.raises(InputError, match=r"spend_minor of member row 1 adds up to about 9.2e\+18"):
        TierFacts.of([0, 1, 1], [1, 2, 3], spend_minor=[1, 4_600 * 10**15, 4_600 * 10**15], joined_at=[0, 0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spend_minor": [1.5, 2.0]}, "spend_minor holds float64 such as 1.5; write whole numbers"),
        ({"spend_minor": [True, False]}, "spend_minor holds bool"),
        ({"spend_minor": [2**63, 1]}, r"such as 9.2.*e\+18; write whole numbers that fit 64 bits"),
        ({"spend_minor": [1]}, "different lengths: member 2, at 2, spend_minor 1"),
        ({"member": [0, 2]}, "a fact is member row 2's; joined_at has 2 members, rows 0 to 1"),
        ({"grants": Grants.of([5], [1], [0])}, "a grant is member row 5's"),
        ({"at": [[1], [2]]}, r"at has the shape \(2, 1\)"),
    ],
    ids=["float", "bool", "too_large", "lengths", "stranger", "granted_stranger", "shape"],
)
def test_columns_that_cannot_be_are_refused(changes: dict[str, Any], message: str):
    columns = {"member": [0, 1], "at": [1, 2], "spend_minor": [5, 6], "joined_at": [0, 0], **changes}

    with pytest.raises(InputError, match=message):
        TierFacts.of(columns.pop("member"), columns.pop("at"), **columns)


def test_two_grants_of_one_instant_are_refused():
    with pytest.raises(InputError, match="member row 3 is granted two tiers at the instant 7"):
        Grants.of([3, 3], [1, 2], [7, 7])


def test_grant_in_milliseconds_is_refused():
    with pytest.raises(InputError, match="a grant is at 1700000000000; write epoch seconds"):
        Grants.of([0], [1], [1_700_000_000_000])


def test_grants_are_sorted_by_member_and_instant():
    grants = Grants.of([2, 0, 2], [1, 2, 3], [30, 40, 10])

    assert (grants.member.tolist(), grants.tier.tolist(), grants.at.tolist()) == ([0, 2, 2], [2, 3, 1], [40, 10, 30])


def test_members_between_rows_become_the_first():
    facts = TierFacts.of(
        [0, 2, 1], [5, 6, 7], spend_minor=[1, 2, 3], joined_at=[0, 1, 2], grants=Grants.of([2], [1], [9])
    )
    some = facts.between(1, 3)

    assert (some.member.tolist(), some.spend_minor.tolist(), some.joined_at.tolist()) == ([0, 1], [3, 2], [1, 2])
    assert some.grants.member.tolist() == [1]
