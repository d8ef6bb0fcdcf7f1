"""Who approves reads from what to what each key changed, and what a new rule does."""

from recsys.policy.file.wording import change_lines
from tests.recsys.policy.file.test_changes import policy, rule

DAY = {"id": "member_day", "kind": "sale", "when": {"every": "month", "on": 8}}


def test_a_changed_key_is_told_from_what_to_what() -> None:
    later = DAY | {"when": {"every": "month", "on": 18}}
    assert change_lines(policy(calendar=[DAY]), policy(calendar=[later])) == ("member_day: when.on: 8 to 18",)


def test_an_added_rule_is_told_by_what_it_does_for_whom_and_to_what() -> None:
    lever = rule("more", effect="boost", factor=1.25, until="2030-01-01", who="member.points > 9")
    assert change_lines(policy(), policy(rules=[rule("one"), rule("two"), rule("three"), lever])) == (
        "added more (rules): effect boost, factor 1.25, who member.points > 9, what product.stock == 0",
    )


def test_what_goes_moves_or_is_a_setting_has_a_line_each() -> None:
    after = policy(rules=[rule("three"), rule("one", owner="y")], eligibility=[rule("two")], answer_ttl_s=60)
    assert change_lines(policy(), after) == (
        "two: moved from rules to eligibility",
        "one: owner: x to y",
        "answer_ttl_s: 900 to 60",
        "rules: in another order, three, one",
    )
    assert change_lines(policy(), policy(rules=[rule("one"), rule("three")])) == ("removed two (rules)",)


def test_a_key_that_comes_or_goes_was_or_is_nothing_and_long_texts_are_cut() -> None:
    long = "product.stock == 1 || " + " || ".join(f"product.stock == {n}" for n in range(20))
    told = change_lines(
        policy(), policy(rules=[rule("one", what=long, who="member.points > 1"), rule("two"), rule("three")])
    )
    assert "one: who: nothing to member.points > 1" in told
    assert all(len(line) < 140 for line in told)


def test_the_same_policy_has_no_lines() -> None:
    assert change_lines(policy(), policy(drafted_by="Ann")) == ()
