"""What a period of the calendar adds to rules and offers: in which channels, for whom, and what is of the moment."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from recsys.policy.calendar_schema import AroundBirthday, Period
from recsys.policy.placed import PlacedRule, Section
from recsys.policy.rule import Rule
from recsys.types import Channel

DAYS_TO_BIRTHDAY = "member.days_to_birthday"
DAYS_AFTER_BIRTHDAY = "member.days_after_birthday"

Conditions = tuple[str, ...]
"""CEL over ``member`` and ``context``; all of them have to be true, and one that fails is not."""


@dataclass(frozen=True, slots=True)
class SeasonalOffers:
    """
    Offers that the same periods list, removed from everybody for whom none of those periods is on.

    Attributes:
        id: Of the first of the periods in the file, which ``why_not`` names; several may share it.
        offer_ids: In the order of the file.
        periods: All that list these offers, in the order of the file.

    Example:
        >>> day = Period.model_validate(
        ...     {"id": "day", "kind": "sale", "when": {"every": "month", "on": 8}, "stores": ["s1"], "offers": ["o1"]}
        ... )
        >>> (offers,) = seasonal_offers([day])
        >>> offers.open_to({"day"}, Channel.WEB), offers.open_to(set(), Channel.WEB)
        ((('context.store in ["s1"]',),), ())
    """

    id: str
    offer_ids: tuple[str, ...]
    periods: tuple[Period, ...]

    def open_to(self, active: Collection[str], channel: Channel) -> tuple[Conditions, ...]:
        """
        To whom the offers are open: to whoever meets one of the answers; all others do not get them.

        Args:
            active: Ids of the periods that are on (`recsys.policy.calendar.stretch`).
            channel: Of the decision.

        Returns:
            Alternatives. None at all: nobody. An empty one among them: everybody.
        """
        return tuple(conditions(one) for one in self.periods if one.id in active and holds_in(one, channel))


def conditions(period: Period) -> Conditions:
    """What a member or a request has to be like for a period to be theirs, besides time and channel."""
    asked = []
    if period.stores is not None:
        asked.append(f"context.store in {json.dumps(period.stores, ensure_ascii=False)}")
    if isinstance(period.when, AroundBirthday):
        around = period.when.birthday
        asked.append(
            f"{DAYS_TO_BIRTHDAY} >= 0 && {DAYS_TO_BIRTHDAY} <= {around.before_days} || "
            f"{DAYS_AFTER_BIRTHDAY} >= 0 && {DAYS_AFTER_BIRTHDAY} <= {around.after_days}"
        )
    return tuple(asked)


def holds_in(period: Period, channel: Channel) -> bool:
    """Whether a period is one of a channel's."""
    return period.channels is None or channel in period.channels


def rules_of(period: Period) -> tuple[PlacedRule, ...]:
    """A period's rules and then its levers, for the channels that both it and they are for."""
    return tuple(
        PlacedRule(_in_channels(rule, period.channels), Section.CALENDAR, period.id)
        for rule in (*period.rules, *period.levers)
    )


def seasonal_offers(periods: Sequence[Period]) -> tuple[SeasonalOffers, ...]:
    """The offers of a calendar, those of the same periods together, in the order of the file."""
    listed_by: dict[str, tuple[Period, ...]] = {}
    for period in periods:
        for offer_id in period.offers:
            listed_by[offer_id] = (*listed_by.get(offer_id, ()), period)
    groups: dict[tuple[str, ...], list[str]] = {}
    for offer_id, listing in listed_by.items():
        groups.setdefault(tuple(period.id for period in listing), []).append(offer_id)
    return tuple(SeasonalOffers(ids[0], tuple(offer_ids), listed_by[offer_ids[0]]) for ids, offer_ids in groups.items())


def _in_channels(rule: Rule, channels: tuple[Channel, ...] | None) -> Rule:
    if channels is None:
        return rule
    both = channels if rule.channels is None else tuple(one for one in rule.channels if one in channels)
    return rule.model_copy(update={"channels": both})
