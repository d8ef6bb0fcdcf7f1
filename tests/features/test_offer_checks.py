from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.sources.base import REASON, derived
from features.validate import TableCheck
from tests.features.rows_source import rejected, run
from tests.features.small_workspace import NOW, TIERS, day, offer, small_rows


def refused(tmp_path: Path, *offers: dict[str, Any], rules: tuple[dict[str, Any], ...] = ()) -> list[tuple[str, str]]:
    """(offer, reason) of what an ingest of these offers beside the small workspace's puts into quarantine."""
    rows = small_rows()
    rows["offers"] += offers
    rows["offer_scope_rules"] += rules
    done = run(rows, tmp_path / "w")
    n_refused = done.counts["offers"].rejected
    assert done.workspace.n_rows("offers") == 2 + len(offers) - n_refused
    return rejected(tmp_path / "w", "offers") if n_refused else []


def reason_of(told: dict[str, Any]) -> str | None:
    """Why a row of the offers table is refused by itself."""
    check = TableCheck(table="offers", now=NOW, max_quantity=1, tiers=TIERS, currency="GBP", known={})
    return check.check(derived(pl.DataFrame([offer("odd", **told)]))).rows[REASON].item()


def percent(offer_id: str, percent_bp: int, **known: Any) -> dict[str, Any]:
    return offer(offer_id, kind="percent_off", percent_bp=percent_bp, **{"ladder": "percent"} | known)


def rule(offer_id: str, kind: str, value: str, *, exclude: bool = False) -> dict[str, Any]:
    return {"offer_id": offer_id, "kind": kind, "value": value, "exclude": exclude}


NUDGE = {"kind": "nudge", "trigger": "points_expiring"}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"channels": "web|post"}, "unknown_channel"),
        ({"trigger": "full_moon"}, "unknown_trigger"),
        ({"stacking": "sometimes"}, "unknown_stacking"),
        ({"base": "half"}, "unknown_base"),
        ({"currency": "EUR"}, "unknown_currency"),
        ({"kind": "percent_off", "percent_bp": 0}, "gives_nothing"),
        ({"kind": "percent_off", "percent_bp": 10_001}, "too_large:percent_bp"),
        ({"kind": "amount_off", "amount_minor": 0}, "gives_nothing"),
        ({"kind": "buy_x_get_y", "buy_quantity": 0, "get_quantity": 1}, "gives_nothing"),
        ({"kind": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 0}, "gives_nothing"),
        ({"kind": "points_multiplier", "multiplier_bp": 10_000}, "gives_nothing"),
        (NUDGE | {"amount_minor": 1}, "nudge_gives_something"),
        (NUDGE | {"multiplier_bp": 20_000}, "nudge_gives_something"),
        (NUDGE | {"points_cost": 5}, "nudge_gives_something"),
        ({"kind": "nudge"}, "nudge_without_trigger"),
        ({"kind": "nudge", "trigger": "none"}, "nudge_without_trigger"),
        ({"kind": "points_redemption", "amount_minor": 300, "trigger": "welcome"}, "newcomer_pays_points"),
        ({"points_cost": 10, "trigger": "first_purchase"}, "newcomer_pays_points"),
        ({"points_cost": -1}, "too_small:points_cost"),
        ({"max_discount_minor": 0}, "too_small:max_discount_minor"),
        ({"trigger": "birthday", "trigger_days": 0}, "too_small:trigger_days"),
        ({"stacking": "one_of_group"}, "wrong_stacking_group"),
        ({"stacking_group": "spring"}, "wrong_stacking_group"),
        ({"stacking": "exclusive", "stacking_group": "spring"}, "wrong_stacking_group"),
    ],
)
def test_an_offer_that_means_nothing_is_refused_with_the_reason(told: dict[str, Any], reason: str) -> None:
    assert reason_of(told) == reason


