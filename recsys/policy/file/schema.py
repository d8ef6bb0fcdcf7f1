"""What a policy file may say: one frozen model of the whole file, checked before anything uses it."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from recsys.policy.file.attribute_types import AttributeType, ScalarType
from recsys.policy.file.calendar import Period
from recsys.policy.file.contact import Campaign, ContactPolicy, check_campaigns, contact_ids
from recsys.policy.file.experiment import Arm, ArmBehaviour, Experiment
from recsys.policy.file.fields import MinorUnits, Part, Share, Slug, Text, refuse_repeats
from recsys.policy.file.guardrails import Exploration, Fallback, Guardrails, Objective
from recsys.policy.file.placed import PlacedRule, Section
from recsys.policy.file.rule import LEVERS, Rule
from recsys.policy.file.sections import (
    ApplicabilityRule,
    DiversityLimit,
    EligibilityRule,
    Lever,
    Reach,
    SuitabilityRule,
)
from recsys.policy.lifecycle.people import same_person
from recsys.policy.native import NativeRule
from recsys.types import Channel, ItemKind

__all__ = [
    "Arm", "ArmBehaviour", "AttributeType", "Campaign", "ContactPolicy", "Economics", "Experiment", "Guardrails",
    "PlacementSpec", "Policy", "RecentlyBought",
]  # fmt: skip

MAX_LEVERS = 64
"""Levers that touched a candidate are the bits of one uint64."""
MAX_SEGMENTS = 100
MAX_RULES = 2_000
MAX_PERIODS = 200


class PlacementSpec(Part):
    """
    A named slot: how many items it takes, of which kinds, through which channel.

    Attributes:
        capacity: Products and offers together.
        max_offers: Of them, offers at most.
        objective: What its products are ranked by.
        fallback: Products that fill it where nothing else is left, before the popular ones.
    """

    channel: Channel
    capacity: Annotated[int, Field(strict=True, ge=1, le=100)]
    types: Annotated[tuple[ItemKind, ...], Field(min_length=1)]
    max_offers: Annotated[int, Field(strict=True, ge=0)] = 1
    objective: Objective = Objective()
    fallback: Fallback = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.max_offers > self.capacity:
            raise ValueError(f"max_offers is {self.max_offers}, more than the capacity of {self.capacity}; lower it")
        return self


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


class Policy(Part):
    """
    A whole policy file.

    Attributes:
        drafted_by, approved_by: Two different people; not part of ``policy_id``.
        currency: Of every amount in the file and in the bundle.
        time_zone: Of dates without an offset, of the calendar, of quiet hours and of what expressions see of the time.
        tiers: Low to high; those of the bundle.
        segments: Named groups of members: CEL over ``member``, ``context`` and ``basket``, read as ``segment.<name>``.
        campaigns: Which offers belong together; ``contact`` speaks of them.
        contact: Limits on messages.
        reach: What only a tier and those above it can reach.
        eligibility: Who may have what at all; the effects are exclude and require.
        applicability: What makes sense now; the effects are exclude and require.
        suitability: What is in both sides' interest; the effects are exclude, require and bury.
        calendar: Periods with rules, levers and offers of their own.
        levers: Multipliers of scores and values, each with an owner and an end.
        diversity: Caps on what a slate may hold of one kind.
        rules: Any effect; asked after the sections above.
        context_attributes: What requests may send for expressions to see as ``context.<name>``.
        answer_ttl_s: Seconds that an answer may be kept.
    """

    format: Literal[1] = 1
    name: Text
    drafted_by: str = ""
    approved_by: str = ""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    time_zone: Text = "UTC"
    tiers: Annotated[tuple[Text, ...], Field(min_length=1, max_length=16)]
    placements: Annotated[dict[Slug, PlacementSpec], Field(min_length=1)]
    default_placement: str
    context_attributes: dict[Slug, ScalarType] = Field(default_factory=dict)
    segments: Annotated[dict[Slug, str], Field(max_length=MAX_SEGMENTS)] = Field(default_factory=dict)
    reach: tuple[Reach, ...] = ()
    eligibility: tuple[EligibilityRule, ...] = ()
    applicability: tuple[ApplicabilityRule, ...] = ()
    suitability: tuple[SuitabilityRule, ...] = ()
    campaigns: dict[Slug, Campaign] = Field(default_factory=dict)
    contact: ContactPolicy = ContactPolicy()
    guardrails: Guardrails = Guardrails()
    recently_bought: RecentlyBought = RecentlyBought()
    economics: Economics = Economics()
    exploration: Exploration = Exploration()
    experiment: Experiment | None = None
    answer_ttl_s: Annotated[int, Field(strict=True, ge=1, le=86_400)] = 900
    calendar: Annotated[tuple[Period, ...], Field(max_length=MAX_PERIODS)] = ()
    levers: tuple[Lever, ...] = ()
    diversity: tuple[DiversityLimit, ...] = ()
    rules: tuple[Rule, ...] = ()

    def placed_rules(self) -> tuple[PlacedRule, ...]:
        """Every rule with its section, in the order in which they are asked."""
        return tuple(self._placed())

    def _placed(self) -> Iterator[PlacedRule]:
        for section, period, rules in (
            (Section.ELIGIBILITY, "", self.eligibility),
            (Section.APPLICABILITY, "", self.applicability),
            (Section.SUITABILITY, "", self.suitability),
            *((Section.CALENDAR, period.id, period.rules) for period in self.calendar),
            (Section.RULES, "", self.rules),
            *((Section.CALENDAR, period.id, period.levers) for period in self.calendar),
            (Section.LEVERS, "", self.levers),
            (Section.DIVERSITY, "", [limit.rule() for limit in self.diversity]),
        ):
            for rule in rules:
                yield PlacedRule(rule, section, period)

    @property
    def policy_id(self) -> str:
        """SHA-256 of what the policy does: the canonical JSON of the file without its signatures."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"drafted_by", "approved_by"})
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def part_ids(self) -> tuple[str, ...]:
        """The id of every part of the file that has one, each of which decisions may name."""
        bounds = [band.id for band in self.guardrails.depth_bands]
        budgets = [budget.id for budget in self.guardrails.budgets]
        reach, periods = [reach.id for reach in self.reach], [period.id for period in self.calendar]
        rules = [placed.rule.id for placed in self.placed_rules()]
        return (*contact_ids(self.contact), *bounds, *budgets, *reach, *periods, *rules)

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        refuse_repeats("tier", self.tiers)
        ids = self.part_ids()
        refuse_repeats("id", ids)
        native = {str(rule) for rule in NativeRule}.intersection(ids)
        if native:
            raise ValueError(f"the id {min(native)!r} is a built-in rule's; rename yours")
        return self

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Self:
        check_campaigns(self.contact, self.campaigns)
        known = ", ".join(self.placements)
        if self.default_placement not in self.placements:
            raise ValueError(f"default_placement {self.default_placement!r} is no placement; it may be one of {known}")
        for placed in self.placed_rules():
            for name in placed.rule.placements or ():
                if name not in self.placements:
                    raise ValueError(f"rule {placed.rule.id!r}: {name!r} is no placement; it may be one of {known}")
        for what, part_id, tier in (
            *(("depth band", band.id, band.tier) for band in self.guardrails.depth_bands),
            *(("reach", reach.id, reach.from_tier) for reach in self.reach),
        ):
            if tier is not None and tier not in self.tiers:
                raise ValueError(f"{what} {part_id!r}: {tier!r} is no tier; it may be {', '.join(self.tiers)}")
        return self

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        rules = [placed.rule for placed in self.placed_rules()]
        if len(rules) > MAX_RULES:
            raise ValueError(f"there are {len(rules)} rules; at most {MAX_RULES} are allowed; remove those that ended")
        levers = sum(rule.effect in LEVERS for rule in rules)
        if levers > MAX_LEVERS:
            raise ValueError(f"there are {levers} levers; at most {MAX_LEVERS} are allowed; remove those that ended")
        return self

    @model_validator(mode="after")
    def _approved_by_another(self) -> Self:
        # Names of people are in no message: those of a refused draft are shown to whoever asks for health.
        if self.drafted_by and same_person(self.drafted_by, self.approved_by):
            raise ValueError("drafted_by and approved_by are one person; have somebody else approve")
        return self
