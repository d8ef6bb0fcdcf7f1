"""All numbers of a weekly world in one checked file, so that other worlds can be tried unchanged."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recsys.checked_yaml import parse_checked, read_text
from recsys.errors import InputError
from recsys.types import OfferKind

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]

GIVING = (
    OfferKind.PERCENT_OFF,
    OfferKind.AMOUNT_OFF,
    OfferKind.FREE_SHIPPING,
    OfferKind.POINTS_MULTIPLIER,
    OfferKind.GIFT,
    OfferKind.NUDGE,
)
"""The kinds that a weekly world knows; it has no lines of baskets, so no buy x get y."""

WORLDS = Path(__file__).parents[1] / "worlds"
"""The files that come with the product."""


class Part(BaseModel):
    """A part of the file: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Size(Part):
    """How many, and for how long."""

    members: Count
    history_weeks: Annotated[int, Field(ge=8, le=104)]
    """Weeks of the log that a policy learns from."""
    policy_weeks: Annotated[int, Field(ge=1, le=52)]
    """Weeks that a policy decides."""
    settle_weeks: Annotated[int, Field(ge=0, le=26)]
    """Weeks without any contact that still count, so that purchases borrowed from the future are paid back."""


class Shopping(Part):
    """How members buy without any offer. Intervals in weeks, money in minor units, `_sd` of a logarithm."""

    interval_weeks: Positive
    """Median over members of the mean time between orders."""
    interval_sd: NotNegative
    regularity: Annotated[float, Field(ge=1, le=6)]
    """Median Weibull shape of the time between orders: 1 has no memory, more is more regular."""
    regularity_sd: NotNegative
    overdue: Positive
    """Beyond so many own intervals without an order the hazard grows no more."""
    mood_sd: NotNegative
    """Of the log hazard's own slow drift, and `mood_memory` the share of it that stays from week to week."""
    mood_memory: Share
    dormant_share: Share
    """Of members who pause at the start; `pause`, `resume` are weekly chances, `dormant_pace` the hazard's factor."""
    pause: Share
    resume: Share
    dormant_pace: Share
    season: NotNegative
    """Amplitude of the yearly wave of the log hazard."""
    basket_minor: Positive
    basket_sd: NotNegative
    """Between members; `order_sd` between the orders of a member."""
    order_sd: NotNegative
    margins: Annotated[tuple[Share, ...], Field(min_length=2, max_length=12)]
    """Margin rate of each category; their number is that of the categories."""
    taste_focus: Positive
    """Concentration of a member's category shares: small means few categories."""
    taste_drift: NotNegative
    """Weekly random step of the log taste for each category."""
    deal_share: Share
    """Mean share of orders on the shelf's own promotions, seen in the orders of members."""
    tiers: Annotated[tuple[Share, ...], Field(min_length=1, max_length=5)]
    """Shares of members by tier, low to high, by spend of the last year."""

    @model_validator(mode="after")
    def _tiers_add_up(self) -> Self:
        if abs(sum(self.tiers) - 1) > 1e-9:
            raise ValueError(f"the shares of tiers add up to {sum(self.tiers):g}; they must add up to 1")
        return self


class Reaction(Part):
    """What a contact really does: shifts of the log odds of an order in the week of the contact."""

    reminder: Number
    """Mean effect of being contacted at all; `reminder_sd` the hidden spread over members, partly below zero."""
    reminder_sd: NotNegative
    aversion_share: Share
    """Of members whom contact puts off, which nothing shows; by `aversion` log odds."""
    aversion: NotNegative
    deal: Number
    """Mean effect of a deal of unlimited depth; `deal_sd` its hidden spread over members (no deal effect below 0)."""
    deal_sd: NotNegative
    deal_drift: NotNegative
    """Weekly random step of the hidden deal effect."""
    depth: Positive
    """Depth at which a deal has 63 % of its effect."""
    kind_sd: NotNegative
    """Hidden spread over members of the log liking of each kind."""
    promotion: Number
    """How the deal effect moves with one standard deviation of the member's share of promotion orders (seen)."""
    tier: Number
    """How it moves with each tier up (seen)."""
    basket: Number
    """How it moves with one standard deviation of the log basket (seen)."""
    timing: Number
    """How much of all effects depends on the time since the last order: most at one own interval (seen)."""
    loyal: NotNegative
    """Power of the own interval over the usual one that effects grow with: frequent buyers are surer to come (seen)."""
    fatigue: NotNegative
    """Each recent contact takes this share of the effect (as `exp(-fatigue x contacts)`), and `weariness` log odds."""
    weariness: NotNegative
    memory: Share
    """Share of recent contacts that is still felt a week later."""
    unsubscribe: Share
    """Chance to unsubscribe at a contact; grows `e`-fold with each recent contact, threefold for the averse."""


