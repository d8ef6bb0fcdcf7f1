"""What a programme file may say about tiers: a ladder, how it is climbed, and when one comes down."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from recsys.loyalty.benefits import Benefits, falls_short
from recsys.loyalty.calendar import Period
from recsys.loyalty.conditions import Condition, Match, Thresholds, contradictions, harder_to_keep
from recsys.policy.file.fields import Days, Part, Text, refuse_repeats

MAX_TIERS = 16
_SHORTEST_MONTH = 28

Months = Annotated[int, Field(strict=True, ge=1, le=120)]
FirstMonth = Annotated[int, Field(strict=True, ge=1, le=12)]
CalendarPeriod = Literal[Period.YEAR, Period.HALF_YEAR, Period.QUARTER]


def _plain_date(value: Any) -> Any:
    if type(value) is date or isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is no date; write a day of the programme's calendar such as 2027-01-31")


LocalDate = Annotated[date, BeforeValidator(_plain_date)]
"""A day in the programme's time zone."""


class Review(StrEnum):
    """When a tier may be lost: at any instant, or at the end of a period only."""

    CONTINUOUS = "continuous"
    PERIOD_END = "period_end"


class AtStart(StrEnum):
    """What a new ladder does to who held a tier before it: lifts only until the next review, or reviews at once."""

    UPGRADE_ONLY = "upgrade_only"
    REASSESS = "reassess"


class Window(Part):
    """
    Which facts count at an instant: those of the last days or months, or of the calendar period that it is in.

    Attributes:
        rolling_days: Today and the days before, so many in all; a fact falls out at local midnight.
        rolling_months: A fact falls out when the same day so many months later begins.
        calendar: All facts fall out when the next period begins.
        first_month: Of the year that periods follow.
    """

    rolling_days: Days | None = None
    rolling_months: Months | None = None
    calendar: CalendarPeriod | None = None
    first_month: FirstMonth = 1

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("rolling_days", "rolling_months", "calendar") if getattr(self, name) is not None]
        if len(given) != 1:
            told = " and ".join(given) or "none of them"
            raise ValueError(f"it gives {told}; give one of rolling_days, rolling_months, calendar")
        _refuse_idle_first_month(self)
        return self


class Downgrade(Part):
    """
    When a tier is lost.

    Attributes:
        review: Continuous ladders take none of the other keys.
        period_months: A period ends so many months after the tier was attained, and again after as many.
        calendar: A period ends with the calendar's; instead of ``period_months``.
        first_month: Of the year that calendar periods follow.
        grace_days: Whole days after the end of the period in which the tier can still be kept.
        soft_landing: At most one level down a review.
    """

    review: Review
    period_months: Months | None = None
    calendar: CalendarPeriod | None = None
    first_month: FirstMonth = 1
    grace_days: Annotated[int, Field(strict=True, ge=0, le=366)] = 0
    soft_landing: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.review is Review.CONTINUOUS:
            needless = sorted(self.model_fields_set - {"review"})
            if needless:
                raise ValueError(f"a continuous review has no {needless[0]}; remove it, or write review: period_end")
            return self
        months = self.period_months or (self.calendar.months if self.calendar else None)
        if months is None or (self.period_months and self.calendar):
            told = "both period_months and calendar" if months else "neither period_months nor calendar"
            raise ValueError(f"a review at the end of a period has {told}; give one of the two")
        if self.grace_days >= months * _SHORTEST_MONTH:
            raise ValueError(
                f"grace_days is {self.grace_days}, as long as the period of {months} months; "
                f"at most {months * _SHORTEST_MONTH - 1} are allowed"
            )
        _refuse_idle_first_month(self)
        return self


class Tier(Part):
    """
    One level.

    Attributes:
        entry: What lifts a member to it; the first tier has none.
        keep: What holds it at a review; absent means the same as ``entry``.
    """

    name: Text
    entry: Condition | None = None
    keep: Condition | None = None
    benefits: Benefits = Benefits()

    @property
    def kept_by(self) -> Condition:
        """What holds the tier; empty for the first."""
        return self.keep or self.entry or Condition()


class Ladder(Part):
    """
    The tiers of a programme from a day on.

    Attributes:
        from_date: First local day (``from`` in the file).
        tiers: Low to high.
        match: How several measures of a condition go together; needed where a condition has several.
        at_start: What happens on the first day to who held a tier before. A continuous ladder always reassesses.
        instead: For each tier of the ladder before that this one has no more, the tier its members are taken to be in.

    Example:
        >>> ladder = Ladder.model_validate({
        ...     "from": "2026-01-01", "window": {"rolling_months": 12}, "downgrade": {"review": "continuous"},
        ...     "tiers": [{"name": "blue"}, {"name": "red", "entry": {"spend_minor": 50_000}}],
        ... })
        >>> ladder.names, ladder.entry.needed[:, 0].tolist()
        (('blue', 'red'), [-1, 50000])
    """

    from_date: LocalDate = Field(alias="from")
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=MAX_TIERS)]
    match: Match | None = None
    window: Window
    downgrade: Downgrade
    at_start: AtStart = AtStart.UPGRADE_ONLY
    instead: dict[Text, Text] = Field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tiers, low to high."""
        return tuple(tier.name for tier in self.tiers)

    @property
    def entry(self) -> Thresholds:
        """What lifts to each tier."""
        return Thresholds.of([tier.entry or Condition() for tier in self.tiers], self._match)

    @property
    def keep(self) -> Thresholds:
        """What holds each tier."""
        return Thresholds.of([tier.kept_by for tier in self.tiers], self._match)

    @property
    def reassesses(self) -> bool:
        """Whether its first day can cost a member a tier."""
        return self.at_start is AtStart.REASSESS or self.downgrade.review is Review.CONTINUOUS

    @property
    def _match(self) -> Match:
        return self.match or Match.ALL

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        refuse_repeats("tier", self.names)
        first = self.tiers[0]
        if first.entry is not None or first.keep is not None:
            raise ValueError(f"tier {first.name!r} is the lowest and needs nothing; remove its `entry` and `keep`")
        for tier in self.tiers[1:]:
            if tier.entry is None or not tier.entry.asked():
                raise ValueError(f"tier {tier.name!r} is not the lowest and asks for nothing; give it an `entry`")
            for what, condition in (("entry", tier.entry), ("keep", tier.kept_by)):
                if self.match is None and len(condition.asked()) > 1:
                    asked = " and ".join(condition.asked())
                    raise ValueError(
                        f"the {what} of tier {tier.name!r} has {asked}; write `match: any` or `match: all`"
                    )
            _refuse(tier, "keep", harder_to_keep(tier.entry, tier.kept_by, self._match))
        for lower, upper in zip(self.tiers[1:], self.tiers[2:], strict=False):
            rising = contradictions(
                lower.entry or Condition(), upper.entry or Condition(), self._match, may_equal=False
            )
            _refuse(upper, "entry", rising)
            _refuse(upper, "keep", contradictions(lower.kept_by, upper.kept_by, self._match, may_equal=True))
        for lower, upper in zip(self.tiers, self.tiers[1:], strict=False):
            _refuse(upper, "", falls_short(lower.benefits, upper.benefits))
        return self


def _refuse(tier: Tier, key: str, reason: str) -> None:
    if reason:
        raise ValueError(f"{f'the {key} of ' if key else ''}tier {tier.name!r} {reason}")


def _refuse_idle_first_month(part: Window | Downgrade) -> None:
    if part.calendar is None and "first_month" in part.model_fields_set:
        raise ValueError("first_month is given without a calendar period; remove it, or write `calendar: year`")
