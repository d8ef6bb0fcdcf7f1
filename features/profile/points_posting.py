"""From orders, returns, redemptions and recorded entries to the points ledger of all members."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from features.profile.blocks import POINTS_KINDS
from features.profile.facts import MemberFacts
from features.profile.order_points import order_points
from features.profile.points_returns import claw_backs
from features.profile.tier import tier_facts
from recsys.loyalty.earning import Earned
from recsys.loyalty.history import TierHistory, Tiers
from recsys.loyalty.points import post_points
from recsys.loyalty.points_ends import local_day, rules_in_force
from recsys.loyalty.points_facts import NONE, Earnings, PointsFacts, Reason, Takings
from recsys.loyalty.points_rules import PointsRules
from recsys.loyalty.points_state import PointsState, Posting
from recsys.loyalty.programme import Programme
from recsys.loyalty.tiers import tier_history
from recsys.types import OFFER_KINDS, EpochSeconds, Instants, OfferKind, Rows

_CODE = {kind: code for code, kind in enumerate(POINTS_KINDS)}
_POINTS_REDEMPTION = OFFER_KINDS.index(OfferKind.POINTS_REDEMPTION)
_AT_BITS = 40
"""Instants until the year 36,000, shifted past by a member's row, order changes by member and instant."""


def post_member_points(
    facts: MemberFacts, programme: Programme, tiers: tuple[str, ...], *, recorded: Mapping[str, bool]
) -> Posting:
    """
    Post all points facts of the members up to ``facts.as_of``.

    An order earns by the tier held just before it. Facts before the first rules of points move none.

    Args:
        facts: Of the members.
        programme: With rules of points.
        tiers: Of the workspace.
        recorded: ``earn_recorded``: orders earn nothing by the rules, the records do; ``redeem_recorded`` likewise.

    Returns:
        The movements and the state; redemptions of more than there was are refused in it.
    """
    history, calendar = programme.points, programme.calendar
    begins = calendar.start_of(local_day(history[0].from_date))
    held = tier_history(tier_facts(facts, programme, tiers), programme, as_of=facts.as_of)
    earned = order_points(facts, programme, history, tier=_tier_before(held, facts.orders.member, facts.orders.at))
    earnings = [_event_lots(facts, begins)]
    takings = [_recorded_takings(facts, begins)]
    if not recorded["earn_recorded"]:
        earnings.append(_order_lots(facts, earned))
        takings.append(claw_backs(facts, earned))
    if not recorded["redeem_recorded"]:
        takings.append(_coupon_takings(facts, history, begins))
    return post_points(
        PointsFacts.of(_joined_earnings(earnings), _joined_takings(takings)),
        history,
        calendar=calendar,
        now=facts.as_of,
        opening=PointsState.empty(facts.n_members),
    )


def _tier_before(history: TierHistory, member: Rows, at: Instants) -> Tiers:
    """Shape (n,): the tier held just before each instant; the lowest before there was one."""
    changed = _instants_of(history.owners(), history.at)
    last = np.searchsorted(changed, _instants_of(member, at), side="left") - 1
    if not len(changed):
        return np.zeros(len(at), dtype=np.int8)
    own = (last >= 0) & (history.owners()[last] == member)
    return np.where(own, history.to_tier[last], 0).astype(np.int8)


def _order_lots(facts: MemberFacts, earned: Earned) -> Earnings:
    some = np.flatnonzero(earned.points > 0)
    return Earnings(
        member=facts.orders.member[some],
        at=facts.orders.at[some],
        points=earned.points[some],
        number=some.astype(np.int64),
        reason=np.full(len(some), Reason.ORDER, dtype=np.uint8),
        order=some.astype(np.int64),
    )


def _event_lots(facts: MemberFacts, begins: EpochSeconds) -> Earnings:
    """Recorded entries that add points."""
    entries = facts.points
    some = np.flatnonzero((entries.points > 0) & (entries.at >= begins))
    adjusted = entries.kind[some] == _CODE["adjust"]
    return Earnings(
        member=entries.member[some],
        at=entries.at[some],
        points=entries.points[some],
        number=len(facts.orders.member) + some,
        reason=np.where(adjusted, Reason.ADJUSTMENT, Reason.EVENT).astype(np.uint8),
        order=np.full(len(some), NONE, dtype=np.int64),
    )


def _recorded_takings(facts: MemberFacts, begins: EpochSeconds) -> Takings:
    """Recorded entries that take points."""
    entries = facts.points
    some = np.flatnonzero((entries.points < 0) & (entries.at >= begins))
    redeemed = entries.kind[some] == _CODE["redeem"]
    none = np.full(len(some), NONE, dtype=np.int64)
    return Takings(
        member=entries.member[some],
        at=entries.at[some],
        points=-entries.points[some],
        number=some.astype(np.int64),
        reason=np.where(redeemed, Reason.REDEMPTION, Reason.CORRECTION).astype(np.uint8),
        lot=none,
        order=none,
    )


def _coupon_takings(facts: MemberFacts, history: Sequence[PointsRules], begins: EpochSeconds) -> Takings:
    """Redemptions of offers that are paid with points: what their discount costs in points, rounded up."""
    redemptions = facts.redemptions
    some = np.flatnonzero(
        (redemptions.kind == _POINTS_REDEMPTION) & (redemptions.at >= begins) & (redemptions.discount_minor > 0)
    )
    version = rules_in_force(redemptions.at[some], history, facts.calendar)
    rates = np.array([(rules.redemption.points, rules.redemption.worth_minor) for rules in history], dtype=np.int64)
    points, worth = rates[version, 0], rates[version, 1]
    none = np.full(len(some), NONE, dtype=np.int64)
    return Takings(
        member=redemptions.member[some],
        at=redemptions.at[some],
        points=-(-redemptions.discount_minor[some] * points // worth),
        number=len(facts.points.member) + some,
        reason=np.full(len(some), Reason.REDEMPTION, dtype=np.uint8),
        lot=none,
        order=none,
    )


def _instants_of(member: NDArray[np.integer], at: Instants) -> NDArray[np.int64]:
    """Member and instant as one number that sorts like the pair."""
    return (member.astype(np.int64) << _AT_BITS) + at


def _joined_earnings(parts: Sequence[Earnings]) -> Earnings:
    return Earnings(*(np.concatenate([getattr(part, name) for part in parts]) for name in Earnings.__slots__))


def _joined_takings(parts: Sequence[Takings]) -> Takings:
    return Takings(*(np.concatenate([getattr(part, name) for part in parts]) for name in Takings.__slots__))
