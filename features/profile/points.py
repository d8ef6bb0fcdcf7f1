"""What points each member has, what ends when, and what they ever got, by the programme's rules."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.profile.blocks import POINTS_KINDS
from features.profile.columns import ColumnSpec, Unit
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from features.profile.points_posting import post_member_points
from recsys.loyalty.points_balances import Balances, Lifetime, expiring, next_change_at
from recsys.loyalty.points_ends import local_day
from recsys.loyalty.points_rules import PointsRules
from recsys.loyalty.programme import Programme
from recsys.types import SECONDS_PER_DAY, EpochSeconds

SOON_DAYS = 30
"""Points that end within so many days are about to expire."""

_MOST = 2**53
_LATEST = 253_402_300_799


class PointsBalance:
    """
    The ledger's answer for each member: balance, what is about to expire, lifetime figures.

    Where the retailer records what orders earned, or what was redeemed (`points_entries` of these kinds), the records
    stand and the rules do not earn or redeem a second time; that is found out once, over all members.
    """

    name = "points"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """Nothing without rules of points."""
        if not _history(rules):
            return ()
        amounts = {
            "points_usable": "Points that can be redeemed",
            "points_pending": "Points that will become usable",
            "points_debt": "Points owed after returns",
            "points_expiring": f"Points that end within {SOON_DAYS} days if they are not redeemed",
        }
        ever = {
            "points_ever_earned": "Points ever earned",
            "points_ever_redeemed": "Points ever redeemed",
            "points_ever_expired": "Points ever expired",
        }
        return (
            *(ColumnSpec(name, "int64", Unit.POINTS, meaning, 0, _MOST) for name, meaning in amounts.items()),
            ColumnSpec("points_worth_minor", "int64", Unit.MINOR, "What the usable points redeem for", 0, _MOST),
            ColumnSpec("next_expiry_at", "int64", Unit.EPOCH_SECONDS, "When the next points end", 0, _LATEST, -1),
            ColumnSpec("next_expiry_points", "int64", Unit.POINTS, "How many points end then", 0, _MOST),
            *(ColumnSpec(name, "int64", Unit.POINTS, meaning, -_MOST, _MOST) for name, meaning in ever.items()),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:  # noqa: ARG002 - records are found whatever the rules are
        """Whether the retailer records what orders earned, and what was redeemed."""
        seen = {POINTS_KINDS[code] for code in np.flatnonzero(np.bincount(facts.points.kind, minlength=1))}
        return {"earn_recorded": "earn" in seen, "redeem_recorded": "redeem" in seen}

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """Everything as of the facts; it changes by itself when lots end, soon end or become usable, and with rules."""
        programme, history = fitted.rules.programme, _history(fitted.rules)
        if programme is None or not history:
            return {}
        posting = post_member_points(facts, programme, fitted.rules.tiers, recorded=fitted.norms)
        state = posting.closing
        balances = Balances.of(state)
        lifetime = Lifetime.of(posting.entries.balances(facts.n_members))
        ending = expiring(state, NEVER)
        soon = facts.as_of + SOON_DAYS * SECONDS_PER_DAY
        is_soon = ending.expires_at <= soon
        first = np.flatnonzero(np.diff(ending.member, prepend=-1))  # by member, then end
        at = np.full(facts.n_members, -1, dtype=np.int64)
        at[ending.member[first]] = ending.expires_at[first]
        with_it = ending.expires_at == at[ending.member]
        later = ending.expires_at[~is_soon] - SOON_DAYS * SECONDS_PER_DAY
        rules, rules_until = _in_force(programme, facts.as_of)
        changes = np.minimum(next_change_at(state), rules_until)
        np.minimum.at(changes, ending.member[~is_soon], later)
        return {
            "points_usable": balances.usable,
            "points_pending": balances.pending,
            "points_debt": balances.debt,
            "points_expiring": _sums(ending.member[is_soon], ending.points[is_soon], facts.n_members),
            "points_worth_minor": _worth(balances.usable, rules),
            "next_expiry_at": at,
            "next_expiry_points": _sums(ending.member[with_it], ending.points[with_it], facts.n_members),
            "points_ever_earned": lifetime.earned + lifetime.adjusted,
            "points_ever_redeemed": lifetime.redeemed,
            "points_ever_expired": lifetime.expired,
            NEXT_CHANGE_AT: np.minimum(changes, NEVER),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:  # noqa: ARG002 - see summarise
        """The summary without the instant of its next change."""
        return {spec.name: summary[spec.name] for spec in self.specs(fitted.rules)}


def _history(rules: Rules) -> Sequence[PointsRules]:
    return () if rules.programme is None else rules.programme.points


def _in_force(programme: Programme, as_of: EpochSeconds) -> tuple[PointsRules, EpochSeconds]:
    """The rules at an instant, the first ones before they begin, and the instant of the next; NEVER after the last."""
    starts = [programme.calendar.start_of(local_day(rules.from_date)) for rules in programme.points]
    begun = sum(start <= as_of for start in starts)
    return programme.points[max(begun - 1, 0)], [*starts, NEVER][begun]


def _worth(points: NDArray[np.int64], rules: PointsRules) -> NDArray[np.int64]:
    redemption = rules.redemption
    return np.asarray(points * redemption.worth_minor // redemption.points)


def _sums(member: NDArray[np.int32], points: NDArray[np.int64], n_members: int) -> NDArray[Any]:
    total = np.zeros(n_members, dtype=np.int64)
    np.add.at(total, member, points)
    return total
