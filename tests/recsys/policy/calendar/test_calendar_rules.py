"""What a period asks for besides its time, and how offers of the moment are put together."""

from recsys.policy.calendar.rules import conditions, holds_in, seasonal_offers
from recsys.types import Channel
from tests.recsys.policy.calendar.periods import period

MONTHLY = {"every": "month", "on": 8}
BIRTHDAY = {"birthday": {"before_days": 3, "after_days": 7}}


def test_a_period_of_dates_asks_for_nothing_of_members() -> None:
    assert conditions(period(MONTHLY, stores=["s01"])) == ()


def test_a_birthday_is_asked_for_in_cel_and_one_that_nobody_knows_is_none() -> None:
    assert conditions(period(BIRTHDAY, kind="birthday")) == (
        "member.days_to_birthday >= 0 && member.days_to_birthday <= 3 || "
        "member.days_after_birthday >= 0 && member.days_after_birthday <= 7",
    )


def test_a_period_holds_in_its_channels_or_in_all() -> None:
    assert [holds_in(period(MONTHLY), channel) for channel in Channel] == [True] * 4
    assert [holds_in(period(MONTHLY, channels=["sms", "web"]), channel) for channel in Channel] == [
        True, False, False, True,
    ]  # fmt: skip


def test_offers_of_the_same_periods_stand_together_under_the_first() -> None:
    day = period(MONTHLY, id="day", offers=["o1", "o2", "o3"])
    week = period({"every": "week", "on": "fri"}, id="week", offers=["o3", "o4", "o1"])
    found = [(one.id, one.offer_ids, [listing.id for listing in one.periods]) for one in seasonal_offers([day, week])]
    assert found == [("day", ("o1", "o3"), ["day", "week"]), ("day", ("o2",), ["day"]), ("week", ("o4",), ["week"])]


def test_a_calendar_without_offers_has_none_of_the_moment() -> None:
    assert seasonal_offers([period(MONTHLY), period(BIRTHDAY, kind="birthday", id="treat")]) == ()
