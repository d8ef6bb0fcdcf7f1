"""Bounds on money asked offer by offer, with the worth of an offer counted by hand: for the judge of policies."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import exp, inf
from statistics import median
from zoneinfo import ZoneInfo

from recsys.assignment import hash_unit
from recsys.knowledge import Knowledge
from recsys.policy.file.schema import Policy
from recsys.types import OFFER_KINDS, OfferKind

_ROUNDING = 1e-9
_LOWER_A_PRICE = (OfferKind.AMOUNT_OFF, OfferKind.PERCENT_OFF, OfferKind.FREE_SHIPPING, OfferKind.BUY_X_GET_Y)
_LEAST_AFFINITY, _MOST_AFFINITY = 1e-3, 3.0
_WORTH_OF_POINTS = 100
"""Spend that earns a single point's worth of one."""


_TAKE_OFF_GOODS = (
    OfferKind.AMOUNT_OFF, OfferKind.PERCENT_OFF, OfferKind.BUY_X_GET_Y, OfferKind.POINTS_REDEMPTION,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shopper:
    """
    What an offer's worth depends on.

    Attributes:
        row: In the bundle; -1 of a stranger.
        stage, tier: Position in ``types.STAGES``; row of the tier.
        orders_per_day, basket_minor: As the bundle expects them.
    """

    row: int
    stage: int
    tier: int
    orders_per_day: float
    basket_minor: int


def redemption_minor(knowledge: Knowledge, offer: int, basket_minor: int) -> int:
    """What one redemption takes off a usual order, which is filled up to what the offer needs."""
    offers, inside = knowledge.offers, _prices(knowledge, offer)
    kind, scoped = OFFER_KINDS[offers.kind[offer]], bool(_scope(knowledge, offer))
    unit, least, amount = int(median(inside)) if inside else 0, int(offers.min_spend_minor[offer]), 0
    bought, given = int(offers.buy_quantity[offer]), int(offers.get_quantity[offer])
    if kind is OfferKind.BUY_X_GET_Y:
        least = max(least, unit * (bought + given))
    spend = max(min(basket_minor, unit) if scoped else basket_minor, least)
    if kind is OfferKind.PERCENT_OFF:
        amount = spend * int(offers.percent_bp[offer]) // 10_000
    elif kind is OfferKind.POINTS_MULTIPLIER:
        amount = spend * (int(offers.multiplier_bp[offer]) - 10_000) // (10_000 * _WORTH_OF_POINTS)
    elif kind is OfferKind.BUY_X_GET_Y:
        amount = spend // max(unit * (bought + given), 1) * unit * given
    elif kind is not OfferKind.NUDGE:
        amount = int(offers.amount_minor[offer])
    if kind in _TAKE_OFF_GOODS:
        amount = min(amount, spend)
    most = int(offers.max_discount_minor[offer])
    return amount if most < 0 or kind in (OfferKind.POINTS_MULTIPLIER, OfferKind.GIFT) else min(amount, most)


def costs_too_much(knowledge: Knowledge, offer: int, shopper: Shopper, max_rate: float) -> bool:
    """Does an offer cost a larger share of the expected order than allowed?"""
    affinity = relative_affinity(knowledge, offer, shopper.row)
    response = knowledge.response
    without = 1.0 - exp(-shopper.orders_per_day * response.horizon_days)
    chance = min(max(without + float(response.uplift[shopper.stage, shopper.tier, offer]) * affinity, 0.0), 1.0)
    redeemed = min(float(response.redeem[shopper.stage, shopper.tier, offer]) * affinity, 1.0)
    discount = chance * redeemed * redemption_minor(knowledge, offer, shopper.basket_minor)
    return discount > max_rate * chance * shopper.basket_minor * (1 + _ROUNDING)


def money_rules(
    policy: Policy, knowledge: Knowledge, offer: int, shopper: Shopper, *, member_id: str, now: int
) -> Iterator[str]:
    """The guardrails that remove an offer, in their order, but for the policy's budgets."""
    depth = depth_of(knowledge, offer, shopper.basket_minor)
    if depth > policy.guardrails.max_depth:
        yield "max_depth"
    taken, left = redemption_minor(knowledge, offer, shopper.basket_minor), int(knowledge.offers.budget_minor[offer])
    if left == 0 or 0 < left < taken:
        yield "out_of_budget"
    most = policy.guardrails.max_discount_rate
    if most is not None and costs_too_much(knowledge, offer, shopper, most):
        yield "max_discount_rate"
    month = datetime.fromtimestamp(now, ZoneInfo(policy.time_zone)).strftime("%Y-%m")
    is_discount = OFFER_KINDS[knowledge.offers.kind[offer]] in _LOWER_A_PRICE
    share = hash_unit(f"no_discount {month}", member_id.rstrip("\0"))
    if member_id and is_discount and share < policy.guardrails.min_no_discount_share:
        yield "no_discount"
    for band in policy.guardrails.depth_bands:
        of_kind = band.kind is None or OFFER_KINDS[knowledge.offers.kind[offer]] is band.kind
        of_tier = band.tier is None or policy.tiers[shopper.tier] == band.tier
        of_category = band.category is None or touches(knowledge, offer, band.category)
        if of_kind and of_tier and of_category and not band.min_depth <= depth <= band.max_depth:
            yield band.id


def depth_of(knowledge: Knowledge, offer: int, basket_minor: int) -> float:
    """The discount over the smallest basket that qualifies, or over the member's where any does."""
    offers, kind = knowledge.offers, OFFER_KINDS[knowledge.offers.kind[offer]]
    cap, floor = int(offers.max_discount_minor[offer]), int(offers.min_spend_minor[offer])
    most = cap / floor if cap >= 0 and floor > 0 else inf
    if kind is OfferKind.PERCENT_OFF:
        return min(int(offers.percent_bp[offer]) / 10_000, most)
    if kind is OfferKind.BUY_X_GET_Y:
        bought, given = int(offers.buy_quantity[offer]), int(offers.get_quantity[offer])
        return min(given / (bought + given), most) if bought + given else 0.0
    amount = int(offers.amount_minor[offer])
    return min(amount / floor, most) if floor > 0 else min(amount / max(basket_minor, 1), 1.0)


def touches(knowledge: Knowledge, offer: int, category: str) -> bool:
    """Is an offer on a product of a category, or on everything? Nothing touches a category that is unknown."""
    names, column = knowledge.catalogue.category_names, knowledge.catalogue.category
    inside, everything = _scope(knowledge, offer), not knowledge.offers.scope_empty[offer]
    return category in names and (
        (not inside and everything) or any(column[row] == names.index(category) for row in inside)
    )


def relative_affinity(knowledge: Knowledge, offer: int, row: int) -> float:
    """How much more than others a member buys in the scope of an offer, at most three times; 1 of strangers."""
    affinity = knowledge.response.scope_affinity
    if row < 0 or not len(affinity) or not _scope(knowledge, offer):
        return 1.0
    mean = max(sum(float(one) for one in affinity[:, offer]) / len(affinity), _LEAST_AFFINITY)
    return min(float(affinity[row, offer]) / mean, _MOST_AFFINITY)


def _scope(knowledge: Knowledge, offer: int) -> list[int]:
    scope = knowledge.offers.scope
    return [int(scope.values[at]) for at in range(int(scope.indptr[offer]), int(scope.indptr[offer + 1]))]


def _prices(knowledge: Knowledge, offer: int) -> list[int]:
    """Of what the offer is valid for, or of everything; those that are known."""
    prices = knowledge.catalogue.price_minor
    inside = [int(prices[row]) for row in _scope(knowledge, offer) if prices[row] > 0]
    return inside or [int(price) for price in prices if price > 0]
