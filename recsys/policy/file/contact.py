"""What a policy file may say about contact: how often, how soon again and when members are written to at all."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from recsys.policy.file.fields import Days, Part, Slug, Text, refuse_repeats
from recsys.types import Channel

MAX_MESSAGES = 100
"""Largest limit of a cap; stores remember at least so many messages of a member by channel."""

IGNORED_AFTER_DAYS = 7
"""Days without an answer after which a message was ignored, where a cooldown does not say."""

MAX_CAPS = 64
"""Caps are bits when a period is planned."""

_MAX_RULES = 200
_MINUTES_A_DAY = 24 * 60
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class After(StrEnum):
    """What starts a rest: an offer reached the member, was redeemed, or got no answer."""

    CONTACTED = "contacted"
    REDEEMED = "redeemed"
    IGNORED = "ignored"


class Of(StrEnum):
    """What rests: the same offer, offers of one of its campaigns, offers of its kind, or any offer."""

    OFFER = "offer"
    CAMPAIGN = "campaign"
    KIND = "kind"
    ANY = "any"


def _time_of_day(value: Any) -> Any:
    # YAML reads 21:00 without quotes as the number 1260, sixty to the hour.
    if isinstance(value, int) and not isinstance(value, bool):
        meant = f'"{value // 60:02}:{value % 60:02}"' if 0 <= value < _MINUTES_A_DAY else '"21:00"'
        raise ValueError(f"{value} is a number, not a time; write it in quotes: {meant}")
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        hint = '; midnight is "00:00"' if value == "24:00" else ""
        raise ValueError(f'{value!r} is no time; write "HH:MM" in quotes, from "00:00" to "23:59"{hint}')
    return value


TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]
"""Minutes and hours on the clock of the policy's time zone, as "HH:MM"."""


def minute_of_day(time: str) -> int:
    """
    Minutes since midnight of a `TimeOfDay`.

    >>> minute_of_day("21:30")
    1290
    """
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


class Campaign(Part):
    """Offers that belong together; one offer may be in several campaigns."""

    offers: Annotated[tuple[Text, ...], Field(min_length=1, max_length=10_000)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_repeats("offer", self.offers)
        return self


class ContactCap(Part):
    """
    At most so many messages to a member in any window of so many days.

    On the web a reached cap removes offers; elsewhere nothing at all is sent. With a campaign only messages that hold
    one of its offers count, and in every channel only its offers are removed.

    Attributes:
        channel: Absent: all channels but the web together.
        campaign: A name under ``campaigns``; absent: messages count whatever they say.
    """

    id: Slug
    channel: Channel | None = None
    campaign: Slug | None = None
    max_messages: Annotated[int, Field(strict=True, ge=0, le=MAX_MESSAGES)]
    period_days: Days


class Cooldown(Part):
    """
    Offers rest for so many days after what happened.

    Attributes:
        after: What must have happened; through any channel.
        of: Which offers rest, seen from the offer that it happened to.
        times: How often it must have happened: contacts or redemptions within the last ``days``, or messages ignored
            in a row since the last answer.
        days: How long they rest; after ignored messages, from the instant at which the last of them was ignored.
        ignored_after_days: A message is ignored where its offer was neither clicked nor redeemed for so many days.
    """

    id: Slug
    days: Days
    after: After = After.CONTACTED
    of: Of = Of.OFFER
    times: Annotated[int, Field(strict=True, ge=1, le=MAX_MESSAGES)] = 1
    ignored_after_days: Days | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.ignored_after_days is not None and self.after is not After.IGNORED:
            raise ValueError(
                f"`ignored_after_days` belongs to `after: ignored`, not to `after: {self.after}`; remove it"
            )
        return self

    @property
    def answer_days(self) -> int:
        """Days that a member has to answer a message."""
        return IGNORED_AFTER_DAYS if self.ignored_after_days is None else self.ignored_after_days


class QuietHours(Part):
    """
    Hours of each day at which nothing is sent; on the web offers are not shown, and all else is.

    Attributes:
        from_time, until_time: First minute, and first minute after, on the clock of the policy's time zone (``from``
            and ``until`` in the file); from a later to an earlier time they go on over midnight.
    """

    id: Slug
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    from_time: TimeOfDay = Field(alias="from")
    until_time: TimeOfDay = Field(alias="until")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        refuse_repeats("channel", self.channels)
        if self.from_time == self.until_time:
            raise ValueError(
                f"it ends when it starts, at {self.from_time}; give another `until`, or exclude the channel by a rule"
            )
        return self


class ContactPolicy(Part):
    """Limits on messages, whatever they say."""

    caps: Annotated[tuple[ContactCap, ...], Field(max_length=MAX_CAPS)] = ()
    cooldowns: Annotated[tuple[Cooldown, ...], Field(max_length=_MAX_RULES)] = ()
    quiet_hours: Annotated[tuple[QuietHours, ...], Field(max_length=_MAX_RULES)] = ()

    def parts(self) -> Iterator[ContactCap | Cooldown | QuietHours]:
        """Every rule, in the order of their codes."""
        yield from self.caps
        yield from self.cooldowns
        yield from self.quiet_hours


def contact_ids(contact: ContactPolicy) -> tuple[str, ...]:
    """
    Ids of the rules that keep members or offers away, in the order in which they are asked.

    >>> contact_ids(ContactPolicy(cooldowns=(Cooldown(id="rest", days=3),)))
    ('rest',)
    """
    return tuple(part.id for part in contact.parts())


def check_campaigns(contact: ContactPolicy, campaigns: Mapping[str, Campaign]) -> None:
    """Raise the error of a validator where a rule of contact speaks of a campaign that the file does not have."""
    known = f"it may be one of {', '.join(campaigns)}" if campaigns else "add it under `campaigns`"
    for cap in contact.caps:
        if cap.campaign is not None and cap.campaign not in campaigns:
            raise ValueError(f"contact cap {cap.id!r}: {cap.campaign!r} is no campaign; {known}")
    for cooldown in contact.cooldowns:
        if cooldown.of is Of.CAMPAIGN and not campaigns:
            raise ValueError(f"cooldown {cooldown.id!r} is of a campaign, and there is none; add `campaigns`")
