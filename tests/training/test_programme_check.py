"""The doctor on the programme file: absent, broken, for another shop, and against what the retailer records."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.features.small_workspace import NOW, day, member, product, purchase, write_workspace
from training.doctor import doctor

PROGRAMME = """
name: club
currency: GBP
timezone: UTC
ladders:
  - from: 2023-01-01
    window: {rolling_days: 365}
    downgrade: {review: continuous}
    tiers:
      - {name: basic}
      - {name: gold, entry: {spend_minor: 1000}}
points:
  - {from: 2023-01-01, earning: {per_minor: 100}, redemption: {points: 10, worth_minor: 5}, expiry: {}}
"""
N_MEMBERS, N_GOLD = 20, 7
PARTS = ("programme", "tiers by the programme", "points by the programme")


def write(
    path: Path, *, programme: str | None = PROGRAMME, n_other: int = 0, n_refused: int = 0, **columns: Any
) -> Path:
    """
    Members who paid 400, the last N_GOLD 1,200, and are recorded as the rules have it.

    The first *n_other* are recorded otherwise. Of *n_refused* more, who agreed to nothing, everything is wrong.
    """
    rows = []
    for number in range(N_MEMBERS + n_refused):
        gold, agreed = N_MEMBERS - N_GOLD <= number < N_MEMBERS, number < N_MEMBERS
        wrong = number < n_other or not agreed
        tier, points = ("gold" if gold != wrong else "basic"), (12 if gold else 4) + wrong
        known = {"tier": tier, "points": points, "consent_personalisation": agreed} | columns
        rows.append(member(f"m{number:02}", **known))
    purchases = [
        purchase(f"p{number}", one["member_id"], "milk", day(50), order_id=f"o{number}", paid=paid)
        for number, one in enumerate(rows)
        for paid in [1_200 if N_MEMBERS - N_GOLD <= number < N_MEMBERS else 400]
    ]
    workspace = write_workspace(path / "w", {"members": rows, "products": [product("milk")], "purchases": purchases})
    if programme is not None:
        workspace.programme_path.write_text(programme)
    return workspace.path


def parts(workspace: Path) -> dict[str, dict[str, str]]:
    return {part: one for part, one in doctor(workspace, now=NOW).facts["parts"].items() if part in PARTS}


def test_without_a_file_the_programme_is_missing_and_nothing_is_held_against_it(tmp_path: Path) -> None:
    found = parts(write(tmp_path, programme=None))
    assert list(found) == ["programme"]
    assert found["programme"]["state"] == "missing"
    assert "recsys profile --write-programme" in found["programme"]["to_do"]


def test_records_that_follow_the_rules_are_well(tmp_path: Path) -> None:
    found = parts(write(tmp_path))
    assert {part: one["state"] for part, one in found.items()} == dict.fromkeys(PARTS, "ok")
    assert found["programme"]["found"] == "club: 2 tiers, 1 set of points rules"
    assert found["tiers by the programme"]["found"] == "other than recorded for 0.0% of 20 members"


@pytest.mark.parametrize(("n_other", "state"), [(1, "ok"), (2, "thin")])
def test_more_than_one_record_in_twenty_against_the_rules_is_a_finding(
    tmp_path: Path, n_other: int, state: str
) -> None:
    found = parts(write(tmp_path, n_other=n_other))
    for part in PARTS[1:]:
        assert found[part]["state"] == state
        assert found[part]["found"] == f"other than recorded for {n_other * 5}.0% of 20 members"
        assert ("`recsys profile`" in found[part]["to_do"]) == (state == "thin")


def test_who_did_not_agree_is_not_looked_at(tmp_path: Path) -> None:
    found = parts(write(tmp_path, n_refused=5))
    assert found["tiers by the programme"]["found"] == "other than recorded for 0.0% of 20 members"


def test_only_members_with_a_recorded_tier_are_held_against_the_rules(tmp_path: Path) -> None:
    workspace = write(tmp_path, n_other=2)
    table = workspace / "tables" / "members" / "part-00000.parquet"
    members = pl.read_parquet(table)
    forgotten = pl.col("member_id").is_in([f"m{number:02}" for number in range(1, 11)])
    members.with_columns(tier=pl.when(forgotten).then(None).otherwise("tier")).write_parquet(table)
    assert parts(workspace)["tiers by the programme"]["found"] == "other than recorded for 10.0% of 10 members"


def test_where_nothing_is_recorded_the_rules_stand(tmp_path: Path) -> None:
    found = parts(write(tmp_path, tier=None, points=0))
    for part in PARTS[1:]:
        assert (found[part]["state"], found[part]["found"]) == ("ok", "none recorded: those by the rules stand")


def test_a_programme_without_points_says_nothing_of_them(tmp_path: Path) -> None:
    found = parts(write(tmp_path, programme=PROGRAMME.split("points:")[0]))
    assert list(found) == list(PARTS[:2])
    assert found["programme"]["found"] == "club: 2 tiers, no points"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "programme.yaml"),
        (PROGRAMME.replace("GBP", "EUR"), "EUR"),
        (PROGRAMME.replace("gold", "platinum"), "'platinum'"),
    ],
    ids=["no YAML", "another currency", "another tier"],
)
def test_a_file_that_cannot_be_used_is_broken_and_says_why(tmp_path: Path, text: str, said: str) -> None:
    report = doctor(write(tmp_path, programme=text), now=NOW)
    found = report.facts["parts"]["programme"]
    assert (found["state"], said in found["to_do"]) == ("broken", True)
    assert report.facts["parts"]["offers"]["state"] == "missing"  # the next part is looked at all the same
    assert not {"tiers by the programme", "points by the programme"} & set(report.facts["parts"])
