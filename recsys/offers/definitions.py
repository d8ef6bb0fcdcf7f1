"""Offer definitions as columns: the templates that coupons are issued from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.ragged import Ragged
from recsys.types import EpochSeconds, Instants, KeepMask, MoneyMinor
from recsys.vocabulary import Vocabulary

UNLIMITED_MINOR = -1


@dataclass(frozen=True, slots=True)
class OfferDefinitions:
    """
    The offers that can be proposed, one entry a definition in each column.

    Attributes:
        offers: The ids; position is the offer's row.
        names: Shape (n_offers,), UTF-8 bytes.
        kind: Shape (n_offers,), int8: position in ``types.OFFER_KINDS``.
        amount_minor: Shape (n_offers,): amount off, worth of the gift or of the shipping, points' worth; 0 where the
            kind has none.
        percent_bp: Shape (n_offers,), int32: percent off in basis points (1,500 = 15 %); 0 where the kind has none.
        multiplier_bp: Shape (n_offers,), int32: points multiplier in basis points (20,000 = double); 10,000 otherwise.
        min_spend_minor: Shape (n_offers,): smallest qualifying spend; 0 where any basket qualifies.
        buy_quantity, get_quantity: Shape (n_offers,), int32: buy x, get y; 0 for other kinds.
        valid_from, valid_until: Shape (n_offers,): first instant, and first instant after.
        tier_mask: Shape (n_offers,), uint16: bit t is set where tier row t may have it.
        budget_minor: Shape (n_offers,): all discounts together; UNLIMITED_MINOR where there is no budget.
        per_member_limit: Shape (n_offers,), int32: redemptions a member; 0 = no limit.
        contact_cost_minor: Shape (n_offers,): cost of showing it once.
        scope: Ragged (n_offers,): product rows it is valid for; an empty list means the whole basket.
    """

    offers: Vocabulary
    names: NDArray[np.bytes_]
    kind: NDArray[np.int8]
    amount_minor: MoneyMinor
    percent_bp: NDArray[np.int32]
    multiplier_bp: NDArray[np.int32]
    min_spend_minor: MoneyMinor
    buy_quantity: NDArray[np.int32]
    get_quantity: NDArray[np.int32]
    valid_from: Instants
    valid_until: Instants
    tier_mask: NDArray[np.uint16]
    budget_minor: MoneyMinor
    per_member_limit: NDArray[np.int32]
    contact_cost_minor: MoneyMinor
    scope: Ragged

    def __len__(self) -> int:
        return len(self.offers)

    def valid(self, now: EpochSeconds) -> KeepMask:
        """Shape (n_offers,): *now* lies within the offer's validity."""
        return (self.valid_from <= now) & (now < self.valid_until)

    def allowed_for(self, tier: NDArray[np.int8]) -> KeepMask:
        """Shape (m, n_offers): the definition allows members of these tiers."""
        bits = (self.tier_mask[None, :] >> tier.astype(np.uint16)[:, None]) & 1
        return bits.astype(np.bool_)
