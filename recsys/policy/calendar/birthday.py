"""How far a member's birthday is ahead and behind at the instant of a decision, from what the bundle knew of it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.birthdays import BirthdayWindow
from recsys.policy.calendar.times import local_day
from recsys.types import EpochSeconds

UNKNOWN_DAYS = -1
_MOST_DAYS = 366
_EPOCH_ORDINAL = 719_163


@dataclass(frozen=True, slots=True)
class BirthdayDistance:
    """
    Days from and to birthdays, both 0 on the day itself.

    Attributes:
        days_to: Shape (m,), int32: to the next, 0 to 366; `UNKNOWN_DAYS` where the birthday is.
        days_after: Shape (m,), int32: since the last, 0 to 366; `UNKNOWN_DAYS` where the birthday is.
    """

    days_to: NDArray[np.int32]
    days_after: NDArray[np.int32]


def birthday_distance(
    days_to_birthday: NDArray[np.integer], *, as_of: EpochSeconds, now: EpochSeconds, zone: str
) -> BirthdayDistance:
    """
    Carry the days until a birthday over to another instant, past the birthday and into the years after.

    Who has told the month only has its first day for a birthday, or, where the bundle is of that very month, the day
    that the bundle is of. Who was born on 29 February celebrates on the 28th in other years; a bundle that tells of the
    28th does not tell who was, so a decision after the next leap day may be one day early for them.

    Args:
        days_to_birthday: Shape (m,): the column of the bundle's profile: 0 to 366, `UNKNOWN_DAYS` where not known.
        as_of: Of the profile.
        now: Instant of the decision; may be before *as_of*.
        zone: Name in the IANA data base: the policy's ``time_zone``, in which days begin.

    Example:
        >>> hour = 3_600
        >>> found = birthday_distance(np.array([0, 2, -1]), as_of=0, now=30 * hour, zone="UTC")
        >>> found.days_to.tolist(), found.days_after.tolist()
        ([364, 1, -1], [1, 364, -1])
    """
    then, today = (local_day(at, zone).toordinal() - _EPOCH_ORDINAL for at in (as_of, now))
    to, after = _tables(then, today)
    row = np.where((days_to_birthday < 0) | (days_to_birthday > _MOST_DAYS), _MOST_DAYS + 1, days_to_birthday)
    return BirthdayDistance(to[row], after[row])


@lru_cache(maxsize=8)
def _tables(then: int, today: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """By days to a birthday on the day *then*: those to and since one on the day *today*; the last entry is unknown."""
    dates = (then + np.arange(_MOST_DAYS + 1)).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    day = (dates - months).astype(np.int64) + 1
    on_the_day = BirthdayWindow()
    found = (on_the_day.days_until(month, day, on=today), on_the_day.days_since(month, day, on=today))
    to, after = (np.append(known, np.int32(UNKNOWN_DAYS)) for known in found)
    for table in (to, after):
        table.flags.writeable = False
    return to, after
