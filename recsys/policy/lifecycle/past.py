"""What came into force when: the past of a policy, in one pass over all that was done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from recsys.policy.lifecycle.versions import Change, Entry, Move, Version, apply
from recsys.types import EpochSeconds

_UNDATED = (Move.SUBMITTED, Move.REJECTED, Move.WITHDRAWN)
"""Moves of versions that are not approved: nothing comes into force or ends by them."""


def past_changes(entries: Sequence[Entry], now: EpochSeconds) -> list[Change]:
    """What came into force when, until *now*, oldest first: what people did, and what dates did in between."""
    done = [entry for entry in entries if entry.at <= now]
    past, changes = _Past(), list[Change]()
    for order, entry in enumerate(done):
        past.take(entry, order)
        until = done[order + 1].at if order + 1 < len(done) else now + 1
        while past.dates and past.dates[0] < until:
            date = heappop(past.dates)
            current = past.in_force(date)
            if current != (changes[-1].version if changes else None):
                changes.append(Change(date, current))
    return changes


@dataclass(slots=True)
class _Past:
    """
    The versions as time goes on.

    Attributes:
        versions: By id.
        dates: A heap of the instants at which something may change.
        scheduled: A heap of (start, order, version) of what has not begun; some may not be approved any more.
        begun: A heap, what began last first, of the same with both numbers negative.
    """

    versions: dict[str, Version] = field(default_factory=dict)
    dates: list[EpochSeconds] = field(default_factory=list)
    scheduled: list[tuple[EpochSeconds, int, str]] = field(default_factory=list)
    begun: list[tuple[EpochSeconds, int, str]] = field(default_factory=list)

    def take(self, entry: Entry, order: int) -> None:
        """What somebody did."""
        apply(self.versions, entry, order)
        if entry.move in _UNDATED:
            return
        heappush(self.dates, entry.at)
        changed = self.versions[entry.to_version or entry.version]
        if changed.order != order or changed.start is None:
            return
        heappush(self.scheduled, (changed.start, order, changed.version))
        for date in (changed.start, changed.end):
            if date is not None and date > entry.at:
                heappush(self.dates, date)

    def in_force(self, instant: EpochSeconds) -> str | None:
        """The version in force at an instant that is not before any that was asked for; as `lifecycle.in_force`."""
        while self.scheduled and self.scheduled[0][0] <= instant:
            start, order, version = heappop(self.scheduled)
            heappush(self.begun, (-start, -order, version))
        while self.begun:
            _, order, version = self.begun[0]
            one = self.versions[version]
            if one.order == -order and one.holds_at(instant):
                return version
            heappop(self.begun)  # it ended, or its dates are others: then it is there again with those
        return None
