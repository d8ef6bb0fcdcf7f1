"""Every arm of the choice among offers: where it ranks, and how probable it is to come first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.arbitrate import EQUAL_DECIMALS, EXPLORE_SD, OfferChoice, most_arms, most_promising
from recsys.offers.economics import OfferValues
from recsys.types import UNKNOWN_ROW, KeepMask


@dataclass(frozen=True, slots=True)
class Arms:
    """
    What `recsys.arbitrate` chose among, told in full for whoever asks to explain.

    Attributes:
        worth: Shape (m, n_offers): no rule removed it, and it is worth more than no offer.
        rank: Shape (m, n_offers): how many offers come before it, as they are ranked without exploration.
        propensity: Shape (m, n_offers): logging propensity of its being the first offer; NaN where it cannot be. What
            a line lacks to 1 is that of no offer.
    """

    worth: KeepMask
    rank: NDArray[np.intp]
    propensity: NDArray[np.float64]


def arms_of(values: OfferValues, keep: KeepMask, choice: OfferChoice, *, epsilon: float, min_propensity: float) -> Arms:
    """
    Work out what `arbitrate` does not keep.

    Args:
        values, keep: As it was given.
        choice: As it answered.
        epsilon, min_propensity: As it was given.
    """
    ranked = np.where(keep, choice.arbitrated, 0.0).round(EQUAL_DECIMALS)
    rank = np.empty(keep.shape, dtype=np.intp)
    order = np.lexsort((values.discount, -ranked), axis=1)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(keep.shape[1]), keep.shape), axis=1)
    worth: KeepMask = ranked > 0
    best = worth & (rank == 0)
    promise = values.mean + EXPLORE_SD * values.sd
    drawn = keep & (promise > 0)
    most = most_arms(epsilon, min_propensity)
    n_arms = np.minimum(drawn.sum(axis=1) + 1, most)
    for member in np.flatnonzero(drawn.sum(axis=1) + 1 > most):
        first = np.flatnonzero(best[member])
        arms = most_promising(
            [UNKNOWN_ROW, *np.flatnonzero(drawn[member]).tolist()],
            promise[member],
            values.discount[member],
            most=most,
            best=int(first[0]) if len(first) else UNKNOWN_ROW,
        )
        drawn[member] = np.isin(np.arange(keep.shape[1]), arms)
    share = (epsilon / n_arms)[:, None]
    propensity = np.where(best, 1 - epsilon + share, np.where(drawn & (epsilon > 0), share, np.nan))
    return Arms(worth, rank, propensity)
