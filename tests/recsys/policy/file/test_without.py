"""A policy less some of its parts is the policy that the file would be without them."""

import copy
from typing import Any

import pytest
import yaml

from recsys.errors import InputError
from recsys.policy.file.schema import Policy
from recsys.policy.file.without import without
from recsys.policy.native import NativeRule
from recsys.policy.reading.load import default_policy_text, parse_policy
from tests.recsys.test_why_not import EVERYTHING

CONTENT: dict[str, Any] = copy.deepcopy(EVERYTHING)
CONTENT["segments"] = {"loyal": 'member.stage == "active"', "unread": "member.points > 5"}
CONTENT["levers"] = [
    {"id": "more", "owner": "crm", "who": "segment.loyal", "factor": 1.2, "until": "2030-01-01"},
]  # fmt: skip
CONTENT["calendar"][0]["levers"] = [
    {"id": "day_lever", "owner": "crm", "effect": "boost", "factor": 1.4, "until": "2030-01-01"}
]
CONTENT["recently_bought"] = {"days": 14}
BOUNDS = {"max_depth": 0.5, "min_margin_rate": 0.1, "max_discount_rate": 0.2, "min_no_discount_share": 0.1}
CONTENT["guardrails"] |= BOUNDS
CARRIED = {
    NativeRule.RECENTLY_BOUGHT, NativeRule.MAX_DEPTH, NativeRule.MIN_MARGIN, NativeRule.MAX_DISCOUNT_RATE,
    NativeRule.NO_DISCOUNT, NativeRule.EXPERIMENT_HOLDOUT,
}  # fmt: skip


def policy() -> Policy:
    return parse_policy(yaml.safe_dump(CONTENT))


PARTS = policy().part_ids()


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_left_out_and_nothing_else_goes_with_it(part: str) -> None:
    before = policy()
    inside = {"no_bread", "day_lever"} if part == "member_day" else set()
    assert set(before.part_ids()) - set(without(before, {part}).part_ids()) == {part} | inside
    assert before == policy()


def test_the_rest_is_a_policy_as_the_file_would_be_without_the_part() -> None:
    content = copy.deepcopy(CONTENT)
    content["eligibility"] = []
    content["contact"]["quiet_hours"] = []
    content["calendar"][0]["rules"] = []
    expected = parse_policy(yaml.safe_dump(content))
    assert without(policy(), ["nights", "no_wine", "no_bread"]) == expected
    assert without(policy(), ["no_bread", "no_wine", "nights", "nights"]).policy_id == expected.policy_id


def test_without_anything_left_out_it_is_the_same() -> None:
    assert without(policy(), ()) == policy()


def test_built_in_rules_that_the_file_carries_are_switched_off() -> None:
    left = without(policy(), sorted(CARRIED - {NativeRule.EXPERIMENT_HOLDOUT}))
    assert left.recently_bought.days == 0
    assert {name: getattr(left.guardrails, name) for name in BOUNDS} == {
        "max_depth": 1.0, "min_margin_rate": None, "max_discount_rate": None, "min_no_discount_share": 0.0,
    }  # fmt: skip
    assert left.guardrails.depth_bands == policy().guardrails.depth_bands
    kept = without(policy(), ["max_discount_rate"]).guardrails
    assert (kept.max_depth, kept.max_discount_rate) == (0.5, None)


def test_without_the_holdout_its_members_get_offers_and_stay_in_their_arms() -> None:
    full = parse_policy(default_policy_text())
    left = without(full, ["experiment_holdout"])
    assert left.experiment is not None
    assert full.experiment is not None
    assert {arm.behaviour.value for arm in left.experiment.arms} == {"full"}
    assert [(arm.name, arm.weight) for arm in left.experiment.arms] == [
        (arm.name, arm.weight) for arm in full.experiment.arms
    ]


@pytest.mark.parametrize("rule", [rule for rule in NativeRule if rule not in CARRIED])
def test_built_in_rules_that_no_section_carries_are_refused_with_why(rule: NativeRule) -> None:
    with pytest.raises(InputError, match=f"'{rule}' cannot be left out: .{{20,}}"):
        without(policy(), [rule])


def test_consent_is_the_members() -> None:
    with pytest.raises(InputError, match="consent is the member's to give"):
        without(policy(), ["channel_consent_missing"])


def test_what_is_off_already_cannot_be_switched_off() -> None:
    with pytest.raises(InputError, match="no 'experiment_holdout' in force"):
        without(policy(), ["experiment_holdout"])


def test_an_unknown_id_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="no part 'no_wines'; did you mean 'no_wine'"):
        without(policy(), ["no_wines"])
    with pytest.raises(InputError, match=r"no part 'zzzzzzzz'; it has .*weekly"):
        without(policy(), ["zzzzzzzz"])


def test_a_segment_that_is_read_stays_and_one_that_is_not_goes() -> None:
    assert set(without(policy(), ["unread"]).segments) == {"loyal"}
    with pytest.raises(InputError, match="segment 'loyal' cannot be left out: more read it"):
        without(policy(), ["loyal"])
    assert set(without(policy(), ["loyal", "more"]).segments) == {"unread"}


@pytest.mark.parametrize("who", ["segment . loyal", "!(segment\n.loyal)", "segment.`loyal`"])
def test_a_segment_is_read_however_that_is_written(who: str) -> None:
    written = parse_policy(yaml.safe_dump({**CONTENT, "levers": [{**CONTENT["levers"][0], "who": who}]}))
    with pytest.raises(InputError, match="segment 'loyal' cannot be left out: more read it"):
        without(written, ["loyal"])


def test_a_text_that_looks_like_a_segment_reads_none() -> None:
    who = '"segment.unread" != member.tier && segment.loyal'
    written = parse_policy(yaml.safe_dump({**CONTENT, "levers": [{**CONTENT["levers"][0], "who": who}]}))
    assert set(without(written, ["unread"]).segments) == {"loyal"}


def test_a_rule_goes_before_a_segment_of_the_same_name() -> None:
    written = parse_policy(yaml.safe_dump({**CONTENT, "levers": [{**CONTENT["levers"][0], "id": "loyal"}]}))
    left = without(written, ["loyal"])
    assert (left.levers, set(left.segments)) == ((), {"loyal", "unread"})


def test_what_could_be_left_out_is_what_is_in_force_and_not_the_whole_of_a_long_file() -> None:
    bounds = {name: bound for name, bound in CONTENT["guardrails"].items() if name not in BOUNDS}
    written = parse_policy(yaml.safe_dump({**CONTENT, "guardrails": bounds}))
    with pytest.raises(InputError, match="no part 'zzzzzzzz'; it has ") as refused:
        without(written, ["zzzzzzzz"])
    assert "recently_bought" in str(refused.value)
    assert "no_discount" not in str(refused.value)
    many = [{**CONTENT["rules"][0], "id": f"rule_{number}"} for number in range(200)]
    with pytest.raises(InputError, match=r"no part 'zzzzzzzz'; it has .* and \d+ more") as refused:
        without(parse_policy(yaml.safe_dump({**CONTENT, "rules": many})), ["zzzzzzzz"])
    assert len(str(refused.value)) < 600
