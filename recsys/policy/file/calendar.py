"""What a policy file may say of its calendar: periods that come once, every year, month or week, or with a birthday."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from recsys.policy.file.contact import TimeOfDay
from recsys.policy.file.fields import Instant, Part, Slug, Text, iso, refuse_repeats
from recsys.policy.file.rule import Rule
from recsys.policy.file.sections import Lever
from recsys.types import Channel

_LEAP_YEAR = 2024
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")
_MOST_LISTED = 10_000
_FORMS = (
    "write {from: DATE, until: DATE}, {every: year, from: MM-DD, until: MM-DD}, {every: month, on: DAYS}, "
    "{every: week, on: WEEKDAYS} or {birthday: {before_days: N, after_days: N}}"
)


class PeriodKind(StrEnum):
    """What a period is; two of one kind may not be on at once for one channel and store."""

    MEMBER_DAY = "member_day"
    HOLIDAY = "holiday"
    SEASON = "season"
    SALE = "sale"
    DOUBLE_POINTS = "double_points"
    BIRTHDAY = "birthday"


class Weekday(StrEnum):
    """A day of the week; the order is that of ISO 8601."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _month_day(value: Any) -> Any:
    try:
        if not isinstance(value, str) or not _MONTH_DAY.fullmatch(value):
            raise ValueError
        # A leap year, in which every day of any year is.
        date.fromisoformat(f"{_LEAP_YEAR}-{value}")
    except ValueError:
        raise ValueError(f'{value!r} is no day of the year; write month and day as "11-10"') from None
    return value


def _day_of_month(value: Any) -> Any:
    if value == "last" or (type(value) is int and 1 <= value <= 31):
        return value
    raise ValueError(f"{value!r} is no day of the month; write 1 to 31, or last")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, (int, str)) else value


def _distinct(days: tuple[Any, ...]) -> tuple[Any, ...]:
    if not days:
        raise ValueError("no day is listed, so the period never comes; list at least one")
    refuse_repeats("day", days)
    return days


MonthDay = Annotated[str, BeforeValidator(_month_day)]
"""A day of any year. 02-29 is 1 March in a year that has none: what starts then starts, what ends then ends."""

DayOfMonth = Annotated[int | Literal["last"], BeforeValidator(_day_of_month)]
Around = Annotated[int, Field(strict=True, ge=0, le=180)]


class ClockHours(Part):
    """
    The part of each day on which a period is on.

    Attributes:
        from_at, until_at: First minute, and first minute after. An end before the start is the next day's, so an end at
            "00:00" is the end of the day; hours after midnight belong to the day on which they began.
    """

    from_at: TimeOfDay = Field(alias="from")
    until_at: TimeOfDay = Field(alias="until")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.from_at == self.until_at:
            raise ValueError(
                f"the hours start and end at {self.from_at}; remove `hours` for the whole day, or correct one of them"
            )
        return self


class Once(Part):
    """From one instant until another; hours are those of the local days between, and never outside the two."""

    from_at: Instant = Field(alias="from")
    until_at: Instant = Field(alias="until")
    hours: ClockHours | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _refuse_backwards(self.from_at, self.until_at)
        return self


class EveryYear(Part):
    """
    The same days of every year.

    Attributes:
        from_at, until_at: First day, and first day after; an end before the start is the next year's.
    """

    every: Literal["year"]
    from_at: MonthDay = Field(alias="from")
    until_at: MonthDay = Field(alias="until")
    hours: ClockHours | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.from_at == self.until_at:
            raise ValueError(
                f"it starts and ends on {self.from_at}; `until` is the first day after: for one day write the next"
            )
        return self


class EveryMonth(Part):
    """The same days of every month; a month that has no such day is skipped, and ``last`` is the last of each."""

    every: Literal["month"]
    on: Annotated[
        tuple[DayOfMonth, ...],
        BeforeValidator(_as_list, json_schema_input_type=DayOfMonth | tuple[DayOfMonth, ...]),
        AfterValidator(_distinct),
    ]
    hours: ClockHours | None = None


