"""Stages by the member's own rhythm: what they are, when they began, and when the next one comes."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from features.profile.config import LifecycleConfig, ProfileConfig
from features.profile.group import NEVER, NEXT_CHANGE_AT, Fitted
from features.profile.lifecycle import ACTIVE, CHURNED, DORMANT, NEW, POTENTIAL, Lifecycle
from features.profile.stage_clock import StageClock
from features.profile.transitions import stage_transitions
from features.rhythm.hazard import Expected
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.types import STAGES, Stage
from tests.features.profile.lived_facts import facts_before, lived_facts
from tests.features.profile.small_facts import DAY, START, Line, rules, small_facts

N = 60
CONFIG = LifecycleConfig(new_days=10, min_dormant_days=5, min_churned_days=9)
RULES = rules(ProfileConfig(lifecycle=CONFIG))
GROUP = Lifecycle()
FITTED = Fitted(GROUP.fit(lived_facts(N), RULES), RULES)


def view(facts, as_of=None, fitted=FITTED):
    return GROUP.view(GROUP.summarise(facts, fitted), fitted, facts.as_of if as_of is None else as_of)


def at_day(day):
    return int(START + day * DAY)


def weekly(member, *days):
    return [Line(member, day, 0, 100) for day in days]


def test_codes_are_positions_of_the_stages():
    found = [STAGES[code] for code in (POTENTIAL, NEW, ACTIVE, DORMANT, CHURNED)]
    assert found == [Stage.POTENTIAL, Stage.NEW, Stage.ACTIVE, Stage.DORMANT, Stage.CHURNED]


def test_every_column_is_what_its_declaration_says():
    columns = view(lived_facts(N))
    specs = GROUP.specs(RULES)
    assert [spec.name for spec in specs] == list(columns)
    assert [spec.name for spec in specs if not spec.holds(columns[spec.name])] == []


def test_norms_can_be_written_as_json_and_read_back():
    norms = json.loads(json.dumps(FITTED.norms))
    facts = lived_facts(N)
    for name, column in view(facts, fitted=Fitted(norms, RULES)).items():
        assert column.tobytes() == view(facts)[name].tobytes(), name


def test_who_never_ordered_is_potential_since_joining():
    facts = small_facts(weekly(0, 3), n_members=2, joined_day=[0, 20], as_of_day=25.5)
    found = view(facts)
    assert found["stage"].tolist() == [ACTIVE, POTENTIAL]
    assert found["stage_since_at"][1] == at_day(20)
    assert found["became_stage_days_ago"].tolist() == [12, 5]
    assert (found["previous_stage"][1], found["next_stage_at"][1]) == (-1, -1)
    assert np.isnan([found[name][1] for name in ("gap_q50_days", "gap_q90_days", "p_order_30d")]).all()


def test_new_for_so_many_local_days_that_of_the_first_order_among_them():
    facts = small_facts(weekly(0, 3.75), n_members=1, as_of_day=4)
    assert view(facts, at_day(13) - 1)["stage"].tolist() == [NEW]
    assert view(facts, at_day(13))["stage"].tolist() == [ACTIVE]
    assert view(facts)["next_stage_at"].tolist() == [at_day(13)]
    assert view(facts)["stage_since_at"].tolist() == [at_day(3.75) + 1]
    assert view(facts)["previous_stage"].tolist() == [POTENTIAL]


def test_who_buys_often_is_dormant_sooner_than_who_buys_rarely():
    lines = [*weekly(0, *range(0, 100, 4)), *weekly(1, *range(0, 100, 24))]
    facts = small_facts(lines, n_members=2, as_of_day=101)
    columns = view(facts)
    assert columns["gap_q50_days"][0] < 8 < 16 < columns["gap_q50_days"][1]
    assert columns["gap_q90_days"][0] < columns["gap_q90_days"][1]
    assert columns["next_stage_at"][0] < columns["next_stage_at"][1]
    assert view(facts, int(columns["next_stage_at"][0]))["stage"].tolist() == [DORMANT, ACTIVE]


def test_dormant_after_the_last_day_that_the_own_quantile_touches():
    facts = small_facts(weekly(0, *range(0, 100, 12)), n_members=1, as_of_day=97)
    columns = view(facts)
    patience = int(np.ceil(columns["gap_q90_days"][0]))
    assert patience > CONFIG.min_dormant_days
    assert columns["next_stage_at"].tolist() == [at_day(96 + patience + 1)]


def test_nobody_is_dormant_before_the_minimum_however_often_they_buy():
    facts = small_facts(weekly(0, *range(100)), n_members=1)
    assert view(facts)["gap_q90_days"][0] < 5
    assert view(facts)["next_stage_at"].tolist() == [at_day(99 + 6)]
    assert view(facts, at_day(99 + 6))["next_stage_at"].tolist() == [at_day(99 + 10)]


def test_churn_comes_after_dormancy_although_both_quantiles_are_of_one_day():
    clock = StageClock.of(FITTED.norms, CONFIG)
    regular = Expected(np.log([40.2]), np.array([0.001]), np.ones(1), np.array([5], dtype=np.int8))
    days = np.array([START // DAY], dtype=np.int32)
    assert len({int(np.ceil(clock.rhythm.quantile(regular, share)[0])) for share in (0.9, 0.99)}) == 1
    dormant, churned = clock.silent_at(regular, days)
    assert (dormant.tolist(), churned.tolist()) == ([at_day(42)], [at_day(43)])


def test_who_buys_every_day_and_comes_on_the_first_day_after_the_minimum_came_back():
    lines = weekly(0, *range(31), 30 + CONFIG.min_dormant_days + 1.5)
    facts = small_facts(lines, n_members=1, as_of_day=40)
    assert (view(facts)["stage"][0], view(facts)["previous_stage"][0]) == (ACTIVE, DORMANT)
    found = stage_transitions(facts, FITTED, START + 20 * DAY, facts.as_of)
    assert found.to_stage.tolist() == [DORMANT, ACTIVE]


def test_no_quantile_is_longer_than_the_history_that_was_watched():
    norms = {**FITTED.norms, "watched_days": 40}
    facts = small_facts(weekly(0, 0, 90), n_members=1, as_of_day=91)
    fitted = Fitted(norms, RULES)
    assert view(facts, fitted=fitted)["gap_q90_days"][0] > 40
    assert view(facts, fitted=fitted)["next_stage_at"].tolist() == [at_day(90 + 21)]
    assert view(facts, at_day(90 + 41), fitted=fitted)["stage"].tolist() == [CHURNED]
    assert view(facts, at_day(90 + 41) - 1, fitted=fitted)["stage"].tolist() == [DORMANT]


def test_a_free_order_is_an_order():
    facts = small_facts([Line(0, 3, 0, 0)], n_members=1)
    assert view(facts)["stage"].tolist() != [POTENTIAL]


def test_an_order_before_joining_counts():
    facts = small_facts(weekly(0, 3), n_members=1, joined_day=[50], as_of_day=60)
    assert view(facts)["stage"].tolist() != [POTENTIAL]
    assert GROUP.summarise(facts, FITTED)["new_from_at"].tolist() == [at_day(3) + 1]


def test_orders_of_one_local_day_are_one():
    once = small_facts(weekly(0, 3, 10, 20), n_members=1)
    often = small_facts(weekly(0, 3, 3.25, 10, 20, 20.125, 20.5), n_members=1)
    for name, column in view(once).items():
        assert column.tobytes() == view(often)[name].tobytes(), name


def test_a_day_ends_at_midnight_where_members_live_also_when_clocks_change():
    # London: 31 March 2024 has 23 hours, day 90 after START.
    lines = [Line(0, 88.98, 0, 100)]
    facts = small_facts(lines, n_members=1, as_of_day=89, timezone="Europe/London")
    norms = {**FITTED.norms, "timezone": "Europe/London"}
    found = view(facts, fitted=Fitted(norms, RULES))["next_stage_at"][0]
    assert found == at_day(98) - 3_600  # ten days from 29 March are those to 7 April, in summer time
    assert ProgrammeCalendar("Europe/London").start_of(START // DAY + 98) == found


def test_the_leap_day_is_a_day():
    facts = small_facts(weekly(0, 57), n_members=1, as_of_day=58)  # 27 February 2024
    assert np.datetime64(int(view(facts)["next_stage_at"][0]), "s") == np.datetime64("2024-03-08T00:00:00")


def test_who_came_back_is_active_since_the_order_and_was_dormant_or_churned():
    lines = [*weekly(0, *range(0, 60, 6), 75), *weekly(1, *range(0, 42, 6), 160)]
    facts = small_facts(lines, n_members=2, as_of_day=161)
    at_return = view(facts_before(lines, at_day(75) + 1, n_members=2))
    assert (at_return["stage"][0], at_return["previous_stage"][0]) == (ACTIVE, DORMANT)
    assert at_return["stage_since_at"][0] == at_day(75) + 1
    assert (view(facts)["stage"][1], view(facts)["previous_stage"][1]) == (ACTIVE, CHURNED)


def test_an_order_at_the_instant_of_dormancy_comes_too_late_and_a_second_before_in_time():
    lines = weekly(0, *range(0, 100, 12))
    deadline = int(view(small_facts(lines, n_members=1))["next_stage_at"][0])
    late, early = [[*lines, Line(0, (at - START) / DAY, 0, 100)] for at in (deadline, deadline - 1)]
    found = [view(facts_before(some, deadline + 1, n_members=1)) for some in (late, early)]
    assert [one["previous_stage"][0] for one in found] == [DORMANT, NEW]


@given(st.integers(0, 2**16), st.lists(st.integers(0, 29), min_size=1, unique=True))
@settings(max_examples=25, deadline=None)
def test_a_member_is_summarised_the_same_whoever_else_is_in_the_facts(seed, rows):
    facts, rows = lived_facts(30, seed=seed), np.array(sorted(rows))
    together, alone = GROUP.summarise(facts, FITTED), GROUP.summarise(facts.of_members(rows), FITTED)
    for name, column in together.items():
        assert column[rows].tobytes() == alone[name].tobytes(), name
        assert column.dtype == alone[name].dtype, name


def test_stages_only_rise_while_nothing_is_bought_and_change_when_they_said_they_would():
    facts = lived_facts(N)
    summary = GROUP.summarise(facts, FITTED)
    days = [GROUP.view(summary, FITTED, facts.as_of + day * DAY) for day in range(250)]
    for before, after in pairwise(days):
        assert (before["stage"] <= after["stage"]).all()
        moved = before["stage"] != after["stage"]
        assert (after["previous_stage"][moved] == before["stage"][moved]).all()
        assert (after["stage_since_at"][moved] == before["next_stage_at"][moved]).all()
    assert {int(code) for code in days[-1]["stage"]} == {POTENTIAL, CHURNED}
    assert (summary[NEXT_CHANGE_AT] == NEVER).all()


def test_the_chance_of_an_order_falls_with_a_long_silence():
    facts = small_facts(weekly(0, *range(0, 100, 7)), n_members=1, as_of_day=99)
    chances = [float(view(facts, at_day(day))["p_order_30d"][0]) for day in (99, 130, 200)]
    assert chances[0] > 0.8
    assert chances == sorted(chances, reverse=True)
    assert chances[2] < chances[0] - 0.2


def test_with_no_orders_at_all_everybody_is_potential():
    facts = small_facts([], n_members=3)
    fitted = Fitted(GROUP.fit(facts, RULES), RULES)
    assert view(facts, fitted=fitted)["stage"].tolist() == [POTENTIAL] * 3


def test_dormant_must_come_before_churned():
    with pytest.raises(ValidationError, match="dormant comes before churned"):
        LifecycleConfig(dormant_quantile=0.99, churned_quantile=0.9)
    with pytest.raises(ValidationError, match="min_dormant_days 40"):
        LifecycleConfig(min_dormant_days=40)


@pytest.mark.parametrize("years_ago", [2_023, 700])
def test_a_member_who_joined_on_the_first_day_of_the_calendar_is_potential_for_as_long_as_a_column_holds(years_ago):
    columns = view(small_facts([], n_members=2, joined_day=[-365.25 * years_ago, 30]))
    assert columns["became_stage_days_ago"].tolist() == [200_000, 70]
    assert [spec.name for spec in GROUP.specs(RULES) if not spec.holds(columns[spec.name])] == []
