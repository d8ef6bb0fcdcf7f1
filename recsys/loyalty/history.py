"""When members changed tier and why: the answer of the tier engine, as flat columns."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.types import UNKNOWN_ROW, EpochSeconds, Instants

Tiers = NDArray[np.int8]
"""Rows of ``Programme.tiers``; UNKNOWN_ROW before joining."""


class ChangeReason(StrEnum):
    """Why a tier changed. The order is the code in histories; append only."""

    JOINED = "joined"
    EARNED = "earned"
    REVIEW = "review"
    LADDER_CHANGED = "ladder_changed"
    GRANTED = "granted"


REASONS: tuple[ChangeReason, ...] = tuple(ChangeReason)
REASON_CODE: dict[ChangeReason, int] = {reason: code for code, reason in enumerate(REASONS)}


@dataclass(frozen=True, slots=True)
class TierHistory:
    """
    The changes of each member, in the order of time; at most one an instant. The first is joining.

    Attributes:
        tiers: Names that rows of tiers stand for.
        indptr: Shape (n_members + 1,), int64: member i has the changes ``indptr[i]:indptr[i + 1]``.
        at: Shape (n_changes,), int64: epoch seconds; the new tier holds from then on.
        from_tier: Shape (n_changes,), int8; UNKNOWN_ROW when joining.
        to_tier: Shape (n_changes,), int8.
        reason: Shape (n_changes,), uint8: position in `REASONS`.
        as_of: The last instant that was looked at.
    """

    tiers: tuple[str, ...]
    indptr: NDArray[np.int64]
    at: Instants
    from_tier: Tiers
    to_tier: Tiers
    reason: NDArray[np.uint8]
    as_of: EpochSeconds

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def owners(self) -> NDArray[np.int64]:
        """Shape (n_changes,): whose change each is."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def tier_at(self, instant: EpochSeconds) -> Tiers:
        """Shape (n_members,): the tier held at an instant up to ``as_of``; UNKNOWN_ROW before joining."""
        last = self._last_change(instant)
        return np.where(last < 0, UNKNOWN_ROW, self._or_one(self.to_tier)[last]).astype(np.int8)

    def tier_on(self, day: int, calendar: ProgrammeCalendar) -> Tiers:
        """
        Shape (n_members,): the highest tier held at any instant of a local day; UNKNOWN_ROW before joining.

        Who rises in the morning and falls in the afternoon counts as risen for that day in daily figures; the history
        keeps both changes.
        """
        start, stop = calendar.start_of(day), calendar.start_of(day + 1)
        highest = self.tier_at(start)
        today = (self.at >= start) & (self.at < stop)
        np.maximum.at(highest, self.owners()[today], self.to_tier[today])
        return highest

    def since(self, instant: EpochSeconds) -> Instants:
        """Shape (n_members,): when the tier held at an instant began; -1 before joining."""
        last = self._last_change(instant)
        return np.where(last < 0, -1, self._or_one(self.at)[last])

    def changes(self, row: int) -> list[tuple[EpochSeconds, str, str, str]]:
        """One member's changes as (at, from, to, reason), for tests and explanations; the first is from nothing."""
        names = (*self.tiers, "")
        return [
            (int(self.at[i]), names[self.from_tier[i]], names[self.to_tier[i]], REASONS[self.reason[i]].value)
            for i in range(self.indptr[row], self.indptr[row + 1])
        ]

    def _last_change(self, instant: EpochSeconds) -> NDArray[np.int64]:
        """Shape (n_members,): position of the last change up to an instant; -1 where there is none."""
        n_before = np.zeros(len(self.at) + 1, dtype=np.int64)
        np.cumsum(self.at <= instant, out=n_before[1:])
        n_before = n_before[self.indptr[1:]] - n_before[self.indptr[:-1]]
        return np.where(n_before > 0, self.indptr[:-1] + n_before - 1, -1)

    @staticmethod
    def _or_one(column: NDArray[np.integer]) -> NDArray[np.integer]:
        """The column, or one zero where it is empty, so that position -1 can be looked up and left out."""
        return column if len(column) else np.zeros(1, dtype=column.dtype)
