"""What does nothing over a bundle is told, with how many it was asked of; what does something is not."""

import numpy as np
import pytest

from recsys.policy.check import population as asked
from recsys.policy.check.dead import over_members, over_things
from recsys.policy.reading.problems import Problem
from tests.recsys.policy.check.worlds import document_of, examined
from tests.recsys.policy.small import KNOWLEDGE, with_columns

NOTHING = "product.price_minor < 0"
ALWAYS = "1 / (product.stock - product.stock) > 0"
BIRTHDAY = {"birthday": {"before_days": 1, "after_days": 1}}
UNTIL = {"until": "2030-01-01"}


def found(*rules: dict[str, object], **parts: object) -> list[Problem]:
    over = examined(document_of(*rules, **parts))
    return [*over_things(over), *over_members(over)]


def codes(*rules: dict[str, object], **parts: object) -> list[str]:
    return [one.code for one in found(*rules, **parts)]


def test_a_rule_about_no_product_and_no_offer_is_told() -> None:
    (problem,) = found({"id": "r", "what": NOTHING})
    assert (problem.code, problem.severity, problem.path) == ("names_nothing", "warning", ("rules", 0, "what"))
    assert problem.message == "rule 'r' names no product of the bundle"
    assert codes({"id": "r", "what": "offer.amount_minor > 900", "applies_to": "offer"}) == ["names_nothing"]
    assert codes({"id": "r", "what": "product.price_minor > 2000"}) == []
    assert codes({"id": "r", "what": NOTHING, "accepts": ["names_nothing"]}) == []
    first = {"id": "r", "effect": "pin", "pin": {"id": "p004", "position": 1}}
    assert codes(first) == []


def test_a_requirement_that_everything_meets_is_told() -> None:
    rule = {"id": "r", "effect": "require", "what": "product.price_minor > 0"}
    assert codes(rule) == ["removes_nothing"]
    assert codes(rule | {"accepts": ["removes_nothing"]}) == []
    assert codes(rule | {"what": "product.price_minor > 2000"}) == []


def test_an_expression_that_fails_for_everything_is_an_error() -> None:
    (problem,) = found({"id": "r", "what": ALWAYS})
    assert (problem.code, problem.severity) == ("always_error", "error")
    assert "each of the 30 products of the bundle: " in problem.message
    assert "divide by zero" in problem.message
    assert codes({"id": "r", "what": "1 / (product.stock - 50) > 0"}) == []
    lever = {"id": "r", "effect": "boost", "factor": 1.1, **UNTIL}
    (partly,) = found(lever | {"what": "1000 / (product.stock - 50) > 0"})
    assert partly.message == "rule 'r' names no product of the bundle (for 28 it cannot be evaluated)"


def test_an_expression_that_fails_for_everybody_is_an_error() -> None:
    never = "member.points / (member.points - member.points) > 1"
    (problem,) = found({"id": "r", "who": never, "what": "product.stock > 5"})
    assert (problem.code, problem.severity, problem.path) == ("always_error", "error", ("rules", 0, "who"))
    assert codes(segments={"s": never}) == ["always_error"]
    assert codes({"id": "r", "who": "member.points / (member.points - 300) > 1"}) == []


@pytest.mark.parametrize(
    "who",
    [
        "member.points > 9000",
        "member.tier == 'gold' && member.points == 100",
        "segment.rich",
        "context.placement == 'x'",
    ],
)
def test_a_rule_about_nobody_is_told(who: str) -> None:
    segments = {"rich": "member.points > 9000 && context.hour >= 0"} if "hour" in who else {"rich": "member.points < 0"}
    rule = {"id": "r", "who": who, "what": "product.stock > 5"}
    problems = [one for one in found(rule, segments=segments) if one.code != "empty_segment"]
    assert [(one.code, one.severity, one.path) for one in problems] == [
        ("holds_for_nobody", "warning", ("rules", 0, "who"))
    ]
    assert "is true for none of the 7 members of the bundle at 2023-11-16T22:13:20+00:00" in problems[0].message
    accepted = found(rule | {"accepts": ["holds_for_nobody"]}, segments=segments)
    assert {one.code for one in accepted} <= {"empty_segment"}


