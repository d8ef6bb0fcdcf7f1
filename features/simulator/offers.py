"""The offers of the simulated programme: of every kind, and how strongly each that gives something pulls."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.simulator.categories import CATEGORIES
from features.simulator.parameters import HORIZON_DAYS, Parameters
from recsys.offers.definitions import Trigger
from recsys.types import OFFER_KINDS, OfferKind

POINTS_MINOR = 1
"""Worth of one point."""


@dataclass(frozen=True, slots=True)
class Template:
    """
    One offer definition. Money in minor units; ``from_share`` and ``until_share`` are shares of the history.

    Attributes:
        first_tier: Lowest tier that may have it.
        until_days: Days that it stays valid beyond the end of the history; ``until_share`` is used where this is 0.
        limit: Redemptions a member; 0 = no limit. A limited offer is drawn in at most this many campaigns.
        budget_per_member_minor: Budget, as money per member of the programme; None = no budget.
        ladder: Offers that are the same at several depths have one.
        trigger: What it waits for.
        points_cost: Points that a member pays to use it once; 0 for none.
    """

    offer_id: str
    name: str
    kind: OfferKind
    amount_minor: int = 0
    percent_bp: int = 0
    multiplier_bp: int = 10_000
    min_spend_minor: int = 0
    buy: int = 0
    get: int = 0
    scope: tuple[str, ...] = ()
    first_tier: int = 0
    from_share: float = 0.0
    until_share: float = 0.0
    until_days: int = 0
    limit: int = 0
    contact_cost_minor: int = 2
    budget_per_member_minor: int | None = None
    ladder: str | None = None
    trigger: Trigger = Trigger.NONE
    points_cost: int = 0


TEMPLATES = (
    Template("amount-2-off-15", "2 off 15", OfferKind.AMOUNT_OFF, 200, min_spend_minor=1_500, until_days=60,
             ladder="amount"),
    Template("amount-5-off-30", "5 off 30", OfferKind.AMOUNT_OFF, 500, min_spend_minor=3_000, until_days=60,
             budget_per_member_minor=150, ladder="amount"),
    Template("amount-8-off-40", "8 off 40", OfferKind.AMOUNT_OFF, 800, min_spend_minor=4_000, from_share=0.4,
             until_days=45, limit=1, ladder="amount"),
    Template("amount-10-off-50-gold", "10 off 50 for gold and diamond", OfferKind.AMOUNT_OFF, 1_000,
             min_spend_minor=5_000, first_tier=2, until_days=45),
    Template("percent-5", "5 % off everything", OfferKind.PERCENT_OFF, percent_bp=500, until_days=60,
             ladder="percent"),
    Template("percent-10", "10 % off everything", OfferKind.PERCENT_OFF, percent_bp=1_000, until_days=60,
             ladder="percent"),
    Template("percent-20", "20 % off baskets from 20", OfferKind.PERCENT_OFF, percent_bp=2_000, min_spend_minor=2_000,
             from_share=0.3, until_days=35, budget_per_member_minor=200, ladder="percent"),
    Template("percent-20-hot-drinks", "20 % off coffee and tea", OfferKind.PERCENT_OFF, percent_bp=2_000,
             scope=("coffee", "tea"), until_days=45),
    Template("percent-25-baby", "25 % off nappies and baby food", OfferKind.PERCENT_OFF, percent_bp=2_500,
             scope=("nappies", "baby food"), until_days=30, from_share=0.2),
    Template("percent-15-home", "15 % off home and garden", OfferKind.PERCENT_OFF, percent_bp=1_500,
             scope=("kitchenware", "home textiles", "toys", "garden"), until_share=0.7),
    Template("percent-30-skin-care", "30 % off skin care", OfferKind.PERCENT_OFF, percent_bp=3_000,
             scope=("skin care", "sun care"), until_share=0.6, limit=1),
    Template("shipping-free-25", "Free delivery from 25", OfferKind.FREE_SHIPPING, 395, min_spend_minor=2_500,
             until_days=90),
    Template("shipping-free-silver", "Free delivery from silver", OfferKind.FREE_SHIPPING, 395, first_tier=1,
             until_days=90),
    Template("buy-2-get-1-snacks", "Snacks and sweets: three for two", OfferKind.BUY_X_GET_Y, buy=2, get=1,
             scope=("snacks", "confectionery"), until_days=40),
    Template("buy-1-get-1-soft-drinks", "Soft drinks: two for one", OfferKind.BUY_X_GET_Y, buy=1, get=1,
             scope=("soft drinks",), until_share=0.65),
    Template("points-double", "Double points", OfferKind.POINTS_MULTIPLIER, multiplier_bp=20_000, until_days=60),
    Template("points-triple-fresh", "Triple points on fresh food", OfferKind.POINTS_MULTIPLIER, multiplier_bp=30_000,
             scope=("fruit", "vegetables", "fish", "bakery"), until_days=45, from_share=0.3),
    Template("reward-3", "3 off for 300 points", OfferKind.POINTS_REDEMPTION, 300, min_spend_minor=600, until_days=90,
             points_cost=300),
    Template("gift-bag-35", "A tote bag from 35", OfferKind.GIFT, 250, min_spend_minor=3_500, until_days=40,
             budget_per_member_minor=100),
    Template("gift-tasting-silver", "A tasting box from silver", OfferKind.GIFT, 400, min_spend_minor=1_000,
             first_tier=1, from_share=0.25, until_days=50, limit=2),
)  # fmt: skip

NUDGES = (
    Template("nudge-points", "Points that expire", OfferKind.NUDGE, until_days=90, trigger=Trigger.POINTS_EXPIRING),
    Template("nudge-tier", "The next tier is near", OfferKind.NUDGE, until_days=90, trigger=Trigger.TIER_NEAR),
    Template("nudge-win-back", "We miss you", OfferKind.NUDGE, until_days=90, trigger=Trigger.WIN_BACK),
)
"""What the programme is about to tell its members: never shown so far, so there is no truth of it."""

_KIND_PULL = {
    OfferKind.AMOUNT_OFF: 1.0,
    OfferKind.PERCENT_OFF: 0.9,
    OfferKind.FREE_SHIPPING: 0.6,
    OfferKind.BUY_X_GET_Y: 0.7,
    OfferKind.POINTS_MULTIPLIER: 0.8,
    OfferKind.POINTS_REDEMPTION: 0.7,
    OfferKind.GIFT: 0.8,
}


@dataclass(frozen=True, slots=True)
class Offers:
    """
    The templates as columns, one entry an offer.

    Attributes:
        templates: The definitions.
        kind: Positions in OFFER_KINDS.
        amount_minor, percent_bp, multiplier_bp, min_spend_minor, buy, get, first_tier, limit, contact_cost_minor: As
            in the template.
        valid_from, valid_until: First day, and first day after.
        in_scope: Shape (n_offers, n_categories): the offer is valid for the category.
        depth: Saving as a share of a typical qualifying basket.
        pull: Log order-rate ratio of the mean persuadable member, before the member's own factors.
    """

    templates: tuple[Template, ...]
    kind: NDArray[np.int64]
    amount_minor: NDArray[np.int64]
    percent_bp: NDArray[np.int64]
    multiplier_bp: NDArray[np.int64]
    min_spend_minor: NDArray[np.int64]
    buy: NDArray[np.int64]
    get: NDArray[np.int64]
    first_tier: NDArray[np.int64]
    limit: NDArray[np.int64]
    contact_cost_minor: NDArray[np.int64]
    valid_from: NDArray[np.int64]
    valid_until: NDArray[np.int64]
    in_scope: NDArray[np.bool_]
    depth: NDArray[np.float64]
    pull: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.templates)

    def valid(self, day: int) -> NDArray[np.bool_]:
        """Shape (n_offers,): valid through the whole window of an exposure on this day."""
        return (self.valid_from <= day) & (day + HORIZON_DAYS <= self.valid_until)


def build_offers(days: int, parameters: Parameters) -> Offers:
    """The offers of a history of *days* days."""
    until = [
        days + offer.until_days if offer.until_days else round(offer.until_share * days) for offer in TEMPLATES
    ]  # fmt: skip
    depth = np.array([_depth(offer, parameters) for offer in TEMPLATES])
    kind_pull = np.array([_KIND_PULL[offer.kind] for offer in TEMPLATES])
    in_scope = np.array([[not o.scope or c.name in o.scope for c in CATEGORIES] for o in TEMPLATES])
    demand = np.array([category.demand for category in CATEGORIES])
    scope_pull = (in_scope @ demand / demand.sum()) ** parameters.pull_scope_power
    return Offers(
        templates=TEMPLATES,
        kind=np.array([OFFER_KINDS.index(offer.kind) for offer in TEMPLATES]),
        amount_minor=_column("amount_minor"),
        percent_bp=_column("percent_bp"),
        multiplier_bp=_column("multiplier_bp"),
        min_spend_minor=_column("min_spend_minor"),
        buy=_column("buy"),
        get=_column("get"),
        first_tier=_column("first_tier"),
        limit=_column("limit"),
        contact_cost_minor=_column("contact_cost_minor"),
        valid_from=np.array([round(offer.from_share * days) for offer in TEMPLATES]),
        valid_until=np.array(until),
        in_scope=in_scope,
        depth=depth,
        pull=parameters.pull * kind_pull * scope_pull * (1 - np.exp(-depth / parameters.pull_depth)),
    )


def _column(name: str) -> NDArray[np.int64]:
    return np.array([getattr(offer, name) for offer in TEMPLATES], dtype=np.int64)


def _depth(offer: Template, parameters: Parameters) -> float:
    """The saving that the headline promises, as a share of the basket that qualifies for it."""
    points_rate = POINTS_MINOR / parameters.points_spend_minor
    match offer.kind:
        case OfferKind.PERCENT_OFF:
            return offer.percent_bp / 10_000
        case OfferKind.BUY_X_GET_Y:
            return offer.get / (offer.buy + offer.get)
        case OfferKind.POINTS_MULTIPLIER:
            return (offer.multiplier_bp / 10_000 - 1) * points_rate
        case _:
            return offer.amount_minor / max(offer.min_spend_minor, parameters.typical_basket_minor)