class Redeeming(Part):
    """Who uses a coupon that was sent, and what it does to the basket."""

    natural: Share
    """Median chance that who would have ordered anyway uses a coupon that fits."""
    natural_sd: NotNegative
    """Hidden spread over members of its log odds; `with_deal` its correlation with the hidden deal effect."""
    with_deal: Annotated[float, Field(ge=-1, le=1)]
    caused: Share
    """Chance that who ordered because of it uses it."""
    enlarged: NotNegative
    """Growth of a basket that a coupon of unlimited depth was used on; all of it is taken from later weeks."""
    borrowed: Share
    """Share of a caused order that is taken from later weeks, beyond the member's clock beginning anew."""


class Logs(Part):
    """How the shop contacted its members before."""

    wave_share: Share
    """Of members in each week's wave."""
    random_share: Share
    """Of a wave: assigned at random, with known probabilities; the old rule decides for the rest."""
    arms: Count
    """Offers of a wave that random assignment draws from, beside no offer."""


class Limits(Part):
    """What every policy has to keep."""

    contacts: Count
    """Most messages to a member within `contact_weeks`."""
    contact_weeks: Count
    capacity: Share
    """Most messages of a week, as a share of the members."""
    budget: NotNegative
    """Money for discounts over all policy weeks, as a share of the spend of as many weeks of the log's last year."""
    reserve: Share
    """Share of a coupon's face value that is set aside when it is sent, until the week is over."""
    discount_rate: Share
    """Weekly interest at which a truth about later weeks is counted."""


class OfferTerms(Part):
    """One offer."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    kind: OfferKind
    percent: Share = 0.0
    amount_minor: Annotated[int, Field(ge=0)] = 0
    min_spend_minor: Annotated[int, Field(ge=0)] = 0
    multiplier: Annotated[float, Field(ge=1, le=20)] = 1.0
    category: Annotated[int, Field(ge=-1)] = -1
    """Row of the category that it is valid for; -1 for all."""
    ladder: Annotated[int, Field(ge=-1)] = -1
    appeal: NotNegative = 1.0
    """How well the kind is liked, as a factor of the deal effect at the same depth."""
    contact_cost_minor: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _known_kind(self) -> Self:
        if self.kind not in GIVING:
            raise ValueError(f"a weekly world has no {self.kind}; it has {', '.join(GIVING)}")
        return self


class WorldConfig(Part):
    """A world."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    size: Size
    shopping: Shopping
    reaction: Reaction
    redeeming: Redeeming
    logs: Logs
    limits: Limits
    offers: Annotated[tuple[OfferTerms, ...], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _categories_exist(self) -> Self:
        most = len(self.shopping.margins) - 1
        for offer in self.offers:
            if offer.category > most:
                raise ValueError(f"the offer {offer.name} has category {offer.category}; the highest is {most}")
        if len({offer.name for offer in self.offers}) < len(self.offers):
            raise ValueError("two offers have the same name; give each its own")
        return self


def read_world(path: Path) -> WorldConfig:
    """
    Read a world's file.

    Raises:
        InputError: It cannot be read, is no YAML, or a key is unknown, missing or out of range.
    """
    text = read_text(path, kind="world", error=InputError)
    return parse_checked(text, WorldConfig, source=str(path), kind="world", error=InputError)


def world_named(name: str) -> WorldConfig:
    """One of the worlds that come with the product."""
    return read_world(WORLDS / f"{name}.yaml")
