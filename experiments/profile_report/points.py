"""Points of the whole programme: what is owed, when it ends, and how it came about month by month."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import Counts, by_code, in_classes, log_edges, month_of, several
from experiments.profile_report.ledger import FLOWS, Ledger, post_everybody
from experiments.profile_report.recorded_points import RecordedPoints
from experiments.profile_report.sections import Absent
from features.profile.build import AllNorms
from features.profile.facts import MemberFacts
from features.profile.group import Rules
from recsys.loyalty.points_rules import PointsRules, RedemptionRules

MONTHS = 12
NO_TIER = "no tier"
_MOST_CLASSES = 14


@dataclass(frozen=True, slots=True)
class PointsOfTier:
    """What members of one tier hold: points usable and pending, and what both redeem for."""

    tier: str
    members: int
    usable: int
    pending: int
    worth_minor: int


@dataclass(frozen=True, slots=True)
class PointsMonth:
    """One month of the roll-forward: opening + earned + adjusted + written_off - the other three = closing."""

    month: str
    opening: int
    earned: int
    adjusted: int
    written_off: int
    redeemed: int
    expired: int
    clawed_back: int
    closing: int


@dataclass(frozen=True, slots=True)
class PointsEnding:
    """Points that end in one month if nobody spends them, by tier in the order of `PointsPart.tiers`."""

    month: str
    points: Counts


@dataclass(frozen=True, slots=True)
class PointsPart:
    """
    Points of everybody.

    Attributes:
        per_points, worth_minor: So many points redeem for so much.
        usable, pending, debt: Points of all members; debts are not set off.
        liability_minor: Of usable and pending points, all of them taken to be redeemed.
        breakage: Share of the points ever earned and kept that expired; None where none were earned.
        n_refused: Redemptions of more points than there were.
        recorded: Entries of the retailer that stand in place of the rules.
        tiers: Members without a tier are the last, where there are any.
        by_tier: Likewise.
        edges: Limits of the classes of usable points.
        members_by_balance: By class; without those who have none.
        n_with_points: Members with usable or pending points.
        ending: The next months, then all later ones as one.
        endless: Points that never end.
        months: The last months, ascending; the last one is that of the as-of instant and may be under way.
    """

    per_points: int
    worth_minor: int
    usable: int
    pending: int
    debt: int
    liability_minor: int
    breakage: float | None
    n_refused: int
    recorded: RecordedPoints
    tiers: tuple[str, ...]
    by_tier: tuple[PointsOfTier, ...]
    edges: tuple[int, ...]
    members_by_balance: Counts
    n_with_points: int
    ending: tuple[PointsEnding, ...]
    endless: int
    months: tuple[PointsMonth, ...]


def points_part(
    facts: MemberFacts, norms: AllNorms, rules: Rules, tier: NDArray[np.integer] | None
) -> PointsPart | Absent:
    """
    Post the ledger of everybody, and add it up.

    Args:
        facts: Theirs.
        norms: Those of the profile: whether the retailer records what is earned and redeemed.
        rules: With a programme or without.
        tier: Shape (n_members,): position in ``rules.tiers``, below 0 where there is none; absent for nobody's.
    """
    programme = rules.programme
    if programme is None:
        return Absent("There is no programme file, so it is not known what earns points, and what they are worth.")
    if not programme.points:
        return Absent(f"The programme {programme.name!r} has no points.")
    codes, names = _with_rest(tier, rules.tiers, facts.n_members)
    ledger = post_everybody(facts, programme, rules.tiers, recorded=norms["points"], tier=codes, n_tiers=len(names))
    recorded = RecordedPoints.of(facts.points)
    if not ledger.n_entries:
        nobody = f"Nobody earned or spent a point by the rules of {programme.name!r}."
        refused = (refused_sentence(ledger.n_refused),) if ledger.n_refused else ()
        return Absent(" ".join((nobody, *recorded.sentences(), *refused)))
    last = int(facts.calendar.local_days(np.array([facts.as_of - 1]))[0])
    usable, pending = np.concatenate(ledger.usable), np.concatenate(ledger.pending)
    redemption = _in_force(programme.points, facts.as_of_day).redemption
    edges = log_edges(usable, _MOST_CLASSES)
    return PointsPart(
        per_points=redemption.points,
        worth_minor=redemption.worth_minor,
        usable=int(usable.sum()),
        pending=int(pending.sum()),
        debt=ledger.debt,
        liability_minor=redemption.worth(int(usable.sum() + pending.sum())),
        breakage=ledger.expired / ledger.kept if ledger.kept > 0 else None,
        n_refused=ledger.n_refused,
        recorded=recorded,
        tiers=names,
        by_tier=_by_tier(usable, pending, codes, names, redemption),
        edges=edges,
        members_by_balance=in_classes(usable[usable > 0], edges),
        n_with_points=int((usable + pending > 0).sum()),
        ending=_ending(ledger),
        endless=int(ledger.endless.sum()),
        months=tuple(
            PointsMonth(month_of(day), opening, **dict(zip(FLOWS, flows, strict=True)), closing=closing)
            for day, opening, flows, closing in ledger.months(last)[-MONTHS:]
        ),
    )


def refused_sentence(n: int) -> str:
    """Redemptions of more points than there were, and what that may mean."""
    return (
        f"{several(n, 'redemption')} asked for more points than there were by then; nothing was taken for that. Either "
        "points were given that no file tells, or the rules are not those that were applied."
    )


def _in_force(history: tuple[PointsRules, ...], day: int) -> PointsRules:
    begun = [rules for rules in history if np.datetime64(rules.from_date).astype(int) <= day]
    return begun[-1] if begun else history[0]


def _with_rest(
    tier: NDArray[np.integer] | None, names: tuple[str, ...], n_members: int
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Codes of at least 0 for everybody: who has no tier is in a group of its own behind them."""
    codes = np.full(n_members, -1, dtype=np.int64) if tier is None else tier.astype(np.int64)
    rest = codes < 0
    return (np.where(rest, len(names), codes), (*names, NO_TIER)) if rest.any() else (codes, names)


def _by_tier(
    usable: NDArray[np.int64],
    pending: NDArray[np.int64],
    codes: NDArray[np.int64],
    names: tuple[str, ...],
    redemption: RedemptionRules,
) -> tuple[PointsOfTier, ...]:
    members = by_code(np.where(usable + pending > 0, codes, -1), len(names)).astype(np.int64)
    sums = np.zeros((2, len(names)), dtype=np.int64)
    for row, points in zip(sums, (usable, pending), strict=True):
        np.add.at(row, codes, points)
    return tuple(
        PointsOfTier(name, n, held, coming, redemption.worth(held + coming))
        for name, n, held, coming in zip(names, members.tolist(), *sums.tolist(), strict=True)
    )


def _ending(ledger: Ledger) -> tuple[PointsEnding, ...]:
    days = sorted(ledger.ending)
    rows = [PointsEnding(month_of(day), tuple(ledger.ending[day].tolist())) for day in days[:MONTHS]]
    if days[MONTHS:]:
        later = np.sum([ledger.ending[day] for day in days[MONTHS:]], axis=0)
        rows.append(PointsEnding("later", tuple(later.tolist())))
    return tuple(rows)
