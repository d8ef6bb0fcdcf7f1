"""Time zones by name, and the instant of what a wall clock shows, refusing times that a zone skips or has twice."""

import difflib
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

from recsys.errors import InputError
from recsys.types import EpochSeconds

_OF_THE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
"""Files beside the zones that say another time on each machine, or none."""

_OTHER_TREES = ("right/", "posix/")
"""Zones that count leap seconds, which epoch seconds do not, and copies, which not every machine has."""


def read_zone(name: str) -> ZoneInfo:
    """
    A zone of the IANA data base.

    Raises:
        InputError: There is none of that name.

    Example:
        >>> read_zone("Asia/Hong_Kong").key
        'Asia/Hong_Kong'
    """
    try:
        if name.startswith(_OTHER_TREES) or name in _OF_THE_MACHINE:
            raise KeyError(name)
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        near = _near(name)
        meant = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise InputError(
            f"{name!r} is no time zone; write a name of the IANA data base such as Europe/London, Asia/Hong_Kong or "
            f"UTC{meant}"
        ) from error


def day_start(day: date, zone: ZoneInfo) -> EpochSeconds:
    """
    The first instant of a day: midnight, or, where clocks skip midnight, the instant at which they skip it.

    Where clocks go back over midnight it is the first of the two, as in `recsys.loyalty.calendar`.

    Raises:
        ValueError: The day is at the very edge of what the calendar knows.
    """
    shown = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (what a wall clock shows has no zone)
    first, second = _instants(shown, zone)
    if _shown_at(first, zone) == shown:
        return first
    low, high = second, first  # the clock jumps over midnight somewhere between
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _shown_at(middle, zone) >= shown else (middle, high)
    return high


def instant_of(shown: datetime, zone: ZoneInfo) -> EpochSeconds:
    """
    The instant at which the clocks of a zone show a time.

    Raises:
        ValueError: They never do, or twice (summer time), or the time is at the very edge of the calendar.
    """
    first, second = _instants(shown, zone)
    if _shown_at(first, zone) != shown:
        raise ValueError(
            f"{shown.isoformat()} does not exist in {zone.key}: clocks skip it; write the time before or after, or an "
            f"offset ({shown.isoformat()}+00:00)"
        )
    if first != second:
        offsets = [datetime.fromtimestamp(one, zone).isoformat() for one in (first, second)]
        raise ValueError(
            f"{shown.isoformat()} comes twice in {zone.key}: clocks go back; write {offsets[0]} or {offsets[1]}"
        )
    return first


def _instants(shown: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """With the offset before and after a change of the clocks; the same where there is none (PEP 495)."""
    try:
        first, second = (int(shown.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
        datetime.fromtimestamp(first, UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{shown.isoformat()} is beyond the calendar; write a year from 2 to 9998") from None
    return first, second


def _shown_at(instant: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None, fold=0)


def _near(name: str) -> list[str]:
    known = {zone.casefold(): zone for zone in available_timezones()}
    wanted = name.casefold().replace(" ", "_")
    cities = [zone for zone in known.values() if zone.casefold().rpartition("/")[2] == wanted]
    matches = difflib.get_close_matches(wanted, known, n=2, cutoff=0.75)
    return sorted(cities) or [known[one] for one in matches]
