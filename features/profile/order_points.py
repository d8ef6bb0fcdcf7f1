"""What orders earn by the rules of points, and what they count for a ladder that asks for points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.profile.facts import MemberFacts
from features.profile.points_returns import claw_backs
from recsys.loyalty.earning import Earned, Orders, points_earned
from recsys.loyalty.points_ends import local_day
from recsys.loyalty.points_rules import PointsRules
from recsys.loyalty.programme import Programme
from recsys.types import UNKNOWN_ROW, Channel, Instants, Rows

_CHANNELS = [channel.value for channel in Channel]


def order_points(
    facts: MemberFacts, programme: Programme, history: Sequence[PointsRules], *, tier: NDArray[np.int8]
) -> Earned:
    """
    Of every order, and of its lines in the order of orders; nothing before the rules begin.

    What was paid with points is a discount, and so in no amount.

    Args:
        facts: Of the members.
        programme: Whose names and calendar.
        history: At least one.
        tier: Shape (n_orders,): held just before the order.
    """
    orders, lines = facts.orders, np.argsort(facts.purchases.order, kind="stable")
    begins = programme.calendar.start_of(local_day(history[0].from_date))
    channel = np.array(
        [_CHANNELS.index(name) if name in _CHANNELS else UNKNOWN_ROW for name in facts.terms.channel_names]
    )
    counts = np.where(orders.at >= begins, orders.paid_minor, 0)
    return points_earned(
        Orders(
            at=np.maximum(orders.at, begins),
            tier=tier,
            channel=np.append(channel, UNKNOWN_ROW)[orders.channel].astype(np.int8),
            joined_at=facts.enrolled_at[orders.member],
            points_paid_minor=np.zeros(len(orders.member), dtype=np.int64),
            order=facts.purchases.order[lines].astype(np.int64),
            category=facts.products.category[facts.purchases.product[lines]],
            amount_minor=np.where(counts[facts.purchases.order[lines]] > 0, facts.purchases.paid_minor[lines], 0),
        ),
        history,
        tiers=programme.tiers,
        categories=facts.products.category_names,
        calendar=programme.calendar,
    )


@dataclass(frozen=True, slots=True)
class QualifyingPoints:
    """
    What a ladder counts as points; nothing at all where no ladder asks for them.

    Attributes:
        of_orders: Shape (n_orders,), int64, at least 0.
        member, at, less: Shape (n,): of what came back, whose it was, when it came back, and the points it takes.
    """

    of_orders: NDArray[np.int64]
    member: Rows
    at: Instants
    less: NDArray[np.int64]


def qualifying_points(facts: MemberFacts, programme: Programme) -> QualifyingPoints:
    """Points without any multiplier, so that no tier helps to keep itself; excluded categories have none."""
    bare: dict[str, Any] = {"tiers": {}, "categories": {}, "campaigns": ()}
    history = [
        rules.model_copy(update={"earning": rules.earning.model_copy(update=bare)}) for rules in programme.points
    ]
    asked = [tier.entry.points for ladder in programme.ladders for tier in ladder.tiers if tier.entry is not None]
    if not history or not any(asked):
        none = np.empty(0, dtype=np.int64)
        return QualifyingPoints(np.zeros(len(facts.orders.member), dtype=np.int64), none.astype(np.int32), none, none)
    earned = order_points(facts, programme, history, tier=np.zeros(len(facts.orders.member), dtype=np.int8))
    back = claw_backs(facts, earned)
    return QualifyingPoints(earned.points, back.member, back.at, back.points)
