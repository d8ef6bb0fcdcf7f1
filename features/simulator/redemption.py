"""What an offer is worth on a basket, in exact minor units: who qualifies, the discount, and its split over lines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.assortment import Assortment
from features.simulator.baskets import Lines
from features.simulator.offers import POINTS_MINOR, Offers
from features.simulator.parameters import Parameters
from recsys.types import OFFER_KINDS, OfferKind

_CODE = {kind: code for code, kind in enumerate(OFFER_KINDS)}
_ON_LINES = (OfferKind.AMOUNT_OFF, OfferKind.PERCENT_OFF, OfferKind.BUY_X_GET_Y, OfferKind.POINTS_REDEMPTION)


@dataclass(frozen=True, slots=True)
class Priced:
    """
    Offers applied to orders.

    Attributes:
        qualifies: Shape (n_orders,): the basket meets scope, minimum spend and the offer's other conditions.
        discount_minor: Shape (n_orders,): what the offer costs if redeemed: money off, or the worth of the gift, the
            shipping or the points. 0 where the order does not qualify.
        extra_margin_minor: Shape (n_orders,): margin at full price of the units added to use the offer.
        quantity: Shape (n_lines,): units, with those added.
        in_scope: Shape (n_lines,): the order qualifies and the offer is valid for the line.
        base_minor: Shape (n_lines,): full price of the units that the discount is on; 0 where it is on none.
    """

    qualifies: NDArray[np.bool_]
    discount_minor: NDArray[np.int64]
    extra_margin_minor: NDArray[np.int64]
    quantity: NDArray[np.int64]
    in_scope: NDArray[np.bool_]
    base_minor: NDArray[np.int64]


def price(
    offers: Offers,
    assortment: Assortment,
    lines: Lines,
    offer: NDArray[np.int64],
    *,
    web: NDArray[np.bool_],
    points: NDArray[np.int64],
    parameters: Parameters,
) -> Priced:
    """
    Apply one offer to each order, as if its member wanted to redeem it.

    Args:
        offers: The offers.
        assortment: The products.
        lines: The orders' lines, sorted by order.
        offer: Shape (n_orders,): one offer an order; negative = none.
        web: Shape (n_orders,): placed on the web; free shipping means nothing in a store.
        points: Shape (n_orders,): the member's balance.
        parameters: For the worth of points.
    """
    n_orders = len(offer)
    on_line = offer[lines.order]
    unit = assortment.price_minor[lines.product]
    in_scope = (on_line >= 0) & offers.in_scope[on_line, assortment.category[lines.product]]
    is_bundle = offers.kind[on_line] == _CODE[OfferKind.BUY_X_GET_Y]
    bundle = _first_of_order(lines.order, in_scope & is_bundle)
    needed = (offers.buy + offers.get)[on_line]
    quantity = np.where(bundle, np.maximum(lines.quantity, needed), lines.quantity)
    extra = (quantity - lines.quantity) * (unit - assortment.cost_minor[lines.product])
    base = np.where(in_scope, unit * quantity, 0)
    spend = _sum(base, lines.order, n_orders)
    free = _sum(np.where(bundle, unit * offers.get[on_line], 0), lines.order, n_orders)

    kind, amount = offers.kind[offer], offers.amount_minor[offer]
    qualifies = (offer >= 0) & (spend > 0) & (spend >= offers.min_spend_minor[offer])
    qualifies &= web | (kind != _CODE[OfferKind.FREE_SHIPPING])
    qualifies &= (points * POINTS_MINOR >= amount) | (kind != _CODE[OfferKind.POINTS_REDEMPTION])
    extra_points = spend // parameters.points_spend_minor * (offers.multiplier_bp[offer] - 10_000) // 10_000
    by_kind = {
        OfferKind.AMOUNT_OFF: np.minimum(amount, spend),
        OfferKind.PERCENT_OFF: spend * offers.percent_bp[offer] // 10_000,
        OfferKind.FREE_SHIPPING: amount,
        OfferKind.BUY_X_GET_Y: free,
        OfferKind.POINTS_MULTIPLIER: extra_points * POINTS_MINOR,
        OfferKind.POINTS_REDEMPTION: np.minimum(amount, spend),
        OfferKind.GIFT: amount,
        OfferKind.NUDGE: np.zeros_like(amount),
    }
    discount = np.where(qualifies, np.choose(kind, [by_kind[k] for k in OFFER_KINDS]), 0)
    kept = qualifies[lines.order]
    return Priced(
        qualifies=qualifies,
        discount_minor=discount,
        extra_margin_minor=_sum(np.where(kept, extra, 0), lines.order, n_orders),
        quantity=np.where(kept, quantity, lines.quantity),
        in_scope=in_scope & kept,
        base_minor=np.where(kept & (bundle | ~is_bundle), base, 0),
    )


def line_discounts(offers: Offers, offer: NDArray[np.int64], priced: Priced, lines: Lines) -> NDArray[np.int64]:
    """
    Split each order's discount over its lines in proportion to their base; the parts add up exactly.

    Returns:
        Shape (n_lines,): what lowers the price of the line; 0 for offers that give something else than money off.
    """
    on_lines = np.isin(offers.kind[offer], [_CODE[kind] for kind in _ON_LINES])
    amount = np.where(on_lines, priced.discount_minor, 0)
    total = _sum(priced.base_minor, lines.order, len(offer))
    before_order = np.concatenate([[0], np.cumsum(total)])[:-1]
    until = np.cumsum(priced.base_minor) - before_order[lines.order]
    whole = np.maximum(total, 1)[lines.order]
    upper = amount[lines.order] * until // whole
    return np.asarray(upper - amount[lines.order] * (until - priced.base_minor) // whole)


def _sum(value: NDArray[np.int64], order: NDArray[np.int64], n_orders: int) -> NDArray[np.int64]:
    return np.bincount(order, weights=value, minlength=n_orders).astype(np.int64)


def _first_of_order(order: NDArray[np.int64], marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The first marked line of each order."""
    lines = np.flatnonzero(marked)
    first = np.zeros(len(order), dtype=np.bool_)
    first[lines[np.flatnonzero(np.diff(order[lines], prepend=-1))]] = True
    return first
