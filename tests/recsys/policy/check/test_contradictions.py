"""Rules that undo each other are found, and rules that may both be meant are not."""

import pytest

from recsys.policy.check.contradictions import contradictions
from tests.recsys.policy.check.findings import Part, found, rule

PIN = {"id": "p005", "position": 1}
ONLY_HOME = {"placements": ["home"]}
GOLD = {"who": "member.tier == 'gold'"}


@pytest.mark.parametrize(
    ("pin", "removal"),
    [
        ({}, {}),
        (GOLD, {}),
        (GOLD, GOLD),
        (ONLY_HOME, ONLY_HOME),
        ({"from": "2023-01-01", "until": "2029-01-01"}, {"from": "2022-01-01"}),
    ],
)
def test_a_pin_of_what_is_removed_whenever_it_holds_is_an_error(pin: Part, removal: Part) -> None:
    rules = [
        rule("first", "pin", pin=PIN, **pin),
        rule("never", "exclude", what="product.id == 'p005'", **removal),
    ]
    assert found(contradictions, rules=rules) == ["error contradiction rules.0.pin"]
    rules[1] = rule("never", "require", what="product.id != 'p005'", **removal)
    assert found(contradictions, rules=rules) == ["error contradiction rules.0.pin"]


@pytest.mark.parametrize(
    ("pin", "removal"),
    [
        ({}, GOLD),
        ({}, ONLY_HOME),
        ({}, {"until": "2029-01-01"}),
        ({}, {"channels": ["email"]}),
        ({"until": "2023-01-01"}, {}),
        ({}, {"what": "product.id == 'p006'"}),
        ({}, {"applies_to": "offer", "what": "offer.id == 'o000'"}),
    ],
)
def test_a_pin_that_something_is_left_of_is_none(pin: Part, removal: Part) -> None:
    rules = [
        rule("first", "pin", pin=PIN, **pin),
        rule("never", "exclude", **{"what": "product.id == 'p005'", **removal}),
    ]
    assert found(contradictions, rules=rules) == []


def test_what_a_period_removes_contradicts_the_pins_of_that_period_alone() -> None:
    period = {"id": "sale", "kind": "sale", "when": {"from": "2023-11-01", "until": "2023-12-01"}}
    removal = rule("never", "exclude", what="product.id == 'p005'")
    pin = rule("first", "pin", pin=PIN)
    assert found(contradictions, calendar=[{**period, "rules": [removal]}], rules=[pin]) == []
    both = [{**period, "rules": [removal, pin]}]
    assert found(contradictions, calendar=both) == ["error contradiction calendar.0.rules.1.pin"]


def test_two_pins_of_one_position_are_warned_of_where_they_hold_together() -> None:
    first = rule("one", "pin", pin=PIN, **ONLY_HOME)
    other = {"id": "p006", "position": 1}
    clash = ["warning contradiction rules.1.pin.position"]
    assert found(contradictions, rules=[first, rule("two", "pin", pin=other)]) == clash
    assert found(contradictions, rules=[first, rule("two", "pin", pin=other, **GOLD)]) == clash
    assert found(contradictions, rules=[first, rule("two", "pin", pin={**other, "position": 2})]) == []
    assert found(contradictions, rules=[first, rule("two", "pin", pin=other, placements=["email"])]) == []
    by_tier = [{**first, **GOLD}, rule("two", "pin", pin=other, who="member.tier == 'silver'")]
    assert found(contradictions, rules=by_tier) == []


def test_requirements_that_have_nothing_in_common_are_an_error() -> None:
    wine = rule("wine", "require", what="product.category == 'wine'")
    dairy = rule("dairy", "require", what="product.category == 'dairy'")
    assert found(contradictions, rules=[wine, dairy]) == ["error contradiction rules.1.what"]
    assert found(contradictions, rules=[wine, rule("alpha", "require", what="product.brand == 'alpha'")]) == []
    assert found(contradictions, rules=[{**wine, "placements": ["email"]}, {**dairy, **ONLY_HOME}]) == []


def test_a_boost_and_a_bury_of_the_same_for_the_same_are_warned_of() -> None:
    boost = rule("up", "boost", factor=2.0, what="product.category == 'wine'")
    bury = rule("down", "bury", factor=0.5, what="product.category in ['wine']")
    assert found(contradictions, rules=[boost, bury]) == ["warning contradiction rules.1"]
    assert found(contradictions, rules=[boost, {**bury, **GOLD}]) == []
    assert found(contradictions, rules=[boost, {**bury, "what": "product.category in ['wine', 'home']"}]) == []
