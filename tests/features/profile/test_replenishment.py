"""Replenishment: which families are due, when, and that the days decide and nothing else."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from features.profile.config import ProfileConfig, ReplenishmentConfig
from features.profile.families import Families
from features.profile.group import Fitted
from features.profile.replenishment import Replenishment, due_pairs
from features.rhythm.clock import DUE_STATES, DueState
from recsys.loyalty.calendar import ProgrammeCalendar
from tests.features.profile.lived_facts import facts_before, lived_facts, lived_lines
from tests.features.profile.small_facts import CATEGORIES, DAY, START, Line, rules, small_facts

N = 80
RULES = rules()
GROUP = Replenishment()
FACTS = lived_facts(N)
FITTED = Fitted(GROUP.fit(FACTS, RULES), RULES)
BAKERY, DAIRY, DRINKS = range(3)
MILK, BREAD, TEA, SOFA = range(4)
EARLY, DUE, OVERDUE = (DUE_STATES.index(state) for state in DueState)


def view(facts, as_of=None, fitted=FITTED):
    return GROUP.view(GROUP.summarise(facts, fitted), fitted, facts.as_of if as_of is None else as_of)


def at_day(day):
    return START + day * DAY


def bought(member, product, *days):
    return [Line(member, day, product, 100) for day in days]


REGULAR = [*bought(0, MILK, *range(0, 91, 5)), *bought(0, BREAD, *range(2, 93, 30)), *bought(1, SOFA, 3, 50)]


def test_every_column_is_what_its_declaration_says():
    columns, specs = view(FACTS), GROUP.specs(RULES)
    assert [spec.name for spec in specs] == list(columns)
    assert [spec.name for spec in specs if not spec.holds(columns[spec.name])] == []
    assert columns["n_due_families"].max() > 1
    assert columns["n_overdue_families"].max() > 1


def test_norms_can_be_written_as_json_and_read_back():
    again = Fitted(json.loads(json.dumps(FITTED.norms)), RULES)
    for name, column in view(FACTS, fitted=again).items():
        assert column.tobytes() == view(FACTS)[name].tobytes(), name


def test_a_family_is_early_then_due_then_overdue_by_its_own_gaps():
    facts = small_facts(REGULAR, n_members=2, as_of_day=93)
    states = {}
    for day in range(93, 140):
        pairs = due_pairs(facts, FITTED, at_day(day))
        assert pairs.member.tolist() == [0, 0]
        assert pairs.family.tolist() == [BAKERY, DAIRY]
        states[day] = pairs.state.tolist()
    assert states[93] == [EARLY, EARLY]
    assert states[96] == [EARLY, DUE]
    assert states[103] == [EARLY, OVERDUE]
    assert states[121] == [DUE, OVERDUE]
    for before, after in pairwise(states.values()):
        assert before[0] <= after[0]
        assert before[1] <= after[1]


def test_instants_of_a_pair_are_the_beginnings_of_the_days_on_which_its_state_changes():
    facts = small_facts(REGULAR, n_members=2, as_of_day=93)
    pairs = due_pairs(facts, FITTED, facts.as_of)
    assert pairs.last_at.tolist() == [at_day(92), at_day(90)]
    assert (pairs.early_at <= pairs.due_at).all()
    for row in (0, 1):
        for at, state in ((int(pairs.early_at[row]), DUE), (int(pairs.late_at[row]), OVERDUE)):
            found = [due_pairs(facts, FITTED, moment).state[row] for moment in (at - 1, at)]
            assert found == [state - 1, state]


def test_who_needs_it_soon_is_likely_to_buy_it_anyway():
    facts = small_facts(REGULAR, n_members=2, as_of_day=94)
    bakery, dairy = due_pairs(facts, FITTED, facts.as_of).probability
    assert dairy > 0.8
    assert bakery < 0.3


def test_products_without_a_category_are_no_family():
    facts = small_facts(REGULAR, n_members=2, as_of_day=93)
    assert 1 not in due_pairs(facts, FITTED, facts.as_of).member
    found = view(facts)
    assert [int(found[name][1]) for name in found] == [0, 0, -1, -1]


def test_columns_count_the_states_of_the_pairs_as_of_any_later_day():
    summary = GROUP.summarise(FACTS, FITTED)
    for day in range(0, 60, 7):
        as_of = FACTS.as_of + day * DAY
        found, pairs = GROUP.view(summary, FITTED, as_of), due_pairs(FACTS, FITTED, as_of)
        for name, state in (("n_due_families", DUE), ("n_overdue_families", OVERDUE)):
            counted = np.bincount(pairs.member[pairs.state == state], minlength=N)
            assert found[name].tolist() == counted.tolist(), (day, name)


def test_the_next_family_to_be_due_is_the_earliest_of_those_that_are_early():
    found, pairs = view(FACTS), due_pairs(FACTS, FITTED, FACTS.as_of)
    for member in range(N):
        ahead = pairs.early_at[(pairs.member == member) & (pairs.state == EARLY)]
        assert found["next_due_at"][member] == (ahead.min() if len(ahead) else -1)


def test_the_first_family_is_the_due_one_whose_day_was_earliest():
    lines = [*bought(0, MILK, *range(0, 91, 9)), *bought(0, TEA, *range(0, 89, 8)), *bought(0, BREAD, 94)]
    facts = small_facts(lines, n_members=1, as_of_day=98)
    pairs = due_pairs(facts, FITTED, facts.as_of)
    assert pairs.state[[DAIRY, DRINKS]].tolist() == [DUE, DUE]
    assert pairs.due_at[DRINKS] < pairs.due_at[DAIRY]
    assert view(facts)["top_due_family"].tolist() == [DRINKS]
    assert view(facts, at_day(300))["top_due_family"].tolist() == [-1]


def test_the_first_family_is_not_the_one_whose_window_opened_first():
    # Regular tea is due in a narrow window, irregular milk in a wide one that begins later and has its middle earlier.
    lines = [*bought(0, TEA, *range(4, 95, 10)), *bought(0, MILK, 4, 34, 64, 84)]
    facts = small_facts(lines, n_members=1, as_of_day=102)
    pairs = due_pairs(facts, FITTED, facts.as_of)
    milk, tea = np.argsort(pairs.family)
    assert pairs.state.tolist() == [DUE, DUE]
    assert (pairs.early_at[milk] < pairs.early_at[tea]) != (pairs.due_at[milk] < pairs.due_at[tea])
    assert view(facts)["top_due_family"].tolist() == [pairs.family[np.argmin(pairs.due_at)]]


def test_what_was_bought_before_1970_is_long_overdue_and_a_far_day_is_not_a_past_one():
    long_ago = small_facts(bought(0, TEA, -20_000, -19_990, -19_980), n_members=1)
    assert [view(long_ago)[name].tolist() for name in ("n_overdue_families", "next_due_at")] == [[1], [-1]]
    far = small_facts(bought(0, TEA, 20_000, 29_000, 38_000), n_members=1, as_of_day=38_001)
    found = view(far, fitted=Fitted(GROUP.fit(far, RULES), RULES))
    assert found["n_overdue_families"].tolist() == [0]
    assert found["next_due_at"][0] > far.as_of


def test_columns_keep_the_families_bought_on_most_days():
    one = rules(ProfileConfig(replenishment=ReplenishmentConfig(families_kept=1)))
    facts = small_facts(REGULAR, n_members=2, as_of_day=93)
    summary = GROUP.summarise(facts, Fitted(FITTED.norms, one))
    assert summary["family"].tolist() == [[DAIRY], [-1]]


def test_what_is_not_before_the_instant_changes_nothing():
    lines, at = lived_lines(20), at_day(100)
    known = facts_before(lines, at, n_members=20)
    later = lived_facts(20)
    assert due_pairs(later, FITTED, at).frame().equals(due_pairs(known, FITTED, at).frame())


def test_many_blocks_of_members_give_what_one_gives(monkeypatch):
    whole = due_pairs(FACTS, FITTED, FACTS.as_of).frame()
    monkeypatch.setattr("features.profile.replenishment._AT_ONCE", 7)
    assert due_pairs(FACTS, FITTED, FACTS.as_of).frame().equals(whole)


@pytest.mark.parametrize("later", [12.5, 12.75])
def test_a_purchase_at_the_instant_or_later_on_the_same_day_changes_nothing(later):
    facts = small_facts(bought(0, MILK, 3, 8, later), n_members=1)
    known = small_facts(bought(0, MILK, 3, 8), n_members=1, as_of_day=12.5)
    found = due_pairs(facts, FITTED, known.as_of).frame()
    assert found.equals(due_pairs(known, FITTED, known.as_of).frame())


def test_a_new_category_moves_no_other_and_is_like_the_population():
    names = ("apples", *CATEGORIES)
    shifted = replace(FACTS.products, category=np.array([2, 1, 3, -1], dtype=np.int32), category_names=names)
    before, after = (due_pairs(facts, FITTED, facts.as_of) for facts in (FACTS, replace(FACTS, products=shifted)))
    assert after.family.tolist() == (before.family + 1).tolist()
    assert after.due_at.tolist() == before.due_at.tolist()
    assert Families.of(CATEGORIES, names).of_code.tolist() == [3, 0, 1, 2]
    assert Families.of(CATEGORIES, names).code_of.tolist() == [1, 2, 3, 0]
    assert Families.of(CATEGORIES, ("dairy", "zoo")).code_of.tolist() == [-1, 0, -1, 1]


def test_a_day_ends_at_midnight_where_members_live():
    # 31 March 2024 has 23 hours in London; due days after it begin an hour earlier in UTC.
    facts = small_facts(bought(0, MILK, *range(9, 85, 5)), n_members=1, as_of_day=85, timezone="Europe/London")
    fitted = Fitted({**FITTED.norms, "timezone": "Europe/London"}, RULES)
    pairs = due_pairs(facts, fitted, facts.as_of)
    calendar = ProgrammeCalendar("Europe/London")
    assert pairs.last_at.tolist() == [at_day(84)]
    assert calendar.starts_of(calendar.local_days(pairs.late_at)).tolist() == pairs.late_at.tolist()
    assert pairs.late_at[0] % DAY == 23 * 3_600
    assert view(facts, int(pairs.late_at[0]), fitted)["n_overdue_families"].tolist() == [1]


@given(st.integers(0, 2**16), st.lists(st.integers(0, 29), min_size=1, unique=True))
@settings(max_examples=20, deadline=None)
def test_a_member_is_summarised_the_same_whoever_else_is_in_the_facts(seed, rows):
    facts, rows = lived_facts(30, seed=seed), np.array(sorted(rows))
    together, alone = GROUP.summarise(facts, FITTED), GROUP.summarise(facts.of_members(rows), FITTED)
    for name, column in together.items():
        assert column[rows].tobytes() == alone[name].tobytes(), name


def test_a_sample_of_members_is_drawn_from_the_seed():
    few = rules(ProfileConfig(replenishment=ReplenishmentConfig(sample_members=40)))
    other = rules(ProfileConfig(replenishment=ReplenishmentConfig(sample_members=40), seed=2))
    assert GROUP.fit(FACTS, few) == GROUP.fit(FACTS, few) != GROUP.fit(FACTS, other)


def test_with_no_orders_at_all_nothing_is_due():
    facts = small_facts([], n_members=3)
    fitted = Fitted(GROUP.fit(facts, RULES), RULES)
    assert view(facts, fitted=fitted)["n_due_families"].tolist() == [0, 0, 0]
    assert len(due_pairs(facts, fitted, facts.as_of)) == 0


def test_early_must_come_before_half_and_late_after():
    with pytest.raises(ValidationError, match=r"early_quantile is 0\.6"):
        ReplenishmentConfig(early_quantile=0.6)
