"""The programme's own calendar: a day ends at midnight where its members live, not in Greenwich."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.time_zones import read_zone
from recsys.types import SECONDS_PER_DAY, Instants

LocalDays = NDArray[np.int32]
"""Days since 1970-01-01 in the programme's zone; 0 is that day, whatever the zone."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Period(StrEnum):
    """A stretch of the calendar that windows and reviews end with."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months it has."""
        return {Period.MONTH: 1, Period.QUARTER: 3, Period.HALF_YEAR: 6, Period.YEAR: 12}[self]


@dataclass(frozen=True, slots=True)
class ProgrammeCalendar:
    """
    Days, months and periods in one time zone, for arrays; the years 1900 to 2199.

    A day begins with its first instant: midnight, or, where clocks skip midnight, the instant they skip it. Where
    clocks go back over midnight a day that has begun does not begin again, so days never run backwards. A day that a
    zone left out (Samoa, 30 December 2011) has no instants: it starts when the next one does.

    Attributes:
        timezone: Name in the IANA data base.

    Example:
        >>> calendar = ProgrammeCalendar("Europe/London")
        >>> day = calendar.local_days(np.array([1_719_788_399, 1_719_788_400]))  # around midnight, summer time
        >>> np.datetime_as_string(day.astype("datetime64[D]")).tolist()
        ['2024-06-30', '2024-07-01']
        >>> calendar.starts_of(day).tolist()
        [1719702000, 1719788400]
    """

    timezone: str

    def __post_init__(self) -> None:
        _day_starts(self.timezone)

    def local_days(self, instants: NDArray[np.integer]) -> LocalDays:
        """
        The day of each instant, any shape.

        Raises:
            InputError: An instant is before 1900 or after 2199.
        """
        starts = _day_starts(self.timezone)
        at = np.asarray(instants, dtype=np.int64)
        if at.size and (at.min() < starts[0] or at.max() >= starts[-1]):
            wrong = int(at.min() if at.min() < starts[0] else at.max())
            raise InputError(
                f"{wrong} is no instant that the calendar knows; it knows epoch seconds from {starts[0]} (1900) to "
                f"{starts[-1] - 1} (2199); check that the instants are seconds, not milliseconds"
            )
        day = np.searchsorted(starts, at, side="right") + (_day(_FIRST_YEAR) - 1)
        return np.asarray(day, dtype=np.int32)

    def starts_of(self, days: NDArray[np.integer]) -> Instants:
        """
        The first instant of each day, any shape.

        Raises:
            InputError: A day is before 1900 or after 2199.
        """
        starts = _day_starts(self.timezone)
        row = np.asarray(days, dtype=np.int64) - _day(_FIRST_YEAR)
        if row.size and (row.min() < 0 or row.max() >= len(starts)):
            wrong = int(row.min() if row.min() < 0 else row.max()) + _day(_FIRST_YEAR)
            raise InputError(
                f"day {wrong} since 1970 is not in the calendar; it holds days of the years {_FIRST_YEAR} to "
                f"{_LAST_YEAR - 1}; check the dates"
            )
        found: Instants = starts[row]
        return found

    def start_of(self, day: int) -> int:
        """The first instant of one day."""
        return int(self.starts_of(np.array(day)))

    def next_period_starts(self, days: NDArray[np.integer], period: Period, *, first_month: int = 1) -> LocalDays:
        """The first day of the period after the one that each day is in; see `period_starts`."""
        months = _period_months(days, period, first_month) + period.months
        return _days_of_months(months)

    def period_starts(self, days: NDArray[np.integer], period: Period, *, first_month: int = 1) -> LocalDays:
        """
        The first day of the period that each day is in, any shape.

        Args:
            days: Days since 1970-01-01.
            period: Its length.
            first_month: 1 to 12: the month in which years begin; quarters and half-years follow it.
        """
        return _days_of_months(_period_months(days, period, first_month))


def add_months(days: NDArray[np.integer], n: int | NDArray[np.integer]) -> LocalDays:
    """
    The same day so many months later; the last day of a month that has no such day.

    Args:
        days: Days since 1970-01-01, any shape.
        n: Months, may be negative; broadcast against *days*.

    Example:
        >>> day = np.array(["2024-01-31", "2024-03-31"], dtype="datetime64[D]").astype(np.int32)
        >>> add_months(day, 1).astype("datetime64[D]").astype(str).tolist()
        ['2024-02-29', '2024-04-30']
    """
    day, more = np.asarray(days, dtype=np.int64), np.asarray(n, dtype=np.int64)
    if more.ndim == 0 and day.size:
        # Few days, many facts: every day in range is moved once and looked up.
        first, last = int(day.min()), int(day.max())
        if last - first < day.size:
            return _add_months(np.arange(first, last + 1, dtype=np.int64), more)[day - first]
    return _add_months(day, more)


def _add_months(days: NDArray[np.int64], n: NDArray[np.int64]) -> LocalDays:
    month = _months(days)
    start, stop = _days_of_months(month + n), _days_of_months(month + n + 1)
    return np.minimum(start + (days - _days_of_months(month)), stop - 1).astype(np.int32)


def _period_months(days: NDArray[np.integer], period: Period, first_month: int) -> NDArray[np.int64]:
    if not 1 <= first_month <= 12:
        raise InputError(f"first_month is {first_month}; it may be 1 (January) to 12 (December)")
    shift = first_month - 1
    return (_months(days) - shift) // period.months * period.months + shift


def _months(days: NDArray[np.integer]) -> NDArray[np.int64]:
    """Months since January 1970."""
    return np.asarray(days, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _days_of_months(months: NDArray[np.int64]) -> LocalDays:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)


def _day(year: int) -> int:
    return (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).days


@lru_cache(maxsize=64)
def _day_starts(timezone: str) -> Instants:
    """Shape (n_days + 1,), not falling: the first instant of every day from 1900, and of the first day of 2200."""
    changes, offsets = _transitions(read_zone(timezone))
    days = np.arange(_day(_FIRST_YEAR), _day(_LAST_YEAR) + 1, dtype=np.int64) * SECONDS_PER_DAY
    # Clocks with offset i show *day* before the next change if that change comes later on them.
    shown_until = np.maximum.accumulate(np.append(changes[1:] + offsets[:-1], np.iinfo(np.int64).max))
    shown = np.searchsorted(shown_until, days, side="right")
    starts: Instants = np.maximum(changes[shown], days - offsets[shown])
    starts.flags.writeable = False
    return starts


def _transitions(zone: ZoneInfo) -> tuple[Instants, NDArray[np.int64]]:
    """The instants from which an offset from UTC (seconds) holds; the first is long before 1900."""
    first, last = _day(_FIRST_YEAR) - 2, _day(_LAST_YEAR) + 2
    changes, offsets = [first * SECONDS_PER_DAY], [_offset(zone, first * SECONDS_PER_DAY)]
    for day in range(first, last):
        stop = (day + 1) * SECONDS_PER_DAY
        after = _offset(zone, stop)
        if after == offsets[-1]:
            continue
        low, high = day * SECONDS_PER_DAY, stop
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == offsets[-1] else (low, middle)
        changes.append(high)
        offsets.append(after)
    return np.array(changes, dtype=np.int64), np.array(offsets, dtype=np.int64)


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = (_EPOCH + timedelta(seconds=at)).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
