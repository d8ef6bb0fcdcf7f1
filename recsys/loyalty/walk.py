"""A block of members led through time in lock-step: every round takes each of them to its next transition."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.calendar import LocalDays, ProgrammeCalendar
from recsys.loyalty.facts import Grants
from recsys.loyalty.history import REASON_CODE, ChangeReason, Tiers
from recsys.loyalty.instants import NEVER, keys_of, next_instants
from recsys.loyalty.ladder import Ladder, Review
from recsys.loyalty.review import landed, next_period_ends, review_instants, tiers_kept
from recsys.loyalty.timeline import Timeline
from recsys.types import UNKNOWN_ROW, EpochSeconds, Instants

Block = NDArray[np.int64]
"""Positions of members in the block."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of tier as they were found: member positions, instants, names by row of ``Programme.tiers``, reasons."""

    member: Block
    at: Instants
    from_tier: Tiers
    to_tier: Tiers
    reason: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Progress:
    """
    Where the members of a block are; arrays of shape (n_members,) that a walk writes to.

    Attributes:
        tier: Row of ``Programme.tiers``; UNKNOWN_ROW before joining.
        attained: Local day from which periods of months count.
        period_end: First local day after the period that the next review closes; without meaning in the lowest tier.
        floor: Under a continuous ladder, the tier given by hand below which the member does not fall; UNKNOWN_ROW
            where there is none.
    """

    tier: Tiers
    attained: LocalDays
    period_end: LocalDays
    floor: Tiers

    @classmethod
    def before_joining(cls, n: int) -> "Progress":
        """Of n members who have not joined."""
        tier = np.full(n, UNKNOWN_ROW, dtype=np.int8)
        return cls(tier, np.zeros(n, np.int32), np.zeros(n, np.int32), tier.copy())


