"""When a period of the policy is on: exact instants in the policy's time zone, over summer time and leap days."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from recsys.policy.file.calendar import ClockHours, EveryMonth, EveryWeek, EveryYear, Once, Period, Weekday
from recsys.policy.file.contact import minute_of_day
from recsys.types import SECONDS_PER_DAY, EpochSeconds

_ALWAYS = 1 << 62
"""Further from 1970 than any instant."""
_FIRST, _LAST = -62_000_000_000, 220_000_000_000
"""The years 5 and 8941."""
_HORIZON_DAYS = 9 * 366
"""The longest that anything which recurs keeps away: from 29 February 2096 to that of 2104."""
_DAY = timedelta(days=1)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MINUTES = tuple(time(minute // 60, minute % 60) for minute in range(24 * 60))
_ISO_WEEKDAY = {weekday: number for number, weekday in enumerate(Weekday, start=1)}
_WEEK = 7
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31

Interval = tuple[EpochSeconds, EpochSeconds]
"""First instant, and first instant after."""

_Days = tuple[date, date]
"""First day, and first day after."""


class Stretch(NamedTuple):
    """
    Which periods are on, and until when that stays so.

    Attributes:
        active: Ids, in the order of the file.
        until: The first instant at which one starts or ends; None where nothing ever changes again.
    """

    active: tuple[str, ...]
    until: EpochSeconds | None


def is_on(period: Period, now: EpochSeconds, *, zone: str) -> bool:
    """
    Whether a period is on; whose it is, and where, is for `conditions` to ask.

    A day, and an hour of it, begins with the first instant at which the clock shows it or has passed it. So hours that
    clocks skip begin when they are skipped, and what has begun or ended does not do so again where clocks go back.
    A birthday period is always on, between its bounds.

    Args:
        period: Of the policy.
        now: Instant of the decision.
        zone: Name in the IANA data base: the policy's ``time_zone``.
    """
    return _next(period, now, zone)[0] <= now


def next_change(period: Period, now: EpochSeconds, *, zone: str) -> EpochSeconds | None:
    """The first instant after *now* at which `is_on` says something else; None where it never does."""
    return _change(_next(period, now, zone), now)


def intervals(period: Period, start: EpochSeconds, end: EpochSeconds, *, zone: str) -> list[Interval]:
    """When a period is on between two instants, in order, apart from each other, and cut at both."""
    found = _merged(_all_windows(period, zone, local_day(start, zone), local_day(end, zone)))
    return [(max(low, start), min(high, end)) for low, high in found if low < end and start < high]


def stretch(periods: Iterable[Period], now: EpochSeconds, *, zone: str) -> Stretch:
    """The periods that are on, and until when nothing changes."""
    found = [(period.id, _next(period, now, zone)) for period in periods]
    changes = [change for _, interval in found if (change := _change(interval, now)) is not None]
    return Stretch(tuple(name for name, (start, _) in found if start <= now), min(changes, default=None))


def local_day(instant: EpochSeconds, zone: str) -> date:
    """The day that a zone's clocks show, within the years that Python can count in."""
    return datetime.fromtimestamp(min(max(instant, _FIRST), _LAST), ZoneInfo(zone)).date()


def _next(period: Period, now: EpochSeconds, zone: str) -> Interval:
    """The first interval that ends after *now*; one that never comes where there is none."""
    first = max(now, period.from_at if period.from_at is not None else now)
    day = local_day(first, zone)
    found = _merged(_all_windows(period, zone, day, day + timedelta(days=_HORIZON_DAYS)))
    return next((interval for interval in found if now < interval[1]), (_ALWAYS, _ALWAYS))


def _change(interval: Interval, now: EpochSeconds) -> EpochSeconds | None:
    start, end = interval
    change = start if now < start else end
    return change if change < _ALWAYS else None


def _all_windows(period: Period, zone: str, first: date, last: date) -> Iterator[Interval]:
    """All that ends after the day *first* begins and starts before the day *last* ends, by start, within the bounds."""
    low = -_ALWAYS if period.from_at is None else period.from_at
    high = _ALWAYS if period.until_at is None else period.until_at
    for start, end in _unbounded(period, ZoneInfo(zone), first, last):
        if start >= high:
            return
        if max(start, low) < min(end, high):
            yield max(start, low), min(end, high)


