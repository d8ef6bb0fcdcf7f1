"""Members by tier: what they buy, how far the next tier is, who may fall, who moved, and what the records say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import Cells, Counts, by_code, crossed, hidden, in_classes, month_of, share
from experiments.profile_report.sections import Absent
from features.profile.facts import MemberFacts
from features.profile.group import Rules
from features.profile.tier import tier_codes, tier_facts
from recsys.loyalty.calendar import Period, add_months
from recsys.loyalty.conditions import MEASURES, NOT_ASKED
from recsys.loyalty.history import REASONS, ChangeReason, TierHistory
from recsys.loyalty.standing import NO_INSTANT, Standings, standings
from recsys.loyalty.tiers import tier_history
from recsys.types import SECONDS_PER_DAY

DAYS = 365
MONTHS = 13
RISK_DAYS = (30, 90)
TENTHS = tuple(tenth / 10 for tenth in range(11))


@dataclass(frozen=True, slots=True)
class TierRow:
    """Members of one tier, and what they ordered and paid in the last days."""

    tier: str
    members: int
    orders: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class TierRisk:
    """
    Members who lose a tier within some days unless something happens.

    Attributes:
        days: How many.
        tier: Held now.
        members: Who may fall.
        paid_minor: What they paid in the last days that the part says: the amount at risk.
        missing_minor: What all of them together still have to spend for none to fall; 0 where the ladder does not ask
            for spend.
    """

    days: int
    tier: str
    members: int
    paid_minor: int
    missing_minor: int


@dataclass(frozen=True, slots=True)
class TierMonth:
    """Changes of tier in one local month: rises, falls, and members who joined."""

    month: str
    up: int
    down: int
    joined: int
    granted: int


@dataclass(frozen=True, slots=True)
class TierPart:
    """
    Tiers of everybody.

    Attributes:
        by_rules: The programme's rules give them; else they are those that the retailer recorded, and all that rules
            would tell is empty.
        days: Of the orders and amounts.
        names: Of the tiers, low to high.
        rows: By tier.
        n_without: Members in no tier.
        members_by_way: By tier below the top, then by tenth of the way to the next tier.
        risk: By horizon, then tier; those of a longer horizon hold those of a shorter one.
        months: Ascending.
        recorded: By tier of the rules (row) and recorded one (column); empty where none are recorded.
        n_recorded, n_other: Members with both, and those of them where the two differ.
        n_higher: Of these, members whom the rules give more.
    """

    by_rules: bool
    days: int
    names: tuple[str, ...]
    rows: tuple[TierRow, ...]
    n_without: int
    members_by_way: tuple[Counts, ...] = ()
    risk: tuple[TierRisk, ...] = ()
    months: tuple[TierMonth, ...] = ()
    recorded: Cells = ()
    n_recorded: int = 0
    n_other: int = 0
    n_higher: int = 0

    def at_risk(self, days: int) -> TierRisk:
        """All tiers together."""
        rows = [one for one in self.risk if one.days == days]
        sums = (sum(getattr(one, name) for one in rows) for name in ("members", "paid_minor", "missing_minor"))
        return TierRisk(days, "all", *sums)


def tier_part(facts: MemberFacts, rules: Rules, recorded: NDArray[np.integer] | None) -> TierPart | Absent:
    """
    Count where members stand.

    Args:
        facts: Theirs.
        rules: With a programme or without.
        recorded: Shape (n_members,): position in ``rules.tiers`` as the retailer recorded; below 0 where nothing is.
    """
    known = np.full(facts.n_members, -1, dtype=np.int64) if recorded is None else recorded.astype(np.int64)
    if rules.programme is None and not (known >= 0).any():
        return Absent("There is no programme file, and no member has a recorded tier.")
    if not facts.n_members:
        return Absent("There are no members.")
    paid, orders = _bought(facts)
    if rules.programme is None:
        return TierPart(False, DAYS, rules.tiers, _rows(known, rules.tiers, orders, paid), int((known < 0).sum()))
    counted, code_of = tier_facts(facts, rules.programme, rules.tiers), tier_codes(rules.programme, rules.tiers)
    stand = standings(counted, rules.programme, as_of=facts.as_of)
    tier = np.where(stand.tier >= 0, code_of[stand.tier], -1).astype(np.int64)
    both, n = (known >= 0) & (tier >= 0), len(rules.tiers)
    differ = both & (known != tier)
    return TierPart(
        by_rules=True,
        days=DAYS,
        names=rules.tiers,
        rows=_rows(tier, rules.tiers, orders, paid),
        n_without=int((tier < 0).sum()),
        members_by_way=_ways(stand, tier, n),
        risk=tuple(_risk(stand, paid, days, tier == at, rules.tiers[at]) for days in RISK_DAYS for at in range(1, n)),
        months=_months(tier_history(counted, rules.programme, as_of=facts.as_of), facts),
        recorded=hidden(crossed(tier, known, (n, n))) if both.any() else (),
        n_recorded=int(both.sum()),
        n_other=int(differ.sum()),
        n_higher=int((differ & (tier > known)).sum()),
    )


def way_to_next(standings: Standings) -> NDArray[np.float64]:
    """
    Shape (n_members,): how much of the next tier's condition is reached, 0 to 1; NaN at the top and without a tier.

    Of several measures the one furthest along counts: under ``all`` that flatters, and the reading says so.
    """
    asked = (standings.to_next != NOT_ASKED) & (standings.next_tier >= 0)[:, None]
    have = np.where(asked, standings.sums, 0).astype(np.float64)
    need = have + np.where(asked, standings.to_next, 0)
    way = np.divide(have, need, out=np.full(have.shape, -1.0), where=asked & (need > 0))
    furthest = way.max(axis=1, initial=-1.0)
    return np.where(furthest < 0, np.nan, furthest)


def _bought(facts: MemberFacts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What each member paid, and how many orders they placed."""
    year = facts.orders.at >= facts.as_of - DAYS * SECONDS_PER_DAY
    owner = facts.orders.member[year]
    # Exact: a member's year is far below 2**53 minor units.
    paid = np.bincount(owner, facts.orders.paid_minor[year], facts.n_members).astype(np.int64)
    return paid, np.bincount(owner, minlength=facts.n_members)


