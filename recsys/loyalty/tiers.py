"""The tier engine: from what members did to when each of them changed tier, and why."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recsys.errors import InputError
from recsys.loyalty.facts import NO_JOIN_DATE, TierFacts
from recsys.loyalty.history import TierHistory
from recsys.loyalty.instants import NEVER
from recsys.loyalty.programme import Programme
from recsys.loyalty.timeline import Timeline
from recsys.loyalty.walk import Changes, Progress, Walk
from recsys.types import EpochSeconds, Instants

MEMBERS_AT_ONCE = 1 << 16
"""Members that are led through time together: enough to be fast, few enough to stay in the caches."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    A block of members at the end of a walk.

    Attributes:
        first: Row of its first member.
        facts: Theirs, from joining to ``as_of``.
        walk: Under the ladder in force at ``as_of``; None where no ladder has begun.
        progress: Where they are.
        changes: On the way there, unsorted.
    """

    first: int
    facts: TierFacts
    walk: Walk | None
    progress: Progress
    changes: list[Changes]


def tier_history(facts: TierFacts, programme: Programme, *, as_of: EpochSeconds) -> TierHistory:
    """
    Every change of tier up to an instant.

    A member rises at the instant at which the window first meets a higher tier's entry. When a tier is lost is up to
    the ladder's `Downgrade`; see the README for what holds when two things fall on one instant.

    Args:
        facts: Those after ``as_of`` are not looked at, nor are those before a member joined.
        programme: With the ladders of all times.
        as_of: The last instant.

    Raises:
        InputError: A grant is of a tier that the ladder in force does not have.
    """
    counts, parts = [], []
    for outcome in walk_members(facts, programme, as_of=as_of):
        changes = _sorted(outcome.changes)
        counts.append(np.bincount(changes.member, minlength=outcome.facts.n_members))
        parts.append(changes)
    changes = _joined(parts)
    indptr = np.zeros(facts.n_members + 1, dtype=np.int64)
    np.cumsum(np.concatenate([*counts, np.empty(0, np.int64)]), out=indptr[1:])
    return TierHistory(
        programme.tiers, indptr, changes.at, changes.from_tier, changes.to_tier, changes.reason, as_of=as_of
    )


def walk_members(facts: TierFacts, programme: Programme, *, as_of: EpochSeconds) -> Iterator[Outcome]:
    """Lead all members to an instant, block by block, in the order of their rows."""
    _refuse_unknown_grants(facts, programme)
    for first in range(0, facts.n_members, MEMBERS_AT_ONCE):
        block = facts.between(first, min(first + MEMBERS_AT_ONCE, facts.n_members))
        yield _walk_block(block, first, programme, as_of)


def _walk_block(facts: TierFacts, first: int, programme: Programme, as_of: EpochSeconds) -> Outcome:
    starts = _starts(facts)
    facts = facts.where((facts.at <= as_of) & (facts.at >= starts[facts.member]))
    progress, changes = Progress.before_joining(facts.n_members), list[Changes]()
    starts = np.maximum(starts, programme.spans[0].begins)
    walk = None
    for span in programme.spans:
        if span.begins > as_of:
            break
        stop = min(span.ends, as_of + 1)
        seen = facts.where(facts.at < stop)
        timeline = Timeline.of(seen, span.ladder, programme.calendar, begins=span.begins)
        walk = Walk(
            span.ladder, timeline, programme.calendar, facts.grants, span.code_of, span.level_of, progress, changes
        )
        there = np.flatnonzero(starts < span.begins)
        walk.begin(there, span.begins)
        joining = np.flatnonzero((starts >= span.begins) & (starts < stop))
        walk.join(joining, starts[joining])
        members = np.concatenate([there, joining])
        walk.go(members, np.maximum(starts[members], span.begins), stop)
    return Outcome(first, facts, walk, progress, changes)


def _starts(facts: TierFacts) -> Instants:
    """When each member joined; `NEVER` for who has no date and has done nothing."""
    starts = facts.joined_at.copy()
    for member, at in ((facts.member, facts.at), (facts.grants.member, facts.grants.at)):
        rows = np.arange(len(starts))
        position = np.searchsorted(member, rows)
        some = np.flatnonzero((facts.joined_at == NO_JOIN_DATE) & (position < len(member)))
        some = some[member[position[some]] == some]
        earliest = at[position[some]]
        starts[some] = np.where(starts[some] == NO_JOIN_DATE, earliest, np.minimum(starts[some], earliest))
    starts[starts == NO_JOIN_DATE] = NEVER
    return starts


def _sorted(changes: list[Changes]) -> Changes:
    """In the order of members, then instants."""
    everything = _joined(changes)
    order = np.lexsort((everything.at, everything.member))
    return Changes(*(getattr(everything, name)[order] for name in Changes.__slots__))


def _joined(parts: list[Changes]) -> Changes:
    if not parts:
        none = np.empty(0, dtype=np.int8)
        return Changes(none.astype(np.int64), none.astype(np.int64), none, none, none.astype(np.uint8))
    return Changes(*(np.concatenate([getattr(part, name) for part in parts]) for name in Changes.__slots__))


def _refuse_unknown_grants(facts: TierFacts, programme: Programme) -> None:
    grants = facts.grants
    for span in programme.spans:
        here = np.flatnonzero((grants.at >= span.begins) & (grants.at < span.ends))
        wrong = here[~np.isin(grants.tier[here], span.code_of)]
        if len(wrong):
            row = int(grants.tier[wrong[0]])
            name = repr(programme.tiers[row]) if row < len(programme.tiers) else f"no. {row}"
            raise InputError(
                f"member row {grants.member[wrong[0]]} is granted the tier {name} at {grants.at[wrong[0]]}, when the "
                f"ladder has {', '.join(span.ladder.names)}; grant one of those"
            )
