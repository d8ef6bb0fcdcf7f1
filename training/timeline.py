"""Facts of members in the order of time, with running sums: how much of something lies before any instant."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.types import Instants

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_INSTANT_BITS = 34


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    Dated facts, sorted by member and instant.

    Attributes:
        keys: Shape (n,), int64: member and instant as one number that sorts like the pair.
        at: Shape (n,), int64: epoch seconds.
        first: Shape (n_members + 1,), int64: where each member's facts begin.
        sums: By name, shape (n + 1,): the running sum of a column over all facts before each.

    Example:
        >>> paid = {"paid": np.array([3.0, 4.0])}
        >>> line = Timeline.of(np.array([1, 0]), np.array([50, 70]), n_members=2, columns=paid)
        >>> place = line.place(np.array([0, 0, 1]), np.array([70, 71, 60]))
        >>> line.total("paid", np.array([0, 0, 1]), place).tolist()
        [0.0, 4.0, 3.0]
    """

    keys: Numbers
    at: Instants
    first: Numbers
    sums: Mapping[str, Floats]

    @classmethod
    def of(
        cls,
        member: NDArray[np.integer],
        at: Instants,
        *,
        n_members: int,
        columns: Mapping[str, NDArray[np.generic]] | None = None,
    ) -> "Timeline":
        """From columns of shape (n,) in any order."""
        keys = key_of(member, at)
        order = np.argsort(keys, kind="stable")
        sums = {name: _running(np.asarray(column, dtype=np.float64)[order]) for name, column in (columns or {}).items()}
        counts = np.bincount(member, minlength=n_members)
        return cls(keys[order], at[order], np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), sums)

    def place(self, member: NDArray[np.integer], at: Instants) -> Numbers:
        """Shape (m,): where the first fact that is not before the instant is, or would be."""
        return np.asarray(np.searchsorted(self.keys, key_of(member, at)), dtype=np.int64)

    def count(self, member: NDArray[np.integer], place: Numbers) -> Numbers:
        """Shape (m,): facts of the member before a place."""
        return np.asarray(place - self.first[member])

    def total(self, name: str, member: NDArray[np.integer], place: Numbers) -> Floats:
        """Shape (m,): sum of a column over the member's facts before a place."""
        return self.between(name, self.first[member], place)

    def between(self, name: str, start: Numbers, stop: Numbers) -> Floats:
        """Shape (m,): sum of a column over the facts from one place up to another."""
        return np.asarray(self.sums[name][stop] - self.sums[name][start])

    def last_at(self, member: NDArray[np.integer], place: Numbers) -> Floats:
        """Shape (m,): instant of the member's last fact before a place; NaN where there is none."""
        some = place > self.first[member]
        return np.where(some, np.append(self.at, 0)[np.where(some, place - 1, -1)], np.nan)

    def first_at(self, member: NDArray[np.integer], place: Numbers) -> Floats:
        """Shape (m,): instant of the member's first fact, if it is before a place; else NaN."""
        first = self.first[member]
        return np.where(place > first, np.append(self.at, 0)[np.where(place > first, first, -1)], np.nan)


def key_of(member: NDArray[np.integer], at: Instants) -> Numbers:
    """Shape (n,): member and instant as one number that sorts like the pair."""
    return np.asarray((member.astype(np.int64) << _INSTANT_BITS) + np.maximum(at, 0))


@dataclass(frozen=True, slots=True)
class Orders:
    """
    Every order of a dataset.

    Attributes:
        member: Shape (n,), int64.
        first_at, last_at: Shape (n,): instants of its first and last line, which are nearly always one.
        paid_minor, discount_minor: Shape (n,), int64.
        channel: Shape (n,), int32: that of its first line; UNKNOWN_ROW where it is not recorded.
    """

    member: Numbers
    first_at: Instants
    last_at: Instants
    paid_minor: Numbers
    discount_minor: Numbers
    channel: NDArray[np.int32]

    @classmethod
    def of(cls, dataset: Dataset) -> "Orders":
        """Orders by number, which is the order of member and instant."""
        lines, n = dataset.purchases, dataset.purchases.n_orders
        first, last = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        rows = np.arange(len(lines))
        # Lines are sorted by member and instant: written backwards the first line of an order is what stays.
        first[lines.order[::-1]] = rows[::-1]
        last[lines.order] = rows
        return cls(
            member=lines.member[first].astype(np.int64),
            first_at=lines.at[first],
            last_at=lines.at[last],
            paid_minor=np.bincount(lines.order, lines.paid_minor, n).astype(np.int64),
            discount_minor=np.bincount(lines.order, dataset.terms.discount_minor, n).astype(np.int64),
            channel=dataset.terms.channel[first],
        )


def _running(column: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(column)])
