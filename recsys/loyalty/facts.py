"""What members did, as far as tiers count it: dated changes of four sums, joining dates, and tiers given by hand."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recsys.errors import InputError
from recsys.loyalty.conditions import MEASURES
from recsys.loyalty.instants import NEVER
from recsys.types import EpochSeconds, Instants, Rows

NO_JOIN_DATE: EpochSeconds = int(np.iinfo(np.int64).min)
"""Joining date of a member who has none: the first fact or grant is taken for it."""

_LARGEST_SUM = 1 << 62


@dataclass(frozen=True, slots=True)
class Grants:
    """
    Tiers given by hand, sorted by member, then instant; one a member and instant.

    Attributes:
        member: Shape (n,), int32.
        tier: Shape (n,), int8: row of ``Programme.tiers``.
        at: Shape (n,), int64: epoch seconds.
    """

    member: Rows
    tier: NDArray[np.int8]
    at: Instants

    @classmethod
    def of(cls, member: ArrayLike, tier: ArrayLike, at: ArrayLike) -> "Grants":
        """
        Check and sort.

        Raises:
            InputError: A column holds no whole numbers, or a member is given two tiers at one instant.
        """
        owner, rank, when = _column(member, "member"), _column(tier, "tier"), _column(at, "at")
        _refuse_lengths({"member": owner, "tier": rank, "at": when})
        order = np.lexsort((when, owner))
        owner, rank, when = owner[order], rank[order], when[order]
        if len(when) and (when.min() < -NEVER // 4 or when.max() >= NEVER):
            wrong = int(when.min() if when.min() < 0 else when.max())
            raise InputError(f"a grant is at {wrong}; write epoch seconds, not milliseconds")
        twice = np.flatnonzero((owner[1:] == owner[:-1]) & (when[1:] == when[:-1]))
        if len(twice):
            raise InputError(
                f"member row {owner[twice[0]]} is granted two tiers at the instant {when[twice[0]]}; keep one of them"
            )
        if len(rank) and (rank.min() < 0 or rank.max() > np.iinfo(np.int8).max):
            raise InputError(f"{rank[(rank < 0) | (rank > 127)][0]} is no tier; write a row of the programme's tiers")
        return cls(owner.astype(np.int32), rank.astype(np.int8), when)

    @classmethod
    def none(cls) -> "Grants":
        """Nobody was given a tier."""
        return cls(np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0, np.int64))

    def between(self, start: int, stop: int) -> "Grants":
        """Those of the member rows in [start, stop), which become 0 and on."""
        some = slice(*np.searchsorted(self.member, [start, stop]))
        return Grants(self.member[some] - np.int32(start), self.tier[some], self.at[some])


@dataclass(frozen=True, slots=True)
class TierFacts:
    """
    Changes of what tiers count, sorted by member, then instant. A return is a negative change when it comes back.

    Attributes:
        member: Shape (n_facts,), int32.
        at: Shape (n_facts,), int64: epoch seconds.
        spend_minor, orders, points, activity: Shape (n_facts,), int64: by how much the sum changes.
        joined_at: Shape (n_members,), int64: what was before does not count; `NO_JOIN_DATE` where there is none.
        grants: Tiers given by hand.

    Example:
        >>> facts = TierFacts.of([1, 0, 1], [300, 200, 100], spend_minor=[5, 6, 7], joined_at=[0, 0])
        >>> facts.member.tolist(), facts.spend_minor.tolist(), facts.orders.tolist()
        ([0, 1, 1], [6, 7, 5], [0, 0, 0])
    """

    member: Rows
    at: Instants
    spend_minor: NDArray[np.int64]
    orders: NDArray[np.int64]
    points: NDArray[np.int64]
    activity: NDArray[np.int64]
    joined_at: Instants
    grants: Grants

    @classmethod
    def of(
        cls,
        member: ArrayLike,
        at: ArrayLike,
        *,
        joined_at: ArrayLike,
        spend_minor: ArrayLike | None = None,
        orders: ArrayLike | None = None,
        points: ArrayLike | None = None,
        activity: ArrayLike | None = None,
        grants: Grants | None = None,
    ) -> "TierFacts":
        """
        Check and sort; a measure that is absent never changes.

        Raises:
            InputError: Columns differ in length, hold no whole numbers, name a member row that does not exist, or a
                member's changes add up to more than 64 bits hold.
        """
        owner, when, joined = _column(member, "member"), _column(at, "at"), _column(joined_at, "joined_at")
        given = {"spend_minor": spend_minor, "orders": orders, "points": points, "activity": activity}
        measures = {name: _column(column, name) for name, column in given.items() if column is not None}
        _refuse_lengths({"member": owner, "at": when, **measures})
        grants = grants or Grants.none()
        for name, rows in (("a fact", owner), ("a grant", grants.member)):
            if len(rows) and (rows.min() < 0 or rows.max() >= len(joined)):
                wrong = int(rows.min() if rows.min() < 0 else rows.max())
                raise InputError(
                    f"{name} is member row {wrong}'s; joined_at has {len(joined)} members, rows 0 to {len(joined) - 1}"
                )
        if not _is_sorted(owner, when):
            order = np.lexsort((when, owner))
            owner, when = owner[order], when[order]
            measures = {name: column[order] for name, column in measures.items()}
        for name, column in measures.items():
            _refuse_overflow(name, owner, column)
        nothing = np.broadcast_to(np.int64(0), len(owner))
        columns = {name: measures.get(name, nothing) for name in MEASURES}
        return cls(owner.astype(np.int32), when, **columns, joined_at=joined, grants=grants)

    @property
    def n_members(self) -> int:
        """How many member rows there are, with facts or without."""
        return len(self.joined_at)

    def measure(self, column: int) -> NDArray[np.int64]:
        """The changes of one of `MEASURES`."""
        changes: NDArray[np.int64] = getattr(self, MEASURES[column])
        return changes

    def where(self, keep: NDArray[np.bool_]) -> "TierFacts":
        """The facts of a mask of shape (n_facts,); members and grants stay."""
        if keep.all():
            return self
        columns = {name: getattr(self, name)[keep] for name in ("member", "at", *MEASURES)}
        return replace(self, **columns)

    def between(self, start: int, stop: int) -> "TierFacts":
        """The facts and grants of the member rows in [start, stop), which become 0 and on; views where possible."""
        some = slice(*np.searchsorted(self.member, [start, stop]))
        columns = {name: getattr(self, name)[some] for name in ("at", *MEASURES)}
        return TierFacts(
            member=self.member[some] - np.int32(start),
            **columns,
            joined_at=self.joined_at[start:stop],
            grants=self.grants.between(start, stop),
        )


def _column(values: ArrayLike, name: str) -> NDArray[np.int64]:
    try:
        column: NDArray[Any] = np.asarray(values)
    except (OverflowError, ValueError) as error:
        raise InputError(f"{name} is no column of whole numbers ({error}); write one number a fact") from error
    if column.ndim != 1:
        raise InputError(f"{name} has the shape {column.shape}; write one number a row")
    if not len(column):
        return np.empty(0, dtype=np.int64)
    if (column.dtype.kind == "u" and column.max() > np.iinfo(np.int64).max) or column.dtype.kind == "O":
        raise InputError(f"{name} holds {column.max()}; numbers have to fit 64 bits with a sign; check the unit")
    if column.dtype.kind not in "iu":
        raise InputError(
            f"{name} holds {column.dtype} such as {column[0]}; write whole numbers that fit 64 bits with a sign"
        )
    return column.astype(np.int64, copy=False)


def _refuse_lengths(columns: dict[str, NDArray[np.int64]]) -> None:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"the columns have different lengths: {told}; write one value a row in each")


def _is_sorted(owner: NDArray[np.int64], at: Instants) -> bool:
    later = (owner[1:] > owner[:-1]) | ((owner[1:] == owner[:-1]) & (at[1:] >= at[:-1]))
    return bool(later.all())


def _refuse_overflow(name: str, owner: NDArray[np.int64], changes: NDArray[np.int64]) -> None:
    """Sums are differences of running totals, right modulo 2**64: only a member's own sum has to fit."""
    if not len(changes):
        return
    largest = max(int(changes.max()), -int(changes.min()))
    if largest * len(changes) < _LARGEST_SUM:
        return
    totals = np.bincount(owner, weights=np.abs(changes.astype(np.float64)))
    if totals.max() >= _LARGEST_SUM:
        raise InputError(
            f"the {name} of member row {int(totals.argmax())} adds up to about {totals.max():.3g}, "
            f"{_LARGEST_SUM:.3g} is the most that is counted; check the unit"
        )
