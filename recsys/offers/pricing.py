"""What an offer takes off a basket, in exact integers."""

from dataclasses import dataclass

import numpy as np

from recsys.offers.definitions import OfferDefinitions
from recsys.types import OFFER_KINDS, MoneyMinor, OfferKind

POINT_WORTH_BP = 100
"""Single points are worth this share of the spend that earns them, in basis points (1 %)."""

_PERCENT = OFFER_KINDS.index(OfferKind.PERCENT_OFF)
_POINTS = OFFER_KINDS.index(OfferKind.POINTS_MULTIPLIER)
_BUNDLE = OFFER_KINDS.index(OfferKind.BUY_X_GET_Y)
_BP = 10_000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Discounts:
    """
    What each offer gives and from which spend on, whatever its kind.

    Attributes:
        per_million: Shape (n_offers,), int64: millionths of the spend. Points count at their worth, `POINT_WORTH_BP`
            of the spend a single.
        fixed_minor: Shape (n_offers,): given whatever the spend.
        least_minor: Shape (n_offers,): smallest spend that earns it: the definition's minimum, and for buy x get y
            the price of x + y units.
    """

    per_million: MoneyMinor
    fixed_minor: MoneyMinor
    least_minor: MoneyMinor

    @classmethod
    def of(cls, offers: OfferDefinitions, unit_minor: MoneyMinor) -> "Discounts":
        """Read the definitions; *unit_minor*, shape (n_offers,), is the price of one unit in scope."""
        percent, points, bundle = (offers.kind == kind for kind in (_PERCENT, _POINTS, _BUNDLE))
        extra_points = (offers.multiplier_bp.astype(np.int64) - _BP) * POINT_WORTH_BP // (_BP * _BP // _MILLION)
        shares = offers.percent_bp.astype(np.int64) * (_MILLION // _BP)
        units = offers.buy_quantity.astype(np.int64) + offers.get_quantity
        return cls(
            per_million=np.where(percent, shares, np.where(points, extra_points, 0)),
            fixed_minor=np.where(
                bundle, unit_minor * offers.get_quantity, np.where(percent | points, 0, offers.amount_minor)
            ),
            least_minor=np.maximum(offers.min_spend_minor, np.where(bundle, unit_minor * units, 0)),
        )

    def on(self, spend_minor: MoneyMinor) -> MoneyMinor:
        """
        The discount of each offer: nothing below its smallest spend, never more than the spend.

        Shares round down, in the retailer's favour and never past the advertised share.

        Args:
            spend_minor: Shape (..., n_offers): the part of a basket that lies in the offer's scope.

        Returns:
            Shape (..., n_offers).
        """
        discount: MoneyMinor = np.minimum(spend_minor * self.per_million // _MILLION + self.fixed_minor, spend_minor)
        discount *= spend_minor >= self.least_minor
        return discount