@dataclass(frozen=True, slots=True)
class Walk:
    """
    The members of a block under one ladder.

    Attributes:
        ladder: In force from ``begins`` until before ``stop``.
        timeline: Its window over their facts.
        calendar: The programme's.
        code_of: Shape (n_levels,): row of ``Programme.tiers`` of each of the ladder's.
        level_of: Shape (n_tiers,): the inverse, or the level that stands in; UNKNOWN_ROW where there is none.
        progress: Written to.
        changes: Appended to.
    """

    ladder: Ladder
    timeline: Timeline
    calendar: ProgrammeCalendar
    grants: Grants
    code_of: Tiers
    level_of: NDArray[np.int8]
    progress: Progress
    changes: list[Changes]

    def join(self, members: Block, at: Instants) -> None:
        """Let members in, each at its instant."""
        self._move(members, at, np.zeros(len(members), dtype=np.int8), why=ChangeReason.JOINED)

    def begin(self, members: Block, begins: EpochSeconds) -> None:
        """Take over members from the ladder before."""
        held = self.level_of[self.progress.tier[members]]
        floor = self.floor(members)
        self.progress.floor[members] = self.code_of[floor] if self._continuous else UNKNOWN_ROW
        at = np.full(len(members), begins, dtype=np.int64)
        if self.ladder.reassesses and not self._continuous:
            _, keep = self.timeline.levels_at(members, at)
            held = landed(held, keep, self.ladder.downgrade)
        self._move(members, at, held, why=ChangeReason.LADDER_CHANGED)

    def go(self, members: Block, at: Instants, stop: EpochSeconds) -> None:
        """Lead members from the instants they are at to before *stop*."""
        timeline, levels = self.timeline, range(len(self.code_of))
        given = keys_of(self.grants.member, self.grants.at)
        rises = [timeline.points[timeline.entry > level] for level in levels]
        moves = rises
        if self._continuous:
            moves = [timeline.points[(timeline.entry > level) | (timeline.keep < level)] for level in levels]
        while len(members):
            level = self.level_of[self.progress.tier[members]]
            due = self._due(members, level)
            then = np.minimum(due, next_instants(given, members, at))
            held_up = self.floor(members) >= level
            for row in levels:
                for keys, some in ((rises[row], held_up), (moves[row], ~held_up)):
                    there = np.flatnonzero((level == row) & some)
                    then[there] = np.minimum(then[there], next_instants(keys, members[there], at[there]))
            assert (then > at).all(), "time stands still"
            going = then < stop
            members, at, level, due = members[going], then[going], level[going], due[going]
            self._move(members, at, self._reviewed(members, at, level, due), why=None)

    @property
    def _continuous(self) -> bool:
        return self.ladder.downgrade.review is Review.CONTINUOUS

    def floor(self, members: Block) -> NDArray[np.int8]:
        """The level below which each member does not fall; 0 where nothing was given."""
        floor = self.progress.floor[members]
        return np.where(floor < 0, np.int8(0), self.level_of[np.maximum(floor, 0)])

    def _due(self, members: Block, level: NDArray[np.int8]) -> Instants:
        """When each member's next review decides; `NEVER` where there is none."""
        due = np.full(len(members), NEVER, dtype=np.int64)
        if not self._continuous:
            above = level > 0
            ends = self.progress.period_end[members[above]]
            due[above] = review_instants(ends, self.ladder.downgrade, self.calendar)
        return due

    def _reviewed(self, members: Block, at: Instants, level: NDArray[np.int8], due: Instants) -> NDArray[np.int8]:
        """The levels that reviews leave where they are due now; who keeps it gets the next period."""
        held, progress = level.copy(), self.progress
        now = np.flatnonzero(due == at)
        if len(now):
            some = members[now]
            ends = progress.period_end[some]
            kept = tiers_kept(self.ladder, self.timeline, some, self.calendar.starts_of(ends), at[now] - 1)
            held[now] = landed(level[now], kept, self.ladder.downgrade)
            progress.period_end[some] = next_period_ends(
                progress.attained[some], ends, self.ladder.downgrade, self.calendar
            )
        return held

    def _move(self, members: Block, at: Instants, held: NDArray[np.int8], *, why: ChangeReason | None) -> None:
        """
        Settle the tiers at an instant: a grant replaces what was *held*, and what the window merits lifts it.

        Args:
            members: Shape (n,).
            at: Shape (n,).
            held: Shape (n,): levels, reviews applied.
            why: The reason to note whatever it was; None for that of the transition.
        """
        progress = self.progress
        entry, keep = self.timeline.levels_at(members, at)
        granted = self._granted(members, at)
        given = granted >= 0
        if self._continuous:
            held = np.maximum(np.minimum(held, keep), self.floor(members))
            progress.floor[members[given]] = self.code_of[granted[given]]
        level = np.maximum(np.where(given, granted, held), entry)
        before = progress.tier[members]
        was = np.where(before < 0, UNKNOWN_ROW, self.level_of[np.maximum(before, 0)])
        after = self.code_of[level]
        # Lost and won back at one instant is attained anew, though nothing changed.
        anew = (level != was) | (held < was) | given
        self._note_periods(members, at, anew, begun=why is ChangeReason.LADDER_CHANGED)
        progress.tier[members] = after
        reason = np.where(level > was, REASON_CODE[ChangeReason.EARNED], REASON_CODE[ChangeReason.REVIEW])
        if why is not None:
            reason[:] = REASON_CODE[why]
        if why is not ChangeReason.JOINED:
            reason[given & (level == granted)] = REASON_CODE[ChangeReason.GRANTED]
        new = after != before
        self.changes.append(Changes(members[new], at[new], before[new], after[new], reason[new].astype(np.uint8)))

    def _note_periods(self, members: Block, at: Instants, anew: NDArray[np.bool_], *, begun: bool) -> None:
        progress, downgrade = self.progress, self.ladder.downgrade
        day = self.calendar.local_days(at)
        progress.attained[members[anew]] = day[anew]
        counted = anew | begun
        if not self._continuous and counted.any():
            some = members[counted]
            progress.period_end[some] = next_period_ends(
                progress.attained[some], day[counted], downgrade, self.calendar
            )

    def _granted(self, members: Block, at: Instants) -> NDArray[np.int8]:
        """The level given by hand at each instant; UNKNOWN_ROW where none was."""
        granted = np.full(len(members), UNKNOWN_ROW, dtype=np.int8)
        keys, wanted = keys_of(self.grants.member, self.grants.at), keys_of(members, at)
        if not len(keys):
            return granted
        found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        some = keys[found] == wanted
        granted[some] = self.level_of[self.grants.tier[found[some]]]
        return granted
