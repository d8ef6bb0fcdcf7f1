"""Days of purchases as gaps: what a rhythm is learnt from, one line for each purchase and what followed it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from recsys.errors import InputError

Floats = NDArray[np.float64]
Days = NDArray[np.int32]
Rows = NDArray[np.int32]

SHORTEST_LOGGED_DAYS = 0.5
"""A gap enters logarithms as no shorter than this."""
_BLOCK_ROWS = 1 << 22
_KEY_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class History:
    """
    On which days who bought of which family, sorted by member, family, day, each day once.

    A series is all days of one member and family. Orders are a history with the one family 0.

    Attributes:
        member, family: Shape (n,), int32, at least 0.
        day: Shape (n,), int32, any origin.
    """

    member: Rows
    family: Rows
    day: Days

    def __len__(self) -> int:
        return len(self.day)

    @classmethod
    def of(cls, member: NDArray[np.integer], family: NDArray[np.integer], day: NDArray[np.integer]) -> Self:
        """
        A history from columns in any order, with repeated days.

        Raises:
            InputError: The columns differ in length, or a member or family is negative.
        """
        if not len(member) == len(family) == len(day):
            raise InputError(
                f"member, family and day have {len(member)}, {len(family)} and {len(day)} rows; give one of each a row"
            )
        if not len(day):
            return cls(*(np.empty(0, dtype=np.int32) for _ in range(3)))
        if min(int(member.min()), int(family.min())) < 0:
            raise InputError("a member or family is negative; leave out the rows that have none")
        first = int(day.min())
        n_families, span = int(family.max()) + 1, int(day.max()) - first + 1
        if (int(member.max()) + 1) * n_families * span >= _KEY_LIMIT:
            raise InputError(
                f"{int(member.max()) + 1} members x {n_families} families x {span} days are too many to sort at once; "
                "number members and families densely"
            )
        key = member.astype(np.int64)
        key *= n_families
        key += family
        key *= span
        key += day
        key -= first
        if (key[1:] > key[:-1]).all():
            return cls(*(column.astype(np.int32, copy=False) for column in (member, family, day)))
        key.sort()
        key = key[np.diff(key, prepend=-1) > 0]
        pair, offset = np.divmod(key, span)
        owner, of_family = np.divmod(pair, n_families)
        return cls(owner.astype(np.int32), of_family.astype(np.int32), (offset + first).astype(np.int32))

    def before(self, as_of_day: int) -> "History":
        """The days strictly before *as_of_day*."""
        keep = self.day < as_of_day
        return self if keep.all() else self.take(keep)

    def of_members(self, n_members: int) -> "History":
        """
        The same, checked.

        Raises:
            InputError: A member is not below *n_members*.
        """
        if len(self) and int(self.member[-1]) >= n_members:
            raise InputError(
                f"member {int(self.member[-1])} is not one of {n_members}; give rows of the members you count"
            )
        return self

    def take(self, keep: NDArray[np.bool_]) -> "History":
        """Some of the rows."""
        return History(self.member[keep], self.family[keep], self.day[keep])

    def starts(self) -> NDArray[np.int64]:
        """Shape (n_series,): the first row of each series."""
        new = np.ones(len(self), dtype=np.bool_)
        new[1:] = (self.member[1:] != self.member[:-1]) | (self.family[1:] != self.family[:-1])
        return np.flatnonzero(new)


@dataclass(frozen=True, slots=True)
class Gaps:
    """
    What follows each purchase day of a history, as of a day: a line for each row, in its order.

    Attributes:
        first: Shape (n,), int64: row of the first purchase of the series.
        repeats: Shape (n,), int64: purchase days of the series before this one.
        before_days: Shape (n,): from the first purchase of the series to this one.
        days: Shape (n,): until the next purchase of the series; where there is none, the whole days of silence.
        since_days: Shape (n,): whole days from the purchase that ended the gap to the as-of day, 0 where it is open.
        closed: Shape (n,): whether a purchase ended it; the last gap of each series is open.
    """

    first: NDArray[np.int64]
    repeats: NDArray[np.int64]
    before_days: Floats
    days: Floats
    since_days: Floats
    closed: NDArray[np.bool_]


def gaps_of(history: History, as_of_day: int) -> Gaps:
    """
    The gaps of a history all of whose days are before *as_of_day*, as `History.before` gives it.

    Raises:
        InputError: A day is not before *as_of_day*.
    """
    if len(history) and int(history.day.max()) >= as_of_day:
        raise InputError(f"day {int(history.day.max())} is not before the as-of day {as_of_day}; cut the history first")
    starts, n = history.starts(), len(history)
    first = np.repeat(starts, np.diff(np.append(starts, n)))
    closed = np.ones(n, dtype=np.bool_)
    closed[starts[1:] - 1] = False
    closed[n - 1 :] = False
    silent = as_of_day - 1 - history.day.astype(np.int64)
    end = np.zeros(n, dtype=np.int64)
    end[:-1] = np.where(closed[:-1], silent[1:], 0)
    return Gaps(
        first=first,
        repeats=np.arange(n) - first,
        before_days=(silent[first] - silent).astype(np.float64),
        days=(silent - end).astype(np.float64),
        since_days=end.astype(np.float64),
        closed=closed,
    )


@dataclass(frozen=True, slots=True)
class OwnGaps:
    """
    What is known of the gaps of a series before its present one; a gap weighs less than the next by the decay.

    Attributes:
        repeats: Shape (n,), integer: gaps that ended.
        weight, log_days, log_days_squared: Shape (n,), float64: weighed sums of 1, ln(gap in days) and its square.
    """

    repeats: NDArray[np.integer]
    weight: Floats
    log_days: Floats
    log_days_squared: Floats


def earlier_gaps(gaps: Gaps, decay: float) -> OwnGaps:
    """For each gap those of the same series before it."""
    logged = np.log(np.maximum(gaps.days, SHORTEST_LOGGED_DAYS))
    sums = (_decayed(gaps, value, decay) for value in (np.ones(len(logged)), logged, logged**2))
    return OwnGaps(gaps.repeats, *sums)


def present_gaps(history: History, starts: NDArray[np.int64], decay: float) -> OwnGaps:
    """
    For each series all its gaps that ended: what `earlier_gaps` says of its open one, without a line for each gap.

    Works in blocks of whole series, so that thirty million rows take the memory of four.
    """
    bounds = np.append(starts, len(history))
    sums = np.zeros((3, len(starts)))
    if len(starts):
        span = int(history.day.max()) - int(history.day.min()) + 1
        logs = np.log(np.maximum(np.arange(span), SHORTEST_LOGGED_DAYS))
        weights = decay ** np.arange(min(span, 2_000))
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(bounds, bounds[first] + _BLOCK_ROWS, side="right")) - 1)
        low, inner = bounds[first], bounds[first : last + 1] - bounds[first]
        day = history.day[low : bounds[last]]
        gap = np.diff(day, prepend=day[:1])
        left = np.repeat(inner[1:], np.diff(inner)) - 1 - np.arange(len(day))
        weight = weights[np.minimum(left, len(weights) - 1)]
        weight[inner[:-1]] = 0.0
        gap[inner[:-1]] = 0
        logged = logs[gap]
        for row in sums[:, first:last]:
            row[:] = np.add.reduceat(weight, inner[:-1])
            weight *= logged
        first = last
    return OwnGaps(np.diff(bounds) - 1, *sums)


def _decayed(gaps: Gaps, value: Floats, decay: float) -> Floats:
    """Shape (n,): sums of *value* over the ended gaps before each in its series, each less by *decay* than the next."""
    added = np.zeros(len(value))
    added[1:] = np.where(gaps.closed[:-1], value[:-1], 0.0)
    # One filter over all series; what it carries over a series' beginning fades by the decay and is taken off again.
    run = np.asarray(lfilter([1.0], [1.0, -decay], added)) if len(value) else added
    carried = np.where(gaps.first > 0, run[gaps.first - 1], 0.0) * decay ** (gaps.repeats + 1.0)
    return np.where(gaps.repeats > 0, run - carried, 0.0)
