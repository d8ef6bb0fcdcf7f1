"""What a ladder's window holds at every instant at which that changes, for a block of members at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.calendar import ProgrammeCalendar, add_months
from recsys.loyalty.conditions import MEASURES, Sums
from recsys.loyalty.facts import TierFacts
from recsys.loyalty.instants import Keys, keys_of, members_of
from recsys.loyalty.ladder import Ladder, Window
from recsys.types import EpochSeconds, Instants


def leaves_at(at: Instants, window: Window, calendar: ProgrammeCalendar) -> Instants:
    """The first instant at which each fact is in the window no more; never earlier for a later fact."""
    if not len(at):
        return np.empty(0, dtype=np.int64)
    day = calendar.local_days(at)
    first = int(day.min())
    # Few days, many facts: each day's end is found once and looked up.
    days = np.arange(first, int(day.max()) + 1, dtype=np.int32)
    if window.rolling_days is not None:
        leaving = days + window.rolling_days
    elif window.rolling_months is not None:
        leaving = add_months(days, window.rolling_months)
    else:
        assert window.calendar is not None
        leaving = calendar.next_period_starts(days, window.calendar, first_month=window.first_month)
    ends: Instants = calendar.starts_of(leaving)[day - first]
    return ends


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    A ladder's window over the facts of a block of members.

    Attributes:
        arrives, leaves: Shape (n_facts,): keys from which, and until which, each fact is in the window.
        totals: Shape (n_facts + 1,) each: running totals by measure; the sum over facts i to j is their difference.
        points: Shape (n_points,): keys of the instants at which the window changes; after all that happens then,
        entry: shape (n_points,), int8: the highest tier whose entry it meets, and
        keep: shape (n_points,), int8: the highest tier whose keep it meets.
    """

    arrives: Keys
    leaves: Keys
    totals: dict[int, NDArray[np.int64]]
    points: Keys
    entry: NDArray[np.int8]
    keep: NDArray[np.int8]

    @classmethod
    def of(cls, facts: TierFacts, ladder: Ladder, calendar: ProgrammeCalendar, *, begins: EpochSeconds) -> "Timeline":
        """Follow every fact of a block into the window and out, but those that left before the ladder *begins*."""
        ends = leaves_at(facts.at, ladder.window, calendar)
        lasting = ends > begins
        facts, ends = facts.where(lasting), ends[lasting]
        arrives, leaves = keys_of(facts.member, facts.at), keys_of(facts.member, ends)
        both = np.concatenate([arrives, leaves])
        order = np.argsort(both, kind="stable")  # two sorted runs: a merge
        moments = both[order]
        last = np.append(moments[1:] != moments[:-1], True) if len(moments) else np.empty(0, dtype=bool)
        entry, keep = ladder.entry, ladder.keep
        sums = np.zeros((np.count_nonzero(last), len(MEASURES)), dtype=np.int64)
        totals = {column: _running(facts.measure(column)) for column in range(len(MEASURES))}
        for column in sorted({*entry.measures(), *keep.measures()}):
            change = facts.measure(column)
            sums[:, column] = np.cumsum(np.concatenate([change, -change])[order])[last]
        same = np.array_equal(entry.needed, keep.needed)
        entry_levels = entry.levels(sums)
        return cls(arrives, leaves, totals, moments[last], entry_levels, entry_levels if same else keep.levels(sums))

    def levels_at(self, members: NDArray[np.integer], at: NDArray[np.int64] | int) -> tuple[NDArray[np.int8], ...]:
        """The tiers whose entry, and whose keep, each member's window meets at an instant."""
        if not len(self.points):
            return np.zeros(len(members), dtype=np.int8), np.zeros(len(members), dtype=np.int8)
        before = np.searchsorted(self.points, keys_of(members, at), side="right") - 1
        owned = (before >= 0) & (members_of(self.points[before]) == members)
        return np.where(owned, self.entry[before], np.int8(0)), np.where(owned, self.keep[before], np.int8(0))

    def n_arrived(self, members: NDArray[np.integer], at: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """How many facts of the block come before or at an instant of a member."""
        return np.searchsorted(self.arrives, keys_of(members, at), side="right")

    def n_left(self, members: NDArray[np.integer], at: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """How many facts of the block have left the window at an instant of a member."""
        return np.searchsorted(self.leaves, keys_of(members, at), side="right")

    def sums(self, first: NDArray[np.int64], stop: NDArray[np.int64]) -> Sums:
        """The sums over the facts in each [first, stop), shape (n, 4)."""
        return np.stack([totals[stop] - totals[first] for totals in self.totals.values()], axis=-1)


def _running(changes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Running totals modulo 2**64; differences within one member are exact (see ``facts``)."""
    totals = np.zeros(len(changes) + 1, dtype=np.int64)
    np.cumsum(changes, out=totals[1:])
    return totals
