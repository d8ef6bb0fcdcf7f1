"""Birthday windows: leap days, whole months, the end of the year."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.loyalty.birthdays import BirthdayWindow, LeapDay


def number(text: str) -> int:
    return int(np.datetime64(text).astype(int))


def columns(*birthdays: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([month for month, _ in birthdays]), np.array([day for _, day in birthdays])


def dates(days: np.ndarray) -> list[str]:
    return days.astype("datetime64[D]").astype(str).tolist()


def test_window_across_the_end_of_the_year_holds_on_both_sides():
    window = BirthdayWindow(days_before=7, days_after=2)
    month, day = columns((1, 3), (12, 30))

    assert window.in_window(month, day, on=number("2026-12-27")).tolist() == [True, True]
    assert window.in_window(month, day, on=number("2027-01-01")).tolist() == [True, True]
    assert window.in_window(month, day, on=number("2027-01-02")).tolist() == [True, False]
    assert window.in_window(month, day, on=number("2026-12-22")).tolist() == [False, False]


def test_leap_day_is_kept_on_28_february_in_other_years():
    month, day = columns((2, 29))

    assert BirthdayWindow().in_window(month, day, on=number("2027-02-28")).tolist() == [True]
    assert BirthdayWindow().in_window(month, day, on=number("2028-02-28")).tolist() == [False]
    assert BirthdayWindow().in_window(month, day, on=number("2028-02-29")).tolist() == [True]


def test_leap_day_may_be_kept_on_1_march():
    window = BirthdayWindow(leap_day=LeapDay.MARCH_1)

    assert dates(window.next_start(*columns((2, 29)), on=number("2027-01-01"))) == ["2027-03-01"]
    assert dates(window.next_start(*columns((2, 29)), on=number("2027-03-02"))) == ["2028-02-29"]


def test_month_alone_is_the_whole_month():
    window = BirthdayWindow(days_after=1)
    month, day = columns((2, 0))

    assert [window.in_window(month, day, on=number(on))[0] for on in ("2027-01-31", "2027-02-01")] == [False, True]
    assert [window.in_window(month, day, on=number(on))[0] for on in ("2027-03-01", "2027-03-02")] == [True, False]


def test_unknown_birthday_is_never_near():
    window = BirthdayWindow(days_before=180, days_after=180)
    unknown = columns((0, 0))

    assert window.in_window(*unknown, on=number("2027-02-01")).tolist() == [False]
    assert window.next_start(*unknown, on=number("2027-02-01")).tolist() == [-1]
    assert window.days_until(*unknown, on=number("2027-02-01")).tolist() == [-1]


def test_next_window_of_who_is_in_one_is_next_year_s():
    window = BirthdayWindow(days_before=3)

    assert dates(window.next_start(*columns((5, 10)), on=number("2027-05-07"))) == ["2027-05-07"]
    assert dates(window.next_start(*columns((5, 10)), on=number("2027-05-08"))) == ["2028-05-07"]
    assert window.days_until(*columns((5, 10), (5, 13)), on=number("2027-05-08")).tolist() == [0, 2]


@pytest.mark.parametrize(("month", "day"), [(13, 1), (2, 30), (4, 31), (0, 5), (-1, 1), (3, -2)])
def test_no_date_is_no_birthday(month: int, day: int):
    with pytest.raises(InputError, match=f"month {month}, day {day} is no birthday"):
        BirthdayWindow().in_window(*columns((1, 1), (month, day)), on=0)


@pytest.mark.parametrize("days", [-1, 181, True], ids=str)
def test_window_of_half_a_year_at_most(days: int):
    with pytest.raises(InputError, match="days_after"):
        BirthdayWindow(days_after=days)


BIRTHDAYS = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))


@given(BIRTHDAYS, st.dates(date(2022, 1, 1), date(2030, 12, 31)), st.integers(0, 180), st.integers(0, 180))
def test_windows_agree_with_a_look_at_every_day(birthday: tuple[int, int], on: date, before: int, after: int):
    def celebrated(day: date) -> bool:
        eve = day.month == 2 and day.day == 28 and (day + timedelta(1)).month == 3
        return (day.month, day.day) == birthday or (birthday == (2, 29) and eve)

    window = BirthdayWindow(days_before=before, days_after=after)
    near = any(celebrated(on + timedelta(days)) for days in range(-after, before + 1))
    ahead = next(days for days in range(400) if celebrated(on + timedelta(days + before)))

    assert window.in_window(*columns(birthday), on=number(str(on))).tolist() == [near]
    assert window.next_start(*columns(birthday), on=number(str(on)))[0] - number(str(on)) == ahead
    assert window.days_until(*columns(birthday), on=number(str(on)))[0] == (0 if near else ahead)


def test_who_told_the_month_only_was_last_celebrated_on_its_last_day() -> None:
    month, day = np.array([3, 3, 0]), np.array([0, 31, 0])
    april = int(np.datetime64("2026-04-05").astype(int))
    assert BirthdayWindow().days_since(month, day, on=april).tolist() == [5, 5, -1]
    assert BirthdayWindow().days_since(month, day, on=april - 10).tolist() == [0, 360, -1]
    assert BirthdayWindow(days_after=3).days_since(month, day, on=april).tolist() == [2, 2, -1]
