"""What offers have in common with each other: the traits that a new one is judged by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.catalogue import Catalogue
from recsys.errors import InputError
from recsys.offers.definitions import OfferDefinitions
from recsys.offers.pricing import Discounts

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OfferTraits:
    """
    The traits of each offer that its effect may depend on.

    Attributes:
        kind: Shape (n_offers,): position in ``types.OFFER_KINDS``.
        depth: Shape (n_offers,): discount over the usual basket, or over the smallest that qualifies where that is
            larger; 0 to 1.
        threshold: Shape (n_offers,): smallest qualifying spend over the usual basket, at least 0; 0 where there is
            none.
        trigger: Shape (n_offers,): position in ``definitions.TRIGGERS``.
        category: Shape (n_offers, n_categories + 1), sparse: share of the offer's products that is of each category;
            the last column is that of offers on the whole basket, and of products whose category is unknown. Lines
            add up to 1.
    """

    kind: NDArray[np.int8]
    depth: Floats
    threshold: Floats
    trigger: NDArray[np.int8]
    category: csr_array

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def of(cls, offers: OfferDefinitions, catalogue: Catalogue, *, usual_basket_minor: int) -> "OfferTraits":
        """
        Read them out of definitions.

        Args:
            offers: Their scopes are rows of the catalogue.
            catalogue: Of the same bundle; the price of a unit is the median of the products in scope.
            usual_basket_minor: What an order usually comes to, such as the median basket.

        Raises:
            InputError: The usual basket is not above 0.
        """
        if usual_basket_minor <= 0:
            raise InputError(
                f"the usual basket is {usual_basket_minor}; depths and thresholds are measured against it, so give "
                "the median order in minor units, above 0"
            )
        discounts = Discounts.of(offers, _units(offers, catalogue))
        spend = np.maximum(discounts.least_minor, usual_basket_minor)
        return cls(
            kind=offers.kind,
            depth=discounts.on(spend) / spend,
            threshold=np.maximum(offers.min_spend_minor, 0) / usual_basket_minor,
            trigger=offers.trigger,
            category=_shares(offers, catalogue),
        )


def _units(offers: OfferDefinitions, catalogue: Catalogue) -> NDArray[np.int64]:
    """Shape (n_offers,): median price of the products in scope; of all where the scope is empty or has no price."""
    price = catalogue.price_minor
    everything = int(np.median(price[price > 0])) if np.any(price > 0) else 0
    unit = np.full(len(offers), everything, dtype=np.int64)
    for offer in np.flatnonzero(offers.scope.lengths()).tolist():
        inside = price[offers.scope.values[offers.scope.indptr[offer] : offers.scope.indptr[offer + 1]]]
        unit[offer] = int(np.median(inside[inside > 0])) if np.any(inside > 0) else everything
    return unit


def _shares(offers: OfferDefinitions, catalogue: Catalogue) -> csr_array:
    n_offers, n_categories = len(offers), len(catalogue.category_names)
    scoped = offers.scope.lengths()
    of_product = catalogue.category[offers.scope.values].astype(np.int64)
    owner = offers.scope.owners().astype(np.int64)
    everywhere = np.flatnonzero(scoped == 0)
    row = np.concatenate([owner, everywhere])
    column = np.concatenate(
        [np.where(of_product < 0, n_categories, of_product), np.full(len(everywhere), n_categories)]
    )
    share = np.concatenate([1.0 / scoped[owner], np.ones(len(everywhere))])
    # Entries of the same place are added up.
    return csr_array((share, (row, column)), shape=(n_offers, n_categories + 1))
