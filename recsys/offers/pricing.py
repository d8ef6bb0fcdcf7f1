"""What an offer takes off a basket, in exact integers."""

import numpy as np

from recsys.offers.definitions import OfferDefinitions
from recsys.types import OFFER_KINDS, MoneyMinor, OfferKind

POINT_WORTH_BP = 100
"""Single points are worth this share of the spend that earns them, in basis points (1 %)."""

_PERCENT = OFFER_KINDS.index(OfferKind.PERCENT_OFF)
_POINTS = OFFER_KINDS.index(OfferKind.POINTS_MULTIPLIER)
_BUNDLE = OFFER_KINDS.index(OfferKind.BUY_X_GET_Y)
_BP = 10_000


def discount_minor(offers: OfferDefinitions, spend_minor: MoneyMinor, unit_minor: MoneyMinor) -> MoneyMinor:
    """
    The discount of each offer on a qualifying spend; nothing below its minimum spend, never more than the spend.

    Args:
        offers: The definitions.
        spend_minor: Shape (..., n_offers): the part of a basket that lies in the offer's scope.
        unit_minor: Shape (n_offers,): price of one unit in scope, for buy x get y.

    Returns:
        Shape (..., n_offers). Percentages round down, in the retailer's favour and never past the advertised share.
        Points count at their worth, `POINT_WORTH_BP` of the spend a single.
    """
    percent = spend_minor * offers.percent_bp // _BP
    points = spend_minor * (offers.multiplier_bp.astype(np.int64) - _BP) // _BP * POINT_WORTH_BP // _BP
    free = unit_minor * offers.get_quantity
    fixed = np.where(offers.kind == _BUNDLE, free, offers.amount_minor)
    discount = np.where(offers.kind == _PERCENT, percent, np.where(offers.kind == _POINTS, points, fixed))
    bundle_short = (offers.kind == _BUNDLE) & (
        spend_minor < unit_minor * (offers.buy_quantity + offers.get_quantity.astype(np.int64))
    )
    qualifies = (spend_minor >= offers.min_spend_minor) & ~bundle_short
    capped: MoneyMinor = np.where(qualifies, np.minimum(discount, spend_minor), 0).astype(np.int64)
    return capped
