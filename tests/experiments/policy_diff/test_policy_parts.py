"""Which parts of two files differ, whatever their section."""

from experiments.policy_diff.policy_parts import Fate, part_changes
from tests.experiments.policy_diff.worlds import policy

ONE = '{id: one, owner: a, what: product.id == "p001", effect: exclude}'
TWO = '{id: two, owner: a, what: product.id == "p002", effect: exclude}'
THREE = '{id: three, owner: a, what: product.id == "p003", effect: exclude}'


def told(a: str, b: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(one.section, one.part_id, one.fate.value, one.keys) for one in part_changes(policy(a), policy(b))]


def test_the_same_policy_has_no_part_that_differs_and_signatures_do_not_count():
    assert told(f"rules: [{ONE}, {TWO}]\n", f"rules: [{ONE}, {TWO}]\n") == []
    assert told("", "drafted_by: ann\napproved_by: bob\n") == []


def test_rules_are_told_apart_by_id_with_what_both_files_say():
    changed = TWO.replace("p002", "p022")
    found = part_changes(policy(f"rules: [{ONE}, {TWO}]\n"), policy(f"rules: [{changed}, {THREE}]\n"))
    assert [(one.section, one.part_id, one.fate.value, one.keys) for one in found] == [
        ("rules", "three", "added", ()),
        ("rules", "two", "changed", ("what",)),
        ("rules", "one", "removed", ()),
    ]
    assert [None if one.a is None else one.a["what"][-6:] for one in found] == [None, '"p002"', '"p001"']
    assert [None if one.b is None else one.b["what"][-6:] for one in found] == ['"p003"', '"p022"', None]


def test_another_order_and_another_section_are_differences():
    (found,) = part_changes(policy(f"rules: [{ONE}, {TWO}]\n"), policy(f"rules: [{TWO}, {ONE}]\n"))
    assert (found.section, found.fate, found.a, found.b) == ("rules", "reordered", ["one", "two"], ["two", "one"])
    assert told(f"rules: [{ONE}]\n", f"eligibility: [{ONE}]\n") == [("eligibility", "one", "changed", ("section",))]


def test_settings_are_told_under_their_path_with_both_values():
    before = "guardrails: {max_depth: 0.4, depth_bands: [{id: narrow, max_depth: 0.2}]}\n"
    after = "guardrails: {max_depth: 0.3, depth_bands: [{id: narrow, max_depth: 0.1}]}\n"
    found = part_changes(policy(before), policy(after))
    assert [(one.section, one.part_id, one.keys) for one in found] == [
        ("guardrails.depth_bands", "narrow", ("max_depth",)),
        ("guardrails.max_depth", "", ()),
    ]
    assert (found[1].fate, found[1].a, found[1].b) == (Fate.CHANGED, 0.4, 0.3)