@pytest.mark.parametrize(
    "who",
    [
        "member.points == 300",
        "context.placement == 'email' && context.channel == 'sms'",
        "basket.n_products > 900",
        "context.store == 's9'",
        "context.hour == 3",
        "member.is_birthday_month && member.points > 9000",
        "member.segment == -1 && member.points == 0",
        "segment.full_basket",
    ],
)
def test_a_rule_about_somebody_or_about_what_only_a_request_knows_is_not_told(who: str) -> None:
    segments = {"full_basket": "basket.value_minor > 900000"}
    assert codes({"id": "r", "who": who, "what": "product.stock > 5"}, segments=segments) == []


def test_where_a_rule_is_for_counts() -> None:
    rule = {"id": "r", "who": "context.placement == 'email'", "what": "product.stock > 5"}
    assert codes(rule | {"placements": ["email"]}) == []
    assert codes(rule | {"placements": ["home"]}) == ["holds_for_nobody"]


def test_rules_that_are_not_on_now_are_asked_as_if_they_were() -> None:
    rule = {"id": "r", "who": "member.points == 300", "what": "product.stock > 5", "from": "2029-01-01"}
    period = {"id": "day", "kind": "birthday", "when": BIRTHDAY, "rules": [{"owner": "o", "effect": "exclude", **rule}]}
    assert codes(rule) == codes(calendar=[period]) == []


def test_days_since_something_are_also_asked_as_of_the_cut_off() -> None:
    rule = {"id": "r", "what": "product.stock > 5"}
    assert codes(rule | {"who": "member.silent_days == 10"}) == []
    assert codes(rule | {"who": "member.silent_days == 12"}) == []
    assert codes(rule | {"who": "member.silent_days == 11"}) == ["holds_for_nobody"]
    assert codes(rule | {"who": "member.days_since_last_purchase == 1"}) == []


def test_a_reach_from_the_lowest_tier_keeps_nobody_out() -> None:
    reach = {"id": "r", "owner": "o", "applies_to": "product", "what": "product.stock > 5"}
    (problem,) = found(reach=[reach | {"from_tier": "ordinary"}])
    assert (problem.code, problem.path) == ("holds_for_nobody", ("reach", 0))
    assert problem.hint == "name a higher tier, or remove the rule"
    assert codes(reach=[reach | {"from_tier": "silver"}]) == []


def test_for_how_many_it_is_an_error_is_said() -> None:
    lever = {"id": "r", "effect": "boost", "factor": 1.1, "who": "10 / (member.points - 300) > 5", **UNTIL}
    (problem,) = found(lever)
    assert problem.code == "holds_for_nobody"
    assert problem.message.endswith("(for 1 it cannot be evaluated)")


def test_a_segment_without_a_member_is_told() -> None:
    (problem,) = found(segments={"rich": "member.points > 9000"})
    assert (problem.code, problem.severity, problem.path) == ("empty_segment", "warning", ("segments", "rich"))
    assert codes(segments={"rich": "member.points == 600", "late": "context.hour > 30"}) == ["empty_segment"]
    assert codes(segments={"rich": "member.points == 300", "late": "context.hour > 30"}) == []


def test_of_a_large_bundle_some_are_asked_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "MOST_MEMBERS", 3)
    over = examined(document_of(segments={"rich": "member.points > 9000", "low": "member.points == 400"}))
    (problem,) = over_members(over)
    assert "none of the 3 members looked at of the 7 of the bundle" in problem.message


def test_a_bundle_without_members_says_nothing_of_them() -> None:
    kept = KNOWLEDGE.members
    nobody = with_columns(KNOWLEDGE, "members", members=type(kept.members)(kept.members.encoded[:0]))
    over = examined(document_of({"id": "r", "who": "member.points > 9000"}), nobody)
    assert list(over_members(over)) == []
    assert np.all(over.compiled.names("r"))
