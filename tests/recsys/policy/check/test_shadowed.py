"""A removal that takes only what earlier rules take is told, with who does; one that takes one thing more is not."""

import pytest

from recsys.policy.check.dead import over_members
from recsys.policy.reading.problems import Problem
from tests.recsys.policy.check.worlds import document_of, examined

WINE = "product.category == 'wine'"
DEAR_WINE = f"{WINE} && product.price_minor > 2000"
LOW, HIGH = "member.tier_rank < 2", "member.tier_rank >= 2"


def found(*rules: dict[str, object], **parts: object) -> list[Problem]:
    numbered = [{"id": f"r{number}", **rule} for number, rule in enumerate(rules)]
    return list(over_members(examined(document_of(*numbered, **parts))))


def codes(*rules: dict[str, object], **parts: object) -> list[str]:
    return [one.code for one in found(*rules, **parts)]


def test_a_rule_within_an_earlier_one_is_told_with_its_name() -> None:
    (problem,) = found({"what": WINE}, {"who": LOW, "what": DEAR_WINE})
    assert (problem.code, problem.severity, problem.path) == ("shadowed", "warning", ("rules", 1))
    assert problem.message == (
        "rule 'r1' removes nothing that rule 'r0' does not remove already from the 7 members of the bundle "
        "and from strangers"
    )
    assert codes({"what": WINE}, {"who": LOW, "what": DEAR_WINE, "accepts": ["shadowed"]}) == []
    assert codes({"who": LOW, "what": DEAR_WINE}, {"what": WINE}) == []


def test_several_rules_together_shadow_and_the_one_that_takes_most_is_first() -> None:
    people = ({"who": HIGH, "what": WINE}, {"who": LOW, "what": WINE}, {"what": DEAR_WINE})
    (problem,) = found(*people)
    assert "nothing that rule 'r1' and rule 'r0' do not remove" in problem.message
    crossed = [
        {"who": HIGH, "what": WINE},
        {"who": LOW, "what": DEAR_WINE},
        {"who": LOW, "what": f"{WINE} && !({DEAR_WINE})"},
        {"what": WINE},
    ]
    assert [one.path for one in found(*crossed)] == [("rules", 3)]
    assert codes(*crossed[:2], crossed[3]) == []
    assert codes(crossed[0], *crossed[2:]) == []


def test_a_requirement_shadows_and_is_shadowed() -> None:
    no_wine = {"effect": "require", "what": f"!({WINE})"}
    assert codes({"what": WINE}, no_wine) == ["shadowed"]
    assert codes(no_wine, {"what": DEAR_WINE}) == ["shadowed"]
    assert codes({"what": DEAR_WINE}, no_wine) == []


@pytest.mark.parametrize(
    ("first", "second", "is_told"),
    [
        ({"placements": ["home"]}, {}, False),
        ({"placements": ["home"]}, {"placements": ["home"], "channels": ["web"]}, True),
        ({"channels": ["email", "web"]}, {"channels": ["web"]}, True),
        ({"channels": ["email"]}, {"channels": ["web"]}, False),
        ({"until": "2028-01-01"}, {}, False),
        ({"until": "2028-01-01"}, {"until": "2027-01-01"}, True),
        ({"from": "2026-01-01"}, {}, False),
        ({"from": "2020-01-01"}, {}, True),
        ({"from": "2026-01-01"}, {"from": "2026-02-01"}, True),
        ({"who": "context.hour > 3"}, {}, False),
        ({}, {"who": "context.hour > 3"}, False),
        ({"who": "context.placement == 'home'"}, {"placements": ["home"]}, True),
        ({"who": "context.placement == 'home'"}, {}, False),
        ({"who": "member.segment >= 0"}, {}, False),
        ({"effect": "cap", "cap": {"limit": 1, "per": "all"}}, {}, False),
    ],
)
def test_only_what_is_in_force_wherever_and_whenever_the_other_is_shadows(
    first: dict[str, object], second: dict[str, object], *, is_told: bool
) -> None:
    assert codes({"what": WINE, **first}, {"what": DEAR_WINE, **second}) == ["shadowed"] * is_told


def test_two_places_that_are_only_together_everywhere_shadow_together() -> None:
    rules = [{"what": WINE, "placements": [name]} for name in ("home", "email")]
    assert codes(*rules, {"what": DEAR_WINE}) == ["shadowed"]


def test_a_period_shadows_only_itself() -> None:
    inside = {"owner": "o", "effect": "exclude", "what": WINE}
    period = {"id": "day", "kind": "sale", "when": {"every": "month", "on": 8}}

    def calendar(*rules: dict[str, object]) -> list[dict[str, object]]:
        return [{**period, "rules": [{"id": f"c{number}", **inside, **rule} for number, rule in enumerate(rules)]}]

    assert codes({"what": DEAR_WINE}, calendar=calendar({})) == []
    assert codes(calendar=calendar({}, {"what": DEAR_WINE})) == ["shadowed"]
    whole = [{"id": "e", "owner": "o", "effect": "exclude", "what": WINE}]
    assert codes(eligibility=whole, calendar=calendar({})) == ["shadowed"]


def test_offers_do_not_shadow_products() -> None:
    offers = {"applies_to": "offer", "what": "offer.percent_bp >= 0"}
    assert codes(offers, {"what": WINE}) == []
    assert codes(offers, {"applies_to": "offer", "what": "offer.kind == 'amount_off'"}) == ["shadowed"]


def test_a_rule_for_nobody_is_not_also_shadowed() -> None:
    assert codes({"what": WINE}, {"who": "member.points > 9000", "what": WINE}) == ["holds_for_nobody"]
