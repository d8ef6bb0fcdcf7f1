"""What a case expects, met and not met: where it is told, what was expected and what was found."""

from pathlib import Path

import pytest

from tests.recsys.policy.cases.cases_world import asked, told
from tests.recsys.policy.small import compiled

GOLD = "    member: {tier: gold, stage: active}\n"
MET = {
    "offers_allowed": GOLD + "    expect: {offers_allowed: [o003, o000]}",
    "offers_removed": "    expect: {offers_removed: {o003: gold_gifts, o000: tier_not_allowed, o001: any}}",
    "products_allowed": "    expect: {products_allowed: [p005, p004]}",
    "products_removed": "    expect: {products_removed: {p006: no_wine, p001: out_of_stock, p003: any}}",
    "bought": "    member: {bought: [{product: p005, days_ago: 3}]}\n"
    "    expect: {products_removed: {p005: recently_bought}}",
    "bought since the cut-off": "    member: {bought: [{product: p005, days_ago: 0.5}]}\n"
    "    expect: {products_removed: {p005: recently_bought}}",
    "bought long ago": "    member: {id: m000, bought: [{product: p004, days_ago: 200}]}\n"
    "    expect: {products_allowed: [p005, p004]}",
    "held": "    member: {tier: gold, held_offers: [o003]}\n    expect: {offers_removed: {o003: offer_already_held}}",
    "basket": "    context: {basket: [p005], exclude_ids: [p004]}\n"
    "    expect: {products_removed: {p005: already_in_basket, p004: excluded_by_request}}",
    "levers": "    member: {points: 100}\n    expect: {levers: {p004: [summer, spring], p005: [], o003: [autumn]}}",
    "consent": "    member: {consent: [personalisation]}\n    context: {placement: email}\n"
    "    expect: {nothing_because: channel_consent_missing, offer_choice: no_offer}",
    "contacts": "    member: {contacts: [{channel: email, days_ago: 6}, {channel: email, days_ago: 0, offer: o004}]}\n"
    "    context: {placement: email}\n    expect: {nothing_because: weekly}",
    "contacts long ago": "    member: {tier: gold, contacts: [{channel: email, days_ago: 8},"
    " {channel: email, days_ago: 7}]}\n"
    "    context: {placement: email}\n    expect: {offers_allowed: [o003]}",
    "slate": "    expect: {never_shows: [p006, p000, o003]}",
    "cap": "    member: {id: m002}\n    expect: {products_removed: {p016: few_dairy}}",
    "zone": "    context: {at: 2023-11-16T22:00:00}\n    expect: {products_removed: {p005: late}}",
    "zone before": "    context: {at: 2023-11-16T21:59:59}\n    expect: {products_allowed: [p005]}",
    "offset": "    context: {at: 2023-11-16T14:00:00Z}\n    expect: {products_removed: {p005: late}}",
}  # fmt: skip


@pytest.mark.parametrize("name", MET)
def test_an_expectation_that_is_met_says_nothing(tmp_path: Path, name: str) -> None:
    assert asked(tmp_path, MET[name]) == ()


@pytest.mark.parametrize(
    ("parts", "place", "words"),
    [
        ("    expect: {offers_allowed: [o004, o003]}", "o003",
         ("o003 is expected to be allowed, but 'gold_gifts' (rules, owner tests", "removes it")),
        (GOLD + "    expect: {offers_removed: {o003: any}}", "any",
         ("o003 is expected to be removed by some rule, but no rule removes it",)),
        ("    expect: {offers_removed: {o000: gold_gifts}}", "gold_gifts",
         ("'tier_not_allowed' (native", "is asked first and removes it", "write tier_not_allowed, or any")),
        ("    expect: {products_allowed: [p006]}", "p006",
         ("p006 is expected to be allowed, but 'no_wine' (rules, owner law: Not by post) removes it",)),
        ("    expect: {products_removed: {p005: no_wine}}", "no_wine",
         ("p005 is expected to be removed by 'no_wine', but no rule removes it",)),
        ("    expect: {levers: {p004: [summer, spring], p005: [summer]}}", "[summer",
         ("p005 is multiplied by nothing, not by summer",)),
        ("    context: {placement: email}\n    expect: {nothing_because: weekly}", "weekly",
         ("nothing was expected to be shown, because of 'weekly', but",)),
        ("    member: {consent: []}\n    context: {placement: email}\n    expect: {nothing_because: weekly}", "weekly",
         ("nothing is shown, but because of 'channel_consent_missing' (contact", "not of 'weekly'")),
        ("    expect: {shows: [p006]}", "p006", ("p006 is not shown: 'no_wine' (rules, owner law", "removes it")),
        ("    member: {id: m001}\n    expect: {never_shows: [p029]}", "p029", ("p029 is shown, at position 1",)),
        ("    expect: {offer_choice: o001}", "o001", ("is chosen, not o001: 'offer_not_valid' (native",)),
    ],
)  # fmt: skip
def test_an_expectation_that_is_not_met_is_told_where_it_stands(
    tmp_path: Path, parts: str, place: str, words: tuple[str, ...]
) -> None:
    problems = asked(tmp_path, parts)
    assert f"case_failed {place}" in told(problems)
    for word in words:
        assert any(word in str(one) for one in problems), str(problems[0])


def test_why_it_must_be_so_is_told_with_a_failure(tmp_path: Path) -> None:
    (problem,) = asked(tmp_path, "    about: Wine is shown.\n    expect: {products_allowed: [p006]}")
    assert problem.message.startswith("case 'it': p006 is expected to be allowed")
    assert problem.message.endswith("(it must be so: Wine is shown)")


def test_traits_that_are_not_looked_at_are_told_with_a_failure(tmp_path: Path) -> None:
    parts = "    member: {id: m006, tier: gold}\n    expect: {offers_allowed: [o000]}"
    (problem,) = asked(tmp_path, parts)
    assert "did not agree to personalisation, so their tier is not looked at" in problem.hint


def test_where_no_offers_are_shown_nothing_is_known_of_them(tmp_path: Path) -> None:
    policy = compiled(placements={"home": {"channel": "web", "capacity": 4, "types": ["product"], "max_offers": 0}})
    problems = asked(
        tmp_path, "    expect: {offers_removed: {o001: any}, offers_allowed: [o004], offer_choice: o004}", policy
    )
    assert told(problems) == ["case_failed any", "case_failed o004", "case_failed o004"]
    assert all("home shows no offers" in one.message for one in problems)


def test_what_exploration_may_show_is_not_never_shown(tmp_path: Path) -> None:
    parts = GOLD + "    expect: {never_shows: [o001, o003, o004, o005, o000, o002]}"
    explored = asked(tmp_path, parts, compiled(exploration={"epsilon": 0.2}))
    greedy = asked(tmp_path, parts, compiled(exploration={"epsilon": 0.0}))
    assert any("but exploration shows it with probability 0." in one.message for one in explored)
    assert [one.message.rpartition("o0")[2] for one in greedy if "is shown" in one.message]
    assert not any("exploration" in one.message for one in greedy)
    assert told(greedy)[0] in told(explored)
