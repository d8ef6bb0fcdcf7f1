"""What a period of the calendar asks for besides its time, and the offers that are of the moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.policy.file.calendar import AroundBirthday, Period
from recsys.types import Channel

DAYS_TO_BIRTHDAY = "member.days_to_birthday"
DAYS_AFTER_BIRTHDAY = "member.days_after_birthday"


@dataclass(frozen=True, slots=True)
class SeasonalOffers:
    """
    Offers that the same periods list: whoever has none of those periods now does not get them.

    Attributes:
        id: Of the first of the periods in the file, which ``why_not`` names; several may share it.
        offer_ids: In the order of the file.
        periods: All that list these offers, in the order of the file.

    Example:
        >>> monthly = {"every": "month", "on": 8}
        >>> periods = [
        ...     Period.model_validate({"id": name, "kind": "sale", "when": monthly, "offers": offers})
        ...     for name, offers in {"day": ["o1", "o2"], "night": ["o2"]}.items()
        ... ]
        >>> [(found.id, found.offer_ids, len(found.periods)) for found in seasonal_offers(periods)]
        [('day', ('o1',), 1), ('day', ('o2',), 2)]
    """

    id: str
    offer_ids: tuple[str, ...]
    periods: tuple[Period, ...]


def conditions(period: Period) -> tuple[str, ...]:
    """CEL over ``member``, all of it to be true where a period is a member's; none where it is everybody's."""
    if not isinstance(period.when, AroundBirthday):
        return ()
    around = period.when.birthday
    return (
        f"{DAYS_TO_BIRTHDAY} >= 0 && {DAYS_TO_BIRTHDAY} <= {around.before_days} || "
        f"{DAYS_AFTER_BIRTHDAY} >= 0 && {DAYS_AFTER_BIRTHDAY} <= {around.after_days}",
    )


def holds_in(period: Period, channel: Channel) -> bool:
    """Whether a period is one of a channel's."""
    return period.channels is None or channel in period.channels


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
