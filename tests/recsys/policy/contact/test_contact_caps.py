"""Caps on messages: of a channel, of all channels together, of a campaign; and the hours at which nothing is sent."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from recsys.types import Channel, Consent
from tests.recsys.policy.contact.contact_world import NOW, Asked, contact, known
from tests.worlds import DAY

TOGETHER = Asked(caps=[{"id": "all", "max_messages": 2, "period_days": 7}])
SPRING = Asked(caps=[{"id": "spring_cap", "campaign": "spring", "max_messages": 1, "period_days": 30}])


def test_a_cap_without_a_channel_counts_all_channels_but_the_web_together() -> None:
    mixed = known(contact(1, Channel.EMAIL), contact(6.9, Channel.SMS))
    shown = known(contact(1, Channel.EMAIL), *(contact(day, Channel.WEB, "o001") for day in range(5)))
    assert TOGETHER.members([known(), mixed, shown], Channel.PUSH) == ["", "all", ""]
    assert TOGETHER.members([mixed], Channel.WEB) == [""]


def test_the_first_rule_of_the_file_that_holds_is_named() -> None:
    asked = Asked(
        caps=[
            {"id": "first", "channel": "email", "max_messages": 3, "period_days": 7},
            {"id": "second", "max_messages": 1, "period_days": 7},
            {"id": "third", "channel": "email", "max_messages": 0, "period_days": 1},
        ]
    )
    once = known(contact(1))
    assert asked.members([known(), once, known(*[contact(1)] * 3)], Channel.EMAIL) == ["third", "second", "first"]
    assert asked.members([known(consent=0)], Channel.EMAIL) == ["channel_consent_missing"]


def test_caps_hold_without_consent_to_personalisation() -> None:
    facts = known(contact(1), contact(-1), consent=Consent.EMAIL)
    assert TOGETHER.members([facts], Channel.EMAIL) == ["all"]


def test_a_cap_of_a_campaign_removes_its_offers_alone_and_counts_messages_with_any_of_them() -> None:
    heard = known(contact(2, Channel.PUSH, "o000", "o003"))
    other = known(contact(2, Channel.EMAIL, "o000"), contact(3))
    assert SPRING.members([heard], Channel.EMAIL) == [""]
    assert SPRING.offers([heard, other, known()], Channel.EMAIL) == [
        {"o001": "spring_cap", "o003": "spring_cap"}, {}, {},
    ]  # fmt: skip


def test_a_message_with_two_offers_of_a_campaign_is_one_message() -> None:
    asked = Asked(caps=[{"id": "twice", "campaign": "spring", "max_messages": 2, "period_days": 30}])
    both = contact(2, Channel.EMAIL, "o001", "o003")
    assert asked.offers([known(both), known(both, contact(3, Channel.SMS, "o001"))], Channel.EMAIL) == [
        {}, {"o001": "twice", "o003": "twice"},
    ]  # fmt: skip


def test_an_offer_that_left_the_bundle_counts_for_its_campaign() -> None:
    assert set(SPRING.offers([known(contact(2, Channel.EMAIL, "gone"))], Channel.EMAIL)[0]) == {"o001", "o003"}


def test_a_cap_of_a_campaign_on_the_web_speaks_of_the_web_alone() -> None:
    asked = Asked(caps=[{"id": "web", "channel": "web", "campaign": "spring", "max_messages": 1, "period_days": 1}])
    facts = [known(contact(0.5, Channel.WEB, "o001")), known(contact(0.5, Channel.EMAIL, "o001"))]
    assert asked.offers(facts, Channel.WEB) == [{"o001": "web", "o003": "web"}, {}]
    assert asked.offers(facts, Channel.EMAIL) == [{}, {}]


def test_without_contacts_a_cap_of_none_removes_the_campaign_for_everybody() -> None:
    asked = Asked(caps=[{"id": "never", "campaign": "summer", "max_messages": 0, "period_days": 1}])
    assert asked.offers([known()], Channel.SMS) == [{"o003": "never", "o004": "never"}]


NIGHTS = [{"id": "nights", "channels": ["push", "web"], "from": "21:00", "until": "08:00"}]
LUNCH = [{"id": "lunch", "channels": ["sms"], "from": "12:00", "until": "12:30"}]


def at(text: str, time_zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(time_zone)).timestamp())


@pytest.mark.parametrize(
    ("hours", "channel", "time", "is_quiet"),
    [
        (NIGHTS, Channel.PUSH, "20:59:59", False),
        (NIGHTS, Channel.PUSH, "21:00:00", True),
        (NIGHTS, Channel.PUSH, "00:00:00", True),
        (NIGHTS, Channel.PUSH, "07:59:59", True),
        (NIGHTS, Channel.PUSH, "08:00:00", False),
        (NIGHTS, Channel.WEB, "23:00:00", True),
        (NIGHTS, Channel.EMAIL, "23:00:00", False),
        (LUNCH, Channel.SMS, "11:59:59", False),
        (LUNCH, Channel.SMS, "12:29:59", True),
        (LUNCH, Channel.SMS, "12:30:00", False),
    ],
)
def test_quiet_hours_begin_and_end_on_the_minute(hours: list, channel: Channel, time: str, is_quiet: bool) -> None:
    found = Asked(quiet_hours=hours).members([known()], channel, at(f"2026-03-10T{time}"))
    assert found == [hours[0]["id"] if is_quiet else ""]


@pytest.mark.parametrize(("date", "utc_hour"), [("2026-01-15", 21), ("2026-07-15", 20)])
def test_quiet_hours_follow_summer_time(date: str, utc_hour: int) -> None:
    asked = Asked("Europe/London", quiet_hours=NIGHTS)
    begins = at(f"{date}T{utc_hour}:00:00")
    assert asked.members([known()], Channel.PUSH, begins - 1) == [""]
    assert asked.members([known()], Channel.PUSH, begins) == ["nights"]


def test_an_instant_that_no_calendar_can_write_is_no_error() -> None:
    for now in (-(10**12), 10**15):
        assert Asked("Asia/Tokyo", quiet_hours=NIGHTS).members([known()], Channel.EMAIL, now) == [""]


def test_the_window_is_open_at_its_far_end() -> None:
    edge, inside = known(contact(7), contact(1)), known(contact(7 - 1 / DAY), contact(1))
    assert TOGETHER.members([edge, inside], Channel.EMAIL, NOW) == ["", "all"]
