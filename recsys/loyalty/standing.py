"""Where members stand: what they hold, what the next tier still takes, what they stand to lose, and when."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recsys.loyalty.conditions import MEASURES, NOT_ASKED, Sums
from recsys.loyalty.facts import TierFacts
from recsys.loyalty.history import Tiers
from recsys.loyalty.instants import NEVER, keys_of, next_instants
from recsys.loyalty.outlook import look_ahead
from recsys.loyalty.programme import Programme
from recsys.loyalty.tiers import Outcome, walk_members
from recsys.types import UNKNOWN_ROW, EpochSeconds, Instants

NO_INSTANT: EpochSeconds = -1
"""Where there is no such instant."""


@dataclass(frozen=True, slots=True)
class Standings:
    """
    Where n members stand at an instant.

    Amounts have shape (n, 4), int64, columns `MEASURES`; `NOT_ASKED` (-1) where the tier in question does not ask for
    the measure, in all columns before joining. Where the ladder matches `any`, one of the amounts is enough.

    Attributes:
        tiers: Names that rows of tiers stand for.
        as_of: The instant.
        tier: Shape (n,), int8; UNKNOWN_ROW before joining.
        since: Shape (n,), int64: when it began; `NO_INSTANT` before joining.
        sums: What the window holds; 0 where more came back than was bought, which is made up for first.
        next_tier: Shape (n,), int8: the one above; UNKNOWN_ROW at the top and before joining.
        to_next: What its entry still takes; 0 at the top.
        period_end_at: Shape (n,), int64: end of the period that the next review closes; `NO_INSTANT` in the lowest
            tier, before joining, and under a continuous ladder.
        review_at: Shape (n,), int64: the end of its grace days, when the review decides; `NO_INSTANT` likewise.
        to_keep: What has to come before ``falls_at`` for the tier not to be lost; under a continuous ladder, what the
            window will lack then. 0 where nothing is at risk.
        falls_at: Shape (n,), int64: when the tier is lost if nothing happens; `NO_INSTANT` where it is not.
        falls_to: Shape (n,), int8: the tier held then; ``tier`` where none is lost.
        next_change_at: Shape (n,), int64: the first instant after ``as_of`` at which any of this may change without a
            new fact; `NO_INSTANT` where none is known.
    """

    tiers: tuple[str, ...]
    as_of: EpochSeconds
    tier: Tiers
    since: Instants
    sums: Sums
    next_tier: Tiers
    to_next: Sums
    period_end_at: Instants
    review_at: Instants
    to_keep: Sums
    falls_at: Instants
    falls_to: Tiers
    next_change_at: Instants

    def __len__(self) -> int:
        return len(self.tier)

    def record(self, row: int) -> dict[str, Any]:
        """One member's standing in words and numbers, for an answer or an explanation; None where there is nothing."""
        names = (*self.tiers, None)
        record: dict[str, Any] = {"as_of": self.as_of}
        for name in ("tier", "next_tier", "falls_to"):
            record[name] = names[getattr(self, name)[row]]
        for name in ("since", "period_end_at", "review_at", "falls_at", "next_change_at"):
            at = int(getattr(self, name)[row])
            record[name] = None if at == NO_INSTANT else at
        for name in ("sums", "to_next", "to_keep"):
            amounts = getattr(self, name)[row].tolist()
            record[name] = {
                measure: amount for measure, amount in zip(MEASURES, amounts, strict=True) if amount != NOT_ASKED
            }
        return record


def standings(facts: TierFacts, programme: Programme, *, as_of: EpochSeconds) -> Standings:
    """
    Where all members stand.

    What lies ahead is reckoned with the ladder in force at ``as_of``; the start of the next is a ``next_change_at``.

    Args:
        facts: Those after ``as_of`` are not looked at; grants after it count as a ``next_change_at`` only.
        programme: With the ladders of all times.
        as_of: The instant.
    """
    found = _nobody(facts.n_members, programme, as_of)
    for outcome in walk_members(facts, programme, as_of=as_of):
        _fill(found, outcome, programme)
    return found


