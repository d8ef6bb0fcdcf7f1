"""What one coupon gives on a qualifying spend: the one code for whole batches (economics) and for single baskets."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.offers.definitions import UNLIMITED_MINOR, OfferDefinitions
from recsys.types import OFFER_KINDS, MoneyMinor, OfferKind

POINT_WORTH_BP = 100
"""Single points are worth this share of the spend that earns them, in basis points (1 %)."""

MILLION = 1_000_000
UNBOUNDED_MINOR = 1 << 60
"""Stands for no bound: more than any basket, and twice it still has 64 bits."""

_BP = 10_000
_OFF_GOODS = (
    OfferKind.AMOUNT_OFF, OfferKind.PERCENT_OFF, OfferKind.BUY_X_GET_Y, OfferKind.POINTS_REDEMPTION,
)  # fmt: skip

Amount = TypeVar("Amount", int, MoneyMinor)


@dataclass(frozen=True, slots=True)
class Discounts:
    """
    What each offer gives and from which spend on, whatever its kind.

    Attributes:
        per_million: Shape (n_offers,), int64: millionths of the spend. Points count at their worth, `POINT_WORTH_BP`
            of the spend a single.
        fixed_minor: Shape (n_offers,): given whatever the spend.
        set_minor, free_minor: Shape (n_offers,): of buy x get y: the price of x + y units, and of the y that are free.
        most_minor: Shape (n_offers,): the most that one redemption takes off; points and gifts have no such bound.
        beyond_minor: Shape (n_offers,): how much more than the spend it may be: nothing for what is taken off the
            goods; without bound for shipping, points and gifts.
        least_minor: Shape (n_offers,): smallest spend that earns it: the definition's minimum, and for buy x get y
            the price of x + y units.
    """

    per_million: MoneyMinor
    fixed_minor: MoneyMinor
    set_minor: MoneyMinor
    free_minor: MoneyMinor
    most_minor: MoneyMinor
    beyond_minor: MoneyMinor
    least_minor: MoneyMinor

    @classmethod
    def of(cls, offers: OfferDefinitions, unit_minor: MoneyMinor) -> "Discounts":
        """Read the definitions; *unit_minor*, shape (n_offers,), is the price of one unit in scope."""
        percent, points, bundle, nudge, gift = (
            offers.kind == OFFER_KINDS.index(kind)
            for kind in (
                OfferKind.PERCENT_OFF, OfferKind.POINTS_MULTIPLIER, OfferKind.BUY_X_GET_Y, OfferKind.NUDGE,
                OfferKind.GIFT,
            )
        )  # fmt: skip
        extra_points = (offers.multiplier_bp.astype(np.int64) - _BP) * POINT_WORTH_BP // (_BP * _BP // MILLION)
        shares = offers.percent_bp.astype(np.int64) * (MILLION // _BP)
        units = offers.buy_quantity.astype(np.int64) + offers.get_quantity
        bounded = (offers.max_discount_minor != UNLIMITED_MINOR) & ~(points | gift)
        return cls(
            per_million=np.where(percent, shares, np.where(points, extra_points, 0)),
            fixed_minor=np.where(bundle | percent | points | nudge, 0, offers.amount_minor),
            set_minor=np.where(bundle, np.maximum(unit_minor * units, 1), UNBOUNDED_MINOR),
            free_minor=np.where(bundle, unit_minor * offers.get_quantity, 0),
            most_minor=np.where(bounded, offers.max_discount_minor, UNBOUNDED_MINOR),
            beyond_minor=np.where(_takes_off_goods(offers.kind), 0, UNBOUNDED_MINOR),
            least_minor=np.maximum(offers.min_spend_minor, np.where(bundle, unit_minor * units, 0)),
        )

    def on(self, spend_minor: MoneyMinor) -> MoneyMinor:
        """
        The discount of each offer: nothing below its smallest spend; of what it takes off goods never more than the
        spend.

        Shares round down, in the retailer's favour and never past the advertised share.

        Args:
            spend_minor: Shape (..., n_offers): the part of a basket that lies in the offer's scope.

        Returns:
            Shape (..., n_offers).
        """
        given = share_of(spend_minor, self.per_million) + self.fixed_minor
        if self.free_minor.any():
            given += spend_minor // self.set_minor * self.free_minor
        return within_bounds(given, spend_minor, most=self.most_minor, beyond=self.beyond_minor, least=self.least_minor)


def share_of(spend: Amount, per_million: Amount) -> Amount:
    """Millionths of a spend, rounded down."""
    return spend * per_million // MILLION


def within_bounds(given: Amount, spend: Amount, *, most: Amount, beyond: Amount, least: Amount) -> Amount:
    """
    What is left of an amount after the bounds of its offer; of numbers or of arrays.

    Args:
        given: By the kind of the offer.
        spend: The qualifying spend.
        most: Of one redemption.
        beyond: How much more than the spend it may be.
        least: Below this spend there is nothing.
    """
    left = _smaller(_smaller(given, most), spend + beyond)
    left *= spend >= least
    return left


def _smaller(a: Amount, b: Amount) -> Amount:
    # The one step that numbers and arrays take differently: an array of one number costs a basket twenty times as much.
    both: Amount = min(a, b) if isinstance(a, int) else np.minimum(a, b)  # type: ignore[redundant-expr]  # one by one
    return both


def _takes_off_goods(kind: NDArray[np.int8]) -> NDArray[np.bool_]:
    return np.isin(kind, [OFFER_KINDS.index(one) for one in _OFF_GOODS])


def takes_off_goods(kind: OfferKind) -> bool:
    """Whether an offer of the kind lowers the price of goods; others give shipping, points, a thing or nothing."""
    return kind in _OFF_GOODS
