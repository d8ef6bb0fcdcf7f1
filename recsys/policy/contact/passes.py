"""Takes messages one after the other for many members at once, each where every cap has room, in a given order."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.types import KeepMask

NOT_PLANNED = -1

_T = TypeVar("_T", bound=np.generic)

Alternatives = NDArray[np.int64]
"""Shape (m, s * a): positions of a member's alternatives, send by send, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """
    What caps allow: c caps, m members, s sends by time.

    Attributes:
        limit: Shape (c,), uint8: messages in a window.
        reaches: Shape (c, s, s), bool: the window that ends with the first send holds the second.
        used: Shape (c, m, s), uint8: messages made before the plan in the window that ends with each send, at most the
            limit.
    """

    limit: NDArray[np.uint8]
    reaches: NDArray[np.bool_]
    used: NDArray[np.uint8]

    def windows(self) -> NDArray[np.uint64]:
        """Shape (c, s): the windows, as bits of the sends they end with, that hold a send."""
        return _as_bits(self.reaches.transpose(0, 2, 1))

    def of_members(self, members: NDArray[np.integer]) -> "Capacity":
        """The capacity of some members."""
        return Capacity(self.limit, self.reaches, self.used[:, members])

    def blocked_by(
        self, choice: NDArray[np.int8], value: NDArray[np.int64], counted: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int8], KeepMask]:
        """
        Say what keeps the most valuable alternative of each send from being in this plan.

        Returns:
            Shape (m, s) both: the first cap that does, -1 for none; and whether it is for the sake of later messages
            alone, with room for it after what is planned before it.
        """
        best = value.argmax(axis=2)
        members, sends = np.indices(best.shape)
        taken = _chosen(counted, choice)
        # What is planned instead already has its place in the caps that both count for.
        wanted = np.where(value[members, sends, best] >= 0, counted[members, sends, best], 0) & ~taken
        found = np.full(choice.shape, -1, dtype=np.int8)
        no_room_then = np.zeros(choice.shape, dtype=np.bool_)
        for cap in range(len(self.limit) - 1, -1, -1):
            counts = _bit(taken, cap)
            full = self.used[cap] + counts.astype(np.uint8) @ self.reaches[cap].T.astype(np.uint8) >= self.limit[cap]
            no_room_then |= _bit(wanted, cap) & full
            for send in range(choice.shape[1]):
                no_room = full[:, send] | (full & counts & self.reaches[cap][:, send]).any(axis=1)
                found[_bit(wanted[:, send], cap) & no_room, send] = cap
        return found, (found >= 0) & ~no_room_then


def worth(choice: NDArray[np.int8], value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shape (m,): the value of each member's plan."""
    members, sends = np.indices(choice.shape)
    planned = np.where(choice >= 0, value[members, sends, np.maximum(choice, 0)], 0)
    total: NDArray[np.int64] = planned.sum(axis=1, dtype=np.int64)
    return total


def by_time(value: NDArray[np.int64]) -> Alternatives:
    """First come, first served: send by send, of each the most valuable alternative first."""
    _, n_sends, n_alternatives = value.shape
    best_first = np.argsort(-value, axis=2, kind="stable")
    return _flat(best_first + (np.arange(n_sends) * n_alternatives)[None, :, None])


def orders(value: NDArray[np.int64], counted: NDArray[np.uint64], capacity: Capacity) -> list[Alternatives]:
    """
    Orders that are good for different reasons; the first is that of value alone.

    A message stands in the way of others in its windows, so value for each of them counts (Sakai, Togasaki and Yamazaki
    2003, GWMIN); and one that may be replaced by another of its send is worth only the difference.
    """
    gain = value - _replacement(value, counted)
    crowd = _crowd(value, counted, capacity)
    keys = [value.astype(np.float64), value / crowd, gain.astype(np.float64), gain / crowd]
    return [np.argsort(-_flat(key), axis=1, kind="stable") for key in keys]


def led_by(send: int, value: NDArray[np.int64], counted: NDArray[np.uint64], capacity: Capacity) -> Alternatives:
    """The messages of one send first, then the others by value over how many they stand in the way of."""
    order = np.argsort(-_flat(value / _crowd(value, counted, capacity)), axis=1, kind="stable")
    is_other = order // value.shape[2] != send
    return np.take_along_axis(order, np.argsort(is_other, axis=1, kind="stable"), axis=1)


