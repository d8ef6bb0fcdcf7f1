"""What showing an offer is worth: expected incremental margin in minor units, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.offers.depth import Ladders
from recsys.offers.nudges import nudge_costs, nudge_rows
from recsys.offers.pricing import Discounts
from recsys.types import EpochSeconds, MoneyMinor

_SAMPLED_MEMBERS = 10_000
_MOST_RELATIVE_AFFINITY = 3.0

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """
    What is the same for all members, worked out once a bundle.

    Attributes:
        discounts: With the median price of the products in scope, or of all products, as the price of a unit.
        most_minor: Shape (n_offers,): the most that a usual basket holds in scope: one such unit; no bound where the
            scope is empty.
        scoped: Shape (n_offers,), bool: valid for some products only.
        mean_affinity: Shape (n_offers,): mean scope affinity over members, at least 0.001.
        uplift, uplift_sd, redeem: Of the bundle, shape (n_stages, n_tiers, n_offers), in double precision; where no
            member deviates, uplift rises over the steps of a ladder.
        kept_share: Shape (n_offers,): share of the added margin that stays, because nothing was borrowed for it.
        points_paid_minor: Shape (n_offers,): worth of the points that a member pays for one redemption.
        ladders: Offers that are steps of one thing.
        nudges: Rows of the offers that give nothing and tell members what is theirs.
    """

    discounts: Discounts
    most_minor: MoneyMinor
    scoped: NDArray[np.bool_]
    mean_affinity: Values
    uplift: Values
    uplift_sd: Values
    redeem: Values
    kept_share: Values
    points_paid_minor: Values
    ladders: Ladders
    nudges: NDArray[np.intp]

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
        response, scoped = knowledge.response, scope.lengths() > 0
        affinity = response.scope_affinity
        sample = np.unique(np.linspace(0, max(len(affinity) - 1, 0), _SAMPLED_MEMBERS).astype(np.int64))
        mean = affinity[sample].astype(np.float64).mean(axis=0) if len(affinity) else np.ones(len(unit))
        uplift, uplift_sd = response.uplift.astype(np.float64), response.uplift_sd.astype(np.float64)
        ladders = Ladders.of(knowledge.offers)
        if not response.member_uplift.size:
            # Nobody deviates from the cell, so what rises in the cell rises for its members.
            cells = uplift.shape[0] * uplift.shape[1], len(unit)
            uplift = ladders.monotone(uplift.reshape(cells), uplift_sd.reshape(cells)).reshape(uplift.shape)
        return cls(
            discounts=Discounts.of(knowledge.offers, unit),
            most_minor=np.where(scoped, unit, np.iinfo(np.int64).max),
            scoped=scoped,
            mean_affinity=np.maximum(mean, 1e-3),
            uplift=uplift,
            uplift_sd=uplift_sd,
            redeem=response.redeem.astype(np.float64),
            kept_share=1.0 - response.borrowed.astype(np.float64),
            points_paid_minor=knowledge.offers.points_cost.astype(np.float64) * knowledge.point_worth_minor,
            ladders=ladders,
            nudges=nudge_rows(knowledge),
        )


@dataclass(frozen=True, slots=True)
class OfferValues:
    """
    The economics of every offer for every member of a batch.

    Attributes:
        mean: Shape (m, n_offers), float64 minor units: uplift x margin - discount on all who redeem - contact cost.
        sd: Same shape: standard deviation that the uncertain uplift gives it.
        discount: Same shape: expected discount, the draw on the offer's budget.
        deadweight: Same shape: the part of it that goes to orders which would have come anyway.
        revenue: Same shape: expected value of orders with the offer, before its discount: p1 b.
        redemption: Same shape, int64 minor units: what one redemption takes off the member's usual order.
        p_without: Shape (m,): probability of an order within the horizon without any offer.
        uplift, uplift_sd: Shape (m, n_offers): what the offer adds to it, and how sure that is.
        p_redeem: Same shape: probability that it is redeemed within the horizon.
    """

    mean: Values
    sd: Values
    discount: Values
    deadweight: Values
    revenue: Values
    redemption: MoneyMinor
    p_without: Values
    uplift: Values
    uplift_sd: Values
    p_redeem: Values

    @classmethod
    def none(cls, n_members: int) -> "OfferValues":
        """Those of members to whom no offer can be made."""
        empty = np.empty((n_members, 0))
        rest = dict.fromkeys(("mean", "sd", "discount", "deadweight", "revenue", "uplift", "uplift_sd"), empty)
        return cls(**rest, redemption=empty.astype(np.int64), p_without=np.zeros(n_members), p_redeem=empty)


def offer_values(
    batch: MemberBatch,
    knowledge: Knowledge,
    terms: OfferTerms,
    *,
    contact_cost_minor: int | None = None,
    now: EpochSeconds | None = None,
) -> OfferValues:
    """
    Expected incremental margin of showing each offer to each member, against showing none.

    With p0 the probability of an order within the horizon without the offer, p1 that with it, b the member's basket, g
    its margin rate, s the share of what is added that is missing afterwards, r the probability of redeeming given an
    order, d the discount and q the worth of the points that the member pays for it::

        value = (p1 - p0) b g (1 - s) - p1 r (d - q) - contact cost
        sd = sd(p1) |b g (1 - s) - r (d - q)|
        deadweight = p0 r d

    p0 is the calibrated probability of the bundle, or where that has none, or the member's rate is of today, that of a
    Poisson at the rate. A scoped offer reaches a member in proportion to how much the member buys in its scope,
    relative to the average member on whom the uplift was measured (at most three times it). An order that must reach a
    spend or a number of units to redeem is taken there: people fill up to it. Over the steps of a ladder what is added
    rises with depth. What a nudge moves besides (`recsys.offers.nudges.nudge_costs`) is taken from its value.

    Args:
        batch: The members.
        knowledge: Of the bundle.
        terms: Of the same bundle.
        contact_cost_minor: Of the channel, in place of each offer's own.
        now: Instant of the decision, on which what nudges tell of depends; absent means the bundle's cut-off.
    """
    relative = _relative_affinity(batch, knowledge, terms)
    p_without = order_probability(batch, knowledge)
    added, added_sd, redeem = _response(batch, knowledge, terms)
    p0 = p_without[:, None]
    redeem = np.minimum(redeem * relative, 1.0)
    basket = batch.basket_minor[:, None]
    spend = np.maximum(np.minimum(basket, terms.most_minor), terms.discounts.least_minor)
    redemption = terms.discounts.on(spend)
    discount: Values = redeem * redemption
    paid: Values = redeem * (redemption - np.minimum(terms.points_paid_minor, redemption))
    margin = basket * batch.margin_rate.astype(np.float64)[:, None] * terms.kept_share
    uplift_sd: Values = added_sd * relative
    cost = knowledge.offers.contact_cost_minor if contact_cost_minor is None else contact_cost_minor
    p1, mean, sd = margins_of(p0, added * relative, uplift_sd, margin=margin, paid=paid, cost=cost)
    rows = terms.nudges
    if len(rows):
        moved = nudge_costs(batch, knowledge, knowledge.cut_off if now is None else now)
        mean[:, rows] -= moved.expected(p_without, p1[:, rows])
        sd[:, rows] = uplift_sd[:, rows] * np.abs((margin - paid)[:, rows] - moved.with_order)
    return OfferValues(
        mean=mean,
        sd=sd,
        discount=p1 * discount,
        deadweight=p0 * discount,
        revenue=p1 * basket,
        redemption=redemption,
        p_without=p_without,
        uplift=p1 - p0,
        uplift_sd=uplift_sd,
        p_redeem=p1 * redeem,
    )


def margins_of(
    p0: Values, added: Values, added_sd: Values, *, margin: Values, paid: Values, cost: Values | MoneyMinor | int
) -> tuple[Values, Values, Values]:
    """
    The arithmetic of `offer_values` alone, for whoever has estimates of their own and no bundle.

    Args:
        p0: Shape (m, 1): probability of an order without the offer.
        added: Shape (m, n_offers): what the offer adds to it, cut where a probability ends.
        added_sd: Same shape: standard deviation of that.
        margin: Shape (m, 1) or (m, n_offers): of an order, less what is missing afterwards, minor units.
        paid: Shape (m, n_offers): what redemption takes off an order on average, minor units.
        cost: Shape (n_offers,) or one number: of a contact, minor units.

    Returns:
        Probability of an order with the offer; ``(p1 - p0) margin - p1 paid - cost``; its standard deviation
        ``sd |margin - paid|``; shape (m, n_offers) each.
    """
    p1: Values = np.minimum(np.maximum(p0 + added, 0.0), 1.0)
    mean: Values = (p1 - p0) * margin - p1 * paid - cost
    sd: Values = added_sd * np.abs(margin - paid)
    return p1, mean, sd


def order_probability(batch: MemberBatch, knowledge: Knowledge) -> Values:
    """Shape (m,): probability of an order within the horizon without any offer."""
    response = knowledge.response
    rate = batch.orders_per_day.astype(np.float64)
    poisson: Values = -np.expm1(-rate * response.horizon_days)
    if not len(response.p_order):
        return poisson
    learnt = response.p_order[batch.row].astype(np.float64)
    return np.where((batch.row >= 0) & np.isfinite(learnt), np.clip(learnt, 0.0, 1.0), poisson)


def _response(batch: MemberBatch, knowledge: Knowledge, terms: OfferTerms) -> tuple[Values, Values, Values]:
    """Shape (m, n_offers) each: added probability of an order, its standard deviation, redemption given an order."""
    response = knowledge.response
    cell = batch.stage, batch.tier
    uplift, sd, redeem = terms.uplift[cell], terms.uplift_sd[cell], terms.redeem[cell]
    if not response.member_uplift.size:
        return uplift, sd, redeem
    # Strangers have row -1, and offers of no group column -1: both read somebody's figure here, and keep their own.
    own = (batch.row >= 0)[:, None] & (response.group >= 0)
    pair = np.ix_(batch.row, response.group)
    uplift = uplift + np.where(own, response.member_uplift[pair].astype(np.float64), 0.0)
    sd = np.hypot(sd, np.where(own, response.member_uplift_sd[pair].astype(np.float64), 0.0))
    redeem = redeem * np.where(own, response.member_redeem[pair].astype(np.float64), 1.0)
    return terms.ladders.monotone(uplift, sd), sd, np.minimum(redeem, 1.0)


def _relative_affinity(batch: MemberBatch, knowledge: Knowledge, terms: OfferTerms) -> Values:
    affinity = knowledge.response.scope_affinity
    relative = np.ones((len(batch), len(knowledge.offers)))
    if len(affinity) and terms.scoped.any():
        of_row = affinity[batch.row].astype(np.float64) / terms.mean_affinity
        # Strangers have row -1: they read somebody's line here, and keep the 1.
        known = (batch.row >= 0)[:, None]
        np.minimum(of_row, _MOST_RELATIVE_AFFINITY, out=relative, where=known & terms.scoped)
    return relative
