"""The choice among the offers that survive, with no offer as an arm, exploration and exact logging propensities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.exploration import EQUAL_DECIMALS, Exploring, draw_arms, shares
from recsys.offers.depth import NO_LADDERS, Ladders
from recsys.offers.economics import OfferValues
from recsys.types import UNKNOWN_ROW, KeepMask, Rows


@dataclass(frozen=True, slots=True)
class OfferChoice:
    """
    The offers of each slate, best first.

    Attributes:
        rows: Shape (m, max_offers): offer rows; UNKNOWN_ROW pads; a row of padding alone is the arm no_offer.
        arbitrated: Shape (m, n_offers), float64 minor units: what offers were compared by.
        net: Shape (m, n_offers), float64 minor units: mean worth less what budgets cost, by which offers are drawn.
        propensity: Shape (m,), float64: probability that this policy chose this first offer, or no_offer, for this
            member. What follows the first offer is not random.
        explored: Shape (m,), bool: the first choice was drawn and is not the best one known.
        too_deep: Shape (m, n_offers), bool: a smaller step of its ladder is enough, so it is shown only where drawn.
    """

    rows: Rows
    arbitrated: NDArray[np.float64]
    net: NDArray[np.float64]
    propensity: NDArray[np.float64]
    explored: NDArray[np.bool_]
    too_deep: KeepMask


def arbitrate(
    values: OfferValues,
    keep: KeepMask,
    *,
    boost: NDArray[np.float32],
    shadow_price: NDArray[np.float64],
    risk_aversion: float,
    exploring: Exploring,
    draw: NDArray[np.float64],
    max_offers: int,
    ladders: Ladders = NO_LADDERS,
) -> OfferChoice:
    """
    Choose offers whose arbitrated value is above zero, the worth of no offer.

    The arbitrated value is a lower bound, ``mean - risk_aversion x sd - shadow price x discount``, times the levers
    where it is above zero: an uncertain gain must be larger before money is spent on it, and a lever cannot turn a
    loss into a gain. Among equals the smaller discount wins (law 11), then the smaller row. Of the steps of a ladder
    only the smallest sufficient one and those below it are chosen; deeper ones may be drawn. No slate holds two steps.

    With probability *epsilon* the first choice is drawn by `recsys.exploration.shares`, q, in which the greedy choice
    has its part. So the probability of an arm is ``(1 - epsilon) [greedy] + epsilon q``, and 1 where no_offer is the
    only one. The draw is made from these very numbers, so what is logged is exact however they were come by.

    Args:
        values: The economics, shape (m, n_offers).
        keep: Shape (m, n_offers): offers that no rule removed.
        boost: Shape (m, n_offers): product of the levers.
        shadow_price: Shape (n_offers,): worth of one more minor unit of each offer's budget.
        risk_aversion: Standard deviations to stay below the mean.
        exploring: How much is tried, and how.
        draw: Shape (m,), uniform on [0, 1): the randomness, a parameter.
        max_offers: Offers that a slate of this placement may hold, at least 1.
        ladders: Offers that are steps of one thing.
    """
    m = len(keep)
    net = values.mean - shadow_price * values.discount
    bound = net - risk_aversion * values.sd
    too_deep = ladders.too_deep(net, values.sd, keep, risk_aversion)
    arbitrated = np.where(bound > 0, bound * boost, bound)
    ranked = np.where(keep & ~too_deep, arbitrated, 0.0).round(EQUAL_DECIMALS)
    # Of one offer that is worth something nothing else is left out.
    if max_offers > 1 and np.count_nonzero(ranked > 0) > 1:
        ranked = ladders.best_steps(ranked, values.discount)
    # Value descending, then discount ascending, then row.
    order = np.lexsort((values.discount, -ranked), axis=1)[:, :max_offers]
    rows = np.full((m, max_offers), UNKNOWN_ROW, dtype=np.int32)
    rows[:, : order.shape[1]] = np.where(ranked[np.arange(m)[:, None], order] > 0, order, UNKNOWN_ROW)
    best = rows[:, 0].copy()
    epsilon = exploring.epsilon
    if epsilon <= 0:
        return OfferChoice(rows, arbitrated, net, np.ones(m), np.zeros(m, dtype=np.bool_), too_deep)
    drawn = shares(net, values.sd, values.discount, keep, best=best, exploring=exploring)
    members = np.flatnonzero(draw < epsilon)
    # The part of the draw below epsilon is itself uniform, so it also picks the arm.
    arms = draw_arms(drawn[members], draw[members] / epsilon).tolist() if len(members) else []
    for member, tried in zip(members.tolist(), arms, strict=True):
        if tried != best[member]:
            aside = ladders.beside(tried)
            others = [row for row in rows[member].tolist() if row not in aside and row != UNKNOWN_ROW]
            slate = [] if tried == UNKNOWN_ROW else [tried, *others][:max_offers]
            rows[member] = slate + [UNKNOWN_ROW] * (max_offers - len(slate))
    explored = rows[:, 0] != best
    share = drawn[np.arange(m), rows[:, 0] + 1]
    return OfferChoice(rows, arbitrated, net, first_propensity(share, ~explored, epsilon), explored, too_deep)


def first_propensity(share: NDArray[np.float64], greedy: KeepMask, epsilon: float) -> NDArray[np.float64]:
    """Probability that arms come first, given their shares of the draws and which of them is the greedy choice."""
    propensity: NDArray[np.float64] = np.where(greedy, 1 - epsilon * (1 - share), epsilon * share)
    return propensity


def no_choice(n_members: int) -> OfferChoice:
    """The choice of a slate that holds no offers: nothing, for certain."""
    return OfferChoice(
        rows=np.empty((n_members, 0), dtype=np.int32),
        arbitrated=np.empty((n_members, 0)),
        net=np.empty((n_members, 0)),
        propensity=np.ones(n_members),
        explored=np.zeros(n_members, dtype=np.bool_),
        too_deep=np.empty((n_members, 0), dtype=np.bool_),
    )
