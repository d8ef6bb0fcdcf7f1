"""What is refused in a ladder, and what its conditions reach."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from recsys.loyalty.conditions import Condition, Match, Thresholds
from recsys.loyalty.ladder import Ladder


def ladder(**changes: Any) -> dict[str, Any]:
    return {
        "from": "2026-01-01",
        "window": {"rolling_months": 12},
        "downgrade": {"review": "continuous"},
        "tiers": tiers({"spend_minor": 200}, {"spend_minor": 500}),
        **changes,
    }


def tiers(silver: Any, gold: Any, /, **keep: Any) -> list[dict[str, Any]]:
    kept = {name: {"keep": condition} for name, condition in keep.items()}
    return [
        {"name": "blue"},
        {"name": "silver", "entry": silver, **kept.get("silver", {})},
        {"name": "gold", "entry": gold, **kept.get("gold", {})},
    ]


def period_end(**changes: Any) -> dict[str, Any]:
    return {"review": "period_end", "period_months": 12, **changes}


def with_benefits(silver: Any, gold: Any) -> list[dict[str, Any]]:
    found = tiers({"spend_minor": 200}, {"spend_minor": 500})
    found[1]["benefits"], found[2]["benefits"] = silver, gold
    return found


REFUSED = {
    "equal thresholds": (
        {"tiers": tiers({"spend_minor": 500}, {"spend_minor": 500})},
        "the entry of tier 'gold' asks for spend_minor 500, the same as the tier below",
    ),
    "falling thresholds": (
        {"tiers": tiers({"spend_minor": 500}, {"spend_minor": 400})},
        "tier 'gold' asks for spend_minor 400, less than the 500 of the tier below",
    ),
    "equal under any": (
        {"match": "any", "tiers": tiers({"spend_minor": 200, "orders": 3}, {"spend_minor": 500, "orders": 3})},
        "asks for orders 3, the same as the tier below",
    ),
    "keep above entry": (
        {"tiers": tiers({"spend_minor": 200}, {"spend_minor": 500}, gold={"spend_minor": 501})},
        "the keep of tier 'gold' asks for spend_minor 501, more than the 500 of `entry`",
    ),
    "keep that falls": (
        {"tiers": tiers({"spend_minor": 200}, {"spend_minor": 500}, gold={"spend_minor": 100})},
        "the keep of tier 'gold' asks for spend_minor 100, less than the 200 of the tier below",
    ),
    "keep by less": (
        {
            "match": "any",
            "tiers": tiers({"spend_minor": 200, "orders": 3}, {"spend_minor": 500}, silver={"spend_minor": 100}),
        },
        "leaves orders out, by which `entry` can be met",
    ),
    "keep by more": (
        {"match": "all", "tiers": tiers({"orders": 3}, {"orders": 5}, gold={"orders": 5, "activity": 1})},
        "asks for activity, which `entry` does not ask for",
    ),
    "keep without a measure": (
        {"tiers": tiers({"orders": 3}, {"orders": 5}, gold={})},
        "the keep of tier 'gold' has no measure",
    ),
    "no condition": (
        {"tiers": [{"name": "blue"}, {"name": "silver"}]},
        "tier 'silver' is not the lowest and asks for nothing",
    ),
    "condition of the lowest": (
        {"tiers": [{"name": "blue", "entry": {"orders": 1}}]},
        "tier 'blue' is the lowest and needs nothing",
    ),
    "gap under all": (
        {"match": "all", "tiers": tiers({"spend_minor": 200, "orders": 3}, {"spend_minor": 500})},
        "tier 'gold' does not ask for orders, the tier below does and `match` is all",
    ),
    "gap under any": (
        {"match": "any", "tiers": tiers({"spend_minor": 200}, {"spend_minor": 500, "orders": 9})},
        "tier 'gold' can be reached by orders, the tier below cannot and `match` is any",
    ),
    "several without match": (
        {"tiers": tiers({"spend_minor": 200, "orders": 3}, {"spend_minor": 500, "orders": 9})},
        "has spend_minor and orders; write `match: any` or `match: all`",
    ),
    "a tier twice": (
        {"tiers": [{"name": "blue"}, {"name": "blue", "entry": {"orders": 1}}]},
        "the tier 'blue' is used twice",
    ),
    "bool as a number": ({"tiers": tiers({"orders": True}, {"orders": 5})}, "valid integer"),
    "unknown key": ({"tiers": tiers({"spend": 1}, {"spend": 2})}, "Extra inputs are not permitted"),
    "zero": ({"tiers": tiers({"orders": 0}, {"orders": 5})}, "greater than or equal to 1"),
    "date as a number": ({"from": 20260101}, "20260101 is no date"),
    "two windows": ({"window": {"rolling_days": 30, "calendar": "year"}}, "it gives rolling_days and calendar"),
    "no window": ({"window": {}}, "it gives none of them"),
    "idle first month": ({"window": {"rolling_days": 30, "first_month": 4}}, "first_month is given without a calendar"),
    "month as a window": ({"window": {"calendar": "month"}}, "Input should be"),
    "continuous with grace": (
        {"downgrade": {"review": "continuous", "grace_days": 3}},
        "a continuous review has no grace_days",
    ),
    "no period": ({"downgrade": {"review": "period_end"}}, "neither period_months nor calendar"),
    "two periods": ({"downgrade": period_end(calendar="year")}, "both period_months and calendar"),
    "grace as long as the period": (
        {"downgrade": {"review": "period_end", "calendar": "quarter", "grace_days": 84}},
        "grace_days is 84, as long as the period of 3 months; at most 83",
    ),
    "falling discount": (
        {"tiers": with_benefits({"standing_discount_bp": 500}, {"standing_discount_bp": 400})},
        "tier 'gold' has standing_discount_bp 400, less than the 500",
    ),
    "falling multiplier": (
        {"tiers": with_benefits({"points_multiplier_bp": 12_000}, {})},
        "has points_multiplier_bp 10000, less than the 12000",
    ),
    "dearer shipping": (
        {"tiers": with_benefits({"free_shipping": True}, {"free_shipping_from_minor": 100})},
        "ships free from 100, the tier below from 0",
    ),
    "no shipping": (
        {"tiers": with_benefits({"free_shipping_from_minor": 900}, {})},
        "ships free never, the tier below from 900",
    ),
    "shipping twice": (
        {"tiers": with_benefits({"free_shipping": True, "free_shipping_from_minor": 100}, {})},
        "free_shipping is true and free_shipping_from_minor is 100",
    ),
    "smaller treat": (
        {"tiers": with_benefits({"birthday_treat": 500}, {"birthday_treat": 400})},
        "has a birthday_treat of 400, less than the 500",
    ),
    "lost treat": ({"tiers": with_benefits({"birthday_treat": "cake"}, {})}, "has no birthday_treat"),
    "later access": (
        {"tiers": with_benefits({"early_access_hours": 2}, {"early_access_hours": 1})},
        "has early_access_hours 1, less than the 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_ladder_that_contradicts_itself_is_refused(case: str):
    changes, message = REFUSED[case]

    with pytest.raises(ValidationError, match=message):
        Ladder.model_validate(ladder(**changes))


def test_equal_measure_beside_a_rising_one_is_allowed_under_all():
    changes = {"match": "all", "tiers": tiers({"spend_minor": 200, "orders": 3}, {"spend_minor": 500, "orders": 3})}

    assert Ladder.model_validate(ladder(**changes)).names == ("blue", "silver", "gold")


@pytest.mark.parametrize(
    ("match", "reached"),
    [(Match.ANY, [0, 1, 2, 2, 0]), (Match.ALL, [0, 0, 1, 2, 0])],
    ids=["any", "all"],
)
def test_levels_join_measures(match: Match, reached: list[int]):
    silver, gold = Condition(spend_minor=200, orders=3), Condition(spend_minor=500, orders=6)
    sums = np.array([[199, 2, 9, 9], [200, 2, 0, 0], [499, 6, 0, 0], [500, 6, 0, 0], [-500, -6, 0, 0]])

    assert Thresholds.of([Condition(), silver, gold], match).levels(sums).tolist() == reached


def test_measure_that_only_upper_tiers_ask_for_does_not_hold_back_lower_ones():
    silver, gold = Condition(spend_minor=200), Condition(spend_minor=500, activity=4)
    sums = np.array([[600, 0, 0, 0], [600, 0, 0, 4], [100, 0, 0, 9]])

    assert Thresholds.of([Condition(), silver, gold], Match.ALL).levels(sums).tolist() == [1, 2, 0]


def test_missing_makes_up_for_returns_first():
    needed = Thresholds.of([Condition(), Condition(spend_minor=200, points=5)], Match.ALL)

    assert needed.missing(np.array([1, 0]), np.array([[-50, 0, 9, 0]] * 2)).tolist() == [[250, -1, 0, -1], [-1] * 4]
