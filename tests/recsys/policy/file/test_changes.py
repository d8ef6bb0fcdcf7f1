"""Two policies differ by the ids of their parts, by their settings, and by the order of what stands in both."""

from typing import Any

import yaml

from recsys.policy.file.changes import policy_changes
from recsys.policy.file.schema import Policy
from recsys.policy.reading.load import parse_policy


def policy(**changes: Any) -> Policy:
    content: dict[str, Any] = {
        "name": "p",
        "currency": "GBP",
        "tiers": ["a", "b"],
        "placements": {"home": {"channel": "web", "capacity": 4, "types": ["product"]}},
        "default_placement": "home",
        "rules": [rule("one"), rule("two"), rule("three")],
    }
    return parse_policy(yaml.safe_dump(content | changes))


def rule(rule_id: str, **more: Any) -> dict[str, Any]:
    return {"id": rule_id, "owner": "x", "effect": "exclude", "what": "product.stock == 0", **more}


def test_the_same_policy_differs_in_nothing() -> None:
    same = policy_changes(policy(), policy(drafted_by="Ann"))
    assert not same
    assert str(same) == "nothing differs"


def test_parts_are_added_removed_and_changed_by_their_ids() -> None:
    after = policy(rules=[rule("one"), rule("three", what="product.stock == 1"), rule("four")])
    changes = policy_changes(policy(), after)
    assert (changes.added, changes.removed, changes.changed) == (("four",), ("two",), ("three",))
    assert (changes.settings, changes.reordered) == ((), ())
    assert str(changes) == "added four; removed two; changed three"


def test_settings_are_named_by_their_path() -> None:
    placements = {"home": {"channel": "web", "capacity": 5, "types": ["product"]}}
    after = policy(answer_ttl_s=60, placements=placements, guardrails={"max_depth": 0.25})
    assert policy_changes(policy(), after).settings == (
        "placements.home.capacity", "guardrails.max_depth", "answer_ttl_s",
    )  # fmt: skip


def test_another_order_is_told_because_the_first_rule_is_the_reason() -> None:
    changes = policy_changes(policy(), policy(rules=[rule("two"), rule("one"), rule("three")]))
    assert (changes.reordered, changes.changed) == (("rules",), ())


def test_a_part_that_moves_to_another_section_has_changed() -> None:
    changes = policy_changes(policy(), policy(rules=[rule("one"), rule("two")], eligibility=[rule("three")]))
    assert (changes.added, changes.removed, changes.changed) == ((), (), ("three",))


def test_a_list_that_becomes_empty_is_told_by_its_parts_alone() -> None:
    changes = policy_changes(policy(), policy(rules=[]))
    assert changes.facts() == {
        "added": [], "removed": ["one", "two", "three"], "changed": [], "settings": [], "reordered": [],
    }  # fmt: skip
