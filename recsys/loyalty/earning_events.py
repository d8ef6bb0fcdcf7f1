"""Points for what is no purchase: sign-ins, referrals, reviews, birthdays; within their caps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.calendar import Period, ProgrammeCalendar
from recsys.loyalty.points_ends import rules_in_force
from recsys.loyalty.points_facts import PointAmounts
from recsys.loyalty.points_rules import PointsRules
from recsys.types import Instants, Rows


@dataclass(frozen=True, slots=True)
class MemberEvents:
    """
    What members did.

    Attributes:
        member: Shape (n,), int32.
        at: Shape (n,), int64 epoch seconds; of one instant, the earlier row comes first.
        kind: Shape (n,), int32: row among the names of kinds.
    """

    member: Rows
    at: Instants
    kind: Rows


def event_points(
    events: MemberEvents, history: Sequence[PointsRules], *, kinds: Sequence[str], calendar: ProgrammeCalendar
) -> PointAmounts:
    """
    Points of each event: those of its kind, in order of time, until the caps of the local day and month.

    An event beyond the cap of its day does not count towards that of its month. Where rules change within a day or
    month, caps count the events under each of them by themselves. All events of the months in question have to be
    given.

    Args:
        events: In any order.
        history: Rules, ascending by day.
        kinds: Names by row; a kind that the rules do not name earns nothing.

    Returns:
        Shape (n,), int64, at least 0.

    Raises:
        InputError: A kind is not there, or an event is before the first rules.
    """
    if len(events.kind) and (events.kind.min() < 0 or events.kind.max() >= len(kinds)):
        wrong = events.kind.min() if events.kind.min() < 0 else events.kind.max()
        raise InputError(f"an event is of kind row {wrong}; it may be 0 to {len(kinds) - 1}; correct it")
    version = rules_in_force(events.at, history, calendar)
    order = np.lexsort((events.at, events.kind, events.member))
    day = calendar.local_days(events.at)
    month = calendar.period_starts(day, Period.MONTH)
    points = np.zeros(len(order), dtype=np.int64)
    for number, rules in enumerate(history):
        for row, kind in enumerate(kinds):
            rule = rules.earning.events.get(kind)
            if rule is None:
                continue
            rows = order[(version[order] == number) & (events.kind[order] == row)]
            for period, cap in ((day, rule.max_per_day), (month, rule.max_per_month)):
                if cap is not None:
                    rows = rows[_position(events.member[rows], period[rows]) < cap]
            points[rows] = rule.points
    return points


def _position(member: Rows, period: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many of the same member and period come before; both ascend together."""
    if not len(member):
        return np.empty(0, dtype=np.int64)
    first = np.append(True, (member[1:] != member[:-1]) | (period[1:] != period[:-1]))
    row = np.arange(len(member), dtype=np.int64)
    position: NDArray[np.int64] = row - np.flatnonzero(first)[np.cumsum(first) - 1]
    return position
