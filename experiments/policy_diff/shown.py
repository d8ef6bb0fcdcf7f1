"""What one policy shows a block of members, as figures a member that can be compared with those of another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.policy_diff.money import OfferWorth, Values
from recsys.decisions import Decisions
from recsys.slate import EMPTY, OFFER, PRODUCT

FIGURES = (
    "products",
    "offers",
    "margin_minor",
    "discount_minor",
    "revenue_minor",
    "orders",
    "with_offer",
    "no_offer",
    "without_discount",
    "depth",
    "empty",
)
"""
Figures of one member's slate under one policy.

``products``, ``offers``: how many are shown. ``margin_minor``: expected incremental margin of the offers shown.
``discount_minor``: their expected discount. ``revenue_minor``, ``orders``: expected value of orders and probability of
one within the bundle's horizon, whether or not an offer is shown. ``with_offer``, ``no_offer``, ``without_discount``,
``empty``, 0 or 1 each: an offer is shown; offers could be and none is; nothing shown costs a discount; nothing is
shown. ``depth``: sum over the offers shown.
"""

CHANGES = ("changed", "offers_gained", "offers_lost")
"""Figures of a member that only the pair has: the slate differs (0 or 1); offers that only B, that only A shows."""

COLUMNS = (*FIGURES, *CHANGES)


@dataclass(frozen=True, slots=True)
class Shown:
    """
    The slates of m members under one policy.

    Attributes:
        figures: Shape (m, len(FIGURES)), float64.
        offers: Shape (m, n_offers), bool: is shown.
        spend: Same shape: expected discount of what is shown, minor units.
        products: Ascending keys ``member * n_products + row`` of what is shown.
        slates: Shape (m, n): kind and row of every position in one number; -1 where empty.
    """

    figures: Values
    offers: NDArray[np.bool_]
    spend: Values
    products: NDArray[np.int64]
    slates: NDArray[np.int64]


def shown_of(decisions: Decisions, worth: OfferWorth) -> Shown:
    """Read the columns of decisions; several offers of one slate count as if each were shown alone."""
    n, n_offers = len(decisions), worth.margin.shape[1]
    n_products = len(decisions.knowledge.catalogue)
    is_offer, is_product = decisions.kind == OFFER, decisions.kind == PRODUCT
    offers = np.zeros((n, n_offers), dtype=np.bool_)
    offers[np.nonzero(is_offer)[0], decisions.row[is_offer]] = True
    spend = worth.discount * offers
    orders = worth.orders + (worth.added_orders * offers).sum(axis=1)
    n_shown_offers, discount = offers.sum(axis=1), spend.sum(axis=1)
    empty = (decisions.kind == EMPTY).all(axis=1)
    asked = np.full(n, decisions.offers_asked)
    columns = (
        is_product.sum(axis=1),
        n_shown_offers,
        (worth.margin * offers).sum(axis=1),
        discount,
        orders * worth.basket_minor,
        orders,
        n_shown_offers > 0,
        asked & (n_shown_offers == 0),
        discount <= 0,
        (worth.depth * offers).sum(axis=1),
        empty,
    )
    keys = np.nonzero(is_product)[0] * n_products + decisions.row[is_product]
    return Shown(
        figures=np.stack([column.astype(np.float64) for column in columns], axis=1),
        offers=offers,
        spend=spend,
        products=np.sort(keys.astype(np.int64)),
        slates=np.where(decisions.kind == EMPTY, -1, decisions.row.astype(np.int64) * 2 + is_offer),
    )


def changes_of(a: Shown, b: Shown) -> Values:
    """Shape (m, len(CHANGES))."""
    width = max(a.slates.shape[1], b.slates.shape[1])
    before, after = (
        np.pad(one.slates, ((0, 0), (0, width - one.slates.shape[1])), constant_values=-1) for one in (a, b)
    )
    columns = (
        (before != after).any(axis=1),
        (b.offers & ~a.offers).sum(axis=1),
        (a.offers & ~b.offers).sum(axis=1),
    )
    return np.stack([column.astype(np.float64) for column in columns], axis=1)
