"""Names of the columns, which are attributes of policies too."""

from collections import Counter

from features.profile.config import ProfileConfig
from features.profile.group import Rules
from features.profile.groups import GROUPS
from recsys.loyalty.default import default_programme_text
from recsys.loyalty.programme import parse_programme
from recsys.policy.attributes import MEMBER_ATTRIBUTES

PROGRAMME = parse_programme(default_programme_text())
RULES = Rules(PROGRAMME, PROGRAMME.tiers, ProfileConfig())
NAMES = [spec.name for group in GROUPS for spec in group.specs(RULES)]


def test_every_column_has_a_name_of_its_own() -> None:
    assert [name for name, n in Counter(NAMES).items() if n > 1] == []
    assert {"tier_by_rules", "points_usable", "stage"} < set(NAMES)


def test_columns_that_policies_read_otherwise_are_the_stage_and_the_birthday_at_the_instant_of_a_decision() -> None:
    assert sorted(name for name in NAMES if f"member.{name}" in MEMBER_ATTRIBUTES) == ["days_to_birthday", "stage"]
