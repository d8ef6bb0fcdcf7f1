"""What a programme file may say about points: how they are earned, spent, lost and taken back."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from recsys.policy.file.fields import Part, Slug, Text, refuse_repeats
from recsys.types import Channel

SINGLE_BP = 10_000
"""A multiplier of one, in basis points."""

MOST_BP = 1_000_000
"""No multiplier, and no combination of multipliers, is above a hundred."""

MultiplierBp = Annotated[int, Field(strict=True, ge=0, le=MOST_BP)]
Points = Annotated[int, Field(strict=True, ge=1, le=10**9)]
Months = Annotated[int, Field(strict=True, ge=1, le=1_200)]
Times = Annotated[int, Field(strict=True, ge=1, le=100_000)]


class Rounding(StrEnum):
    """What is rounded down to whole points: the sum of an order, or each of its parts by itself."""

    PER_ORDER = "per_order"
    PER_LINE = "per_line"


class Combine(StrEnum):
    """How several multipliers of one line become one: the highest of them, or all of them multiplied."""

    HIGHEST = "highest"
    PRODUCT = "product"


class BelowZero(StrEnum):
    """What a return takes that is no longer there: later earnings pay it, or it is written off and counted."""

    DEBT = "debt"
    WRITE_OFF = "write_off"


class PointsCampaign(Part):
    """
    A multiplier for a time.

    Attributes:
        from_date, until_date: First local day, and first local day after (``from`` and ``until`` in the file).
        tiers, categories, channels: Where it holds; absent means everywhere.
    """

    name: Slug
    multiplier_bp: Annotated[int, Field(strict=True, ge=SINGLE_BP, le=MOST_BP)]
    from_date: date = Field(alias="from")
    until_date: date = Field(alias="until")
    tiers: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    categories: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_date >= self.until_date:
            raise ValueError(f"it ends ({self.until_date}) before it starts ({self.from_date}); swap the dates")
        return self


class EventPoints(Part):
    """Points for what is no purchase (a sign-in, a review); what goes beyond a cap earns nothing."""

    points: Points
    max_per_day: Times | None = None
    max_per_month: Times | None = None


class EarningRules(Part):
    """
    What an order and an event earn.

    Every `per_minor` minor units of a line's net amount, times the line's multiplier, earn `points`; what is left over
    is rounded down (`rounding`). A product of multipliers is rounded down to a whole basis point after each factor and
    bounded by a hundred.

    Attributes:
        tiers, categories: Multipliers in basis points by name; whoever is absent has a single one.
        excluded_categories: Earn nothing (gift cards, postage).
        points_paid_earns: Whether the part of an order that was paid with points earns.
        pending_days: Points are usable from the beginning of the local day that many days later; 0 means at once.
        events: By kind: `sign_in`, `referral`, `review`, `birthday`, or any other name.
    """

    per_minor: Annotated[int, Field(strict=True, ge=1, le=10**6)]
    points: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 1
    rounding: Rounding = Rounding.PER_ORDER
    combine: Combine = Combine.HIGHEST
    tiers: dict[Text, MultiplierBp] = Field(default_factory=dict)
    categories: dict[Text, MultiplierBp] = Field(default_factory=dict)
    campaigns: tuple[PointsCampaign, ...] = ()
    excluded_categories: tuple[Text, ...] = ()
    points_paid_earns: bool = False
    pending_days: Annotated[int, Field(strict=True, ge=0, le=3_650)] = 0
    events: dict[Slug, EventPoints] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        refuse_repeats("campaign", (campaign.name for campaign in self.campaigns))
        refuse_repeats("excluded category", self.excluded_categories)
        for name in self.excluded_categories:
            if name in self.categories:
                raise ValueError(f"the category {name!r} has a multiplier and is excluded; remove one of the two")
        for name, bp in [*self.tiers.items(), *self.categories.items()]:
            if self.combine is Combine.HIGHEST and bp < SINGLE_BP:
                raise ValueError(
                    f"the multiplier {bp} of {name!r} is below a single one ({SINGLE_BP}), which the highest of them "
                    "never is; write combine: product"
                )
        return self


class PointsOffer(Part):
    """What an offer of the kind `points_redemption` costs."""

    id: Text
    points: Points


class RedemptionRules(Part):
    """
    What points are worth: every `points` of them `worth_minor` minor units, a rest rounded down.

    Attributes:
        minimum: Fewer points than this are not redeemed.
        offers: Prices in points of `points_redemption` offers.
    """

    points: Points = 100
    worth_minor: Annotated[int, Field(strict=True, ge=1, le=10**9)] = 100
    minimum: Annotated[int, Field(strict=True, ge=1, le=10**12)] = 1
    offers: tuple[PointsOffer, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        refuse_repeats("offer", (offer.id for offer in self.offers))
        return self

    def worth(self, points: int) -> int:
        """
        Money value of so many points in minor units, rounded down (away from zero for a debt).

        Example:
            >>> RedemptionRules(points=3, worth_minor=100).worth(7)
            233
        """
        return points * self.worth_minor // self.points


class YearEnd(Part):
    """
    All points of one programme year end together.

    Attributes:
        years: Whole programme years after the one they were earned in: 0 is the end of the same year.
        first_month: Of the programme year.
    """

    years: Annotated[int, Field(strict=True, ge=0, le=50)] = 1
    first_month: Annotated[int, Field(strict=True, ge=1, le=12)] = 1


class ExpiryRules(Part):
    """
    When points end, always with a local day; all absent means never.

    Attributes:
        rolling_months: Each lot so many months after it was earned.
        year_end: Each lot with a programme year.
        inactivity_months: All lots of a member so many months after the last order or redemption; every activity
            before that moves the end of all of them.
    """

    rolling_months: Months | None = None
    year_end: YearEnd | None = None
    inactivity_months: Months | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name, value in self if value is not None]
        if len(given) > 1:
            raise ValueError(f"points end in {len(given)} ways ({', '.join(given)}); keep one of them")
        return self


class ReturnRules(Part):
    """What happens where a return takes points that are spent already."""

    below_zero: BelowZero = BelowZero.DEBT


class PointsRules(Part):
    """
    The points of a programme from a day on; a programme holds a list of these, ascending by day.

    A lot keeps the end and the pending days of the rules that were in force when it was earned.

    Attributes:
        from_date: First local day (``from`` in the file).

    Example:
        >>> rules = PointsRules.model_validate({"from": "2026-01-01", "earning": {"per_minor": 100}})
        >>> rules.redemption.worth(250)
        250
    """

    from_date: date = Field(alias="from")
    earning: EarningRules
    redemption: RedemptionRules = RedemptionRules()
    expiry: ExpiryRules = ExpiryRules()
    returns: ReturnRules = ReturnRules()

    def unfair_to_higher_tiers(self, tiers: Sequence[str]) -> list[str]:
        """
        Where a higher tier could earn fewer points on the same basket (law 4), one sentence each.

        Args:
            tiers: Names of the ladder, the lowest first.
        """
        problems = self._unknown_tiers(tiers)
        bp = [self.earning.tiers.get(tier, SINGLE_BP) for tier in tiers]
        for lower, upper, low_bp, high_bp in zip(tiers, tiers[1:], bp, bp[1:], strict=False):
            if high_bp < low_bp:
                problems.append(
                    f"the tier {upper!r} has a multiplier of {high_bp} basis points, fewer than the {low_bp} of "
                    f"{lower!r} below it; raise it"
                )
        for campaign in self.earning.campaigns:
            named = [tier for tier in tiers if campaign.tiers is None or tier in campaign.tiers]
            above = [tier for tier in tiers[tiers.index(named[0]) :] if tier not in named] if named else []
            if above:
                problems.append(
                    f"the campaign {campaign.name!r} holds for {named[0]!r} and not for {', '.join(map(repr, above))} "
                    f"above it; add them to its tiers"
                )
        return problems

    def _unknown_tiers(self, tiers: Sequence[str]) -> list[str]:
        named = [*self.earning.tiers, *(tier for one in self.earning.campaigns for tier in one.tiers or ())]
        return [
            f"the tier {tier!r} is not on the ladder; it has {', '.join(map(repr, tiers))}"
            for tier in dict.fromkeys(named)
            if tier not in tiers
        ]


def refuse_mixed_expiry(history: Sequence[PointsRules]) -> None:
    """
    Raise the error of a validator where inactivity ends points in some rules of a history and a date in others.

    Lots that end by inactivity and lots that end on a date are spent in an order that could depend on activity to come.
    """
    if len({rules.expiry.inactivity_months is None for rules in history}) > 1:
        first = next(rules for rules in history if rules.expiry.inactivity_months is not None)
        raise ValueError(
            f"the rules from {first.from_date} end points by inactivity and other rules of the history do not; "
            "use inactivity_months in all of them or in none"
        )
