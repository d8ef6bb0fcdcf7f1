"""The clock of each pair: days by hand, states that flip on the day it names, and parameters used unchanged."""

from dataclasses import replace

import numpy as np
import pytest

from features.rhythm.clock import DUE_STATES, NEVER, DueState, ReplenishmentClock
from features.rhythm.gaps import History
from features.rhythm.hazard import Rhythm
from features.rhythm.settings import ClockSettings, RhythmSettings
from recsys.errors import InputError
from tests.features.rhythm.shops import every, history_of, log_normal

N_MEMBERS = 130
CROWD = [every(10, 9, member=member, family=0, first=member % 10) for member in range(60)]
OTHER = [every(30, 4, member=member, family=2, first=member % 30) for member in range(40, 100)]
# Member 120 buys every ten days and did so 1 day ago, member 121 9 days ago, member 122 40 days ago; 129 never.
ASKED = [every(10, 6, member=120, first=48), every(10, 6, member=121, first=40), every(10, 6, member=122, first=9)]
AS_OF = 100
LATER = history_of(*CROWD, *OTHER, *ASKED)
SHOP = LATER.before(AS_OF)


def clock_of(history: History = SHOP, as_of_day: int = AS_OF, **options) -> ReplenishmentClock:
    return ReplenishmentClock.fit(
        history.member,
        history.family,
        history.day,
        as_of_day=as_of_day,
        n_members=N_MEMBERS,
        rng=np.random.default_rng(3),
        **options,
    )


def row_of(clock: ReplenishmentClock, member: int, family: int = 0) -> int:
    return int(np.flatnonzero((clock.member == member) & (clock.family == family))[0])


def test_every_pair_has_one_line_in_order() -> None:
    clock = clock_of()
    pairs = list(zip(clock.member.tolist(), clock.family.tolist(), strict=True))
    assert pairs == sorted(set(zip(SHOP.member.tolist(), SHOP.family.tolist(), strict=True)))
    assert clock.n_purchases[row_of(clock, 45)] == 9
    assert clock.n_purchases[row_of(clock, 45, 2)] == 3
    assert clock.last_day[row_of(clock, 121)] == 90


def test_who_just_bought_is_early_who_is_on_time_due_and_who_waits_overdue() -> None:
    clock = clock_of()
    states = [DUE_STATES[clock.state[row_of(clock, member)]] for member in (120, 121, 122)]
    assert states == [DueState.EARLY, DueState.DUE, DueState.OVERDUE]


def test_the_due_day_is_a_gap_after_the_last_purchase() -> None:
    clock = clock_of()
    assert clock.due_day[row_of(clock, 121)] - 90 in (10, 11)
    assert 20 < clock.due_day[row_of(clock, 70, 2)] - clock.last_day[row_of(clock, 70, 2)] < 36


def test_days_stand_in_order() -> None:
    clock = clock_of()
    assert (clock.last_day < clock.early_day).all()
    assert (clock.early_day <= clock.due_day).all()
    assert (clock.due_day <= clock.late_day).all()


def test_a_day_is_the_end_of_the_share_that_settings_name() -> None:
    clock = clock_of(settings=ClockSettings(early_share=0.3, late_share=0.6))
    for day, share in ((clock.early_day, 0.3), (clock.late_day, 0.6)):
        over = 1 - clock.rhythm.survival(clock.expected, day - clock.last_day)
        before = 1 - clock.rhythm.survival(clock.expected, day - clock.last_day - 1)
        assert (over >= share - 1e-9).all()
        assert (before < share).all()


def test_a_state_changes_on_the_day_it_names_and_not_before() -> None:
    rhythm = clock_of().rhythm
    now = clock_of(rhythm=rhythm)
    later = {day: clock_of(as_of_day=day, rhythm=rhythm).state for day in range(101, 160)}
    for member in range(N_MEMBERS):
        rows = now.member == member
        flips = [day for day, state in later.items() if (state[rows] != now.state[rows]).any()]
        named = int(now.next_change_day[member])
        assert (flips[0] == named) if flips else (named == NEVER or named >= 160)


def test_who_never_bought_never_changes() -> None:
    assert clock_of().next_change_day[129] == NEVER


def test_the_chance_is_that_of_the_horizon_and_rises_with_it() -> None:
    clock = clock_of(settings=ClockSettings(horizon_days=7))
    assert clock.probability == pytest.approx(clock.probability_within(7), abs=1e-6)
    assert (clock.probability_within(14) >= clock.probability_within(7)).all()
    assert clock.probability_within(14)[row_of(clock, 120)] > clock.probability[row_of(clock, 120)]
    assert clock.probability[row_of(clock, 121)] > 0.8


def test_nothing_from_the_as_of_day_on_matters() -> None:
    first, second = clock_of(), clock_of(LATER)
    assert len(LATER) > len(SHOP)
    assert np.array_equal(first.member, second.member)
    assert first.probability.tobytes() == second.probability.tobytes()


def test_a_rhythm_fitted_before_is_used_as_it_is() -> None:
    other = log_normal(200, typical=25, spread=0.5, n_days=300, seed=2)
    rhythm = Rhythm.fit(other, 300, RhythmSettings())
    clock = clock_of(rhythm=rhythm)
    assert clock.rhythm is rhythm
    assert clock.due_day[row_of(clock, 121)] != clock_of().due_day[row_of(clock, 121)]


def test_rows_in_another_order_give_the_same_clock() -> None:
    shuffled = np.random.default_rng(1).permutation(len(SHOP))
    mixed = replace(SHOP, **{name: getattr(SHOP, name)[shuffled] for name in History.__slots__})
    assert clock_of(mixed).probability.tobytes() == clock_of().probability.tobytes()


def test_no_purchases_give_an_empty_clock() -> None:
    clock = clock_of(history_of())
    assert len(clock.member) == 0
    assert (clock.next_change_day == NEVER).all()


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="rows"):
        ReplenishmentClock.fit(
            np.zeros(2, int), np.zeros(2, int), np.zeros(1, int), as_of_day=5, n_members=1, rng=np.random.default_rng(1)
        )


def test_a_member_beyond_those_counted_is_refused() -> None:
    with pytest.raises(InputError, match="member 7 is not one of 7"):
        ReplenishmentClock.fit(
            np.array([2, 7]), np.zeros(2, int), np.array([1, 3]), as_of_day=5, n_members=7, rng=np.random.default_rng(1)
        )
