"""Where both policies show nothing, everything says that nothing was compared, and by which rule."""

import pytest

from experiments.policy_diff.facts import diff_facts
from experiments.policy_diff.page import diff_page
from experiments.policy_diff.tables import nothing_table
from experiments.policy_diff.terminal import diff_tables, idle_rules, left_out
from tests.experiments.policy_diff.worlds import (
    NO_EMAIL,
    NO_OFFERS,
    NO_PRODUCT,
    diff_of,
    ids,
    one_by_one,
    policy,
    world,
)

NOBODY = 'eligibility: [{id: no_p999, owner: legal, what: product.id == "p999", effect: exclude}]\n'
QUIET = 'contact: {quiet_hours: [{id: nights, channels: [email], from: "00:00", until: "23:59"}]}\n'


def test_a_cap_that_empties_a_placement_under_both_is_not_taken_for_no_effect():
    knowledge = world()
    found = diff_of(policy(NO_EMAIL), policy(NO_EMAIL, NO_PRODUCT), knowledge, placements=["email", "home"])
    n = len(ids(knowledge))
    email, home = found.placements
    assert (email.neither.members, home.neither.members) == (n, 0)
    assert sum(email.neither.reasons_b.values()) == n
    assert next(iter(email.neither.reasons_b)) == "no_email"
    (warning,) = [one for one in found.warnings if one.startswith("'email' was not compared")]
    assert f"{n} of the {n} members decided for have nothing under A and nothing under B" in warning
    assert "because of 'no_email'" in warning
    assert "--now" in warning
    assert "quiet hours" not in warning
    assert diff_facts(found)["placements"][0]["neither"]["members"] == n
    assert diff_tables(found)[0].rows == ((warning,),)
    assert ("email", "not compared", 0, 0, n) in diff_tables(found)[1].rows
    html = diff_page(found)
    assert f"email: not compared: {n} of {n} members have nothing under either" in html
    assert "email: 0.0%" not in html
    assert html.count("was not compared") == 1


def test_of_quiet_hours_it_says_that_another_instant_would_compare():
    (warning,) = diff_of(policy(QUIET), policy(QUIET, NO_PRODUCT), world(), placements=["email"]).warnings
    assert "because of 'nights'" in warning
    assert warning.endswith("It is within the quiet hours 'nights': compare with a --now outside of them.")


def test_a_few_with_nothing_under_both_are_counted_and_the_placement_still_compares():
    knowledge = world()
    found = diff_of(policy(), policy(NO_PRODUCT), knowledge, placements=["email"])
    empty = sum(not one.items for one in one_by_one(policy(), knowledge, "email"))
    assert 0 < empty < 10
    (warning,) = found.warnings
    assert warning.startswith(f"In 'email' {empty} of the 61 members decided for have nothing under A and nothing")
    assert "'channel_consent_missing'" in warning
    assert "not compared" not in {row[1] for row in diff_tables(found)[1].rows}


def test_where_the_rules_differ_both_are_named():
    found = diff_of(policy(NO_EMAIL), policy(QUIET), world(), placements=["email"])
    assert "because of 'no_email' under A" in found.warnings[0]
    assert "of 'nights' under B" in found.warnings[0]
    assert {row[1] for row in nothing_table(found).rows} == {"both, why under A", "both, why under B"}


@pytest.mark.parametrize("drawn", [None, 40])
def test_the_terminal_leaves_out_what_does_not_change_and_empty_columns(drawn):
    found = diff_of(policy(), policy(NO_OFFERS), world(), placements=["home"], drawn=drawn)
    tables = diff_tables(found)
    figures = [table for table in tables if table.columns[0] == "figure"]
    shown = [row[0] for table in figures for row in table.rows]
    assert all(row[3] != 0 for table in figures for row in table.rows)
    assert 3 < len(shown) < 12
    assert f"{12 - len(shown)} figure" in left_out(found)
    for table in tables:
        for at, name in enumerate(table.columns):
            assert name in {"A", "B", "difference", "id"} or any(row[at] not in (None, "") for row in table.rows)


def test_a_rule_that_does_nothing_is_named_once_and_has_no_row():
    found = diff_of(policy(), policy(NO_PRODUCT, NOBODY), world(), placements=["home", "offers"])
    assert idle_rules(found) == "Rules that differ and do nothing here under A or B: no_p999."
    rules = {row[0] for table in diff_tables(found) if "by rule" in table.title for row in table.rows}
    assert "no_p005" in rules
    assert "no_p999" not in rules
