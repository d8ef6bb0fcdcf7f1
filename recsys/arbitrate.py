"""The choice among the offers that survive, with no offer as an arm, exploration and exact logging propensities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.offers.depth import NO_LADDERS, Ladders
from recsys.offers.economics import OfferValues
from recsys.types import UNKNOWN_ROW, KeepMask, Rows

EXPLORE_SD = 2.0
_EQUAL_SHARES = 1e-12
_UNBOUNDED_ARMS = 1 << 31
EQUAL_DECIMALS = 6
"""Values that differ by less than a millionth of a minor unit are equal: sums of floats are no more exact."""


@dataclass(frozen=True, slots=True)
class OfferChoice:
    """
    The offers of each slate, best first.

    Attributes:
        rows: Shape (m, max_offers): offer rows; UNKNOWN_ROW pads; a row of padding alone is the arm no_offer.
        arbitrated: Shape (m, n_offers), float64 minor units: what offers were compared by.
        propensity: Shape (m,), float64: probability that this policy chose this first offer, or no_offer, for this
            member. What follows the first offer is not random.
        explored: Shape (m,), bool: the first choice was drawn and is not the best one known.
        too_deep: Shape (m, n_offers), bool: a smaller step of its ladder is enough, so it is shown only where drawn.
    """

    rows: Rows
    arbitrated: NDArray[np.float64]
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
    epsilon: float,
    draw: NDArray[np.float64],
    max_offers: int,
    min_propensity: float = 0.0,
    ladders: Ladders = NO_LADDERS,
) -> OfferChoice:
    """
    Choose offers whose arbitrated value is above zero, the worth of no offer.

    The arbitrated value is a lower bound, ``mean - risk_aversion x sd - shadow price x discount``, times the levers
    where it is above zero: an uncertain gain must be larger before money is spent on it, and a lever cannot turn a
    loss into a gain. Among equals the smaller discount wins (law 11), then the smaller row. Of the steps of a ladder
    only the smallest sufficient one and those below it are chosen; deeper ones may be drawn.

    With probability *epsilon* the first choice is drawn uniformly from no_offer and every kept offer that may still
    be worth something (mean + 2 sd > 0), the greedy choice among them. So its probability is
    ``(1 - epsilon) [greedy] + epsilon / K`` for K arms, and 1 where no_offer is the only one.

    A floor under propensities bounds K by ``epsilon / min_propensity``: no_offer and the greedy choice stay, and of the
    other offers those with the highest mean + 2 sd, among equals as above. The rest are not drawn at all. Where not
    even two arms fit, nothing is.

    Args:
        values: The economics, shape (m, n_offers).
        keep: Shape (m, n_offers): offers that no rule removed.
        boost: Shape (m, n_offers): product of the levers.
        shadow_price: Shape (n_offers,): worth of one more minor unit of each offer's budget.
        risk_aversion: Standard deviations to stay below the mean.
        epsilon: Share of decisions that explore.
        draw: Shape (m,), uniform on [0, 1): the randomness, a parameter.
        max_offers: Offers that a slate of this placement may hold, at least 1.
        min_propensity: Smallest probability with which anything is drawn; 0 for no bound.
        ladders: Offers that are steps of one thing.
    """
    m = len(keep)
    net = values.mean - shadow_price * values.discount
    bound = net - risk_aversion * values.sd
    too_deep = ladders.too_deep(net, values.sd, keep, risk_aversion)
    arbitrated = np.where(bound > 0, bound * boost, bound)
    ranked = np.where(keep & ~too_deep, arbitrated, 0.0).round(EQUAL_DECIMALS)
    # Value descending, then discount ascending, then row.
    order = np.lexsort((values.discount, -ranked), axis=1)[:, :max_offers]
    rows = np.full((m, max_offers), UNKNOWN_ROW, dtype=np.int32)
    rows[:, : order.shape[1]] = np.where(ranked[np.arange(m)[:, None], order] > 0, order, UNKNOWN_ROW)
    best = rows[:, 0].copy()
    promise = values.mean + EXPLORE_SD * values.sd
    worth_trying = keep & (promise > 0)
    most = most_arms(epsilon, min_propensity)
    n_arms = np.minimum(worth_trying.sum(axis=1) + 1, most)
    for member in np.flatnonzero(draw < epsilon):
        # The part of the draw below epsilon is itself uniform, so it also picks the arm.
        arms = [UNKNOWN_ROW, *np.flatnonzero(worth_trying[member]).tolist()]
        if len(arms) > most:
            arms = most_promising(arms, promise[member], values.discount[member], most=most, best=int(best[member]))
        tried = arms[min(int(draw[member] / epsilon * len(arms)), len(arms) - 1)]
        if tried != best[member]:
            others = [row for row in rows[member].tolist() if row not in (tried, UNKNOWN_ROW)]
            slate = [] if tried == UNKNOWN_ROW else [tried, *others][:max_offers]
            rows[member] = slate + [UNKNOWN_ROW] * (max_offers - len(slate))
    explored = rows[:, 0] != best
    propensity = np.where(explored, epsilon / n_arms, 1 - epsilon * (1 - 1 / n_arms))
    return OfferChoice(rows, arbitrated, propensity, explored, too_deep)


def no_choice(n_members: int) -> OfferChoice:
    """The choice of a slate that holds no offers: nothing, for certain."""
    return OfferChoice(
        rows=np.empty((n_members, 0), dtype=np.int32),
        arbitrated=np.empty((n_members, 0)),
        propensity=np.ones(n_members),
        explored=np.zeros(n_members, dtype=np.bool_),
        too_deep=np.empty((n_members, 0), dtype=np.bool_),
    )


def most_arms(epsilon: float, min_propensity: float) -> int:
    """The largest number of arms that leaves each at least the smallest propensity; 1 where two are too many."""
    if min_propensity <= 0:
        return _UNBOUNDED_ARMS
    # Decimals: 0.3 over 0.1 is a little below 3.
    return max(1, int(min(epsilon / min_propensity * (1 + _EQUAL_SHARES), _UNBOUNDED_ARMS)))


def most_promising(
    arms: list[int], promise: NDArray[np.float64], discount: NDArray[np.float64], *, most: int, best: int
) -> list[int]:
    """So many of the arms: the greedy one, no_offer, and the offers that may be worth most; ascending, as drawn."""
    if most < 2:
        return [best]
    equal = promise.round(EQUAL_DECIMALS)
    ranked = sorted(
        arms, key=lambda row: (row != best, row != UNKNOWN_ROW, -equal[row] if row >= 0 else 0.0, discount[row], row)
    )
    return sorted(ranked[:most])
