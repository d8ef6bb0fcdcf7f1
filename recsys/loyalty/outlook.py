"""What lies ahead of members if nothing more happens: the next review, what it takes to pass, and the fall if not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.conditions import MEASURES, NOT_ASKED, Sums
from recsys.loyalty.instants import NEVER, next_instants
from recsys.loyalty.ladder import Review
from recsys.loyalty.review import closing_sums, landed, next_period_ends, review_instants, tiers_kept
from recsys.loyalty.walk import Block, Walk
from recsys.types import EpochSeconds, Instants


@dataclass(frozen=True, slots=True)
class Outlook:
    """
    Of n members, in the levels of one ladder; `NEVER` where there is no such instant. See `Standings` for the meaning.

    Attributes:
        period_end_at, review_at, falls_at, next_change_at: Shape (n,), int64.
        to_keep: Shape (n, 4), int64.
        falls_to: Shape (n,), int8.
    """

    period_end_at: Instants
    review_at: Instants
    to_keep: Sums
    falls_at: Instants
    falls_to: NDArray[np.int8]
    next_change_at: Instants


def look_ahead(walk: Walk, members: Block, as_of: EpochSeconds) -> Outlook:
    """
    What lies ahead of members of a block.

    Args:
        walk: Under the ladder in force, at its end.
        members: Shape (n,): who have joined.
        as_of: Where the walk ended.
    """
    n = len(members)
    level = walk.level_of[walk.progress.tier[members]]
    never = np.full(n, NEVER, dtype=np.int64)
    outlook = Outlook(
        period_end_at=never,
        review_at=never.copy(),
        to_keep=np.full((n, len(MEASURES)), NOT_ASKED, dtype=np.int64),
        falls_at=never.copy(),
        falls_to=level.copy(),
        next_change_at=next_instants(walk.timeline.leaves, members, as_of),
    )
    above = np.flatnonzero(level > 0)
    if len(above):
        reckon = _fall if walk.ladder.downgrade.review is Review.CONTINUOUS else _review
        reckon(outlook, walk, members, above, as_of)
    return outlook


def _review(outlook: Outlook, walk: Walk, members: Block, above: Block, as_of: EpochSeconds) -> None:
    """Fill in the next review of the members at the positions *above*."""
    ladder, calendar, progress = walk.ladder, walk.calendar, walk.progress
    some = members[above]
    level = outlook.falls_to[above]
    until = np.full(len(some), as_of, dtype=np.int64)
    ends = progress.period_end[some].copy()
    grace = np.flatnonzero(calendar.starts_of(ends) <= as_of)
    if len(grace):
        at = calendar.starts_of(ends[grace])
        saved = grace[tiers_kept(ladder, walk.timeline, some[grace], at, until[grace]) >= level[grace]]
        ends[saved] = next_period_ends(progress.attained[some[saved]], ends[saved], ladder.downgrade, calendar)
    ends_at = calendar.starts_of(ends)
    review_at = review_instants(ends, ladder.downgrade, calendar)
    owners, sums = closing_sums(walk.timeline, some, ends_at, until)
    kept = np.zeros(len(some), dtype=np.int8)
    np.maximum.at(kept, owners, ladder.keep.levels(sums))
    last = np.searchsorted(owners, np.arange(len(some)), side="right") - 1
    missing = ladder.keep.missing(level, sums[last])
    entry, _ = walk.timeline.levels_at(some, review_at)
    falls_to = np.maximum(landed(level, kept, ladder.downgrade), entry)
    safe = falls_to >= level
    missing[safe] = np.minimum(missing[safe], 0)
    outlook.period_end_at[above] = ends_at
    outlook.review_at[above] = review_at
    outlook.to_keep[above] = missing
    outlook.falls_to[above] = falls_to
    outlook.falls_at[above] = np.where(safe, NEVER, review_at)
    next_turn = np.where(ends_at > as_of, ends_at, review_at)
    outlook.next_change_at[above] = np.minimum(outlook.next_change_at[above], next_turn)


def _fall(outlook: Outlook, walk: Walk, members: Block, above: Block, as_of: EpochSeconds) -> None:
    """Fill in the first instant at which a continuous ladder drops the members at the positions *above*."""
    ladder, timeline = walk.ladder, walk.timeline
    some = members[above]
    level, floor = outlook.falls_to[above], walk.floor(some)
    falls_at = np.full(len(some), NEVER, dtype=np.int64)
    for row in range(1, len(walk.code_of)):
        there = np.flatnonzero((level == row) & (floor < row))
        falls_at[there] = next_instants(timeline.points[timeline.keep < row], some[there], as_of)
    sums = timeline.sums(timeline.n_left(some, falls_at), timeline.n_arrived(some, falls_at))
    missing = ladder.keep.missing(level, sums)
    safe = falls_at == NEVER
    missing[safe] = np.minimum(missing[safe], 0)
    entry, keep = timeline.levels_at(some, falls_at)
    after = np.maximum(np.maximum(entry, np.minimum(level, keep)), floor)
    outlook.to_keep[above] = missing
    outlook.falls_at[above] = falls_at
    outlook.falls_to[above] = np.where(safe, level, after)
