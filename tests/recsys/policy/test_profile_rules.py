"""Rules that ask for features of members which only a bundle knows."""

import pytest

from recsys.decision import Context
from recsys.errors import PolicyError
from tests.recsys.policy.test_rules import MEMBERS, removed_by
from tests.worlds import CUT_OFF, DAY


@pytest.mark.parametrize(
    ("who", "members"),
    [
        ("member.coupon_share >= 0.0", {"m000", "m002", "m003"}),  # of m001 it is not known, of a stranger nothing is
        ("member.coupon_share < 9.0", {"m000", "m002", "m003"}),
        ("member.coupon_share != 9.0", {"m000", "m001", "m002", "m003", "stranger"}),
        ("member.main_channel == 'web'", {"m003"}),
        ("member.main_channel == ''", {"m001", "stranger"}),
        ("member.due_families < 0", {"m001", "stranger"}),
        ("member.at_risk", {"m002"}),
    ],
)
def test_a_rule_may_ask_for_what_the_bundle_knows_of_members(who: str, members: set[str]) -> None:
    gone = removed_by({"effect": "exclude", "who": who}, *MEMBERS)
    assert {member for member, products in zip(MEMBERS, gone, strict=True) if products} == members


def test_a_feature_that_the_bundle_lacks_is_refused() -> None:
    with pytest.raises(PolicyError, match="member\\.mood"):
        removed_by({"effect": "exclude", "who": "member.mood == 'good'"}, "m000")


def test_days_of_a_feature_are_those_of_the_instant_that_is_decided_for() -> None:
    rule = {"effect": "exclude", "who": "member.silent_days >= 12"}
    at_cut_off = Context("home", CUT_OFF)
    assert [bool(gone) for gone in removed_by(rule, *MEMBERS, context=at_cut_off)] == [False] * 5
    later = Context("home", CUT_OFF + 2 * DAY)
    assert [bool(gone) for gone in removed_by(rule, *MEMBERS, context=later)] == [True, False, True, True, False]


def test_a_feature_that_only_a_bundle_knows_says_so() -> None:
    with pytest.raises(PolicyError, match="check with --bundle"):
        removed_by({"effect": "exclude", "who": "member.mood == 'good'"}, "m000")
