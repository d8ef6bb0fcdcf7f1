"""The policy file: what it accepts, and what each mistake is answered with."""

from pathlib import Path

import pytest
import yaml

from recsys.errors import PolicyError
from recsys.policy.reading.load import default_policy_text, load_policy, parse_policy

MINIMAL = """
name: small
currency: GBP
tiers: [ordinary, silver, gold, diamond]
placements:
  home: {channel: web, capacity: 4, types: [product, offer]}
default_placement: home
"""


def broken(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, source="p.yaml")
    return str(caught.value)


def with_rule(rule: str) -> str:
    return f"{MINIMAL}rules:\n  - {{{rule}}}\n"


def test_the_default_policy_is_a_policy() -> None:
    policy = parse_policy(default_policy_text())
    assert policy.placements["email"].channel.value == "email"
    assert policy.experiment is not None
    assert [arm.weight for arm in policy.experiment.arms] == [0.95, 0.05]


def test_the_default_policy_takes_any_ladder_and_currency() -> None:
    tiers = ("base", 'the "best": 1', "金")
    policy = parse_policy(default_policy_text(tiers, "HKD"))
    assert (policy.tiers, policy.currency) == (tiers, "HKD")


def test_layout_and_signatures_do_not_change_the_version() -> None:
    text = default_policy_text()
    shuffled = yaml.safe_dump(yaml.safe_load(text), sort_keys=True) + "approved_by: somebody\n"
    assert parse_policy(shuffled).policy_id == parse_policy(text).policy_id


def test_a_changed_number_changes_the_version() -> None:
    text = default_policy_text()
    assert parse_policy(text.replace("factor: 1.1", "factor: 1.2")).policy_id != parse_policy(text).policy_id


def test_a_date_is_its_first_instant_in_utc() -> None:
    rule = parse_policy(
        with_rule("id: a, owner: me, effect: exclude, from: 2024-01-01, until: '2024-01-01T08:00:00+08:00'").replace(
            "08:00:00+", "09:00:00+"
        )
    ).rules[0]
    assert (rule.from_at, rule.until_at) == (1704067200, 1704067200 + 3600)