def take_in_order(
    order: Alternatives, value: NDArray[np.int64], counted: NDArray[np.uint64], capacity: Capacity
) -> NDArray[np.int8]:
    """
    Take alternatives in an order where every cap has room for them, at most one a send.

    A send that has one gets a more valuable one instead where that counts for the same caps and others with room.

    Returns:
        Shape (m, s), int8: the alternative of each send; NOT_PLANNED where there is none.
    """
    n_members, n_sends, n_alternatives = value.shape
    choice = np.full((n_members, n_sends), NOT_PLANNED, dtype=np.int8)
    chosen_value = np.full((n_members, n_sends), -1, dtype=np.int64)
    chosen_caps = np.zeros((n_members, n_sends), dtype=np.uint64)
    used, windows = capacity.used.copy(), capacity.windows()
    taken = np.zeros((len(used), n_members), dtype=np.uint64)
    full = _as_bits(used >= capacity.limit[:, None, None])
    flat_value, flat_counted = _flat(value), _flat(counted)
    members = np.arange(n_members)
    for rank in range(order.shape[1]):
        position = order[:, rank]
        send = position // n_alternatives
        asks = flat_counted[members, position]
        has = chosen_caps[members, send]
        allowed = (flat_value[members, position] > chosen_value[members, send]) & (has & ~asks == 0)
        more = asks & ~has
        own = np.uint64(1) << send.astype(np.uint64)
        for cap in range(len(used)):
            counts = _bit(more, cap)
            allowed &= ~counts | (full[cap] & (taken[cap] | own) & windows[cap][send] == 0)
        at = np.flatnonzero(allowed)
        to = send[at]
        choice[at, to] = position[at] % n_alternatives
        chosen_value[at, to] = flat_value[at, position[at]]
        chosen_caps[at, to] |= more[at]
        for cap in range(len(used)):
            now = at[_bit(more[at], cap)]
            used[cap][now] += capacity.reaches[cap].T[send[now]]
            taken[cap][now] |= own[now]
            full[cap][now] = _as_bits(used[cap][now] >= capacity.limit[cap])
    return choice


def _replacement(value: NDArray[np.int64], counted: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Shape (m, s, a): the value of the best alternative of the same send that counts for fewer caps; 0 for none."""
    found = np.zeros_like(value)
    for other in range(value.shape[2]):
        theirs = counted[:, :, other, None]
        fewer: KeepMask = (theirs & ~counted == 0) & (theirs != counted)
        np.maximum(found, np.where(fewer, value[:, :, other, None], 0), out=found)
    return found


def _crowd(value: NDArray[np.int64], counted: NDArray[np.uint64], capacity: Capacity) -> NDArray[np.float64]:
    """Shape (m, s, a): 1 and the other sends of its windows, a place in the tightest cap each."""
    crowd = np.ones(value.shape)
    for cap in range(len(capacity.limit)):
        counts = _bit(counted, cap)
        possible = (counts & (value >= 0)).any(axis=2).astype(np.float64)
        near = (capacity.reaches[cap] | capacity.reaches[cap].T).astype(np.float64)
        np.fill_diagonal(near, 0)
        beside = possible @ near / max(int(capacity.limit[cap]), 1)
        np.maximum(crowd, np.where(counts, 1 + beside[:, :, None], 1), out=crowd)
    return crowd


def _chosen(counted: NDArray[np.uint64], choice: NDArray[np.int8]) -> NDArray[np.uint64]:
    members, sends = np.indices(choice.shape)
    its: NDArray[np.uint64] = np.where(choice >= 0, counted[members, sends, np.maximum(choice, 0)], np.uint64(0))
    return its


def _flat(columns: NDArray[_T]) -> NDArray[_T]:
    """Shape (m, s * a): a member's alternatives in one line."""
    n_members, n_sends, n_alternatives = columns.shape
    return columns.reshape(n_members, n_sends * n_alternatives)


def _bit(caps: NDArray[np.uint64], cap: int) -> KeepMask:
    found: KeepMask = (caps >> np.uint64(cap)) & np.uint64(1) != 0
    return found


def _as_bits(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """The last axis as the bits of one number, the first entry lowest."""
    weights = np.uint64(1) << np.arange(flags.shape[-1], dtype=np.uint64)
    bits: NDArray[np.uint64] = (flags * weights).sum(axis=-1, dtype=np.uint64)
    return bits
