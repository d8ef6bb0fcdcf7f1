"""When it is next noon of a member's birthday, as well as the bundle knows, for what-ifs."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from recsys.errors import InputError
from recsys.members import MemberBatch
from recsys.policy.calendar.birthday import birthday_distance
from recsys.policy.calendar.times import local_day
from recsys.types import EpochSeconds

DAYS_TO_BIRTHDAY = "days_to_birthday"
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class BirthdayNoon:
    """An instant, and whether the day may be the first of the month only because no day is known."""

    instant: EpochSeconds
    month_only: bool


def next_birthday_noon(batch: MemberBatch, now: EpochSeconds, zone: str) -> BirthdayNoon:
    """
    Noon of the next birthday, or of today where that is one.

    Where the bundle has no days until the birthday, the first day of its month counts, and all of that month's days.

    Args:
        batch: Of one member, who agreed to personalisation.
        now: From when on.
        zone: In which days begin: the policy's.

    Raises:
        InputError: Nobody knows when it is.
    """
    today = local_day(now, zone)
    days = _days_to(batch, now, zone)
    if days >= 0:
        day = today + timedelta(days=days)
        return BirthdayNoon(_noon(day, zone), day.day == 1)
    month = int(batch.birth_month[0])
    if not month:
        raise InputError(
            f"nobody knows the birthday of the member {batch.subjects[0].member_id!r}; give a birth date or a birth "
            "month in the table of members, ingest and train again; or ask about an instant instead"
        )
    ahead = (month - today.month) % _MONTHS
    year, before = divmod(today.month - 1 + ahead, _MONTHS)
    day = date(today.year + year, before + 1, 1) if ahead else today
    return BirthdayNoon(_noon(day, zone), month_only=True)


def _days_to(batch: MemberBatch, now: EpochSeconds, zone: str) -> int:
    """Days until the birthday; -1 where the bundle does not say."""
    column, row = batch.profile.columns.get(DAYS_TO_BIRTHDAY), batch.row
    if column is None or row[0] < 0:
        return -1
    return int(birthday_distance(column[row], as_of=batch.profile.as_of, now=now, zone=zone).days_to[0])


def _noon(day: date, zone: str) -> EpochSeconds:
    return int(datetime.combine(day, time(12), ZoneInfo(zone)).timestamp())
