"""Periods against a clock read minute by minute, wherever clocks jump."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.policy.calendar.times import intervals, is_on, next_change
from recsys.policy.file.calendar import EveryMonth, EveryWeek, EveryYear, Period, Weekday
from tests.recsys.policy.calendar.periods import at, period

MINUTE, DAY = 60, 86_400
JUMPS = {
    "UTC": ["2028-02-28", "2026-12-30"],
    "Asia/Shanghai": ["2026-12-30", "1991-09-13"],
    "Europe/London": ["2026-03-28", "2026-10-23"],
    "Pacific/Apia": ["2011-12-28", "2019-04-05"],
    "America/Sao_Paulo": ["2018-11-02", "2019-02-15"],
    "America/St_Johns": ["2006-04-01", "2006-10-27"],
    "Australia/Lord_Howe": ["2026-04-03", "2026-10-02"],
}
CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
HOURS = st.none() | st.tuples(CLOCK, CLOCK).filter(lambda both: both[0] != both[1]).map(
    lambda both: {"from": both[0], "until": both[1]}
)
MONTH_DAY = st.dates(datetime(2024, 1, 1).date(), datetime(2024, 12, 31).date()).map(lambda day: f"{day:%m-%d}")  # noqa: DTZ001 - days of any zone
NEAR_JUMPS = st.sampled_from(
    ["02-28", "02-29", "03-01", "12-29", "12-30", "12-31", "01-01", "03-29", "10-25", "11-04", "02-16", "02-17"]
)
WHEN = st.one_of(
    st.fixed_dictionaries({
        "every": st.just("week"),
        "on": st.lists(st.sampled_from(list(Weekday)), min_size=1, max_size=7, unique=True),
        "hours": HOURS,
    }),
    st.fixed_dictionaries({
        "every": st.just("month"),
        "on": st.lists(st.integers(1, 31) | st.just("last"), min_size=1, max_size=12, unique=True),
        "hours": HOURS,
    }),
    st.tuples(MONTH_DAY | NEAR_JUMPS, MONTH_DAY | NEAR_JUMPS, HOURS)
    .filter(lambda parts: parts[0] != parts[1])
    .map(lambda parts: {"every": "year", "from": parts[0], "until": parts[1], "hours": parts[2]}),
)  # fmt: skip
PLACES = st.sampled_from([(zone, start) for zone, starts in JUMPS.items() for start in starts])


def is_listed(one: Period, day: datetime) -> bool:
    """Whether a day is one of the period's, from the words of the file."""
    match one.when:
        case EveryWeek(on=on):
            return list(Weekday)[day.weekday()] in on
        case EveryMonth(on=on):
            return day.day in on or ("last" in on and (day + timedelta(days=1)).day == 1)
        case EveryYear(from_at=first, until_at=last):
            # Months and days sort as text; a 29 February that is not there needs no care: nothing lies on it.
            today = f"{day:%m-%d}"
            return first <= today < last if first < last else today >= first or today < last
        case _:
            raise NotImplementedError


def is_on_by_the_clock(one: Period, clock: datetime) -> bool:
    """Whether the period is on where a clock shows this."""
    hours = getattr(one.when, "hours", None)
    if hours is None:
        return is_listed(one, clock)
    start, end = time.fromisoformat(hours.from_at), time.fromisoformat(hours.until_at)
    if start < end:
        return is_listed(one, clock) and start <= clock.time() < end
    yesterday = clock - timedelta(days=1)
    return (is_listed(one, clock) and clock.time() >= start) or (is_listed(one, yesterday) and clock.time() < end)


def minutes_on(one: Period, start: int, end: int, zone: str) -> list[bool]:
    """Whether the period is on in each minute, by a clock that stands still where others go back."""
    clock, found = datetime.min, []  # noqa: DTZ901 - clocks without a zone
    for now in range(start - DAY, end, MINUTE):
        clock = max(clock, datetime.fromtimestamp(now, ZoneInfo(zone)).replace(tzinfo=None))
        if now >= start:
            found.append(is_on_by_the_clock(one, clock))
    return found


@settings(max_examples=60, deadline=None)
@given(when=WHEN, place=PLACES)
def test_intervals_are_those_of_a_clock_read_every_minute(when: dict[str, object], place: tuple[str, str]) -> None:
    zone, start_day = place
    one, start = period(when), at(start_day, zone)
    end = start + 4 * DAY
    expected = minutes_on(one, start, end, zone)
    found = [False] * len(expected)
    for low, high in intervals(one, start, end, zone=zone):
        assert (low - start) % MINUTE == (high - start) % MINUTE == 0
        found[(low - start) // MINUTE : (high - start) // MINUTE] = [True] * ((high - low) // MINUTE)
    assert found == expected


@settings(max_examples=100, deadline=None)
@given(when=WHEN, place=PLACES, data=st.data())
def test_changes_are_where_it_goes_on_and_off(
    when: dict[str, object], place: tuple[str, str], data: st.DataObject
) -> None:
    zone, start_day = place
    one = period(when)
    start = at(start_day, zone)
    now = start + data.draw(st.integers(0, 10 * DAY))
    on = is_on(one, now, zone=zone)
    change = next_change(one, now, zone=zone)
    end = now + 500 * DAY if change is None else change
    # Nothing changes before, and something does then.
    assert intervals(one, now, end, zone=zone) == ([(now, end)] if on else [])
    if change is not None:
        assert is_on(one, change - 1, zone=zone) is on
        assert is_on(one, change, zone=zone) is not on


@settings(max_examples=50, deadline=None)
@given(when=WHEN, place=PLACES, bounds=st.lists(st.integers(-3 * DAY, 9 * DAY), min_size=2, max_size=2, unique=True))
def test_bounds_cut_a_recurrence_and_change_nothing_within(
    when: dict[str, object], place: tuple[str, str], bounds: list[int]
) -> None:
    zone, start_day = place
    start = at(start_day, zone)
    low, high = (start + offset for offset in sorted(bounds))
    bounded = Period.model_validate(
        {"id": "p", "kind": "sale", "when": when, "from": f"{_iso(low)}", "until": f"{_iso(high)}"}
    )
    end = start + 10 * DAY
    free = intervals(period(when), max(start, low), min(end, high), zone=zone) if max(start, low) < high else []
    assert intervals(bounded, start, end, zone=zone) == free


@pytest.mark.parametrize("zone", JUMPS)
def test_days_begin_when_the_programme_says(zone: str) -> None:
    calendar = ProgrammeCalendar(zone)
    for start_day in JUMPS[zone]:
        first = int(calendar.local_days([at(start_day, zone)])[()][0])
        for day in range(first, first + 6):
            weekday = list(Weekday)[(day + 3) % 7]
            one = period({"every": "week", "on": [weekday]})
            begin, end = calendar.start_of(day), calendar.start_of(day + 1)
            assert intervals(one, begin - DAY // 2, end + DAY // 2, zone=zone) == (
                [(begin, end)] if begin < end else []
            )


def _iso(instant: int) -> str:
    return datetime.fromtimestamp(instant, ZoneInfo("UTC")).isoformat()
