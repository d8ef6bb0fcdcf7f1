"""Stage transitions agree with the stages as of every instant, and never see what comes later."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest

from features.profile.config import LifecycleConfig, ProfileConfig
from features.profile.group import Fitted
from features.profile.lifecycle import ACTIVE, CHURNED, DORMANT, NEW, POTENTIAL, Lifecycle
from features.profile.transitions import StageTransitions, flows, stage_transitions
from recsys.errors import InputError
from recsys.loyalty.calendar import Period, ProgrammeCalendar
from tests.features.profile.lived_facts import facts_before, lived_facts, lived_lines
from tests.features.profile.small_facts import DAY, START, Line, rules, small_facts

N, N_DAYS = 18, 110
ZONE = "Europe/London"
RULES = rules(ProfileConfig(lifecycle=LifecycleConfig(new_days=12, min_dormant_days=4, min_churned_days=8)))
GROUP = Lifecycle()
NORMS = {**GROUP.fit(lived_facts(60), RULES), "timezone": ZONE, "watched_days": 22}
FITTED = Fitted(NORMS, RULES)
LINES = lived_lines(N, seed=5, n_days=N_DAYS)
FACTS = facts_before(LINES, START + N_DAYS * DAY, n_members=N, timezone=ZONE)


def stage_as_of(at):
    facts = facts_before(LINES, at, n_members=N, timezone=ZONE)
    return GROUP.view(GROUP.summarise(facts, FITTED), FITTED, at)


def folded(transitions, at):
    """The stage that the transitions up to an instant lead to."""
    stage = np.full(N, POTENTIAL)
    keep = transitions.at <= at
    stage[transitions.member[keep]] = transitions.to_stage[keep]
    return stage


@pytest.fixture(scope="module")
def every():
    return stage_transitions(FACTS, FITTED, START, FACTS.as_of + 1)


def test_transitions_lead_to_the_stage_that_the_view_gives_as_of_every_day(every):
    for day in range(1, N_DAYS + 1):
        at = START + day * DAY
        assert folded(every, at).tolist() == stage_as_of(at)["stage"].tolist(), day


def test_just_before_a_transition_the_view_gives_the_stage_before_and_at_it_the_stage_after(every):
    assert len(every) > 60
    for at in np.unique(every.at).tolist():
        rows = every.at == at
        member = every.member[rows]
        assert stage_as_of(at - 1)["stage"][member].tolist() == every.from_stage[rows].tolist()
        after = stage_as_of(at)
        assert after["stage"][member].tolist() == every.to_stage[rows].tolist()
        assert after["previous_stage"][member].tolist() == every.from_stage[rows].tolist()
        assert (after["stage_since_at"][member] == at).all()


def test_the_history_has_every_kind_of_transition(every):
    kinds = set(zip(every.from_stage.tolist(), every.to_stage.tolist(), strict=True))
    assert kinds == {
        (POTENTIAL, NEW),
        (NEW, ACTIVE),
        (NEW, DORMANT),
        (ACTIVE, DORMANT),
        (DORMANT, CHURNED),
        (DORMANT, ACTIVE),
        (CHURNED, ACTIVE),
    }


def test_windows_side_by_side_have_together_what_the_long_one_has(every):
    edges = [START, *(START + day * DAY + 12_345 for day in range(0, N_DAYS, 3)), FACTS.as_of + 1]
    parts = [stage_transitions(FACTS, FITTED, *edge).frame() for edge in pairwise(edges)]
    together = sorted(row for part in parts for row in part.rows())
    assert together == every.frame().rows()


def test_what_comes_after_the_window_changes_nothing():
    stop = START + 80 * DAY
    known = facts_before(LINES, stop, n_members=N, timezone=ZONE)
    window = stage_transitions(FACTS, FITTED, START, stop)
    assert window.frame().equals(stage_transitions(known, FITTED, START, stop).frame())


def test_a_member_has_the_same_transitions_whoever_else_is_in_the_facts(every):
    rows = np.array([0, 4, 11, 12, 17])
    alone = stage_transitions(FACTS.of_members(rows), FITTED, START, FACTS.as_of + 1).frame()
    mine = every.frame().filter(np.isin(every.member, rows))
    assert alone.drop("member").equals(mine.drop("member"))


def test_transitions_are_sorted_by_member_then_instant_and_no_two_are_at_one(every):
    keys = every.member.astype(np.int64) * 2**40 + every.at
    assert (np.diff(keys) > 0).all()
    assert (every.from_stage != every.to_stage).all()


def test_many_blocks_give_what_one_gives(every, monkeypatch):
    monkeypatch.setattr("features.profile.transitions._BLOCK_ROWS", 7)
    assert stage_transitions(FACTS, FITTED, START, FACTS.as_of + 1).frame().equals(every.frame())


def test_a_window_in_which_new_ends_with_silence_leads_to_churned_at_once():
    config = LifecycleConfig(new_days=60, min_dormant_days=4, min_churned_days=8)
    fitted = Fitted({**NORMS, "watched_days": 10}, rules(ProfileConfig(lifecycle=config)))
    facts = small_facts([Line(0, 2, 0, 100)], n_members=1)
    found = stage_transitions(facts, fitted, START, facts.as_of)
    assert found.from_stage.tolist() == [POTENTIAL, NEW]
    assert found.to_stage.tolist() == [NEW, CHURNED]


@pytest.mark.parametrize(
    ("end", "seconds", "expected"),
    [
        ("new_until_at", -1, [(0, ACTIVE)]),
        ("new_until_at", 0, [(0, ACTIVE)]),
        ("new_until_at", 1, [(0, CHURNED), (1, ACTIVE)]),
        ("dormant_at", -1, []),
        ("dormant_at", 0, []),
        ("dormant_at", 1, [(0, DORMANT), (1, ACTIVE)]),
    ],
    ids=["new before", "new at", "new after", "dormant before", "dormant at", "dormant after"],
)
def test_an_order_that_counts_about_the_instant_of_a_change(end, seconds, expected):
    first = [Line(0, day, 0, 100) for day in ((0,) if end == "new_until_at" else range(0, 30, 3))]
    # Where no quantile is longer than four days, silence outlasts being new.
    fitted = FITTED if end == "dormant_at" else Fitted({**NORMS, "watched_days": 8}, RULES)
    change = int(GROUP.summarise(small_facts(first, n_members=1), fitted)[end][0])
    lines = [*first, Line(0, (change + seconds - 1 - START) / DAY, 0, 100)]
    facts = facts_before(lines, change + DAY, n_members=1)
    found = stage_transitions(facts, fitted, change - 1, facts.as_of + 1)
    assert list(zip((found.at - change).tolist(), found.to_stage.tolist(), strict=True)) == expected
    for at, stage in zip(found.at.tolist(), found.to_stage.tolist(), strict=True):
        known = facts_before(lines, at, n_members=1)
        assert GROUP.view(GROUP.summarise(known, fitted), fitted, at)["stage"].tolist() == [stage]


def test_no_orders_no_transitions():
    facts = small_facts([], n_members=3)
    assert len(stage_transitions(facts, FITTED, START, facts.as_of)) == 0


@pytest.mark.parametrize("window", [(10, 5), (0, N_DAYS + 1)], ids=["backwards", "beyond the facts"])
def test_a_window_that_the_facts_do_not_tell_is_an_error(window):
    with pytest.raises(InputError, match="choose an earlier stop"):
        stage_transitions(FACTS, FITTED, *(START + day * DAY for day in window))


def test_flows_count_changes_by_local_month():
    # 1 February 2024 00:00 in Hong Kong is 31 January 16:00 UTC.
    border = START + 31 * DAY - 8 * 3_600
    transitions = StageTransitions(
        member=np.array([0, 0, 1, 2], dtype=np.int32),
        at=np.array([border - 1, border, border + DAY, border - 5]),
        from_stage=np.array([NEW, ACTIVE, ACTIVE, NEW], dtype=np.int8),
        to_stage=np.array([ACTIVE, DORMANT, DORMANT, ACTIVE], dtype=np.int8),
    )
    found = flows(transitions, ProgrammeCalendar("Asia/Hong_Kong"))
    january, february = dt.date(2024, 1, 1), dt.date(2024, 2, 1)
    assert found.rows() == [(january, "new", "active", 2), (february, "active", "dormant", 2)]
    yearly = flows(transitions, ProgrammeCalendar("Asia/Hong_Kong"), Period.YEAR)
    assert yearly["n"].to_list() == [2, 2]


def test_flows_of_nothing_are_no_rows():
    facts = small_facts([], n_members=1)
    nothing = stage_transitions(facts, FITTED, START, facts.as_of)
    assert flows(nothing, ProgrammeCalendar("UTC")).columns == ["period_start", "from_stage", "to_stage", "n"]
