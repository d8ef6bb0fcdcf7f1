"""When a member's birthday is near: windows around it, across the year's end and for who was born on a leap day."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.calendar import LocalDays

UNKNOWN = 0
"""The month, or the day of the month, of who has not said it."""

_LONGEST = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


class LeapDay(StrEnum):
    """When who was born on 29 February celebrates in other years."""

    FEBRUARY_28 = "february_28"
    MARCH_1 = "march_1"


@dataclass(frozen=True, slots=True)
class BirthdayWindow:
    """
    The days around a birthday on which a treat is given.

    Who has said the month only has the whole month for a birthday; who has said nothing has none.

    Attributes:
        days_before, days_after: Of the birthday, which is in the window itself; 0 to 180.
        leap_day: For 29 February.

    Example:
        >>> window = BirthdayWindow(days_before=3, days_after=3)
        >>> new_year_eve = int(np.datetime64("2026-12-31").astype(int))
        >>> window.in_window(np.array([1, 12, 1]), np.array([2, 25, 0]), on=new_year_eve).tolist()
        [True, False, True]
    """

    days_before: int = 0
    days_after: int = 0
    leap_day: LeapDay = LeapDay.FEBRUARY_28

    def __post_init__(self) -> None:
        for name in ("days_before", "days_after"):
            days = getattr(self, name)
            if isinstance(days, bool) or not 0 <= days <= 180:
                raise InputError(f"{name} is {days}; it may be 0 to 180 days")

    def in_window(self, month: NDArray[np.integer], day: NDArray[np.integer], *, on: int) -> NDArray[np.bool_]:
        """
        Who has a birthday near a day.

        Args:
            month: Shape (n,): 1 to 12, or `UNKNOWN`.
            day: Shape (n,): 1 to 31, or `UNKNOWN`.
            on: Days since 1970-01-01 in the programme's zone.

        Returns:
            Shape (n,).

        Raises:
            InputError: There is no such day of the year.
        """
        start, stop = self._current_or_next(month, day, on)
        return (start >= 0) & (start <= on) & (on < stop)

    def next_start(self, month: NDArray[np.integer], day: NDArray[np.integer], *, on: int) -> LocalDays:
        """The first day, *on* or later, on which a window begins; -1 where there is no birthday. Arguments as above."""
        known = _checked(month, day)
        starts = self._windows(month, day, on)[0]
        # A year whose window has begun already gives way to the next.
        ahead = np.where(starts >= on, starts, np.iinfo(np.int64).max).min(axis=0)
        return np.where(known, ahead, -1).astype(np.int32)

    def days_until(self, month: NDArray[np.integer], day: NDArray[np.integer], *, on: int) -> NDArray[np.int32]:
        """How many days until the window is open: 0 in it, -1 where there is no birthday. Arguments as above."""
        start, _ = self._current_or_next(month, day, on)
        return np.where(start < 0, -1, np.maximum(start - on, 0)).astype(np.int32)

    def days_since(self, month: NDArray[np.integer], day: NDArray[np.integer], *, on: int) -> NDArray[np.int32]:
        """How many days since the window was last open: 0 in it, -1 where there is no birthday. Arguments as above."""
        known = _checked(month, day)
        starts, stops = self._windows(month, day, on)
        last = np.where(starts <= on, stops - 1, np.iinfo(np.int64).min).max(axis=0)
        return np.where(known, np.maximum(on - last, 0), -1).astype(np.int32)

    def _current_or_next(
        self, month: NDArray[np.integer], day: NDArray[np.integer], on: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The window that ends first after *on*; -1 where there is no birthday."""
        known = _checked(month, day)
        starts, stops = self._windows(month, day, on)
        first = np.argmax(stops > on, axis=0)[None]
        start = np.take_along_axis(starts, first, axis=0)[0]
        stop = np.take_along_axis(stops, first, axis=0)[0]
        return np.where(known, start, -1), np.where(known, stop, -1)

    def _windows(
        self, month: NDArray[np.integer], day: NDArray[np.integer], on: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First day, and first day after, of the windows of the year before *on*, its year and the two after."""
        year = np.datetime64(on, "D").astype("datetime64[Y]").astype(np.int64)
        months = (year + np.arange(-1, 3))[:, None] * 12 + np.maximum(np.asarray(month, dtype=np.int64), 1) - 1
        first, following = _days_of(months), _days_of(months + 1)
        whole = np.asarray(day) == UNKNOWN
        date = first + np.maximum(np.asarray(day, dtype=np.int64), 1) - 1
        # Only 29 February can be beyond its month.
        date = np.where(date < following, date, following - (self.leap_day is LeapDay.FEBRUARY_28))
        start, stop = np.where(whole, first, date), np.where(whole, following, date + 1)
        return start - self.days_before, stop + self.days_after


def _days_of(months: NDArray[np.int64]) -> NDArray[np.int64]:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _checked(month: NDArray[np.integer], day: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whose month is known; raises where month and day are no date of any year."""
    month, day = np.asarray(month), np.asarray(day)
    wrong = (month < 0) | (month > 12) | (day < 0) | (day > _LONGEST[np.clip(month, 1, 12) - 1])
    wrong |= (month == UNKNOWN) & (day != UNKNOWN)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"month {month[row]}, day {day[row]} is no birthday; write month 1 to 12 and a day of it, 0 where unknown"
        )
    return np.asarray(month != UNKNOWN)
