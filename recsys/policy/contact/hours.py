"""Quiet hours: whether a channel is silent at an instant, on the clock of the policy's time zone."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from recsys.policy.file.contact import QuietHours, minute_of_day
from recsys.types import Channel, EpochSeconds

_FIRST, _LAST = 0, 253_370_764_800
"""1970 and the beginning of 9999: what calendars can write; instants outside are silent as those at the edge."""

_SEARCHED_MINUTES = 2 * 24 * 60
"""Two days: the hours of one, and what clocks skip or show twice."""


def local_minute(now: EpochSeconds, time_zone: ZoneInfo) -> int:
    """
    Minutes since midnight on a clock in this time zone, in summer time where it holds.

    >>> local_minute(1_782_936_000, ZoneInfo("Europe/London"))  # 2026-07-01T20:00Z
    1260
    """
    there = datetime.fromtimestamp(min(max(now, _FIRST), _LAST), time_zone)
    return there.hour * 60 + there.minute


def is_quiet(hours: QuietHours, channel: Channel, minute: int) -> bool:
    """Is the channel silent at this minute of the day?"""
    if channel not in hours.channels:
        return False
    first, after = minute_of_day(hours.from_time), minute_of_day(hours.until_time)
    if first < after:
        return first <= minute < after
    return minute >= first or minute < after  # over midnight


def open_again(hours: Sequence[QuietHours], channel: Channel, now: EpochSeconds, time_zone: ZoneInfo) -> EpochSeconds:
    """
    The first instant from *now* on at which the channel is not silent, on a whole minute unless that is *now*.

    Where quiet hours leave no minute of a day, *now*.

    >>> nights = QuietHours(id="nights", channels=(Channel.PUSH,), **{"from": "21:00", "until": "08:00"})
    >>> open_again([nights], Channel.PUSH, 1_782_936_000, ZoneInfo("UTC")) - 1_782_936_000  # at 20:00
    0
    >>> open_again([nights], Channel.PUSH, 1_782_943_200, ZoneInfo("UTC")) - 1_782_943_200  # at 22:00
    36000
    """
    for minutes in range(_SEARCHED_MINUTES):
        at = now if minutes == 0 else (now // 60 + minutes) * 60
        minute = local_minute(at, time_zone)
        if not any(is_quiet(one, channel, minute) for one in hours):
            return at
    return now
