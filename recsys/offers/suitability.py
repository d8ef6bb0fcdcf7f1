"""Offers that make no sense for a member, however well they pay on average: what is not wanted at all, or only once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.types import OFFER_KINDS, KeepMask, OfferKind, Rows

NEED_DAYS = 90.0
"""Within so many days a member must be expected to order from the scope as often as the offer makes them buy units."""

_BUNDLE = OFFER_KINDS.index(OfferKind.BUY_X_GET_Y)


@dataclass(frozen=True, slots=True)
class Scopes:
    """
    What offers with a scope are valid for, worked out once a bundle.

    Attributes:
        offers: Shape (k,): rows of the offers with a scope.
        among: Shape (n_products + 1, bytes of k), uint8: bit by bit, the product is in it; the last line is of padding.
        bundles: Rows of the offers that make a member buy several.
        units: Shape (len(bundles),): how many.
        usual_share: Shape (len(bundles),): share of orders with a product in scope, the mean over members.
    """

    offers: NDArray[np.intp]
    among: NDArray[np.uint8]
    bundles: NDArray[np.intp]
    units: NDArray[np.int64]
    usual_share: NDArray[np.float64]

    @classmethod
    def of(cls, knowledge: Knowledge, usual_share: NDArray[np.float64]) -> "Scopes":
        """
        Read them out of the bundle.

        Args:
            knowledge: Of the bundle, or of some of its members.
            usual_share: Shape (n_offers,): share of orders with a product in each scope, the mean over all members.
        """
        definitions = knowledge.offers
        scoped = np.flatnonzero(definitions.scope.lengths() > 0)
        among = np.zeros((len(knowledge.catalogue) + 1, -(-len(scoped) // 8)), dtype=np.uint8)
        for column, offer in enumerate(scoped.tolist()):
            inside = definitions.scope.values[definitions.scope.indptr[offer] : definitions.scope.indptr[offer + 1]]
            among[inside, column // 8] |= np.uint8(1 << column % 8)
        bundles = np.flatnonzero(definitions.kind == _BUNDLE)
        units = (definitions.buy_quantity + definitions.get_quantity)[bundles].astype(np.int64)
        return cls(scoped, among, bundles, units, usual_share[bundles])

    def without_candidates(self, candidates: Rows, batch: MemberBatch) -> KeepMask:
        """
        Say whose candidates hold nothing that an offer is valid for: a coupon for what nobody would show the member.

        Args:
            candidates: Shape (m, c): product rows before policy; UNKNOWN_ROW pads.
            batch: The members; what they bought before or have in the basket counts as well.

        Returns:
            Shape (m, k), in the order of ``offers``.
        """
        held = np.bitwise_or.reduce(self.among.take(candidates, axis=0), axis=1)
        for lists in (batch.bought, batch.basket):
            if len(lists.values):
                (owners,) = lists.lengths().nonzero()
                starts = lists.indptr.take(owners)
                held[owners] |= np.bitwise_or.reduceat(self.among.take(lists.values, axis=0), starts, axis=0)
        bits = np.unpackbits(held, axis=1, count=len(self.offers), bitorder="little")
        return np.asarray(bits == 0)

    def needed_once(self, batch: MemberBatch, knowledge: Knowledge) -> KeepMask:
        """
        Say who is not expected to need as many as the offer makes them buy.

        Expected orders with something in scope within `NEED_DAYS`, at the member's own rate, are fewer than the units
        of one bundle. Whose share of orders in scope is not known is judged by the average member's.

        Returns:
            Shape (m, len(bundles)).
        """
        affinity = knowledge.response.scope_affinity
        if not len(affinity):
            return np.zeros((len(batch), len(self.bundles)), dtype=np.bool_)
        share = affinity[batch.row[:, None], self.bundles].astype(np.float64)
        share[batch.row < 0] = self.usual_share
        orders = batch.orders_per_day.astype(np.float64)[:, None] * NEED_DAYS
        return np.asarray(orders * share < self.units)
