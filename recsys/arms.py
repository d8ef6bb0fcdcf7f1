"""Every arm of the choice among offers: what a draw passed over, and how probable each is to come first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.arbitrate import EQUAL_DECIMALS, EXPLORE_SD, OfferChoice, most_arms
from recsys.offers.economics import OfferValues
from recsys.types import UNKNOWN_ROW, KeepMask


@dataclass(frozen=True, slots=True)
class Arms:
    """
    What `recsys.arbitrate` chose among, told in full for whoever asks to explain.

    Attributes:
        worth: Shape (m, n_offers): no rule removed it, and it is worth more than no offer.
        passed_over: Shape (m, n_offers): it would be shown, or one like it, had exploration not drawn another choice.
        propensity: Shape (m, n_offers): logging propensity of its being the first offer; NaN where it cannot be. What
            a line lacks to 1 is that of no offer.
    """

    worth: KeepMask
    passed_over: KeepMask
    propensity: NDArray[np.float64]


def arms_of(values: OfferValues, keep: KeepMask, choice: OfferChoice, *, epsilon: float, min_propensity: float) -> Arms:
    """
    Work out what `arbitrate` does not keep.

    Args:
        values, keep: As it was given.
        choice: As it answered.
        epsilon, min_propensity: As it was given.
    """
    ranked = np.where(keep & ~choice.too_deep, choice.arbitrated, 0.0).round(EQUAL_DECIMALS)
    worth: KeepMask = ranked > 0
    greedy = choice.rows[:, :1].copy() if choice.rows.shape[1] else np.full((len(keep), 1), UNKNOWN_ROW, np.int32)
    passed_over = np.zeros_like(worth)
    # Where nothing else was drawn, the choice is the ranking.
    for member in np.flatnonzero(choice.explored).tolist():
        order = np.lexsort((values.discount[member], -ranked[member]))
        greedy[member] = order[0] if worth[member, order[0]] else UNKNOWN_ROW
        drew_none = choice.rows[member, 0] == UNKNOWN_ROW
        first = order if drew_none else order[: choice.rows.shape[1]]
        passed_over[member, first] = worth[member, first]
    best = np.arange(keep.shape[1]) == greedy
    promise = values.mean + EXPLORE_SD * values.sd
    drawn = keep & (promise > 0)
    most = most_arms(epsilon, min_propensity)
    n_drawn = drawn.sum(axis=1)
    n_arms = np.minimum(n_drawn + 1, most)
    crowded = np.flatnonzero(n_drawn + 1 > most)
    if len(crowded):
        drawn[crowded] = _most_promising(
            drawn[crowded], promise[crowded], values.discount[crowded], most=most, best=best[crowded]
        )
    share = (epsilon / n_arms)[:, None]
    propensity = np.where(best, 1 - epsilon + share, np.where(drawn & (epsilon > 0), share, np.nan))
    return Arms(worth, passed_over, propensity)


def _most_promising(
    drawn: KeepMask, promise: NDArray[np.float64], discount: NDArray[np.float64], *, most: int, best: KeepMask
) -> KeepMask:
    """The offers among `recsys.arbitrate.most_promising`, for members who have more than so many arms."""
    n = most - 1
    if not n:
        return best
    equal = np.where(drawn, promise.round(EQUAL_DECIMALS), -np.inf)
    equal[best & drawn] = np.inf
    least = np.partition(equal, -n, axis=1)[:, -n, None]
    first: KeepMask = equal >= least
    for member in np.flatnonzero(first.sum(axis=1) > n).tolist():
        order = np.lexsort((discount[member], -equal[member]))
        first[member] = False
        first[member, order[:n]] = True
    return first