class EveryWeek(Part):
    """The same days of every week."""

    every: Literal["week"]
    on: Annotated[
        tuple[Weekday, ...],
        BeforeValidator(_as_list, json_schema_input_type=Weekday | tuple[Weekday, ...]),
        AfterValidator(_distinct),
    ]
    hours: ClockHours | None = None


class BirthdayDays(Part):
    """Days before and after a birthday; the day itself is always among them."""

    before_days: Around = 0
    after_days: Around = 0


class AroundBirthday(Part):
    """The days around each member's own birthday; members whose birthday nobody knows have none."""

    birthday: BirthdayDays


def _form(value: Any) -> str | None:
    """The tag of what the keys of a ``when`` stand for."""
    if isinstance(value, Part):
        return next((tag for tag, form in _FORM_TAGS.items() if isinstance(value, form)), None)
    if not isinstance(value, dict):
        return None
    if "birthday" in value:
        return "birthday"
    return str(value["every"]) if "every" in value else "once"


_FORM_TAGS: dict[str, type[Part]] = {
    "once": Once,
    "year": EveryYear,
    "month": EveryMonth,
    "week": EveryWeek,
    "birthday": AroundBirthday,
}

When = Annotated[
    Annotated[Once, Tag("once")]
    | Annotated[EveryYear, Tag("year")]
    | Annotated[EveryMonth, Tag("month")]
    | Annotated[EveryWeek, Tag("week")]
    | Annotated[AroundBirthday, Tag("birthday")],
    Discriminator(_form, custom_error_type="unknown_when", custom_error_message=_FORMS),
]


class Period(Part):
    """
    A period with rules, levers and offers of its own.

    Attributes:
        id: Stable; decisions name it where it removes an offer that is not of the moment.
        when: In the file's time zone.
        from_at, until_at: Bounds of what recurs: first instant, and first instant after; absent means none.
        channels: Where it holds; absent means everywhere.
        stores: Of ``context.store``; absent means in all and in none.
        offers: Offered in this period only, or in another that lists them too.
        rules, levers: In force while it is on, for its channels and stores.
    """

    id: Slug
    name: str = ""
    owner: str = ""
    kind: PeriodKind
    when: When
    from_at: Instant | None = Field(None, alias="from")
    until_at: Instant | None = Field(None, alias="until")
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = None
    stores: Annotated[tuple[Text, ...], Field(min_length=1, max_length=_MOST_LISTED)] | None = None
    offers: Annotated[tuple[Text, ...], Field(max_length=_MOST_LISTED)] = ()
    rules: tuple[Rule, ...] = ()
    levers: tuple[Lever, ...] = ()

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        is_birthday = isinstance(self.when, AroundBirthday)
        if is_birthday and self.kind is not PeriodKind.BIRTHDAY:
            raise ValueError(f"`when` is a birthday and the kind is {self.kind}; write `kind: birthday`")
        if self.kind is PeriodKind.BIRTHDAY and not is_birthday:
            raise ValueError("the kind birthday needs `when: {birthday: {before_days: N, after_days: N}}`; write it")
        if self.kind is PeriodKind.DOUBLE_POINTS and not (self.offers or self.rules):
            raise ValueError(
                "a period of double points without an offer or a rule doubles nothing; list the offers with the "
                "multiplier in `offers`"
            )
        return self

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if isinstance(self.when, Once) and (self.from_at is not None or self.until_at is not None):
            raise ValueError("`when` has the dates already; remove `from` and `until` beside it")
        if self.from_at is not None and self.until_at is not None:
            _refuse_backwards(self.from_at, self.until_at)
        refuse_repeats("channel", self.channels or ())
        refuse_repeats("store", self.stores or ())
        refuse_repeats("offer", self.offers)
        for rule in (*self.rules, *self.levers):
            if self.channels and rule.channels and not set(self.channels) & set(rule.channels):
                raise ValueError(
                    f"rule {rule.id!r} is for {', '.join(rule.channels)} and the period for "
                    f"{', '.join(self.channels)}: it would never hold; give them a channel in common"
                )
        return self


def _refuse_backwards(start: int, end: int) -> None:
    if start >= end:
        problem = "ends as it starts" if start == end else f"ends ({iso(end)}) before it starts"
        raise ValueError(f"it {problem} ({iso(start)}); `until` is the first instant after: correct the dates")
