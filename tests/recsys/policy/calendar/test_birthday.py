"""Days to and since birthdays at the instant of a decision, long after the bundle was made."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.policy.calendar.birthday import UNKNOWN_DAYS, birthday_distance
from tests.recsys.policy.calendar.periods import at

DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))


def carried(days: int, as_of: str, now: str, zone: str = "UTC") -> tuple[int, int]:
    found = birthday_distance(np.array([days], dtype=np.int32), as_of=at(as_of, zone), now=at(now, zone), zone=zone)
    return int(found.days_to[0]), int(found.days_after[0])


def celebrated(born: date, year: int) -> date:
    """The day of a year on which who was born then celebrates."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-22", (10, 355)),
        ("2026-12-01", (1, 364)),
        ("2026-12-02", (0, 0)),
        ("2026-12-03", (364, 1)),
        ("2027-01-02", (334, 31)),
        ("2028-12-01", (1, 365)),
        ("2026-11-20", (12, 353)),
    ],
)
def test_a_birthday_ten_days_ahead_comes_passes_and_comes_again(now: str, expected: tuple[int, int]) -> None:
    assert carried(10, "2026-11-22", now) == expected


def test_the_day_changes_at_midnight_of_the_zone() -> None:
    # In Shanghai it is the birthday; in London the day before.
    as_of, now = at("2026-11-22", "Asia/Shanghai"), at("2026-12-02 01:00", "Asia/Shanghai")
    column = np.array([10])
    assert birthday_distance(column, as_of=as_of, now=now, zone="Asia/Shanghai").days_to.tolist() == [0]
    assert carried(10, "2026-11-22 12:00", "2026-12-02 01:00", "Asia/Shanghai") == (0, 0)
    assert carried(10, "2026-11-22 12:00", "2026-12-01 17:00", "Europe/London") == (1, 364)


def test_a_birthday_on_the_leap_day_is_on_the_28th_in_other_years() -> None:
    to_29_february = (date(2028, 2, 29) - date(2028, 2, 1)).days
    assert carried(to_29_february, "2028-02-01", "2028-02-29") == (0, 0)
    assert carried(to_29_february, "2028-02-01", "2029-02-28") == (0, 0)
    assert carried(to_29_february, "2028-02-01", "2029-02-27") == (1, 364)


def test_a_birthday_that_nobody_knows_stays_unknown() -> None:
    assert carried(UNKNOWN_DAYS, "2026-11-22", "2027-11-22") == (UNKNOWN_DAYS, UNKNOWN_DAYS)


def test_each_member_has_their_own() -> None:
    column = np.array([3, -1, 0, 366, 200], dtype=np.int32)
    found = birthday_distance(column, as_of=at("2026-11-22"), now=at("2026-11-24"), zone="UTC")
    assert found.days_to.tolist() == [1, -1, 363, 364, 198]
    assert found.days_after.tolist() == [364, -1, 2, 1, 167]
    assert found.days_to.dtype == found.days_after.dtype == np.int32
    assert column.tolist() == [3, -1, 0, 366, 200]


@settings(max_examples=300, deadline=None)
@given(born=st.dates(date(1940, 1, 1), date(2010, 12, 31)), as_of=DAYS, now=DAYS)
def test_the_days_are_those_that_a_calendar_counts(born: date, as_of: date, now: date) -> None:
    def ahead(day: date) -> int:
        return min(
            (one - day).days for one in (celebrated(born, day.year), celebrated(born, day.year + 1)) if one >= day
        )

    def behind(day: date) -> int:
        return min(
            (day - one).days for one in (celebrated(born, day.year - 1), celebrated(born, day.year)) if one <= day
        )

    found = carried(ahead(as_of), as_of.isoformat(), now.isoformat())
    expected = (ahead(now), behind(now))
    next_one = as_of + timedelta(days=ahead(as_of))
    if (born.month, born.day) == (2, 29) and next_one.day == 28:
        # The bundle does not tell who was born on the leap day from who was born the day before.
        born = date(2011, 2, 28)
        expected = (ahead(now), behind(now))
    assert found == expected
