"""Every arm of the choice among offers: what a draw passed over, and how probable each is to come first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.arbitrate import OfferChoice, first_propensity
from recsys.exploration import EQUAL_DECIMALS, Exploring, shares
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


def arms_of(values: OfferValues, keep: KeepMask, choice: OfferChoice, *, exploring: Exploring) -> Arms:
    """
    Work out what `arbitrate` does not keep.

    Args:
        values, keep: As it was given.
        choice: As it answered.
        exploring: As it was given.
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
    if exploring.epsilon > 0:
        drawn = shares(choice.net, values.sd, values.discount, keep, best=greedy[:, 0], exploring=exploring)[:, 1:]
    else:
        drawn = np.zeros(keep.shape)
    propensity = np.where(best | (drawn > 0), first_propensity(drawn, best, exploring.epsilon), np.nan)
    return Arms(worth, passed_over, propensity)
