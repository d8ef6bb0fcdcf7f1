"""What telling members of what is theirs costs beyond the contact: points that would have lapsed, and tiers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.loyalty.worth import YEAR_DAYS
from recsys.members import MemberBatch
from recsys.offers.definitions import TRIGGERS, Trigger
from recsys.offers.membership import known, points_ending, tier_ahead, tier_fall
from recsys.types import OFFER_KINDS, EpochSeconds, MoneyMinor, OfferKind

Values = NDArray[np.float64]

SPEND_LOST_WITH_A_TIER = 0.05
"""
Share of a member's spend that goes with a lost tier, for as long as it would have been held.

That taking members down costs loyalty is known (Wagner, Hennig-Thurau and Rudolph 2009, Journal of Marketing 73(3));
how much they buy less differs from programme to programme: this figure is an assumption, on the cautious side.
"""

_USED_OF_UNKNOWN = 0.5
_NUDGE = OFFER_KINDS.index(OfferKind.NUDGE)


@dataclass(frozen=True, slots=True)
class NudgeCosts:
    """
    Money that nudges move besides the margin of orders and the contact; negative where they keep it.

    With p1 the probability of an order within the horizon when nudged, and p0 that without: ``p1 x with_order -
    p0 x anyway``.

    Attributes:
        offers: Shape (k,): rows of the offers that are nudges.
        with_order: Shape (m, k), minor units: of an order of who was nudged.
        anyway: Same shape: what an order of who was not would have cost all the same.
    """

    offers: NDArray[np.intp]
    with_order: Values
    anyway: Values

    def expected(self, p_without: Values, p_with: Values) -> Values:
        """
        What nudging costs.

        Args:
            p_without: Shape (m,).
            p_with: Shape (m, k), in the order of ``offers``.

        Returns:
            Shape (m, k), minor units.
        """
        return np.asarray(p_with * self.with_order - p_without[:, None] * self.anyway)


def nudge_rows(knowledge: Knowledge) -> NDArray[np.intp]:
    """Rows of the offers of a bundle that are nudges."""
    return np.flatnonzero(knowledge.offers.kind == _NUDGE)


def nudge_costs(batch: MemberBatch, knowledge: Knowledge, now: EpochSeconds) -> NudgeCosts:
    """
    What nudges cost, by what they tell of.

    * Points that end: who is told and orders uses them, and they are worth their price only as far as they would have
      lapsed: without the nudge an order uses them with the member's own habit, the share of all points that left which
      were redeemed (half, where nothing is known, with the weight of the points in question).
    * A tier that is near: each order reaches it with the part of the gap that a usual order fills, and then the tier's
      benefits are given for its term rather than those of the tier held. Orders that come anyway reach it as well.
    * A tier at risk: likewise the tier is kept, its benefits are given on, and `SPEND_LOST_WITH_A_TIER` of the margin
      of the term is not lost.
    * All others tell of nothing that has a price.

    Amounts are known as far as the bundle knows what points and tiers are worth, and nothing otherwise.

    Args:
        batch: The members.
        knowledge: Of the bundle.
        now: Instant of the decision.
    """
    rows = nudge_rows(knowledge)
    with_order, anyway = np.zeros((len(batch), len(rows))), np.zeros((len(batch), len(rows)))
    trigger = knowledge.offers.trigger[rows]
    for told in set(trigger.tolist()):
        columns = np.flatnonzero(trigger == told)
        match TRIGGERS[told]:
            case Trigger.POINTS_EXPIRING:
                points = points_ending(batch, now).points
                if not points.any():
                    continue
                lapsing = points * knowledge.point_worth_minor
                with_order[:, columns] = lapsing[:, None]
                anyway[:, columns] = (lapsing * _habit(batch, points))[:, None]
            case Trigger.TIER_NEAR:
                with_order[:, columns] = anyway[:, columns] = _reaching(batch, knowledge)[:, None]
            case Trigger.TIER_AT_RISK:
                with_order[:, columns] = anyway[:, columns] = _keeping(batch, knowledge, now)[:, None]
    return NudgeCosts(rows, with_order, anyway)


def _habit(batch: MemberBatch, points: NDArray[np.int64]) -> Values:
    """Shape (m,): the chance that an order uses *points* that end, shape (m,), of who was not told."""
    redeemed = np.maximum(known(batch, "points_ever_redeemed"), 0).astype(np.float64)
    expired = np.maximum(known(batch, "points_ever_expired"), 0).astype(np.float64)
    weight = np.maximum(points, 1)
    return np.asarray((redeemed + weight * _USED_OF_UNKNOWN) / (redeemed + expired + weight))


def _reaching(batch: MemberBatch, knowledge: Knowledge) -> Values:
    """Shape (m,): what an order costs in benefits of the next tier, by the chance that it reaches it."""
    ahead = tier_ahead(batch)
    if not (ahead.tier >= 0).any():
        return np.zeros(len(batch))
    upper = np.where(ahead.tier >= 0, ahead.tier, batch.tier)
    worth = knowledge.tier_worth.of_term(batch.tier, upper, _yearly_spend(batch))
    return np.asarray(_filled(batch, ahead.gap_minor, ahead.gap_orders) * worth)


def _keeping(batch: MemberBatch, knowledge: Knowledge, now: EpochSeconds) -> Values:
    """Shape (m,): what an order costs in benefits that are given on, less the margin that goes with a lost tier."""
    fall = tier_fall(batch, now)
    falls = fall.tier >= 0
    if not falls.any():
        return np.zeros(len(batch))
    lower = np.where(falls, fall.tier, batch.tier)
    spend = _yearly_spend(batch)
    benefits = knowledge.tier_worth.of_term(lower, batch.tier, spend)
    margin = spend * batch.margin_rate.astype(np.float64) * knowledge.tier_worth.term_days / YEAR_DAYS
    lost = np.where(falls, SPEND_LOST_WITH_A_TIER * margin, 0.0)
    return np.asarray(_filled(batch, fall.gap_minor, fall.gap_orders) * (benefits - lost))


def _filled(batch: MemberBatch, gap_minor: MoneyMinor, gap_orders: NDArray[np.int64]) -> Values:
    """Shape (m,): the part of a gap that one usual order fills: the least over what is asked for; 0 of no gap."""
    by_spend, by_orders = gap_minor > 0, gap_orders > 0
    of_spend = np.where(by_spend, batch.basket_minor / np.maximum(gap_minor, 1), np.inf)
    of_orders = np.where(by_orders, 1.0 / np.maximum(gap_orders, 1), np.inf)
    part = np.minimum(np.minimum(of_spend, of_orders), 1.0)
    return np.where(by_spend | by_orders, part, 0.0)


def _yearly_spend(batch: MemberBatch) -> Values:
    return batch.orders_per_day.astype(np.float64) * YEAR_DAYS * batch.basket_minor
