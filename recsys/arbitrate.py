"""The choice among the offers that survive, with no offer as an arm, exploration and exact logging propensities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.offers.economics import OfferValues
from recsys.types import UNKNOWN_ROW, KeepMask, Rows

_EXPLORE_SD = 2.0


@dataclass(frozen=True, slots=True)
class OfferChoice:
    """
    The offers of each slate, best first.

    Attributes:
        rows: Shape (m, max_offers): offer rows; UNKNOWN_ROW pads; a row of padding alone is the arm no_offer.
        arbitrated: Shape (m, n_offers), float64 minor units: what offers were compared by.
        propensity: Shape (m,), float64: probability that this policy chose this first offer, or no_offer, for this
            member. What follows the first offer is not random.
        explored: Shape (m,), bool: the first choice is not the best one known.
    """

    rows: Rows
    arbitrated: NDArray[np.float64]
    propensity: NDArray[np.float64]
    explored: NDArray[np.bool_]


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
) -> OfferChoice:
    """
    Choose offers whose arbitrated value is above zero, the worth of no offer.

    The arbitrated value is a lower bound, ``mean - risk_aversion x sd - shadow price x discount``, times the levers
    where it is above zero: an uncertain gain must be larger before money is spent on it, and a lever cannot turn a
    loss into a gain. Among equals the smaller discount wins (law 11), then the smaller row.

    With probability *epsilon* the first choice is drawn uniformly from no_offer and every kept offer that may still
    be worth something (mean + 2 sd > 0), the greedy choice among them. So its probability is
    ``(1 - epsilon) [greedy] + epsilon / K`` for K arms.

    Args:
        values: The economics, shape (m, n_offers).
        keep: Shape (m, n_offers): offers that no rule removed.
        boost: Shape (m, n_offers): product of the levers.
        shadow_price: Shape (n_offers,): worth of one more minor unit of each offer's budget.
        risk_aversion: Standard deviations to stay below the mean.
        epsilon: Share of decisions that explore.
        draw: Shape (m,), uniform on [0, 1): the randomness, a parameter.
        max_offers: Offers that a slate of this placement may hold.
    """
    m, n_offers = keep.shape
    bound = values.mean - risk_aversion * values.sd - shadow_price * values.discount
    arbitrated = np.where(bound > 0, bound * boost, bound)
    nothing = np.full((m, max(max_offers, 1)), UNKNOWN_ROW, dtype=np.int32)
    if max_offers == 0 or n_offers == 0:
        return OfferChoice(nothing[:, :max_offers], arbitrated, np.ones(m), np.zeros(m, dtype=np.bool_))
    ranked = np.where(keep & (arbitrated > 0), arbitrated, -np.inf)
    order = _order(ranked, values.discount)[:, :max_offers]
    greedy = np.where(ranked[np.arange(m)[:, None], order] > 0, order, UNKNOWN_ROW).astype(np.int32)
    worth_trying = keep & ((values.mean + _EXPLORE_SD * values.sd > 0) | (arbitrated > 0))
    n_arms = worth_trying.sum(axis=1) + 1
    explores = draw < epsilon
    # The part of the draw below epsilon is itself uniform, so it also picks the arm. Arm 0 is no_offer.
    arm = np.minimum((draw / epsilon * n_arms).astype(np.int64), n_arms - 1) if epsilon > 0 else np.zeros(m, np.int64)
    reached = np.cumsum(worth_trying, axis=1)
    tried = np.where(arm > 0, np.argmax(reached == arm[:, None], axis=1), UNKNOWN_ROW)
    first = np.where(explores, tried, greedy[:, 0])
    rows = np.full((m, max_offers), UNKNOWN_ROW, dtype=np.int32)
    rows[:, : greedy.shape[1]] = greedy
    explored = explores & (first != greedy[:, 0])
    for member in np.flatnonzero(explored):
        chosen = int(first[member])
        others = [row for row in greedy[member].tolist() if row not in (chosen, UNKNOWN_ROW)]
        slate = [] if chosen == UNKNOWN_ROW else [chosen, *others][:max_offers]
        rows[member] = slate + [UNKNOWN_ROW] * (max_offers - len(slate))
    propensity = (1 - epsilon) * (first == greedy[:, 0]) + epsilon / n_arms
    return OfferChoice(rows, arbitrated, propensity, explored)


def _order(ranked: NDArray[np.float64], discount: NDArray[np.float64]) -> NDArray[np.int64]:
    """Columns by value descending, then discount ascending, then row."""
    order: NDArray[np.int64] = np.lexsort((discount, -ranked), axis=1)
    return order
