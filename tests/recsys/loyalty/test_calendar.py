"""The programme's days: midnight in its zone, clocks that change, months of different lengths."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.loyalty.calendar import Period, ProgrammeCalendar, add_months
from tests.recsys.loyalty.tier_reference import later

LONDON = ProgrammeCalendar("Europe/London")


def number(text: str) -> int:
    return int(np.datetime64(text).astype(int))


def dates(days: np.ndarray) -> list[str]:
    return days.astype("datetime64[D]").astype(str).tolist()


def hours_of(zone: str, day: str) -> float:
    start, stop = ProgrammeCalendar(zone).starts_of(np.array([number(day), number(day) + 1]))
    return float(stop - start) / 3600


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/London", "2024-03-31", 23),
        ("Europe/London", "2024-10-27", 25),
        ("Asia/Hong_Kong", "2024-10-27", 24),
        ("Australia/Lord_Howe", "2024-04-07", 24.5),
        ("Pacific/Apia", "2011-12-30", 0),
    ],
    ids=lambda value: str(value).replace("/", "_"),
)
def test_length_of_a_day_is_that_of_its_zone(zone: str, day: str, hours: float):
    assert hours_of(zone, day) == hours


def test_day_without_midnight_begins_when_clocks_skip_it():
    calendar = ProgrammeCalendar("America/Sao_Paulo")
    start = int(calendar.starts_of(np.array([number("2018-11-04")]))[0])

    assert datetime.fromtimestamp(start, ZoneInfo("America/Sao_Paulo")).time() == time(1)
    assert dates(calendar.local_days(np.array([start - 1, start]))) == ["2018-11-03", "2018-11-04"]


def test_day_that_has_begun_does_not_begin_again():
    # St. John's: clocks went from 00:01 back to 23:01 of the day before.
    calendar = ProgrammeCalendar("America/St_Johns")
    start = calendar.start_of(number("2010-11-07"))

    assert dates(calendar.local_days(start + np.array([-1, 0, 59, 60, 3_600]))) == ["2010-11-06"] + ["2010-11-07"] * 4


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"])
def test_days_and_starts_agree_with_the_standard_library(zone: str):
    calendar, tz = ProgrammeCalendar(zone), ZoneInfo(zone)
    days = [date(1975, 1, 1) + timedelta(days=41 * step) for step in range(500)]
    starts = [int(datetime.combine(day, time(0), tz).timestamp()) for day in days]
    numbers = np.array([number(str(day)) for day in days])

    assert calendar.starts_of(numbers).tolist() == starts
    assert calendar.local_days(np.array(starts) + 20 * 3_600).tolist() == numbers.tolist()


@given(st.lists(st.integers(-2_000_000_000, 7_000_000_000), min_size=2, max_size=5))
def test_days_never_run_backwards(instants: list[int]):
    days = LONDON.local_days(np.sort(instants))

    assert (np.diff(days) >= 0).all()
    assert (LONDON.starts_of(days) <= np.sort(instants)).all()
    assert (np.sort(instants) < LONDON.starts_of(days + 1)).all()


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-11-15", 3, "2025-02-15"),
    ],
)
def test_months_end_where_the_day_does_not_exist(day: str, months: int, expected: str):
    assert dates(add_months(np.array([number(day)]), months)) == [expected]


@given(st.lists(st.dates(date(1950, 1, 1), date(2090, 12, 31)), min_size=1, max_size=4), st.integers(0, 60))
def test_many_days_are_moved_as_each_alone(days: list[date], months: int):
    numbers = np.array([number(str(day)) for day in days])
    around = np.concatenate([numbers, np.arange(numbers.min(), numbers.max() + 1)])

    assert dates(add_months(numbers, months)) == [str(later(day, months)) for day in days]
    assert add_months(around, months)[: len(numbers)].tolist() == add_months(numbers, np.full(1, months)).tolist()


@pytest.mark.parametrize(
    ("period", "first_month", "start", "following"),
    [
        (Period.MONTH, 1, "2024-02-01", "2024-03-01"),
        (Period.QUARTER, 1, "2024-01-01", "2024-04-01"),
        (Period.QUARTER, 2, "2024-02-01", "2024-05-01"),
        (Period.HALF_YEAR, 4, "2023-10-01", "2024-04-01"),
        (Period.YEAR, 1, "2024-01-01", "2025-01-01"),
        (Period.YEAR, 4, "2023-04-01", "2024-04-01"),
    ],
)
def test_periods_follow_the_first_month(period: Period, first_month: int, start: str, following: str):
    day = np.array([number("2024-02-29")])

    assert dates(LONDON.period_starts(day, period, first_month=first_month)) == [start]
    assert dates(LONDON.next_period_starts(day, period, first_month=first_month)) == [following]


@pytest.mark.parametrize(
    "zone", ["Europe/Londn", "", "../etc/passwd", "Europe"], ids=["typo", "empty", "path", "folder"]
)
def test_unknown_zone_is_refused_with_an_example(zone: str):
    with pytest.raises(InputError, match=r"is no time zone; write a name .* such as Europe/London"):
        ProgrammeCalendar(zone)


def test_milliseconds_are_refused():
    with pytest.raises(InputError, match=r"1700000000000 is no instant .* not milliseconds"):
        LONDON.local_days(np.array([0, 1_700_000_000_000]))


def test_day_outside_of_the_calendar_is_refused():
    with pytest.raises(InputError, match="day 99999 since 1970 is not in the calendar"):
        LONDON.starts_of(np.array([5, 99_999]))


def test_thirteenth_month_is_refused():
    with pytest.raises(InputError, match="first_month is 13"):
        LONDON.period_starts(np.array([0]), Period.YEAR, first_month=13)
