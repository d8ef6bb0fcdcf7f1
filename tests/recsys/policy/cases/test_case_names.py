"""Names in cases that mean nothing: each is told with its place, its code and what there is."""

from pathlib import Path

import pytest

from tests.recsys.policy.cases.cases_world import asked, run, told

EXPECT = "\n    expect: {products_allowed: [p004]}"


@pytest.mark.parametrize(
    ("parts", "found", "hint"),
    [
        (
            "    member: {id: m999}" + EXPECT,
            "unknown_member m999",
            "name one of its members, or none for a made-up one",
        ),
        ("    member: {id: m00}" + EXPECT, "unknown_member m00", "did you mean 'm00"),
        ("    member: {tier: golden}" + EXPECT, "unknown_tier golden", "did you mean 'gold'?"),
        ("    member: {profile: {at_rsk: true}}" + EXPECT, "unknown_trait at_rsk:", "did you mean 'at_risk'?"),
        ("    member: {profile: {main_channel: wap}}" + EXPECT, "unknown_trait wap", ""),
        ("    member: {profile: {stage: new}}" + EXPECT, "unknown_trait stage:", "write it beside `profile`"),
        (
            "    member: {bought: [{product: p0050, days_ago: 1}]}" + EXPECT,
            "unknown_product p0050",
            "did you mean 'p005'?",
        ),
        ("    member: {held_offers: [o003, o999]}" + EXPECT, "unknown_offer o999", "name one of its 6 offers"),
        ("    member: {contacts: [{channel: sms, days_ago: 1, offer: x}]}" + EXPECT, "unknown_offer x", ""),
        ("    member: {responses: [{kind: click, days_ago: 1, offer: x}]}" + EXPECT, "unknown_offer x", ""),
        ("    context: {placement: hom}" + EXPECT, "unknown_placement hom", "did you mean 'home'?"),
        ("    context: {basket: [p001, p999]}" + EXPECT, "unknown_product p999", "name one of its 30 products"),
        ("    context: {exclude_ids: [nothing]}" + EXPECT, "unknown_product nothing", "name one of them"),
        ("    context: {attributes: {wether: wet}}" + EXPECT, "unknown_attribute wether:", "did you mean 'weather'?"),
        ("    context: {attributes: {guests: many}}" + EXPECT, "wrong_type many", ""),
        ("    expect: {offers_allowed: [o003, p004]}", "unknown_offer p004", ""),
        ("    expect: {products_removed: {p999: any}}", "unknown_product p999:", ""),
        ("    expect: {products_removed: {p004: no_whine}}", "unknown_rule no_whine", "did you mean 'no_wine'?"),
        ("    expect: {levers: {p004: [sumer]}}", "unknown_lever sumer", "did you mean 'summer'?"),
        ("    expect: {levers: {nothing: []}}", "unknown_product nothing:", ""),
        ("    expect: {nothing_because: weakly}", "unknown_rule weakly", "did you mean 'weekly'?"),
        ("    expect: {shows: [x]}", "unknown_product x", ""),
        ("    expect: {never_shows: [p004, x]}", "unknown_product x", ""),
        ("    expect: {offers_allowed: [no_offer]}", "unknown_offer no_offer", ""),
        ("    member: {held_offers: [no_offer]}" + EXPECT, "unknown_offer no_offer", ""),
        ("    expect: {offer_choice: none}", "unknown_offer none", ""),
    ],
)
def test_a_name_that_means_nothing_is_told_where_it_stands(tmp_path: Path, parts: str, found: str, hint: str) -> None:
    problems = asked(tmp_path, parts)
    assert told(problems) == [found]
    assert hint in problems[0].hint
    assert problems[0].message.startswith("case 'it': ")


def test_every_name_that_means_nothing_is_told_and_the_case_is_not_asked(tmp_path: Path) -> None:
    problems = asked(tmp_path, "    member: {tier: tin, id: nobody}\n    expect: {products_allowed: [p006, p999]}")
    assert told(problems) == ["unknown_tier tin", "unknown_member nobody", "unknown_product p999"]


def test_a_wrong_case_leaves_the_others(tmp_path: Path) -> None:
    wrong, right = (
        "{id: a, member: {tier: tin}, expect: {shows: [p004]}}",
        "{id: b, expect: {products_allowed: [p004]}}",
    )
    text = f"cases:\n  - {wrong}\n  - {right}\n"
    found = run(tmp_path, text)
    assert (found.n_cases, found.n_passed, told(found.problems)) == (2, 1, ["unknown_tier tin"])


@pytest.mark.parametrize("name", ["''", "会员", "x" * 300, "'a b'", "'1'", "é"])
def test_an_id_of_any_text_is_only_unknown(tmp_path: Path, name: str) -> None:
    problems = asked(tmp_path, f"    member: {{id: {name}}}\n    expect: {{products_allowed: [{name}]}}")
    assert {one.code for one in problems} <= {"unknown_member", "unknown_product", "wrong_length"}
    assert len(problems) == 2
