"""What birthday, dependence, price sensitivity and preferences owe whatever the facts."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dataset import Dataset
from features.profile.birthday import Birthday
from features.profile.config import DependenceConfig, PreferencesConfig, ProfileConfig
from features.profile.dependence import Dependence
from features.profile.facts import MemberFacts
from features.profile.group import NEXT_CHANGE_AT, Fitted
from features.profile.preferences import Preferences
from features.profile.price_sensitivity import PriceSensitivity
from recsys.loyalty.calendar import ProgrammeCalendar
from tests.features.profile.drawn_facts import LINES, N, facts_before
from tests.features.profile.small_facts import DAY, START, rules
from tests.features.small_workspace import START_AT, small_rows, write_workspace

RULES = rules(
    ProfileConfig(
        dependence=DependenceConfig(window_days=30, prior_orders=2.0),
        preferences=PreferencesConfig(half_life_days=20.0, n_price_bands=4),
    )
)
EACH = pytest.mark.parametrize(
    "group", [Birthday(), Dependence(), PriceSensitivity(), Preferences()], ids=lambda group: group.name
)


def equal(one, other):
    return [
        key
        for key, values in one.items()
        if values.dtype != other[key].dtype or values.tobytes() != other[key].tobytes()
    ] == []


@EACH
@settings(max_examples=12, deadline=None)
@given(lines=LINES, rows=st.sets(st.integers(0, N - 1)))
def test_a_member_is_summarised_the_same_whoever_else_is_there(group, lines, rows):
    facts, chosen = facts_before(lines, 100), np.array(sorted(rows), dtype=np.int64)
    fitted = Fitted(group.fit(facts, RULES), RULES)
    everyone, some = group.summarise(facts, fitted), group.summarise(facts.of_members(chosen), fitted)
    assert equal({key: values[chosen] for key, values in everyone.items()}, some)


@EACH
@settings(max_examples=12, deadline=None)
@given(lines=LINES)
def test_norms_survive_json_and_every_column_is_what_was_said(group, lines):
    facts = facts_before(lines, 100)
    norms = group.fit(facts, RULES)
    fitted = Fitted(json.loads(json.dumps(norms, allow_nan=False)), RULES)
    summary = group.summarise(facts, fitted)
    found = group.view(summary, fitted, facts.as_of + 5 * DAY)
    specs = {spec.name: spec for spec in group.specs(RULES)}
    assert list(specs) == list(found)
    assert [name for name, values in found.items() if not specs[name].holds(values)] == []
    assert equal(group.summarise(facts, Fitted(norms, RULES)), summary)


@EACH
@settings(max_examples=12, deadline=None)
@given(lines=LINES, day=st.integers(1, 99), more=st.integers(1, 60))
def test_until_its_next_change_a_summary_without_news_gives_what_a_new_one_gives(group, lines, day, more):
    known = [line for line in lines if line.day < day]
    fitted = Fitted(group.fit(facts_before(known, day), RULES), RULES)
    early = group.summarise(facts_before(known, day), fitted)
    late = group.summarise(facts_before(known, day + more), fitted)
    as_of = START + (day + more) * DAY
    still = early[NEXT_CHANGE_AT] > as_of
    one, other = group.view(early, fitted, as_of), group.view(late, fitted, as_of)
    assert equal({name: values[still] for name, values in one.items()}, {name: other[name][still] for name in one})


@EACH
def test_what_happens_after_the_cut_off_changes_nothing(group, tmp_path):
    calendar, cut_off = ProgrammeCalendar("UTC"), START_AT + 50 * DAY
    rows = small_rows()
    found = []
    for name, purchases in {
        "all": rows["purchases"],
        "early": [row for row in rows["purchases"] if row["purchased_at"].timestamp() < cut_off],
    }.items():
        workspace = write_workspace(tmp_path / name, rows | {"purchases": purchases})
        facts = MemberFacts.of(Dataset.read(workspace, cut_off), calendar)
        norms = group.fit(facts, RULES)
        fitted = Fitted(norms, RULES)
        found.append((norms, group.view(group.summarise(facts, fitted), fitted, cut_off)))
    assert found[0][0] == found[1][0]
    assert equal(found[0][1], found[1][1])


@EACH
def test_nobody_and_nothing_are_allowed(group):
    facts = facts_before([], 100)
    nobody = facts.of_members(np.array([], dtype=np.int64))
    fitted = Fitted(group.fit(nobody, RULES), RULES)
    assert all(len(values) == 0 for values in group.view(group.summarise(nobody, fitted), fitted, facts.as_of).values())
