"""Orders by local day: two orders of one day are one, and what came back is taken off the day that it was bought on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.profile.facts import MemberFacts
from features.rhythm.gaps import SHORTEST_LOGGED_DAYS, OwnGaps
from recsys.types import EpochSeconds, Instants, MoneyMinor, Rows


@dataclass(frozen=True, slots=True)
class DailyOrders:
    """
    One row a member and local day with an order, free ones too, sorted by member, then day.

    Attributes:
        n_members: How many members there are; those without an order have no row.
        member: Shape (n,), int32.
        day: Shape (n,), int32: days since 1970-01-01 in the programme's time zone.
        at: Shape (n,), int64: the instant of the day's first order.
        value_minor: Shape (n,), int64: paid on the day, less refunds of what was bought then; may be negative.
    """

    n_members: int
    member: Rows
    day: NDArray[np.int32]
    at: Instants
    value_minor: MoneyMinor

    def __len__(self) -> int:
        return len(self.member)

    def starts(self) -> NDArray[np.int64]:
        """Shape (n_buyers,): each buyer's first row."""
        return np.flatnonzero(np.diff(self.member, prepend=-1))

    def ends(self) -> NDArray[np.int64]:
        """Shape (n_buyers,): each buyer's last row."""
        return np.append(self.starts()[1:], len(self))[: len(self.starts())] - 1

    def before(self, stop: EpochSeconds) -> "DailyOrders":
        """The days whose first order is strictly before an instant; values as they are known now."""
        return self.take(self.at < stop)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "DailyOrders":
        """Some of the rows."""
        return DailyOrders(self.n_members, self.member[rows], self.day[rows], self.at[rows], self.value_minor[rows])


def daily_orders(facts: MemberFacts) -> DailyOrders:
    """
    The days on which members ordered, before or after joining.

    A refund counts on the day of the purchase it is of; where the member has no order on that day, on the last day
    before it with one, else on the first. A refund of a member without any order has nothing to be taken off.
    """
    orders, returns = facts.orders, facts.returns
    new = np.diff(orders.member, prepend=-1) != 0
    new |= np.diff(orders.day, prepend=-1) != 0
    heads = np.flatnonzero(new)
    member, day = orders.member[heads], orders.day[heads]
    value = np.add.reduceat(orders.paid_minor, heads) if len(heads) else np.empty(0, dtype=np.int64)
    if len(heads) and len(returns.member):
        keys = _keys(member, day)
        bought = facts.calendar.local_days(returns.bought_at)
        place = np.searchsorted(keys, _keys(returns.member, bought), side="right") - 1
        first = np.searchsorted(member, returns.member)
        known = first < np.searchsorted(member, returns.member, side="right")
        np.subtract.at(value, np.maximum(place, first)[known], returns.refund_minor[known])
    return DailyOrders(facts.n_members, member, day, orders.at[heads], value)


def own_gaps(orders: DailyOrders, decay: float) -> OwnGaps:
    """
    For each row what is known of the gaps between the member's earlier days, the one that ends on it among them.

    The same sums as `features.rhythm.gaps.earlier_gaps`, taken day after day within each member, so that they are the
    same to the last bit whoever else is there.

    Args:
        orders: Shape (n,).
        decay: A gap weighs this much less than the next one.
    """
    n, starts = len(orders), orders.starts()
    counts = np.diff(np.append(starts, n))
    repeats = np.arange(n) - np.repeat(starts, counts)
    gap = np.diff(orders.day, prepend=orders.day[:1])
    gap[starts] = 1
    logged = np.log(np.maximum(gap, SHORTEST_LOGGED_DAYS))
    sums = np.zeros((3, n))
    longest_first = np.argsort(-counts, kind="stable")
    starts, minus_counts = starts[longest_first], -counts[longest_first]
    for step in range(1, int(counts.max(initial=0))):
        n_longer = int(np.searchsorted(minus_counts, -step, side="left"))
        rows = starts[:n_longer] + step
        value = np.ones(n_longer)
        for row in sums:
            row[rows] = decay * row[rows - 1] + value
            value = value * logged[rows]
    return OwnGaps(repeats, *sums)


def _keys(member: Rows, day: NDArray[np.int32]) -> NDArray[np.int64]:
    return (member.astype(np.int64) << 32) + day
