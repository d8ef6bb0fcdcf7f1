from typing import Any

from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts
from features.profile.group import Fitted, Rules
from features.profile.membership import Membership
from tests.features.profile.small_facts import DAY, START, TIERS, small_facts

FITTED = Fitted({}, Rules(None, TIERS, ProfileConfig()))


def columns(facts: MemberFacts, later_days: float = 0) -> dict[str, list[Any]]:
    group = Membership()
    found = group.view(group.summarise(facts, FITTED), FITTED, facts.as_of + int(later_days * DAY))
    for spec in group.specs(FITTED.rules):
        assert spec.holds(found[spec.name])
    return {name: values.tolist() for name, values in found.items()}


def test_days_since_joining_are_whole_and_count_on() -> None:
    facts = small_facts([], n_members=3, joined_day=[0, 60.5, 99.9], as_of_day=100)
    assert columns(facts)["joined_days_ago"] == [100, 39, 0]
    assert columns(facts, later_days=1.5)["joined_days_ago"] == [101, 41, 1]


def test_the_last_referral_counts_and_no_other_entry() -> None:
    entries = [(0, 10, "referral", 50), (0, 90.5, "referral", 50), (1, 95, "review", 5), (0, 99, "sign_in", 1)]
    assert columns(small_facts([], n_members=2, points=entries))["referral_days_ago"] == [9, -1]


def test_who_was_brought_is_told() -> None:
    assert columns(small_facts([], n_members=3, referred=[1]))["was_referred"] == [False, True, False]


def test_who_joins_after_the_facts_has_been_there_for_no_day() -> None:
    facts = small_facts([], n_members=2, joined_day=[3, 100], as_of_day=100)
    assert facts.as_of == START + 100 * DAY
    assert columns(facts)["joined_days_ago"] == [97, 0]
