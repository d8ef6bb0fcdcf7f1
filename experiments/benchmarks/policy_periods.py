"""When a period of a calendar is on and how far a birthday is, counted day by day on a clock: for the judge."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from recsys.policy.file.calendar import AroundBirthday, ClockHours, EveryMonth, EveryWeek, EveryYear, Once, Period

_DAY = timedelta(days=1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_DAYS_AHEAD = 366
_FURTHEST_OFFSET_H = 26
_QUARTER_S = 900


@lru_cache(maxsize=100_000)
def first_shown(zone: str, day: date, minute: int) -> int:
    """
    The first instant at which clocks show a minute of a day, or have passed it.

    Walks along the clock in quarters of an hour, which every change of the last decades is a multiple of.
    """
    wanted = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    at = int(wanted.replace(tzinfo=UTC).timestamp()) - _FURTHEST_OFFSET_H * 3_600
    at -= at % _QUARTER_S
    while _clock(zone, at) < wanted:
        at += _QUARTER_S
    while _clock(zone, at - 1) >= wanted:
        at -= 1
    return at


def is_on_by_the_clock(period: Period, now: int, zone: str) -> bool:
    """Is one of the stretches of a period around this instant? A birthday period has no stretches of its own."""
    if period.from_at is not None and now < period.from_at:
        return False
    if period.until_at is not None and now >= period.until_at:
        return False
    return any(start <= now < end for start, end in _stretches(period, now, zone))


def birthday_by_the_clock(days_to_birthday: int, as_of: int, now: int, zone: str) -> tuple[int, int]:
    """Days to the next birthday and since the last, found by walking from day to day; -1 where nobody knows."""
    if not 0 <= days_to_birthday <= _MOST_DAYS_AHEAD:
        return -1, -1
    born, today = _clock(zone, as_of).date() + days_to_birthday * _DAY, _clock(zone, now).date()
    return _steps(born, today, 1), _steps(born, today, -1)


def _clock(zone: str, at: int) -> datetime:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)


def _steps(born: date, today: date, step: int) -> int:
    day = today
    while not _celebrates(born, day):
        day += step * _DAY
    return abs((day - today).days)


def _celebrates(born: date, day: date) -> bool:
    if (born.month, born.day) == (2, 29) and (day + _DAY).day == 1:
        return (day.month, day.day) in ((2, 28), (2, 29))
    return (born.month, born.day) == (day.month, day.day)


def _stretches(period: Period, now: int, zone: str) -> Iterator[tuple[int, int]]:
    when, today = period.when, _clock(zone, now).date()
    near = [today + shift * _DAY for shift in range(-2, 3)]
    match when:
        case AroundBirthday():
            yield now, now + 1
        case Once(hours=None):
            yield when.from_at, when.until_at
        case Once(hours=ClockHours() as hours):
            if when.from_at <= now < when.until_at:
                yield from (_hours(hours, day, zone) for day in near)
        case EveryYear() | EveryMonth() | EveryWeek():
            if when.hours is not None:
                yield from (_hours(when.hours, day, zone) for day in near if _is_named(when, day))
            else:
                yield from _whole_days(when, near, zone)


def _hours(hours: ClockHours, day: date, zone: str) -> tuple[int, int]:
    start, end = (int(one[:2]) * 60 + int(one[3:]) for one in (hours.from_at, hours.until_at))
    return first_shown(zone, day, start), first_shown(zone, day if start < end else day + _DAY, end)


def _whole_days(when: EveryYear | EveryMonth | EveryWeek, near: list[date], zone: str) -> Iterator[tuple[int, int]]:
    for day in near:
        if _is_named(when, day):
            yield first_shown(zone, day, 0), first_shown(zone, day + _DAY, 0)


def _is_named(when: EveryYear | EveryMonth | EveryWeek, day: date) -> bool:
    if isinstance(when, EveryWeek):
        return _WEEKDAYS[day.weekday()] in when.on
    if isinstance(when, EveryMonth):
        return day.day in when.on or ("last" in when.on and (day + _DAY).day == 1)
    # 29 February sorts between the 28th and the 1st of March also in years that have none.
    written = f"{day:%m-%d}"
    if when.from_at < when.until_at:
        return when.from_at <= written < when.until_at
    return written >= when.from_at or written < when.until_at