def standing_after(
    facts: TierFacts,
    programme: Programme,
    *,
    at: EpochSeconds,
    spend_minor: ArrayLike = 0,
    orders: ArrayLike = 1,
    points: ArrayLike = 0,
    activity: ArrayLike = 0,
) -> Standings:
    """
    Where each member would stand right after one more fact: an order being placed, or one that might be.

    Args:
        facts: Of one member, or of several who all do the same.
        programme: With the ladders of all times.
        at: The instant of the new fact.
        spend_minor, orders, points, activity: By how much it changes the sums, one number or one a member.
    """
    n = facts.n_members
    added = {"spend_minor": spend_minor, "orders": orders, "points": points, "activity": activity}
    columns = {
        name: np.concatenate([getattr(facts, name), np.broadcast_to(np.asarray(change), n)])
        for name, change in added.items()
    }
    after = TierFacts.of(
        np.concatenate([facts.member, np.arange(n)]),
        np.concatenate([facts.at, np.full(n, at)]),
        joined_at=facts.joined_at,
        grants=facts.grants,
        **columns,
    )
    return standings(after, programme, as_of=at)


def _nobody(n: int, programme: Programme, as_of: EpochSeconds) -> Standings:
    """Of n members who have not joined; arrays to be filled."""
    unknown, never = np.full(n, UNKNOWN_ROW, dtype=np.int8), np.full(n, NO_INSTANT, dtype=np.int64)
    amounts = np.full((n, len(MEASURES)), NOT_ASKED, dtype=np.int64)
    return Standings(
        tiers=programme.tiers,
        as_of=as_of,
        tier=unknown,
        since=never,
        sums=np.zeros_like(amounts),
        next_tier=unknown.copy(),
        to_next=amounts,
        period_end_at=never.copy(),
        review_at=never.copy(),
        to_keep=amounts.copy(),
        falls_at=never.copy(),
        falls_to=unknown.copy(),
        next_change_at=never.copy(),
    )


def _fill(found: Standings, outcome: Outcome, programme: Programme) -> None:
    """Write the standings of a block."""
    facts, walk, as_of = outcome.facts, outcome.walk, found.as_of
    rows = slice(outcome.first, outcome.first + facts.n_members)
    found.next_change_at[rows] = _or_none(_next_from_outside(outcome, programme, as_of))
    members = np.flatnonzero(outcome.progress.tier >= 0)
    if walk is None or not len(members):
        return
    for changes in outcome.changes:
        found.since[rows][changes.member] = changes.at
    at = np.full(len(members), as_of, dtype=np.int64)
    sums = walk.timeline.sums(walk.timeline.n_left(members, at), walk.timeline.n_arrived(members, at))
    level = walk.level_of[outcome.progress.tier[members]]
    top = np.int8(len(walk.code_of) - 1)
    above = np.minimum(level + np.int8(1), top)
    outlook = look_ahead(walk, members, as_of)
    columns: dict[str, NDArray[Any]] = {
        "tier": outcome.progress.tier[members],
        "sums": np.maximum(sums, 0),
        "next_tier": np.where(level < top, walk.code_of[above], UNKNOWN_ROW),
        "to_next": np.where((level < top)[:, None], walk.ladder.entry.missing(above, sums), 0),
        "period_end_at": _or_none(outlook.period_end_at),
        "review_at": _or_none(outlook.review_at),
        "to_keep": outlook.to_keep,
        "falls_at": _or_none(outlook.falls_at),
        "falls_to": walk.code_of[outlook.falls_to],
        "next_change_at": _or_none(np.minimum(outlook.next_change_at, _or_never(found.next_change_at[rows][members]))),
    }
    for name, column in columns.items():
        getattr(found, name)[rows][members] = column


def _next_from_outside(outcome: Outcome, programme: Programme, as_of: EpochSeconds) -> Instants:
    """The next grant, ladder or joining of each member of a block."""
    facts = outcome.facts
    members = np.arange(facts.n_members)
    then = next_instants(keys_of(facts.grants.member, facts.grants.at), members, as_of)
    begins = min((span.begins for span in programme.spans if span.begins > as_of), default=NEVER)
    joining = np.where(facts.joined_at > as_of, facts.joined_at, NEVER)
    return np.minimum(np.minimum(then, joining), begins)


def _or_none(at: Instants) -> Instants:
    return np.where(at >= NEVER, NO_INSTANT, at)


def _or_never(at: Instants) -> Instants:
    return np.where(at == NO_INSTANT, NEVER, at)
