"""A world's offers as definitions of the product, with what each takes off a basket by the product's own pricing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from features.simulator.loop.parameters import WorldConfig
from recsys.offers.definitions import NO_GROUP, UNLIMITED_MINOR, OfferDefinitions, plain_columns
from recsys.offers.pricing import Discounts
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS, OfferKind
from recsys.vocabulary import Vocabulary

Floats = NDArray[np.float64]

_MILLION = 1_000_000
_BP = 10_000


@dataclass(frozen=True, slots=True)
class OfferTable:
    """
    The offers of a world, shape (n_offers,) each.

    Attributes:
        definitions: As the product knows them; a category is the one product row of a scope.
        category: Row of the category that it is valid for; -1 for all.
        appeal: Factor of the deal effect at the same depth: truth, not for policies.
        discounts: What each gives on a qualifying spend.
    """

    definitions: OfferDefinitions
    category: NDArray[np.int64]
    appeal: Floats
    discounts: Discounts

    def __len__(self) -> int:
        return len(self.definitions)

    @classmethod
    def of(cls, config: WorldConfig) -> "OfferTable":
        """Read the offers of a world's file."""
        terms = config.offers
        n = len(terms)
        ladder = np.array([term.ladder if term.ladder >= 0 else NO_GROUP for term in terms], dtype=np.int16)
        columns = plain_columns(n) | {"ladder": ladder}
        definitions = OfferDefinitions(
            offers=Vocabulary.of(term.name for term in terms),
            names=np.array([term.name.encode() for term in terms]),
            kind=np.array([OFFER_KINDS.index(term.kind) for term in terms], dtype=np.int8),
            amount_minor=np.array([term.amount_minor for term in terms], dtype=np.int64),
            percent_bp=np.array([round(term.percent * _BP) for term in terms], dtype=np.int32),
            multiplier_bp=np.array([round(term.multiplier * _BP) for term in terms], dtype=np.int32),
            min_spend_minor=np.array([term.min_spend_minor for term in terms], dtype=np.int64),
            buy_quantity=np.zeros(n, dtype=np.int32),
            get_quantity=np.zeros(n, dtype=np.int32),
            valid_from=np.zeros(n, dtype=np.int64),
            valid_until=np.full(n, np.iinfo(np.int64).max),
            tier_mask=np.full(n, (1 << len(config.shopping.tiers)) - 1, dtype=np.uint16),
            budget_minor=np.full(n, UNLIMITED_MINOR, dtype=np.int64),
            per_member_limit=np.zeros(n, dtype=np.int32),
            contact_cost_minor=np.array([term.contact_cost_minor for term in terms], dtype=np.int64),
            scope=Ragged.of([[term.category] if term.category >= 0 else [] for term in terms]),
            **columns,
        )
        return cls(
            definitions=definitions,
            category=np.array([term.category for term in terms]),
            appeal=np.array([term.appeal for term in terms]),
            discounts=Discounts.of(definitions, np.zeros(n, dtype=np.int64)),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Of the offers, by row."""
        return tuple(name.decode() for name in self.definitions.names.tolist())

    @property
    def gives(self) -> NDArray[np.bool_]:
        """Shape (n_offers,): there is something to redeem."""
        return np.asarray(self.definitions.kind != OFFER_KINDS.index(OfferKind.NUDGE))

    def taken_off(self, offer: NDArray[np.integer], spend_minor: Floats) -> NDArray[np.int64]:
        """Shape (k,): what the offer of each row takes off the spend of that row."""
        spend = np.repeat(np.rint(spend_minor).astype(np.int64)[:, None], len(self), axis=1)
        return np.asarray(self.discounts.on(spend)[np.arange(len(offer)), offer])

    def in_scope(self, offer: NDArray[np.integer], category: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Shape (k,): an order of this main category has its spend in the scope of the offer of its row."""
        wanted = self.category[offer]
        return np.asarray((wanted < 0) | (wanted == category))

    def expected_discount(self, basket_minor: Floats, shares: Floats, order_sd: float) -> Floats:
        """
        What an order is expected to get off if its coupon is used whenever it fits.

        The spend of an order is log-normal about the member's mean: E[s 1(s >= T)] = mean Phi(d + sd) and
        P(s >= T) = Phi(d) with d = (ln median - ln T) / sd.

        Args:
            basket_minor: Shape (n,): mean basket.
            shares: Shape (n, n_categories): chance of each main category.
            order_sd: Of the log of an order's spend.

        Returns:
            Shape (n, n_offers), minor units, before rounding down.
        """
        sd = max(order_sd, 1e-6)
        least = self.definitions.min_spend_minor
        median = basket_minor * np.exp(-0.5 * sd * sd)
        off = np.empty((len(basket_minor), len(self)))
        for row, (share, fixed) in enumerate(zip(self.discounts.per_million, self.discounts.fixed_minor, strict=True)):
            away = np.log(median / least[row]) / sd if least[row] > 0 else np.inf
            off[:, row] = basket_minor * ndtr(away + sd) * (share / _MILLION) + fixed * ndtr(away)
            if self.category[row] >= 0:
                off[:, row] *= shares[:, self.category[row]]
        return off
