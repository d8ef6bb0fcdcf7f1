"""What showing an offer is worth: expected incremental margin in minor units, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.offers.pricing import discount_minor
from recsys.types import MoneyMinor

_SAMPLED_MEMBERS = 10_000
_MOST_RELATIVE_AFFINITY = 3.0

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """
    What is the same for all members, worked out once a bundle.

    Attributes:
        unit_minor: Shape (n_offers,): median price of the products in scope; of all products where the scope is empty.
        scoped: Shape (n_offers,), bool: valid for some products only.
        mean_affinity: Shape (n_offers,): mean scope affinity over members, at least 0.001.
    """

    unit_minor: MoneyMinor
    scoped: NDArray[np.bool_]
    mean_affinity: Values

    @classmethod
    def of(cls, knowledge: Knowledge) -> "OfferTerms":
        """Read them out of the bundle; the mean affinity is over at most 10,000 evenly spaced members."""
        prices = knowledge.catalogue.price_minor
        known = prices[prices > 0]
        everything = int(np.median(known)) if len(known) else 0
        scope = knowledge.offers.scope
        unit = np.full(len(knowledge.offers), everything, dtype=np.int64)
        for offer in np.flatnonzero(scope.lengths()):
            inside = prices[scope.values[scope.indptr[offer] : scope.indptr[offer + 1]]]
            unit[offer] = int(np.median(inside[inside > 0])) if np.any(inside > 0) else everything
        affinity = knowledge.response.scope_affinity
        sample = np.unique(np.linspace(0, max(len(affinity) - 1, 0), _SAMPLED_MEMBERS).astype(np.int64))
        mean = affinity[sample].astype(np.float64).mean(axis=0) if len(affinity) else np.ones(len(unit))
        return cls(unit, scope.lengths() > 0, np.maximum(mean, 1e-3))


@dataclass(frozen=True, slots=True)
class OfferValues:
    """
    The economics of every offer for every member of a batch.

    Attributes:
        mean: Shape (m, n_offers), float64 minor units: uplift x margin - discount on all who redeem - contact cost.
        sd: Same shape: standard deviation that the uncertain uplift gives it.
        discount: Same shape: expected discount, the draw on the offer's budget.
        deadweight: Same shape: the part of it that goes to orders which would have come anyway.
        depth: Same shape: discount of a redemption as a share of the qualifying spend.
    """

    mean: Values
    sd: Values
    discount: Values
    deadweight: Values
    depth: Values


def offer_values(
    batch: MemberBatch, knowledge: Knowledge, terms: OfferTerms, *, contact_cost_minor: int | None = None
) -> OfferValues:
    """
    Expected incremental margin of showing each offer to each member, against showing none.

    With p0 the probability of an order within the horizon without the offer (Poisson at the member's rate), p1 that
    with it, b the member's basket, g its margin rate, r the probability of redeeming given an order, and d the
    discount::

        value = (p1 - p0) b g - p1 r d - contact cost
        deadweight = p0 r d

    A scoped offer reaches a member in proportion to how much the member buys in its scope, relative to the average
    member on whom the uplift was measured (at most three times it). An order that must reach the minimum spend to
    redeem is taken at that spend: people fill up to it.

    Args:
        batch: The members.
        knowledge: Of the bundle.
        terms: Of the same bundle.
        contact_cost_minor: Of the channel, in place of each offer's own.
    """
    response, offers = knowledge.response, knowledge.offers
    stage = batch.stage.astype(np.int64)
    relative = _relative_affinity(batch, knowledge, terms)
    p0 = -np.expm1(-batch.orders_per_day.astype(np.float64) * response.horizon_days)[:, None]
    uplift = response.uplift[stage].astype(np.float64) * relative
    p1 = np.clip(p0 + uplift, 0.0, 1.0)
    redeem = np.clip(response.redeem[stage].astype(np.float64) * relative, 0.0, 1.0)
    basket = batch.basket_minor[:, None]
    in_scope = np.where(terms.scoped, np.minimum(terms.unit_minor, basket), basket)
    spend = np.maximum(in_scope, offers.min_spend_minor)
    discount = discount_minor(offers, spend, terms.unit_minor)
    margin = basket * batch.margin_rate.astype(np.float64)[:, None]
    expected_discount = p1 * redeem * discount
    cost = offers.contact_cost_minor if contact_cost_minor is None else contact_cost_minor
    return OfferValues(
        mean=(p1 - p0) * margin - expected_discount - cost,
        sd=response.uplift_sd[stage].astype(np.float64) * relative * margin,
        discount=expected_discount,
        deadweight=p0 * redeem * discount,
        depth=discount / np.maximum(spend, 1),
    )


def _relative_affinity(batch: MemberBatch, knowledge: Knowledge, terms: OfferTerms) -> Values:
    affinity = knowledge.response.scope_affinity
    if not len(affinity):
        return np.ones((len(batch), len(knowledge.offers)))
    known = (batch.row >= 0)[:, None]
    relative = affinity[np.maximum(batch.row, 0)].astype(np.float64) / terms.mean_affinity
    clipped: Values = np.where(known & terms.scoped, np.minimum(relative, _MOST_RELATIVE_AFFINITY), 1.0)
    return clipped
