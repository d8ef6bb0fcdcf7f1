"""How deep an offer may be: the bound of the policy and its bands by kind, tier and category."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.members import MemberBatch
from recsys.offers.definitions import OfferDefinitions
from recsys.policy.file.guardrails import DepthBand
from recsys.policy.native import KEPT, Code, Codes, remove
from recsys.types import OFFER_KINDS, KeepMask, MoneyMinor


@dataclass(frozen=True, slots=True)
class DepthLimit:
    """
    Bounds on the depth of some offers for some tiers.

    Attributes:
        code: Of the rule it comes from.
        tiers: Shape (n_tiers,): whom it is about.
        offers: Shape (n_offers,): which it is about.
        min_depth, max_depth: Shares, both allowed themselves.
    """

    code: Code
    tiers: KeepMask
    offers: KeepMask
    min_depth: float
    max_depth: float

    def breaks(self, depth: NDArray[np.float64]) -> KeepMask:
        """Where a depth lies outside the bounds."""
        outside: KeepMask = (depth < self.min_depth) | (depth > self.max_depth)
        return outside


def banded_offers(band: DepthBand, offers: OfferDefinitions, catalogue: Catalogue) -> KeepMask:
    """Shape (n_offers,): the offers that a band is about, whoever gets them."""
    about = np.ones(len(offers), dtype=np.bool_)
    if band.kind is not None:
        about &= offers.kind == OFFER_KINDS.index(band.kind)
    if band.category is not None:
        about &= touches_category(band.category, offers, catalogue)
    return about


def touches_category(category: str, offers: OfferDefinitions, catalogue: Catalogue) -> KeepMask:
    """
    Which offers take something off products of a category: one of them in scope is enough, and an offer on the whole
    basket touches every category.

    Args:
        category: Its name; nothing touches one that the catalogue does not know.
        offers: Of the same bundle.
        catalogue: Of the same bundle.

    Returns:
        Shape (n_offers,).
    """
    if category not in catalogue.category_names:
        return np.zeros(len(offers), dtype=np.bool_)
    touched: KeepMask = (offers.scope.lengths() == 0) & ~offers.scope_empty
    inside = catalogue.category[offers.scope.values] == catalogue.category_names.index(category)
    touched[offers.scope.owners()[inside]] = True
    return touched


def tier_codes(limits: tuple[DepthLimit, ...], depth: NDArray[np.float64], n_tiers: int) -> Codes:
    """Shape (n_tiers, n_offers): the first limit that an offer breaks for a tier whatever the basket is."""
    codes = np.full((n_tiers, len(depth)), KEPT, dtype=np.uint16)
    for limit in limits:
        # NaN breaks no bound: those offers are judged with the member's basket.
        remove(codes, limit.tiers[:, None] & (limit.offers & limit.breaks(depth)), limit.code)
    return codes


def remove_by_basket(
    codes: Codes,
    batch: MemberBatch,
    amount_minor: MoneyMinor,
    columns: NDArray[np.intp],
    limits: tuple[DepthLimit, ...],
) -> None:
    """
    Note, in place in codes of shape (m, n_offers), amounts that are too deep for a member's usual basket.

    Args:
        codes: What removed the offers so far.
        batch: Whose baskets.
        amount_minor: Shape (n_offers,).
        columns: The offers whose depth depends on the basket.
        limits: All limits.
    """
    if not len(columns):
        return
    basket = np.maximum(batch.basket_minor, 1).astype(np.float64)
    depth = np.minimum(amount_minor[columns] / basket[:, None], 1.0)
    part = codes[:, columns]
    for limit in limits:
        remove(part, limit.tiers[batch.tier][:, None] & (limit.offers[columns] & limit.breaks(depth)), limit.code)
    codes[:, columns] = part
