"""What a choice of offer, or of none, saved against the deepest one, and who the member is to the offer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.offers.economics import OfferValues
from recsys.types import UNKNOWN_ROW, KeepMask, MoneyMinor, ResponseClass, Rows

_BP = 10_000
_SURE = 0.5


RESPONSE_CLASSES: tuple[ResponseClass, ...] = tuple(ResponseClass)
UNTOLD = -1
_PERSUADABLE, _SURE_THING, _LOST_CAUSE, _SLEEPING_DOG = range(4)


@dataclass(frozen=True, slots=True)
class Accounts:
    """
    The account of each member's choice, one entry a member.

    Attributes:
        offer: Shape (m,): row of the offer that it is about: the chosen one, or where none was chosen the one that was
            worth most; UNKNOWN_ROW where every offer was removed.
        response: Shape (m,), int8: position in `RESPONSE_CLASSES`; UNTOLD where there is no offer.
        deepest: Shape (m,): row of the offer that gives most on the member's usual order, of those that no rule
            removed.
        discount_avoided_minor: Shape (m,): expected discount of the deepest offer less that of the choice.
        deadweight_avoided_minor: Same of the part that goes to orders which come anyway.
        depth_saved_bp: Shape (m,): what one redemption of the deepest offer gives beyond the chosen one, in basis
            points of the member's usual order.
    """

    offer: Rows
    response: NDArray[np.int8]
    deepest: Rows
    discount_avoided_minor: MoneyMinor
    deadweight_avoided_minor: MoneyMinor
    depth_saved_bp: NDArray[np.int64]

    @classmethod
    def none(cls, n_members: int) -> "Accounts":
        """Of slates that hold no offers."""
        unknown, zero = np.full(n_members, UNKNOWN_ROW, dtype=np.int32), np.zeros(n_members, dtype=np.int64)
        return cls(unknown, np.full(n_members, UNTOLD, dtype=np.int8), unknown, zero, zero, zero)


def account(
    values: OfferValues, keep: KeepMask, chosen: Rows, *, basket_minor: MoneyMinor, risk_aversion: float
) -> Accounts:
    """
    Compare each choice with the deepest eligible offer, what a programme without uplift would have given.

    An effect is sure where its mean is beyond zero by *risk_aversion* standard deviations.

    Args:
        values: The economics.
        keep: Shape (m, n_offers): offers that no rule removed.
        chosen: Shape (m,): row of the first offer of each slate; UNKNOWN_ROW for none.
        basket_minor: Shape (m,): usual order.
        risk_aversion: Standard deviations.
    """
    m, n_offers = keep.shape
    if not n_offers:
        return Accounts.none(m)
    line, any_kept, given = np.arange(m) * n_offers, keep.any(axis=1), chosen >= 0
    # Of equals the smaller row.
    deepest = np.where(keep, values.redemption, -1).argmax(axis=1)
    offer = chosen
    if not given.all():
        best = np.where(keep, values.mean, -np.inf).argmax(axis=1)
        offer = np.where(given, chosen, np.where(any_kept, best, UNKNOWN_ROW)).astype(np.int32)
    # Where none was chosen this is the place of some other offer, which counts nothing.
    of_deepest, of_chosen = line + deepest, line + chosen

    def beyond(table: NDArray[np.float64] | MoneyMinor) -> NDArray[np.float64]:
        """Of the deepest offer, less that of the choice."""
        return np.asarray((table.take(of_deepest) - table.take(of_chosen) * given) * any_kept, dtype=np.float64)

    depth = beyond(values.redemption) * _BP / np.maximum(basket_minor, 1)
    return Accounts(
        offer=offer,
        response=_classes(values, offer, line + offer, risk_aversion),
        deepest=np.where(any_kept, deepest, UNKNOWN_ROW).astype(np.int32),
        discount_avoided_minor=np.rint(beyond(values.discount)).astype(np.int64),
        deadweight_avoided_minor=np.rint(beyond(values.deadweight)).astype(np.int64),
        depth_saved_bp=np.rint(depth).astype(np.int64),
    )


def _classes(values: OfferValues, offer: Rows, place: NDArray[np.int64], risk_aversion: float) -> NDArray[np.int8]:
    """*place* is that of the offer in a table of members by offers, laid out line by line."""
    uplift, doubt = values.uplift.take(place), risk_aversion * values.uplift_sd.take(place)
    anyway = np.where(values.p_without >= _SURE, _SURE_THING, _LOST_CAUSE)
    surely = np.where(uplift > doubt, _PERSUADABLE, np.where(uplift < -doubt, _SLEEPING_DOG, anyway))
    return np.where(offer >= 0, surely, UNTOLD).astype(np.int8)
