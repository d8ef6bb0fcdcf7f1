"""Tiers, stages and segments for whom nothing is left are found, whatever the hour and however they were written to."""

from dataclasses import replace

import numpy as np

from recsys.policy.check.bounds import guardrails_remove_everything
from recsys.policy.check.levers import levers_together
from recsys.policy.check.outcomes import nothing_left
from tests.recsys.policy.check.findings import KNOWLEDGE, examined, found, rule
from tests.worlds import small_knowledge


def test_a_tier_for_whom_no_product_is_left_is_an_error() -> None:
    nothing = rule("only_for_others", "exclude", who="member.tier == 'silver'", placements=["home"])
    assert found(nothing_left, rules=[nothing]) == ["error nothing_left rules.0"]
    (problem,) = nothing_left(examined(rules=[nothing]))
    assert "'home' no product is left for silver members:" in problem.message
    assert "'only_for_others'" in problem.message
    assert found(nothing_left, rules=[{**nothing, "what": "product.id != 'p005'"}]) == []


def test_one_member_to_whom_something_is_left_is_enough() -> None:
    many = small_knowledge(n_members=400)
    nothing = rule("only_one", "exclude", who="member.tier == 'silver' && member.points != 17300", placements=["home"])
    assert many.members.tier[173] == 1
    assert found(nothing_left, many, rules=[nothing]) == []
    nobody = {**nothing, "who": "member.tier == 'silver' && member.points != 17200"}
    (problem,) = nothing_left(examined(many, rules=[nobody]))
    assert "for silver active:" in problem.message


def test_a_stage_that_no_member_is_in_is_looked_at_too() -> None:
    dormant = rule("no_dormant", "exclude", who="member.stage == 'dormant'", placements=["email"])
    assert found(nothing_left, rules=[dormant]) == ["error nothing_left rules.0"]


def test_no_offer_left_is_warned_of_and_only_where_offers_are_shown() -> None:
    none = rule("no_offers", "exclude", applies_to="offer", placements=["home"])
    assert found(nothing_left, rules=[none]) == ["warning nothing_left rules.0"]
    (problem,) = nothing_left(examined(rules=[none]))
    assert "no offer is left for every member" in problem.message
    home = {"channel": "web", "capacity": 4, "types": ["product"]}
    assert found(nothing_left, rules=[none], placements={"home": home}) == []


def test_two_rules_that_leave_nothing_together_are_told_by_the_one_that_takes_most() -> None:
    few = rule("few", "exclude", what="product.id in ['p004', 'p005']")
    many = rule("many", "exclude", what="!(product.id in ['p004', 'p005'])")
    assert set(found(nothing_left, rules=[few, many])) == {"error nothing_left rules.1"}


def test_a_segment_for_whom_nothing_is_left_is_told() -> None:
    segments = {"rich": "member.points >= 500"}
    nothing = rule("not_for_the_rich", "exclude", who="segment.rich", placements=["home"])
    (problem,) = nothing_left(examined(segments=segments, rules=[nothing]))
    assert "for segment rich:" in problem.message
    assert found(nothing_left, segments={"rich": "member.points >= 9999"}, rules=[nothing]) == []


def test_what_the_call_may_say_otherwise_is_only_warned_of() -> None:
    late = rule("never_early", "exclude", who="context.hour >= 0", placements=["home"])
    assert found(nothing_left, rules=[late]) == ["warning nothing_left rules.0"]


def test_quiet_hours_and_caps_leave_enough_at_another_time() -> None:
    contact = {
        "quiet_hours": [{"id": "nearly_always", "channels": ["email", "web"], "from": "13:00", "until": "12:00"}],
        "caps": [{"id": "rarely", "max_messages": 1, "period_days": 30}],
    }
    assert found(nothing_left, contact=contact) == []


def test_a_bound_that_everything_breaks_is_an_error() -> None:
    thin = {"min_margin_rate": 0.9}
    assert found(guardrails_remove_everything, guardrails=thin) == [
        "error guardrail_removes_everything guardrails.min_margin_rate"
    ]
    assert found(guardrails_remove_everything, guardrails={"min_margin_rate": 0.1, "max_depth": 0.05}) == []
    deep = replace(
        KNOWLEDGE,
        offers=replace(
            KNOWLEDGE.offers,
            kind=np.ones_like(KNOWLEDGE.offers.kind),
            percent_bp=np.full_like(KNOWLEDGE.offers.percent_bp, 4_000),
        ),
    )
    assert found(guardrails_remove_everything, deep, guardrails={"max_depth": 0.3}) == [
        "error guardrail_removes_everything guardrails.max_depth"
    ]
    assert found(guardrails_remove_everything, deep, guardrails={"max_depth": 0.4}) == []


def test_levers_that_multiply_beyond_ten_together_are_warned_of() -> None:
    one = rule("one", "boost", factor=4.0, what="product.category == 'wine'")
    two = rule("two", "boost", factor=2.6, what="product.brand == 'alpha'")
    (problem,) = levers_together(examined(rules=[one, two]))
    assert problem.path == ("rules", 0)
    assert "one (4) and two (2.6) together multiply product p006 by 10.4" in problem.message
    assert found(levers_together, rules=[one, {**two, "factor": 2.5}]) == []
    assert found(levers_together, rules=[one, {**two, "who": "member.points > 9999"}]) == []
    assert found(levers_together, rules=[{**one, "what": "product.id == 'p004'"}, two]) == []
