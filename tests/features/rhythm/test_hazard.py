"""The rhythm: it finds planted distributions, leans where little is known, and keeps the laws of chances."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.rhythm.gaps import History, OwnGaps, earlier_gaps, gaps_of, present_gaps
from features.rhythm.hazard import _EDGES, LONGEST_DAYS, Expected, LogLogistic, Rhythm, _standard, fit_rhythm
from features.rhythm.levels import Levels
from features.rhythm.life_table import LifeTable
from features.rhythm.settings import RhythmSettings
from recsys.errors import InputError
from tests.features.rhythm.shops import every, history_of, log_normal

AS_OF = 400
PLANTED = log_normal(300, typical=20, spread=0.4, n_days=AS_OF, seed=5)
RHYTHM = Rhythm.fit(PLANTED, AS_OF, RhythmSettings())
AGES, SHARES = st.floats(0, 300), st.floats(0.001, 0.999)


def present(history: History, rhythm: Rhythm) -> Expected:
    starts = history.starts()
    own = present_gaps(history, starts, rhythm.settings.decay)
    return rhythm.expected(own, history.member[starts], history.family[starts])


def one(location: float, spread: float, level: float, stratum: int) -> Expected:
    return Expected(np.array([location]), np.array([spread]), np.array([level]), np.array([stratum], dtype=np.int8))


EXPECTED = st.builds(one, st.floats(0, 5), st.floats(0.3, 1.5), st.floats(0.3, 2), st.integers(0, 5))


def test_a_planted_gap_distribution_is_found() -> None:
    gap = present(PLANTED, RHYTHM)
    many = gap.stratum == 5
    assert np.median(RHYTHM.quantile(gap, 0.5)[many]) == pytest.approx(20, rel=0.05)
    assert np.median(RHYTHM.quantile(gap, 0.9)[many]) == pytest.approx(20 * np.exp(1.2816 * 0.4), rel=0.1)


def test_as_many_come_as_were_expected_on_days_it_has_not_seen() -> None:
    whole = log_normal(1_500, typical=20, spread=0.4, n_days=320, seed=8, between=0.4)
    known = whole.before(300)
    rhythm = Rhythm.fit(known, 300, RhythmSettings())
    silent = 299 - known.day[np.append(known.starts()[1:], len(known)) - 1]
    chance = rhythm.probability(present(known, rhythm), silent, 14)
    later = whole.member[(whole.day >= 300) & (whole.day < 314)]
    came = np.isin(known.member[known.starts()], later)
    assert chance.mean() == pytest.approx(came.mean(), abs=0.03)
    assert chance[came].mean() > chance[~came].mean() + 0.1


def test_the_quick_hazard_is_the_life_tables() -> None:
    gap, age = present(PLANTED, RHYTHM), np.linspace(0, 500, 300)
    table = LifeTable(_EDGES, RHYTHM.shape)
    slow = gap.level * table.cumulated(LogLogistic(), _standard(gap, age), gap.stratum)
    assert RHYTHM.cumulated(gap, age) == pytest.approx(slow, rel=1e-9, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(EXPECTED, SHARES)
def test_a_quantile_is_the_age_that_share_survives(gap: Expected, share: float) -> None:
    age = RHYTHM.quantile(gap, share)
    if 0.25 < age[0] < LONGEST_DAYS:
        assert RHYTHM.survival(gap, age) == pytest.approx([1 - share], abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(EXPECTED, AGES, st.floats(0, 60), st.floats(0, 60))
def test_a_chance_within_two_spans_is_that_of_both(gap: Expected, silent: float, first: float, then: float) -> None:
    age = np.array([silent])
    both = 1 - (1 - RHYTHM.probability(gap, age, first)) * (1 - RHYTHM.probability(gap, age + first, then))
    assert RHYTHM.probability(gap, age, first + then) == pytest.approx(both, abs=1e-9)
    assert 0 <= both[0] <= 1


@settings(deadline=None, max_examples=60)
@given(EXPECTED, AGES, SHARES)
def test_a_wait_reaches_the_chance_it_was_asked_for(gap: Expected, silent: float, chance: float) -> None:
    age = np.array([silent])
    wait = RHYTHM.wait(gap, age, chance)
    if wait[0] < LONGEST_DAYS - silent - 1 and silent + wait[0] > 0.25:
        assert RHYTHM.probability(gap, age, wait) == pytest.approx([chance], abs=1e-6)


def test_own_gaps_count_more_the_more_there_are() -> None:
    crowd = [every(7, 12, member=member) for member in range(60)]
    slow = [every(28, n, member=100 + n) for n in (1, 2, 4, 8)]
    history = history_of(*crowd, *slow)
    rhythm = Rhythm.fit(history, 230, RhythmSettings())
    location = present(history, rhythm).location[-4:]
    assert np.exp(location[0]) == pytest.approx(7, rel=0.1)
    assert (np.diff(location) > 0).all()
    assert np.exp(location[3]) > 20


def test_later_gaps_count_more_where_habits_drift() -> None:
    def days(gaps: list[int]) -> list[tuple[int, int, int]]:
        return [(50, 0, int(day)) for day in np.cumsum([0, *gaps])]

    crowd = [every(14, 8, member=member) for member in range(40)]
    faster, slower = [28] * 6 + [7] * 6, [7] * 6 + [28] * 6
    for decay, differs in ((0.8, True), (1.0, False)):
        found = []
        for gaps in (faster, slower):
            history = history_of(*crowd, days(gaps))
            found.append(present(history, Rhythm.fit(history, 230, RhythmSettings(decay=decay))).location[-1])
        assert (found[1] - found[0] > 0.5) if differs else (found[0] == pytest.approx(found[1]))


def test_a_member_who_is_slow_elsewhere_is_expected_late_in_a_new_family() -> None:
    quick = [every(7, 12, member=member, family=family) for member in range(30) for family in (0, 1)]
    slow = [every(28, 8, member=99, family=0), [(99, 1, 200)]]
    new = [[(100, 1, 200)]]
    history = history_of(*quick, *slow, *new)
    rhythm = Rhythm.fit(history, 230, RhythmSettings(prior_member_gaps=2))
    gap = present(history, rhythm)
    assert gap.location[-2] > gap.location[-1] + 0.3


def test_a_members_own_gaps_of_a_family_are_no_tempo_elsewhere() -> None:
    crowd = [every(7, 12, member=member, family=family) for member in range(30) for family in (0, 1)]
    history = history_of(*crowd, every(28, 8, member=99, family=0))
    rhythm = Rhythm.fit(history, 230, RhythmSettings())
    starts = history.starts()
    own = present_gaps(history, starts, 0.9)
    tempo = rhythm.levels.tempo(own, history.member[starts], history.family[starts], rhythm.settings)
    assert tempo[-1] == pytest.approx(0, abs=1e-12)
    assert abs(tempo[0]) > 1e-3


def test_a_member_with_many_gaps_counts_as_one() -> None:
    history = history_of(every(2, 101, member=0), *(every(20, 4, member=member) for member in range(1, 11)))
    location = Rhythm.fit(history, 210, RhythmSettings()).levels.location[-1]
    assert np.exp(location) > 15


def test_with_one_family_a_member_has_no_tempo_elsewhere() -> None:
    history = history_of(every(7, 9, member=0), every(30, 3, member=1))
    rhythm = Rhythm.fit(history, 90, RhythmSettings())
    own = present_gaps(history, history.starts(), 0.9)
    assert rhythm.levels.tempo(own, np.array([0, 1]), np.array([0, 0]), rhythm.settings).tolist() == [0, 0]


def test_what_nobody_buys_again_is_not_expected_again() -> None:
    again = [every(10, 6, member=member, family=0) for member in range(40)]
    once = [[(member, 1, member)] for member in range(40)]
    history = history_of(*again, *once, [(77, 0, 60), (77, 1, 60)])
    rhythm = Rhythm.fit(history, 70, RhythmSettings())
    chance = rhythm.probability(present(history, rhythm), np.array([9]), 14)
    assert chance[-2] > 2 * chance[-1]


def test_a_family_that_was_not_fitted_is_like_the_population() -> None:
    own = OwnGaps(np.zeros(3, dtype=int), *np.zeros((3, 3)))
    gap = RHYTHM.expected(own, np.arange(3), np.array([0, 7, -2]))
    assert gap.location[1:] == pytest.approx(RHYTHM.levels.location[-1])
    assert gap.level[1] == 1.0
    levels = Levels(*np.array([[1.0, 2.0, 3.0]] * 3))
    assert levels.of(levels.location, np.array([-2, 0, 1, 2, 9])).tolist() == [3, 1, 2, 3, 3]


def test_a_rhythm_stored_as_json_is_the_same_to_the_bit() -> None:
    again = Rhythm.from_settings(json.loads(json.dumps(RHYTHM.to_settings())))
    gap, other = present(PLANTED, RHYTHM), present(PLANTED, again)
    assert RHYTHM.cumulated(gap, np.arange(300)).tobytes() == again.cumulated(other, np.arange(300)).tobytes()


def test_a_stored_rhythm_of_another_form_is_refused() -> None:
    stored = RHYTHM.to_settings()
    with pytest.raises(InputError, match="lacks levels"):
        Rhythm.from_settings({name: stored[name] for name in ("settings", "shape")})
    with pytest.raises(InputError, match="has the shape"):
        Rhythm.from_settings(stored | {"shape": stored["shape"][:3]})
    with pytest.raises(InputError, match="needed are"):
        Rhythm.from_settings(stored | {"levels": {"level": [1.0]}})
    with pytest.raises(InputError, match="must be alike"):
        Rhythm.from_settings(stored | {"levels": stored["levels"] | {"level": [1.0]}})


def test_a_shift_of_all_days_changes_nothing() -> None:
    later = History(PLANTED.member, PLANTED.family, PLANTED.day + 1_000)
    assert Rhythm.fit(later, AS_OF + 1_000, RhythmSettings()).to_settings() == RHYTHM.to_settings()


def test_nobody_who_ever_bought_twice_is_no_reason_to_fail() -> None:
    for history in (history_of(), history_of([(0, 0, 3), (2, 1, 5)])):
        rhythm = Rhythm.fit(history, 10, RhythmSettings())
        gap = present(history, rhythm)
        assert np.isfinite(rhythm.quantile(gap, 0.9)).all()
        assert rhythm.probability(gap, np.full(len(gap.level), 4), 14) == pytest.approx([0.3] * len(gap.level), abs=0.3)


def test_gaps_that_are_all_equal_have_a_narrow_distribution() -> None:
    history = history_of(*(every(10, 12, member=member) for member in range(80)))
    rhythm = Rhythm.fit(history, 115, RhythmSettings())
    gap = present(history, rhythm)
    assert rhythm.quantile(gap, 0.9)[0] < 12
    assert rhythm.quantile(gap, 0.1)[0] > 8


def test_a_sample_of_members_is_drawn_by_the_generator() -> None:
    settings_of = RhythmSettings(sample_members=40)
    first, again, other = (
        fit_rhythm(PLANTED, AS_OF, settings_of, n_members=300, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.to_settings() == again.to_settings() != other.to_settings()
    all_of_them = fit_rhythm(PLANTED, AS_OF, RhythmSettings(), n_members=300, rng=np.random.default_rng(1))
    assert all_of_them.to_settings() == RHYTHM.to_settings()


def test_chances_of_a_few_days_are_as_often_right_although_days_are_whole() -> None:
    rng = np.random.default_rng(1)
    start, gap = rng.uniform(0, 5, (300, 1)), np.exp(rng.normal(np.log(3), 0.35, (300, 60)))
    at = np.cumsum(np.concatenate([start, gap], axis=1), axis=1)
    member, _ = np.nonzero(at < 150)
    history = History.of(member, np.zeros(len(member), dtype=np.int32), at[at < 150].astype(np.int32))
    gaps = gaps_of(history, 150)
    rhythm = Rhythm.fit(history, 150, RhythmSettings())
    expected = rhythm.expected(earlier_gaps(gaps, rhythm.settings.decay), history.member, history.family)
    late = (gaps.repeats > 8) & (history.day < 120)
    for days in (1, 2, 3, 4):
        chance = rhythm.probability(expected.take(late), np.zeros(late.sum()), days)
        assert chance.mean() == pytest.approx((gaps.days[late] <= days).mean(), abs=0.03), days
