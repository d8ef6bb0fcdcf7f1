"""What the offers of a slate are expected to bring and to cost, by the same economics that the engine decides with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.offers.definitions import smallest_basket_depth
from recsys.offers.economics import OfferTerms, offer_values

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OfferWorth:
    """
    What each offer would do for each member of a block, within the bundle's horizon.

    Attributes:
        margin: Shape (m, n_offers): expected incremental margin, minor units.
        discount: Same shape: expected discount, minor units.
        added_orders: Same shape: added probability of an order.
        depth: Same shape: share of the smallest basket that qualifies which the discount takes.
        orders: Shape (m,): probability of an order without an offer.
        basket_minor: Shape (m,): value of one.
    """

    margin: Values
    discount: Values
    added_orders: Values
    depth: Values
    orders: Values
    basket_minor: Values


class Worths:
    """Works out the worth of offers for one bundle."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._terms = OfferTerms.of(knowledge)
        self._depth = smallest_basket_depth(knowledge.offers)

    def of(self, batch: MemberBatch, *, contact_cost_minor: int | None) -> OfferWorth:
        """
        For every member of a block and every offer.

        Args:
            batch: As it was decided on.
            contact_cost_minor: Of the channel, in place of each offer's own.
        """
        offers = self._knowledge.offers
        values = offer_values(batch, self._knowledge, self._terms, contact_cost_minor=contact_cost_minor)
        basket = batch.basket_minor.astype(np.float64)
        flat = np.minimum(offers.amount_minor / np.maximum(basket, 1.0)[:, None], 1.0)
        return OfferWorth(
            margin=values.mean,
            discount=values.discount,
            added_orders=values.uplift,
            depth=np.where(np.isnan(self._depth), flat, self._depth),
            orders=values.p_without,
            basket_minor=basket,
        )
