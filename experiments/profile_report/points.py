"""Points of the whole programme: what is owed, when it ends, and how it came about month by month."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import Counts, by_code, in_classes, log_edges, month_of
from experiments.profile_report.sections import Absent
from features.profile.build import AllNorms
from features.profile.facts import MemberFacts
from features.profile.group import Rules
from features.profile.points_posting import post_member_points
from recsys.loyalty.points_balances import Balances, Lifetime
from recsys.loyalty.points_calendar import RollForward, expiry_calendar, liability, roll_forward
from recsys.loyalty.points_rules import PointsRules, RedemptionRules
from recsys.loyalty.points_state import PointsState

MONTHS = 12
FLOWS = ("opening", "earned", "adjusted", "written_off", "redeemed", "expired", "clawed_back", "closing")
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
        tiers: Members without a tier are the last, where there are any.
        by_tier: Likewise.
        edges: Limits of the classes of usable points.
        members_by_balance: By class; without those who have none.
        n_with_points: Members with usable or pending points.
        ending: The next months, then all later ones as one.
        endless: Points that never end.
        months: The last months, ascending.
    """

    per_points: int
    worth_minor: int
    usable: int
    pending: int
    debt: int
    liability_minor: int
    breakage: float | None
    n_refused: int
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
    posting = post_member_points(facts, programme, rules.tiers, recorded=norms["points"])
    state, redemption = posting.closing, _in_force(programme.points, facts.as_of_day).redemption
    balances, owed = Balances.of(state), liability(state, redemption)
    if not len(posting.entries):
        return Absent(f"Nobody earned or spent a point by the rules of {programme.name!r}.")
    breakage = Lifetime.of(posting.entries.balances(facts.n_members)).breakage_rate()
    codes, names = _with_rest(tier, rules.tiers, facts.n_members)
    edges = log_edges(balances.usable, _MOST_CLASSES)
    ending, endless = _ending(state, facts, codes, len(names))
    return PointsPart(
        per_points=redemption.points,
        worth_minor=redemption.worth_minor,
        usable=owed.usable,
        pending=owed.pending,
        debt=owed.debt,
        liability_minor=owed.worth_minor,
        breakage=None if np.isnan(breakage) else breakage,
        n_refused=len(posting.refused.number),
        tiers=names,
        by_tier=_by_tier(balances, codes, names, redemption),
        edges=edges,
        members_by_balance=in_classes(balances.usable[balances.usable > 0], edges),
        n_with_points=int((balances.usable + balances.pending > 0).sum()),
        ending=ending,
        endless=endless,
        months=tuple(_months(roll_forward(posting.entries, calendar=facts.calendar))),
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
    balances: Balances, codes: NDArray[np.int64], names: tuple[str, ...], redemption: RedemptionRules
) -> tuple[PointsOfTier, ...]:
    n = len(names)
    held = np.where(balances.usable + balances.pending > 0, codes, -1)
    members = by_code(held, n)
    usable, pending = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    np.add.at(usable, codes, balances.usable)
    np.add.at(pending, codes, balances.pending)
    return tuple(
        PointsOfTier(
            name, int(members[at]), int(usable[at]), int(pending[at]), redemption.worth(int(usable[at] + pending[at]))
        )
        for at, name in enumerate(names)
    )


def _ending(
    state: PointsState, facts: MemberFacts, codes: NDArray[np.int64], n: int
) -> tuple[tuple[PointsEnding, ...], int]:
    found = expiry_calendar(state, calendar=facts.calendar, tier=codes, n_tiers=n)
    rows = [
        PointsEnding(month_of(day), tuple(points))
        for day, points in zip(found.month, found.points.tolist(), strict=True)
    ]
    if len(rows) > MONTHS:
        later = found.points[MONTHS:].sum(axis=0)
        rows = [*rows[:MONTHS], PointsEnding("later", tuple(later.tolist()))]
    return tuple(rows), int(found.never.sum())


def _months(rolled: RollForward) -> list[PointsMonth]:
    columns = (getattr(rolled, name)[-MONTHS:].tolist() for name in FLOWS)
    return [PointsMonth(month_of(day), *row) for day, *row in zip(rolled.month[-MONTHS:], *columns, strict=True)]
