"""The journal: every movement of points from one account to another, in an order that anybody can repeat."""

from dataclasses import dataclass, field, fields
from enum import IntEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.points_facts import Account, PointAmounts
from recsys.types import EpochSeconds, Instants, Rows


class Stage(IntEnum):
    """
    What comes first at one instant.

    A lot that ends is gone before anything else happens; what becomes usable pays a debt before it is spent; what is
    earned at an instant can be taken back and redeemed at it.
    """

    EXPIRE = 0
    BECOME_USABLE = 1
    USABLE_PAYS = 2
    MERGE = 3
    MERGED_PAYS = 4
    EARN = 5
    EARNED_PAYS = 6
    TAKE_BACK = 7
    REDEEM = 8


@dataclass(frozen=True, slots=True)
class Entries:
    """
    Double-entry: each row moves points, at least 1, from *source* to *target*, so all accounts of a member add up to 0.

    Sorted by member, instant, `Stage`, the number of the fact or lot that moves, then in the order lots are taken.
    A row's entry number is `first` plus its position.

    Attributes:
        member: Shape (n,), int32: whose accounts.
        at: Shape (n,), int64 epoch seconds.
        source, target: Shape (n,), uint8: `Account`.
        points: Shape (n,), int64, at least 1.
        lot: Shape (n,), int64: the lot that moved; NONE for a debt.
        reason: Shape (n,), uint8: `Reason`.
        order: Shape (n,), int64: the order of the fact behind it; NONE where there is none.
    """

    member: Rows
    at: Instants
    source: NDArray[np.uint8]
    target: NDArray[np.uint8]
    points: PointAmounts
    lot: NDArray[np.int64]
    reason: NDArray[np.uint8]
    order: NDArray[np.int64]
    first: int = 0

    def __len__(self) -> int:
        return len(self.member)

    def numbers(self) -> NDArray[np.int64]:
        """Shape (n,): entry numbers, ascending."""
        return np.arange(self.first, self.first + len(self), dtype=np.int64)

    def until(self, instant: EpochSeconds) -> "Entries":
        """Those at or before an instant; their numbers are counted anew."""
        return self.take(np.flatnonzero(self.at <= instant))

    def take(self, rows: NDArray[np.integer]) -> "Entries":
        """Some of them, in the order of *rows*; their numbers are counted anew."""
        return Entries(**{name: getattr(self, name)[rows] for name in COLUMNS}, first=self.first)

    def balances(self, n_members: int) -> PointAmounts:
        """Shape (n_members, number of accounts): what these entries make of accounts that begin at 0."""
        flat = np.zeros(n_members * len(Account), dtype=np.int64)
        base = self.member.astype(np.int64) * len(Account)
        np.add.at(flat, base + self.target, self.points)
        np.subtract.at(flat, base + self.source, self.points)
        return flat.reshape(n_members, len(Account))


COLUMNS = tuple(column.name for column in fields(Entries) if column.name != "first")


_DTYPES: tuple[type[np.integer[Any]], ...] = (
    np.int32, np.int64, np.int8, np.int64, np.uint8, np.uint8, np.int64, np.int64, np.uint8, np.int64,
)  # fmt: skip


@dataclass(slots=True)
class Journal:
    """Collects movements in any order and sorts them once; the life of a row stands in for its member until then."""

    chunks: list[tuple[NDArray[Any], ...]] = field(default_factory=list)

    def add(
        self,
        life: NDArray[np.int64],
        at: Instants,
        stage: Stage | NDArray[np.int64],
        *,
        source: Account | NDArray[np.integer],
        target: Account | NDArray[np.integer],
        points: PointAmounts,
        lot: int | NDArray[np.int64],
        reason: int | NDArray[np.integer],
        order: int | NDArray[np.int64],
        number: NDArray[np.int64],
    ) -> None:
        """Note movements; those of no points are left out. *number* orders what happens at one stage of an instant."""
        moves = np.flatnonzero(points > 0)
        if len(moves):
            columns = (life, at, stage, number, source, target, points, lot, reason, order)
            self.chunks.append(
                tuple(_part(column, moves, dtype) for column, dtype in zip(columns, _DTYPES, strict=True))
            )

    def entries(self, member_of_life: Rows) -> Entries:
        """Sort what was noted; rows that agree in member, instant, stage and number stay as they were noted."""
        if not self.chunks:
            return no_entries()
        columns = [np.concatenate(parts) for parts in zip(*self.chunks, strict=True)]
        life, at, stage, number, source, target, points, lot, reason, order = columns
        member = member_of_life[life]
        rows = _order(member, at, stage, number)
        return Entries(
            member=member[rows],
            at=at[rows],
            source=source[rows],
            target=target[rows],
            points=points[rows],
            lot=lot[rows],
            reason=reason[rows],
            order=order[rows],
        )


def no_entries() -> Entries:
    """None at all."""
    none, small = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint8)
    return Entries(np.empty(0, dtype=np.int32), none, small, small, none, none, small, none)


def join_entries(parts: list[Entries], first: int) -> Entries:
    """One journal of several that share no member."""
    parts = [part for part in parts if len(part)] or [no_entries()]
    ascending = all(a.member[-1] < b.member[0] for a, b in pairwise(parts))
    joined = Entries(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}, first=first)
    return joined if ascending else joined.take(np.argsort(joined.member, kind="stable"))


def _part(column: int | NDArray[np.integer], rows: NDArray[np.int64], dtype: type[np.integer]) -> NDArray[Any]:
    if isinstance(column, np.ndarray):
        return column[rows].astype(dtype, copy=False)
    return np.full(len(rows), int(column), dtype=dtype)


def _order(member: Rows, at: Instants, stage: NDArray[np.int8], number: NDArray[np.int64]) -> NDArray[np.int64]:
    """By member, instant, stage, number, as noted; sorting by one key first, and only what ties by the last."""
    first, low = int(member.min()), int(at.min())
    span = (int(at.max()) - low + 1) * len(Stage)
    key = (member - np.int64(first)) * span + (at - low) * len(Stage) + stage
    rows = np.argsort(key, kind="stable")
    key = key[rows]
    same = key[1:] == key[:-1]
    tied = np.zeros(len(rows), dtype=np.bool_)
    tied[1:] = same
    tied[:-1] |= same
    where = np.flatnonzero(tied)
    rows[where] = rows[where][np.lexsort((number[rows[where]], key[where]))]
    return rows