def _unbounded(period: Period, zone: ZoneInfo, first: date, last: date) -> Iterator[Interval]:
    match period.when:
        case Once(from_at=start, until_at=end, hours=None):
            yield start, end
        case Once(from_at=start, until_at=end, hours=ClockHours() as hours):
            begins, ends = (local_day(at, zone.key) for at in (start, end))
            days = (max(begins, first - _DAY), min(ends, last) + _DAY)
            for low, high in _hours_of(hours, days, zone):
                if max(low, start) < min(high, end):
                    yield max(low, start), min(high, end)
        case EveryYear() | EveryMonth() | EveryWeek() as when if not _is_always(when):
            for days in _days_of(when, first - 2 * _DAY, last + 2 * _DAY):
                if when.hours is None:
                    yield _instant(zone, days[0], 0), _instant(zone, days[1], 0)
                else:
                    yield from _hours_of(when.hours, (max(days[0], first - 2 * _DAY), days[1]), zone)
        case _:
            yield -_ALWAYS, _ALWAYS


def _is_always(when: EveryYear | EveryMonth | EveryWeek) -> bool:
    """Every day, all day long: it has no start or end to look for."""
    if when.hours is not None:
        return False
    if isinstance(when, EveryWeek):
        return len(when.on) == _WEEK
    return isinstance(when, EveryMonth) and all(
        len(_days_in(when, length)) == length for length in range(_SHORTEST_MONTH, _LONGEST_MONTH + 1)
    )


def _days_of(when: EveryYear | EveryMonth | EveryWeek, first: date, last: date) -> Iterator[_Days]:
    """The days of each recurrence that ends after *first* and starts before *last*, in order."""
    match when:
        case EveryYear():
            over_new_year = when.until_at < when.from_at
            for year in range(first.year - 1, last.year + 1):
                days = (_of_year(year, when.from_at), _of_year(year + over_new_year, when.until_at))
                if days[0] < days[1] and first < days[1]:
                    yield days
        case EveryMonth():
            month = first.replace(day=1)
            while month < last:
                following = (month + _LONGEST_MONTH * _DAY).replace(day=1)
                for day in _days_in(when, (following - month).days):
                    yield month.replace(day=day), month.replace(day=day) + _DAY
                month = following
        case EveryWeek():
            weekdays = {_ISO_WEEKDAY[day] for day in when.on}
            for ordinal in range(first.toordinal(), last.toordinal()):
                day_of_week = date.fromordinal(ordinal)
                if day_of_week.isoweekday() in weekdays:
                    yield day_of_week, day_of_week + _DAY


def _days_in(when: EveryMonth, length: int) -> list[int]:
    """The days of a month of so many days, ascending."""
    return sorted({length if day == "last" else day for day in when.on if day == "last" or day <= length})


def _of_year(year: int, month_day: str) -> date:
    """The day of a year; 1 March for a 29 February that there is not."""
    month, day = map(int, month_day.split("-"))
    return date(year, month, 1) + (day - 1) * _DAY


def _hours_of(hours: ClockHours, days: _Days, zone: ZoneInfo) -> Iterator[Interval]:
    """The hours of each day; none where clocks skip them."""
    start, end = minute_of_day(hours.from_at), minute_of_day(hours.until_at)
    for ordinal in range(days[0].toordinal(), days[1].toordinal()):
        day = date.fromordinal(ordinal)
        low = _instant(zone, day, start)
        high = _instant(zone, day if start < end else day + _DAY, end)
        if low < high:
            yield low, high


def _merged(windows: Iterable[Interval]) -> Iterator[Interval]:
    """The same instants as intervals that do not touch; *windows* are in the order of their starts."""
    low: EpochSeconds | None = None
    high = 0
    for start, end in windows:
        if low is not None and start <= high:
            high = max(high, end)
            continue
        if low is not None:
            yield low, high
        low, high = start, end
    if low is not None:
        yield low, high


def _instant(zone: ZoneInfo, day: date, minute: int) -> EpochSeconds:
    """The first instant at which clocks show a time of a day, or have passed it."""
    wall = datetime.combine(day, _MINUTES[minute], zone)
    before, after = _offset(wall), _offset(wall.replace(fold=1))
    shown = (day.toordinal() - _EPOCH_ORDINAL) * SECONDS_PER_DAY + minute * 60
    high = shown - before
    if after <= before:
        return high
    # Clocks skip it: the offset changes between the two readings.
    low = shown - after
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, zone)) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(at: datetime) -> int:
    offset = at.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
