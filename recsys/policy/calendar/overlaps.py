"""Where two periods of one kind would be on at once: double points are given once."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.policy.calendar.times import intervals
from recsys.policy.file.calendar import Period
from recsys.types import SECONDS_PER_DAY, EpochSeconds

LOOK_AHEAD_DAYS = 2 * 366
"""How far ahead overlaps are looked for."""


class Overlap(NamedTuple):
    """Two periods of one kind, in the order of the file, and the first instant at which both are on."""

    first: Period
    second: Period
    at: EpochSeconds


def overlaps(a: Period, b: Period, *, start: EpochSeconds, zone: str) -> EpochSeconds | None:
    """
    The first instant of the next two years at which two periods of one kind are on for the same channel and store.

    Birthday periods share the birthday itself, so they overlap whenever both are on.

    Args:
        a, b: Of one policy.
        start: Where to begin.
        zone: Name in the IANA data base: the policy's ``time_zone``.

    Returns:
        None where they never meet, or are of different kinds: a sale may lie within a season.
    """
    return next((overlap.at for overlap in overlapping((a, b), start=start, zone=zone)), None)


def overlapping(periods: Sequence[Period], *, start: EpochSeconds, zone: str) -> Iterator[Overlap]:
    """Every pair of a calendar's periods that overlap, as `overlaps` says; each period is worked out once."""
    end = start + LOOK_AHEAD_DAYS * SECONDS_PER_DAY
    known: dict[str, NDArray[np.int64]] = {}
    for first, second in combinations(periods, 2):
        if not _may_meet(first, second):
            continue
        for period in (first, second):
            if period.id not in known:
                found = intervals(period, start, end, zone=zone)
                known[period.id] = np.array(found, dtype=np.int64).reshape(-1, 2)
        at = _first_in_both(known[first.id], known[second.id])
        if at is not None:
            yield Overlap(first, second, at)


def _may_meet(a: Period, b: Period) -> bool:
    return a.kind is b.kind and _share(a.channels, b.channels) and _share(a.stores, b.stores)


def _share(some: Sequence[str] | None, others: Sequence[str] | None) -> bool:
    """Whether two lists, of which an absent one stands for all there is, have something in common."""
    return some is None or others is None or not set(some).isdisjoint(others)


def _first_in_both(some: NDArray[np.int64], others: NDArray[np.int64]) -> EpochSeconds | None:
    """The first instant in two lists of intervals, shape (n, 2), each in order and apart from each other."""
    if not len(some) or not len(others):
        return None
    # The first of the others that ends after one begins.
    other = others[np.minimum(np.searchsorted(others[:, 1], some[:, 0], side="right"), len(others) - 1)]
    start = np.maximum(some[:, 0], other[:, 0])
    meets = np.flatnonzero(start < np.minimum(some[:, 1], other[:, 1]))
    return int(start[meets[0]]) if len(meets) else None