@pytest.mark.parametrize(
    "told",
    [
        {"channels": "email|web", "currency": "GBP", "base": "full"},
        {"stacking": "one_of_group", "stacking_group": "spring", "stacking_priority": -3},
        {"kind": "buy_x_get_y", "buy_quantity": 1, "get_quantity": 1},
        NUDGE | {"trigger_days": 9},
        {"kind": "points_redemption", "amount_minor": 300, "points_cost": 300, "trigger": "points_expiring"},
        {"total_limit": 0, "budget_minor": 0},
    ],
)
def test_an_offer_of_every_attribute_is_kept(told: dict[str, Any]) -> None:
    assert reason_of(told) is None


def test_the_steps_of_a_ladder_differ_in_depth(tmp_path: Path) -> None:
    assert refused(tmp_path, percent("five", 500), percent("ten", 1_000)) == []


def test_the_same_amount_from_a_smaller_spend_is_another_step(tmp_path: Path) -> None:
    known = {"kind": "amount_off", "amount_minor": 500, "ladder": "amount"}
    offers = [offer("five50", min_spend_minor=5_000, **known), offer("five30", min_spend_minor=3_000, **known)]
    assert refused(tmp_path, *offers) == []


def test_of_two_equally_deep_steps_the_earlier_row_stands(tmp_path: Path) -> None:
    assert refused(tmp_path, percent("z", 500), percent("a", 500)) == [("a", "ladder_overlap")]


@pytest.mark.parametrize(
    "apart",
    [
        {"valid_from": day(60)},
        {"tiers": "basic"},
        {"ladder": "other"},
    ],
)
def test_equal_steps_that_nobody_may_have_at_once_do_not_overlap(tmp_path: Path, apart: dict[str, Any]) -> None:
    first = percent("first", 500, valid_until=day(60), tiers="gold")
    second = percent("second", 500, **{"tiers": "gold", "valid_from": day(59)} | apart)
    assert refused(tmp_path, first, second) == []


def test_a_deeper_step_for_fewer_points_overlaps(tmp_path: Path) -> None:
    offers = [percent("five", 500, points_cost=100), percent("ten", 1_000, points_cost=99), percent("twenty", 2_000)]
    assert refused(tmp_path, *offers) == [("ten", "ladder_overlap"), ("twenty", "ladder_overlap")]


def test_the_steps_of_a_ladder_are_of_one_kind(tmp_path: Path) -> None:
    amount = offer("amount", kind="amount_off", amount_minor=5, ladder="percent")
    assert refused(tmp_path, percent("five", 500), amount) == [("amount", "ladder_mixed")]


def test_the_steps_of_a_ladder_have_one_scope(tmp_path: Path) -> None:
    offers = [percent("five", 500), percent("ten", 1_000), percent("twenty", 2_000)]
    rules = (rule("five", "brand", "beta"), rule("ten", "brand", "alpha"), rule("twenty", "brand", "beta"))
    assert refused(tmp_path, *offers, rules=rules) == [("ten", "ladder_mixed")]


def test_an_offer_that_lost_an_exclusion_is_refused(tmp_path: Path) -> None:
    rules = (rule("a", "category", "dairy", exclude=True), {**rule("b", "category", "dairy"), "exclude": None})
    assert refused(tmp_path, offer("a"), offer("b"), rules=rules) == [("b", "exclusion_rejected")]


def test_a_repeated_exclusion_is_no_loss(tmp_path: Path) -> None:
    rules = (rule("a", "category", "dairy", exclude=True),) * 2
    assert refused(tmp_path, offer("a"), rules=rules) == []


def test_an_offer_that_lost_all_it_includes_is_refused(tmp_path: Path) -> None:
    rules = ({**rule("a", "category", "dairy"), "kind": "shelf"}, rule("b", "category", "dairy"))
    assert refused(tmp_path, offer("a"), offer("b"), rules=rules) == [("a", "scope_rejected")]


def test_what_names_a_refused_offer_is_refused(tmp_path: Path) -> None:
    rows = small_rows()
    rows["offers"] += [percent("z", 500), percent("a", 500)]
    rows["redemptions"].append({**rows["redemptions"][0], "redemption_id": "r2", "offer_id": "a"})
    assert run(rows, tmp_path / "w").counts["redemptions"].reasons == {"unknown_offer": 1}
