from pathlib import Path
from typing import Any

import pytest

from features.workspace import Workspace
from tests.features.small_workspace import day, member, offer, points_entry, small_rows, write_workspace
from training.checks.definitions import check_definitions
from training.checks.finding import Finding, State


def check(tmp_path: Path, *offers: dict[str, Any], programme: bool = False, **tables: Any) -> Finding:
    rows = small_rows()
    rows["offers"] += offers
    for name, added in tables.items():
        rows[name] += added
    workspace: Workspace = write_workspace(tmp_path / "w", rows)
    if programme:
        workspace.programme_path.write_text("")
    (finding,) = check_definitions(workspace)
    return finding


def test_sound_definitions_have_no_flaw(tmp_path: Path) -> None:
    finding = check(tmp_path)
    assert (finding.state, finding.found, finding.to_do) == (State.OK, "2 offers, no flaw", "")


def test_scopes_that_match_nothing_are_named(tmp_path: Path) -> None:
    rules = [{"offer_id": "a", "kind": "category", "value": "caviar", "exclude": False},
             {"offer_id": "b", "kind": "category", "value": "caviar", "exclude": True}]  # fmt: skip
    finding = check(tmp_path, offer("a"), offer("b"), offer_scope_rules=rules)
    assert (finding.state, finding.found) == (State.THIN, "1 valid for no product (a)")


def test_budgets_and_limits_of_nothing_are_named(tmp_path: Path) -> None:
    finding = check(tmp_path, offer("a", budget_minor=0), offer("b", total_limit=0), offer("c", total_limit=1))
    assert finding.found == "2 with a budget or a limit of nothing (a, b)"


def test_a_coupon_that_takes_off_all_that_it_asks_for_is_named(tmp_path: Path) -> None:
    known = {"kind": "amount_off", "min_spend_minor": 500}
    offers = [
        offer("a", amount_minor=500, **known),
        offer("b", amount_minor=499, **known),
        offer("c", amount_minor=900, max_discount_minor=400, **known),
        offer("d", kind="amount_off", amount_minor=900),
    ]
    assert check(tmp_path, *offers).found == "1 taking off as much as they ask for (a)"


def test_coupons_paid_with_points_that_ask_for_none_are_named(tmp_path: Path) -> None:
    paid = {"kind": "points_redemption", "amount_minor": 300}
    offers = [offer("a", **paid), offer("b", **paid, points_cost=0), offer("c", **paid, points_cost=300)]
    assert check(tmp_path, *offers).found == "2 paid with points and asking for none (a, b)"


def test_no_more_than_three_are_named(tmp_path: Path) -> None:
    finding = check(tmp_path, *(offer(f"x{n}", total_limit=0) for n in range(5)))
    assert finding.found == "5 with a budget or a limit of nothing (x0, x1, x2 and 2 more)"


@pytest.mark.parametrize("trigger", ["tier_near", "points_expiring", "tier_at_risk", "referred", "referrer", "welcome"])
def test_triggers_that_nobody_can_set_off_are_named(tmp_path: Path, trigger: str) -> None:
    rows = small_rows()
    rows["members"] = [one | {"joined_at": None} for one in rows["members"]]
    rows["offers"].append(offer("waits", trigger=trigger))
    (finding,) = check_definitions(write_workspace(tmp_path / "w", rows))
    assert finding.found == "1 waiting for what is never told (waits)"


def test_triggers_that_somebody_can_set_off_are_sound(tmp_path: Path) -> None:
    triggers = ("tier_near", "points_expiring", "birthday", "welcome", "referred", "referrer", "win_back", "season")
    finding = check(
        tmp_path,
        *(offer(trigger, trigger=trigger) for trigger in triggers),
        programme=True,
        members=[member("m9", referred=True, joined_at=day(1))],
        points_entries=[points_entry("g9", "m1", "referral", 5, day(3))],
    )
    assert finding.state is State.OK