def _rows(
    tier: NDArray[np.int64], names: tuple[str, ...], orders: NDArray[np.int64], paid: NDArray[np.int64]
) -> tuple[TierRow, ...]:
    columns = (by_code(tier, len(names), weights).tolist() for weights in (None, orders, paid))
    return tuple(TierRow(name, *map(int, row)) for name, *row in zip(names, *columns, strict=True))


def _ways(stand: Standings, tier: NDArray[np.int64], n_tiers: int) -> tuple[Counts, ...]:
    way = np.minimum(way_to_next(stand), 0.999)
    return tuple(in_classes(way[tier == at], TENTHS) for at in range(n_tiers - 1))


def _risk(stand: Standings, paid: NDArray[np.int64], days: int, there: NDArray[np.bool_], tier: str) -> TierRisk:
    until = stand.as_of + days * SECONDS_PER_DAY
    some = there & (stand.falls_at != NO_INSTANT) & (stand.falls_at <= until)
    missing = stand.to_keep[some, MEASURES.index("spend_minor")]
    return TierRisk(days, tier, int(some.sum()), int(paid[some].sum()), int(missing[missing != NOT_ASKED].sum()))


def _months(history: TierHistory, facts: MemberFacts) -> tuple[TierMonth, ...]:
    last = facts.calendar.period_starts(facts.calendar.local_days(np.array([facts.as_of - 1])), Period.MONTH)
    months = add_months(np.repeat(last, MONTHS), np.arange(1 - MONTHS, 1))
    late = history.at >= facts.calendar.start_of(int(months[0]))
    at, before, after, reason = (
        column[late] for column in (history.at, history.from_tier, history.to_tier, history.reason)
    )
    month = np.searchsorted(months, facts.calendar.local_days(at), side="right") - 1
    joined = reason == REASONS.index(ChangeReason.JOINED)
    kinds = (
        ~joined & (after > before),
        ~joined & (after < before),
        joined,
        reason == REASONS.index(ChangeReason.GRANTED),
    )
    counts = [np.bincount(month[kind], minlength=MONTHS).tolist() for kind in kinds]
    rows = [TierMonth(month_of(day), *row) for day, *row in zip(months, *counts, strict=True)]
    first = next((i for i, row in enumerate(rows) if row.up + row.down + row.joined), MONTHS - 1)
    return tuple(rows[first:])


def share_at_risk(part: TierPart, days: int) -> float:
    """Members who may fall, of those above the lowest tier."""
    return share(part.at_risk(days).members, sum(row.members for row in part.rows[1:]))
