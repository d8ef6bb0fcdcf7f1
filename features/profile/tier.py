"""Where each member stands on the ladder of tiers, by the programme's rules."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.profile.columns import ColumnSpec, Unit
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from features.profile.order_points import qualifying_points
from recsys.errors import InputError
from recsys.loyalty.conditions import MEASURES
from recsys.loyalty.facts import NO_JOIN_DATE, Grants, TierFacts
from recsys.loyalty.history import Tiers
from recsys.loyalty.programme import Programme
from recsys.loyalty.standing import NO_INSTANT, standings
from recsys.types import SECONDS_PER_DAY, UNKNOWN_ROW, EpochSeconds

_MOST = 2**53
_LATEST = 253_402_300_799
_AMOUNTS = {"spend_minor": ("minor", Unit.MINOR), "orders": ("orders", Unit.COUNT)}


class TierStanding:
    """
    The tier by the rules, and what it takes to rise or to stay; the retailer's record of it may differ.

    An order counts with what was paid for it, and as an order where that is more than nothing; a return counts against
    spend, and against points, when it comes back. Qualifying points are an order's without any multiplier: a tier
    cannot help to keep itself. Activity is days with a view, a cart or a click.
    """

    name = "tier"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """Nothing without a programme."""
        if rules.programme is None:
            return ()
        last = len(rules.tiers) - 1
        return (
            ColumnSpec("tier_by_rules", "int8", Unit.CODE, "Tier by the programme's rules", 0, last, -1, "tier"),
            _instant("tier_since_at", "When that tier began"),
            ColumnSpec("next_tier", "int8", Unit.CODE, "The tier above", 0, last, -1, "tier"),
            ColumnSpec("to_next_minor", "int64", Unit.MINOR, "Still to spend for the tier above", 0, _MOST, -1),
            ColumnSpec("to_next_orders", "int64", Unit.COUNT, "Orders missing for the tier above", 0, _MOST, -1),
            ColumnSpec("tier_window_minor", "int64", Unit.MINOR, "Spent in the ladder's window", 0, _MOST),
            ColumnSpec("tier_window_orders", "int64", Unit.COUNT, "Orders in the ladder's window", 0, _MOST),
            _instant("tier_review_at", "When the next review decides"),
            _instant("tier_falls_at", "When the tier is lost if nothing is bought"),
            ColumnSpec("tier_falls_to", "int8", Unit.CODE, "The tier that is held then", 0, last, -1, "tier"),
            ColumnSpec("to_keep_minor", "int64", Unit.MINOR, "Still to spend until then to keep it", 0, _MOST, -1),
            ColumnSpec("to_keep_orders", "int64", Unit.COUNT, "Orders missing until then to keep it", 0, _MOST, -1),
            ColumnSpec("tier_falls_in_days", "int32", Unit.DAYS, "Whole days until then", 0, 2**31 - 1, -1, ages=-1),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:  # noqa: ARG002 - rules are not learnt
        """Nothing is learnt: the rules are the programme's."""
        return {}

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """Everything as of the facts; it changes by itself at a review, or when an order leaves the window."""
        programme, tiers = fitted.rules.programme, fitted.rules.tiers
        if programme is None:
            return {}
        found = standings(tier_facts(facts, programme, tiers), programme, as_of=facts.as_of)
        code_of = np.array([tiers.index(name) for name in programme.tiers] + [UNKNOWN_ROW], dtype=np.int8)
        falls = found.falls_at != NO_INSTANT
        summary: dict[str, NDArray[Any]] = {
            "tier_by_rules": code_of[found.tier],
            "tier_since_at": found.since,
            "next_tier": code_of[found.next_tier],
            "tier_review_at": found.review_at,
            "tier_falls_at": found.falls_at,
            "tier_falls_to": np.where(falls, code_of[found.falls_to], UNKNOWN_ROW).astype(np.int8),
            NEXT_CHANGE_AT: np.where(found.next_change_at == NO_INSTANT, NEVER, found.next_change_at),
        }
        for measure, (suffix, _) in _AMOUNTS.items():
            column = MEASURES.index(measure)
            summary[f"to_next_{suffix}"] = found.to_next[:, column]
            summary[f"to_keep_{suffix}"] = np.where(falls, found.to_keep[:, column], -1)
            summary[f"tier_window_{suffix}"] = found.sums[:, column]
        return summary

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """The same, and the days that are left."""
        if fitted.rules.programme is None:
            return {}
        falls_at = summary["tier_falls_at"]
        left = np.where(falls_at == NO_INSTANT, -1, np.maximum(falls_at - as_of, 0) // SECONDS_PER_DAY)
        columns = dict(summary) | {"tier_falls_in_days": left.astype(np.int32)}
        return {spec.name: columns[spec.name] for spec in self.specs(fitted.rules)}


def tier_facts(facts: MemberFacts, programme: Programme, tiers: tuple[str, ...]) -> TierFacts:
    """
    What the ladder counts, from the facts.

    Args:
        facts: Of the members.
        programme: Tells what points an order is worth before any multiplier.
        tiers: Of the workspace: what the retailer's records of tiers name.

    Raises:
        InputError: A record is of a tier that the programme never had.
    """
    orders, returns, visits = facts.orders, facts.returns, facts.visits
    qualifying = qualifying_points(facts, programme)
    # What was bought before joining counted for nothing, so it takes nothing when it comes back.
    refund = np.where(returns.bought_at >= facts.enrolled_at[returns.member], returns.refund_minor, 0)
    member = np.concatenate([orders.member, returns.member, visits.member, qualifying.member])
    at = np.concatenate([orders.at, returns.at, visits.at, qualifying.at])
    order = np.argsort((member.astype(np.int64) << 34) + at, kind="stable")
    of_orders, of_returns, of_visits, of_points = (
        np.zeros(len(part), dtype=np.int64) for part in (orders.member, refund, visits.member, qualifying.member)
    )
    measures = {
        "spend_minor": [orders.paid_minor, -refund, of_visits, of_points],
        "orders": [(orders.paid_minor > 0).astype(np.int64), of_returns, of_visits, of_points],
        "points": [qualifying.of_orders, of_returns, of_visits, -qualifying.less],
        "activity": [of_orders, of_returns, np.ones(len(visits.member), dtype=np.int64), of_points],
    }
    grants = facts.grants
    rank = np.array([programme.tiers.index(name) if name in programme.tiers else -1 for name in tiers], dtype=np.int8)
    for unknown in np.flatnonzero(rank[grants.tier] < 0)[:1]:
        raise InputError(
            f"the tier {tiers[grants.tier[unknown]]!r} is recorded of a member at {grants.at[unknown]}, and the "
            f"programme never had it; it has {', '.join(programme.tiers)}: add a ladder with it, or correct the record"
        )
    return TierFacts.of(
        member[order],
        at[order],
        joined_at=np.where(facts.joined_known, facts.enrolled_at, NO_JOIN_DATE),
        grants=Grants.of(grants.member, rank[grants.tier], grants.at),
        **{name: np.concatenate(parts)[order] for name, parts in measures.items()},
    )


def tier_codes(programme: Programme, tiers: tuple[str, ...]) -> Tiers:
    """Shape (n_programme_tiers,): position in the workspace's tiers of each of the programme's."""
    return np.array([tiers.index(name) for name in programme.tiers], dtype=np.int8)


def _instant(name: str, meaning: str) -> ColumnSpec:
    return ColumnSpec(name, "int64", Unit.EPOCH_SECONDS, meaning, 0, _LATEST, NO_INSTANT)
