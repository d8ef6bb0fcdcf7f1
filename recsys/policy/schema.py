"""What a policy file may say: one frozen model of the whole file, checked before anything uses it."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from recsys.policy.fields import Days, MinorUnits, Part, Share, Slug, Text, refuse_repeats
from recsys.policy.native import NativeRule
from recsys.policy.rule import Effect, Rule
from recsys.types import Channel, ItemKind, OfferKind

SMALLEST_EPSILON = 1e-6
MAX_BOOSTS = 32
"""Boosts that touched a candidate are the bits of one uint32."""


class AttributeType(StrEnum):
    """What an attribute of an expression holds."""

    STRING = "string"
    INT = "int"
    DOUBLE = "double"
    BOOL = "bool"
    STRINGS = "strings"


def _scalar(kind: AttributeType) -> AttributeType:
    if kind is AttributeType.STRINGS:
        raise ValueError("requests send one value an attribute; use string, int, double or bool")
    return kind


ScalarType = Annotated[AttributeType, AfterValidator(_scalar)]


class ArmBehaviour(StrEnum):
    """What an arm of an experiment changes: nothing, no offers at all, or nothing personal."""

    FULL = "full"
    NO_OFFERS = "no_offers"
    POPULAR = "popular"


class PlacementSpec(Part):
    """A named slot: how many items it takes, of which kinds, through which channel."""

    channel: Channel
    capacity: Annotated[int, Field(strict=True, ge=1, le=100)]
    types: Annotated[tuple[ItemKind, ...], Field(min_length=1)]
    max_offers: Annotated[int, Field(strict=True, ge=0)] = 1

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.max_offers > self.capacity:
            raise ValueError(f"max_offers is {self.max_offers}, more than the capacity of {self.capacity}; lower it")
        return self


class ContactCap(Part):
    """
    At most so many messages to a member through a channel in any window of so many days.

    On the web a reached cap removes the offers; elsewhere nothing at all is sent.
    """

    id: Slug
    channel: Channel
    max_messages: Annotated[int, Field(strict=True, ge=0, le=1_000)]
    period_days: Days


class Cooldown(Part):
    """An offer that reached a member through any channel is not proposed again for so many days."""

    id: Slug
    days: Days


class ContactPolicy(Part):
    """Limits on messages, whatever they say."""

    caps: tuple[ContactCap, ...] = ()
    cooldowns: tuple[Cooldown, ...] = ()


class DepthBand(Part):
    """How deep the offers of a kind may be for a tier (law 4); absent kind or tier means all of them."""

    id: Slug
    kind: OfferKind | None = None
    tier: Text | None = None
    min_depth: Share = 0.0
    max_depth: Share = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_depth > self.max_depth:
            raise ValueError(f"min_depth {self.min_depth} is above max_depth {self.max_depth}; swap them")
        return self


class Guardrails(Part):
    """
    Hard bounds that no score and no lever overrides.

    Attributes:
        max_depth: No offer is deeper than this share of the smallest basket that qualifies for it.
        depth_bands: Narrower bounds by kind and tier.
        min_margin_rate: Products below this margin over price are not recommended; absent means no bound.
    """

    max_depth: Share = 1.0
    depth_bands: tuple[DepthBand, ...] = ()
    min_margin_rate: Annotated[float, Field(strict=True, ge=-1, le=1, allow_inf_nan=False)] | None = None


class RecentlyBought(Part):
    """
    Products bought in the last days are not recommended again, unless people buy them again and again.

    Attributes:
        days: 0 switches the rule off.
        unless_repeat_rate_at_least: Share of a product's buyers who bought it on more than one day.
    """

    days: Annotated[int, Field(strict=True, ge=0, le=3_650)] = 0
    unless_repeat_rate_at_least: Share = 1.0


class Economics(Part):
    """
    What a decision assumes about money.

    Attributes:
        default_margin_rate: Margin over price where a product's cost is unknown.
        risk_aversion: An offer is valued at its mean less this many standard deviations.
        contact_cost_minor: Cost of one message by channel, in place of the offer definition's.
    """

    default_margin_rate: Share = 0.3
    risk_aversion: Annotated[float, Field(strict=True, ge=0, le=5, allow_inf_nan=False)] = 0.0
    contact_cost_minor: dict[Channel, MinorUnits] = Field(default_factory=dict)


class Exploration(Part):
    """How often the offer is drawn at random among those that may be shown: 0, or at least once in a million."""

    epsilon: Annotated[float, Field(strict=True, ge=0, le=0.5, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        # Draws have 53 bits: much smaller shares would be logged with propensities that the draw does not have.
        if 0 < self.epsilon < SMALLEST_EPSILON:
            raise ValueError(f"epsilon is {self.epsilon:g}; write 0 for none, or at least {SMALLEST_EPSILON:f}")
        return self


class Arm(Part):
    """One arm of an experiment; weights of all arms add up to 1."""

    name: Slug
    weight: Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]
    behaviour: ArmBehaviour = ArmBehaviour.FULL


class Experiment(Part):
    """
    A running experiment; `recsys.assignment` says which arm a member is in.

    Attributes:
        key: Name in logs and analyses.
        seed: Of the hash; a new seed shuffles the members anew. Empty means the key.
        coverage: Share of members in the experiment at all.
        arms: In the order of their buckets; append rather than reorder, or members change arms.
    """

    key: Text
    seed: str = ""
    coverage: Share = 1.0
    arms: Annotated[tuple[Arm, ...], Field(min_length=2, max_length=100)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        total = sum(arm.weight for arm in self.arms)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the weights of the arms add up to {total:g}; make them add up to 1")
        refuse_repeats("arm", [arm.name for arm in self.arms])
        return self


class Policy(Part):
    """
    A whole policy file.

    Attributes:
        drafted_by, approved_by: Two different people; not part of ``policy_id``.
        currency: Of every amount in the file and in the bundle.
        tiers: Low to high; those of the bundle.
        context_attributes: What requests may send for expressions to see as ``context.<name>``.
        answer_ttl_s: Seconds that an answer may be kept.
    """

    format: Literal[1] = 1
    name: Text
    drafted_by: str = ""
    approved_by: str = ""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    tiers: Annotated[tuple[Text, ...], Field(min_length=1, max_length=16)]
    placements: Annotated[dict[Slug, PlacementSpec], Field(min_length=1)]
    default_placement: str
    context_attributes: dict[Slug, ScalarType] = Field(default_factory=dict)
    contact: ContactPolicy = ContactPolicy()
    guardrails: Guardrails = Guardrails()
    recently_bought: RecentlyBought = RecentlyBought()
    economics: Economics = Economics()
    exploration: Exploration = Exploration()
    experiment: Experiment | None = None
    answer_ttl_s: Annotated[int, Field(strict=True, ge=1, le=86_400)] = 900
    rules: tuple[Rule, ...] = ()

    @property
    def policy_id(self) -> str:
        """SHA-256 of what the policy does: the canonical JSON of the file without its signatures."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"drafted_by", "approved_by"})
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        contact, bands = self.contact, self.guardrails.depth_bands
        refuse_repeats("tier", self.tiers)
        ids = [part.id for group in (contact.caps, contact.cooldowns, bands, self.rules) for part in group]
        refuse_repeats("id", ids)
        native = {str(rule) for rule in NativeRule}.intersection(ids)
        if native:
            raise ValueError(f"the id {min(native)!r} is a built-in rule's; rename yours")
        known = ", ".join(self.placements)
        if self.default_placement not in self.placements:
            raise ValueError(f"default_placement {self.default_placement!r} is no placement; it may be one of {known}")
        for rule in self.rules:
            for name in rule.placements or ():
                if name not in self.placements:
                    raise ValueError(f"rule {rule.id!r}: {name!r} is no placement; it may be one of {known}")
        for band in bands:
            if band.tier is not None and band.tier not in self.tiers:
                raise ValueError(f"depth band {band.id!r}: {band.tier!r} is no tier; it may be {', '.join(self.tiers)}")
        boosts = sum(rule.effect is Effect.BOOST for rule in self.rules)
        if boosts > MAX_BOOSTS:
            raise ValueError(f"there are {boosts} boosts; at most {MAX_BOOSTS} are allowed; remove those that ended")
        if self.drafted_by and self.drafted_by == self.approved_by:
            raise ValueError(f"{self.drafted_by!r} drafted and approved it; have somebody else approve")
        return self
