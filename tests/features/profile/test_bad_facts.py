"""Odd and wrong facts from stored tables to features: each means something said in features/README.md, none stops."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.dataset import Dataset
from features.profile.config import ProfileConfig
from features.profile.known import KnownMembers, know_members
from recsys.errors import InputError
from tests.features.profile.small_programme import GOLD_OF_SPEND
from tests.features.small_workspace import (
    DAY,
    NOW,
    START_AT,
    day,
    member,
    merge,
    points_entry,
    purchase,
    returned,
    small_rows,
    write_workspace,
)

PROGRAMME = f"""{GOLD_OF_SPEND}
points:
  - from: 2020-01-01
    earning: {{per_minor: 10}}
"""


def known(path: Path, *, cut_off: int = NOW, programme: str = PROGRAMME, **rows: list[dict[str, Any]]) -> KnownMembers:
    """What is known of the small workspace's members (m1, m2, m3, m5) with some tables replaced."""
    workspace = write_workspace(path / "w", small_rows() | {"points_entries": []} | rows)
    workspace.programme_path.write_text(programme)
    return know_members(Dataset.read(workspace, cut_off), ProfileConfig())


def granted(member_id: str, tier: str, at: datetime) -> dict[str, Any]:
    return {"member_id": member_id, "tier": tier, "changed_at": at}


@pytest.mark.parametrize("tiers", [("gold", "basic"), ("basic", "gold")])
def test_of_two_tiers_that_merged_cards_hold_from_one_instant_on_the_higher_stands(
    tmp_path: Path, tiers: tuple[str, str]
) -> None:
    both = [granted(card, tier, day(60)) for card, tier in zip(("m2", "m5"), tiers, strict=True)]
    found = known(tmp_path, tier_changes=both, merges=[merge("m2", "m5", day(86))])
    assert found.profile["tier_by_rules"].tolist() == [1, 0, 1]


def test_of_two_tiers_within_a_second_the_higher_stands(tmp_path: Path) -> None:
    both = [granted("m2", "gold", day(60)), granted("m2", "basic", day(60) + timedelta(microseconds=5))]
    assert known(tmp_path, tier_changes=both).profile["tier_by_rules"].tolist() == [1, 1, 0, 0]


def test_of_two_tiers_of_one_day_the_later_holds(tmp_path: Path) -> None:
    both = [granted("m2", "gold", day(60)), granted("m2", "basic", day(60.5))]
    assert known(tmp_path, tier_changes=both).profile["tier_by_rules"].tolist() == [1, 0, 0, 0]


def test_a_record_of_a_tier_that_the_programme_never_had_is_refused_by_name(tmp_path: Path) -> None:
    other = PROGRAMME.replace("      - name: gold\n        entry: {spend_minor: 1000}\n", "").replace(
        "        keep: {spend_minor: 1000}\n", ""
    )
    with pytest.raises(InputError, match="the tier 'gold' is recorded of a member at 1707523200, and the programme"):
        known(tmp_path, programme=other)


def test_who_joined_before_1970_is_a_member_from_the_first_ladder_on(tmp_path: Path) -> None:
    members = [*small_rows()["members"], member("m0", joined_at=datetime(1900, 1, 1, tzinfo=UTC))]
    found = known(tmp_path, members=members).profile
    assert (found["tier_by_rules"][0], found["tier_since_at"][0]) == (
        0,
        int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()),
    )


def test_orders_before_joining_count_for_no_tier_and_no_points(tmp_path: Path) -> None:
    early = purchase("e0", "m5", "sofa", day(79), order_id="o80", paid=5_000)
    found = known(tmp_path, purchases=[*small_rows()["purchases"], early]).profile
    assert (found["tier_window_minor"][3], found["points_usable"][3], found["frequency"][3]) == (100, 10, 2)


def test_an_order_that_cost_nothing_is_an_order_of_taste_and_earns_nothing(tmp_path: Path) -> None:
    free = purchase("e0", "m5", "sofa", day(90), order_id="o80", paid=0)
    found = known(tmp_path, purchases=[*small_rows()["purchases"], free]).profile
    assert (found["tier_window_orders"][3], found["points_usable"][3], found["frequency"][3]) == (1, 10, 2)


def test_a_return_takes_from_a_card_what_was_bought_with_the_card_merged_into_it(tmp_path: Path) -> None:
    back = [returned("t", "e1", "m2", day(90), refund=60)]
    found = known(tmp_path, returns=back, merges=[merge("m5", "m2", day(86))]).profile
    assert (found["points_usable"][1], found["points_debt"][1]) == (5_024 + 10 - 6, 0)


def test_a_return_on_a_card_that_is_another_member_until_a_later_merge_is_nobodys(tmp_path: Path) -> None:
    back, later = [returned("t", "e1", "m2", day(88), refund=60)], [merge("m5", "m2", day(95))]
    before = known(tmp_path / "a", returns=back, merges=later, cut_off=START_AT + 95 * DAY)
    assert len(before.facts.returns.member) == 0
    assert len(known(tmp_path / "b", returns=back, merges=later).facts.returns.member) == 1


def test_what_somebody_without_consent_bought_comes_back_from_nobody(tmp_path: Path) -> None:
    back, merges = [returned("t", "d1", "m1", day(56), refund=100)], [merge("m4", "m1", day(55))]
    assert len(known(tmp_path, returns=back, merges=merges).facts.returns.member) == 0


def test_entries_and_points_of_a_merged_card_are_the_survivors(tmp_path: Path) -> None:
    entries = [points_entry("g", "m5", "sign_in", 7, day(84)), points_entry("h", "m5", "adjust", -2, day(90))]
    found = known(tmp_path, points_entries=entries, merges=[merge("m5", "m3", day(86))]).profile
    assert found["points_usable"].tolist()[2] == 10 + 7 - 2


def test_what_was_recorded_of_an_event_stands_whatever_the_rules_give_for_it(tmp_path: Path) -> None:
    capped = PROGRAMME.replace("{per_minor: 10}", "{per_minor: 10, events: {sign_in: {points: 5, max_per_day: 1}}}")
    entries = [points_entry(name, "m3", "sign_in", 3, day(84.1)) for name in "gh"]
    assert known(tmp_path, programme=capped, points_entries=entries).profile["points_usable"][2] == 6