RULE = "id: a, owner: me"
MISTAKES = {
    "unknown key": (with_rule(f"{RULE}, effect: exclude, wen: 1"), "rule 'a': wen: this key is unknown"),
    "no owner": (with_rule("id: a, effect: exclude"), "rule 'a': owner: this key is missing"),
    "unknown effect": (with_rule(f"{RULE}, effect: hide"), "effect: 'hide' is not allowed; input should be 'exclude'"),
    "factor of zero": (with_rule(f"{RULE}, effect: boost, factor: 0, until: 2030-01-01"), "factor: 0 is not allowed"),
    "negative factor": (with_rule(f"{RULE}, effect: boost, factor: -1, until: 2030-01-01"), "greater than 0"),
    "factor not a number": (
        with_rule(f"{RULE}, effect: boost, factor: .nan, until: 2030-01-01"),
        "factor: .nan is no number",
    ),
    "boost without factor": (with_rule(f"{RULE}, effect: boost, until: 2030-01-01"), "needs `factor`"),
    "boost without end": (with_rule(f"{RULE}, effect: boost, factor: 2.0"), "add `until`"),
    "pin without target": (with_rule(f"{RULE}, effect: pin"), "needs `pin`"),
    "cap without limit": (with_rule(f"{RULE}, effect: cap"), "needs `cap`"),
    "factor on exclude": (with_rule(f"{RULE}, effect: exclude, factor: 2.0"), "belongs to the effect boost and bury"),
    "pin with what": (with_rule(f"{RULE}, effect: pin, what: 'true', pin: {{id: x, position: 1}}"), "remove `what`"),
    "cap of offers": (
        with_rule(f"{RULE}, effect: cap, applies_to: offer, cap: {{limit: 1, per: all}}"),
        "`max_offers`",
    ),
    "require without what": (with_rule(f"{RULE}, effect: require"), "needs `what`"),
    "dates reversed": (with_rule(f"{RULE}, effect: exclude, from: 2025-01-02, until: 2025-01-01"), "before it starts"),
    "no date": (with_rule(f"{RULE}, effect: exclude, from: soon"), "from: 'soon' is no date; write a date"),
    "number as a date": (with_rule(f"{RULE}, effect: exclude, from: 20250101"), "write a date"),
    "unknown placement": (with_rule(f"{RULE}, effect: exclude, placements: [hom]"), "rule 'a': 'hom' is no placement"),
    "unknown channel": (with_rule(f"{RULE}, effect: exclude, channels: [fax]"), "'fax' is not allowed"),
    "bad id": (with_rule("id: Not A Slug, owner: me, effect: exclude"), "id: 'Not A Slug' is not allowed"),
    "id of a built-in rule": (
        with_rule("id: out_of_stock, owner: me, effect: exclude"),
        "'out_of_stock' is a built-in rule's",
    ),
    "same id twice": (with_rule(f"{RULE}, effect: exclude") + "  - {id: a, owner: x, effect: exclude}", "used twice"),
    "unknown default placement": (
        MINIMAL.replace("default_placement: home", "default_placement: x"),
        "'x' is no place",
    ),
    "same tier twice": (MINIMAL.replace("[ordinary, silver", "[ordinary, ordinary"), "the tier 'ordinary'"),
    "no tiers": (MINIMAL.replace("[ordinary, silver, gold, diamond]", "[]"), "tiers: [] is not allowed"),
    "true as a count": (MINIMAL.replace("capacity: 4", "capacity: true"), "capacity: True is not allowed"),
    "more offers than room": (MINIMAL.replace("types:", "max_offers: 5, types:"), "more than the capacity of 4"),
    "unknown kind of item": (MINIMAL.replace("[product, offer]", "[user]"), "'user' is not allowed"),
    "epsilon too small to draw": (f"{MINIMAL}exploration: {{epsilon: 1.0e-9}}", "0 for none, or at least 0.000001"),
    "epsilon too large": (f"{MINIMAL}exploration: {{epsilon: 0.6}}", "less than or equal to 0.5"),
    "weights": (
        f"{MINIMAL}experiment: {{key: k, arms: [{{name: a, weight: 0.5}}, {{name: b, weight: 0.4}}]}}",
        "add up to 0.9",
    ),
    "arm twice": (
        f"{MINIMAL}experiment: {{key: k, arms: [{{name: a, weight: 0.5}}, {{name: a, weight: 0.5}}]}}",
        "the arm 'a' is used twice",
    ),
    "band of an unknown tier": (
        f"{MINIMAL}guardrails: {{depth_bands: [{{id: b, tier: bronze}}]}}",
        "'bronze' is no tier",
    ),
    "band upside down": (
        f"{MINIMAL}guardrails: {{depth_bands: [{{id: b, min_depth: 0.5, max_depth: 0.1}}]}}",
        "above max_depth",
    ),
    "own approval": (f"{MINIMAL}drafted_by: me\napproved_by: me", "have somebody else approve"),
    "a list as an attribute": (f"{MINIMAL}context_attributes: {{w: strings}}", "one value"),
    "rules without rules": (f"{MINIMAL}rules:\n", "write a list"),
    "a text for a mapping": (f"{MINIMAL}contact: none\n", "write keys and values"),
    "another format": (MINIMAL.replace("name: small", "name: small\nformat: 2"), "format: 2 is not allowed"),
    "key twice": (MINIMAL.replace("name: small", "name: small\nname: large"), "the key 'name' stands twice"),
    "an alias": ("a: &x [1]\nb: *x", "aliases (*name) are not allowed"),
    "a number as a key": ("1: x", "the key 1 is no text"),
    "an unhashable key": ("? [a]\n: x", "p.yaml"),
    "not closed": ("a: [1", "p.yaml:1:4: error yaml_syntax: this bracket is never closed; close it"),
    "a tab": ("a:\n\t- 1", "p.yaml:2:1: error yaml_syntax: a tab cannot indent; use spaces, not tabs"),
    "a control character": ("a: \x07", "not valid YAML"),
    "a Python object": ("a: !!python/object/apply:os.getcwd []", "not valid YAML"),
    "an impossible date": ("a: 2025-13-40", "not valid YAML"),
    "nothing": ("", "holds nothing"),
    "a list": ("- 1", "holds a list"),
    "bomb of depth": ("[" * 5_000, "p.yaml"),
    "too long": ("#" * (1 << 21), "characters; at most"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place(name: str) -> None:
    text, expected = MISTAKES[name]
    assert expected in broken(text)


def test_every_problem_is_listed_at_once() -> None:
    message = broken(with_rule("id: a, effect: hide").replace("capacity: 4", "capacity: 0"))
    assert message.count("\n  - ") == 3


def test_more_than_64_levers_are_refused() -> None:
    rules = "".join(f"  - {{id: b{n}, owner: me, effect: boost, factor: 2.0, until: 2030-01-01}}\n" for n in range(65))
    assert "at most 64" in broken(f"{MINIMAL}rules:\n{rules}")


def test_a_file_that_cannot_be_read_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load_policy(tmp_path / "latin.yaml")
    (tmp_path / "good.yaml").write_text(default_policy_text(), encoding="utf-8")
    assert load_policy(tmp_path / "good.yaml").name == "default"
