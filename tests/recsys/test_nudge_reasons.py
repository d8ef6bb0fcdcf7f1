from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recsys.nudge_reasons import CODES, trigger_reason
from recsys.offers.definitions import TRIGGERS, Trigger
from recsys.offers.told import NudgeFacts
from tests.recsys.offers.waiting_world import asked, world
from tests.worlds import DAY, NOW, TIERS

ZONE = "Europe/London"
MARCH = int(datetime(2024, 3, 1, tzinfo=ZoneInfo(ZONE)).timestamp())


def said(trigger: Trigger, *, currency: str = "GBP", zone: str = ZONE, **told: Any) -> tuple[str, str]:
    """What the second member is told, in English and in Chinese."""
    columns = {name: [-1, value] if name != "points" else [0, value] for name, value in told.items()}
    facts = NudgeFacts.of(asked(world(**columns), 3), NOW, zone)
    # The members stand in turned order: m002, m001, m000, and the stranger.
    english, chinese = (
        trigger_reason(trigger, facts, 1, tiers=TIERS, currency=currency, language=language).text
        for language in ("en", "zh")
    )
    return english, chinese


@pytest.mark.parametrize(
    ("left", "english", "chinese"),
    [
        (9 * DAY + 5, "Your 1,200 points expire in 9 days", "您的1,200积分将于9天后到期"),
        (2 * DAY - 1, "Your 1,200 points expire in 1 day", "您的1,200积分将于1天后到期"),
        (DAY - 1, "Your 1,200 points expire within a day", "您的1,200积分将在一天内到期"),
    ],
)
def test_points_that_end_are_told_with_their_days(left: int, english: str, chinese: str) -> None:
    told = {"next_expiry_at": NOW + left, "next_expiry_points": 1_200, "points": 5_000}
    assert said(Trigger.POINTS_EXPIRING, **told) == (english, chinese)


@pytest.mark.parametrize(
    ("gap", "english", "chinese"),
    [
        ({"to_next_minor": 1_240}, "GBP 12.40 to gold", "再消费GBP 12.40即可升至gold"),
        ({"to_next_orders": 1}, "1 order to gold", "再下1单即可升至gold"),
        (
            {"to_next_minor": 5, "to_next_orders": 2},
            "GBP 0.05 and 2 orders to gold",
            "再消费GBP 0.05并下2单即可升至gold",
        ),
    ],
)
def test_the_gap_to_a_tier_is_told(gap: dict[str, int], english: str, chinese: str) -> None:
    told = {"tier_by_rules": 1, "next_tier": 2, **gap}
    assert said(Trigger.TIER_NEAR, **told) == (english, chinese)


def test_money_has_the_digits_of_its_currency() -> None:
    told = {"tier_by_rules": 1, "next_tier": 2, "to_next_minor": 1_240}
    assert said(Trigger.TIER_NEAR, currency="JPY", **told)[0] == "JPY 1,240 to gold"


def test_a_fall_is_told_with_its_day_by_the_clock_of_the_policy() -> None:
    told = {"tier_by_rules": 1, "tier_falls_to": 0, "tier_falls_at": MARCH}
    assert said(Trigger.TIER_AT_RISK, **told) == (
        "On 1 March 2024 you would fall to ordinary", "2024年3月1日您的等级将降为ordinary",
    )  # fmt: skip
    assert said(Trigger.TIER_AT_RISK, zone="America/New_York", **told)[0].startswith("On 29 February 2024")


def test_a_birthday_is_told_otherwise_on_the_day() -> None:
    assert said(Trigger.BIRTHDAY, days_to_birthday=2) == ("Happy birthday", "生日快乐")
    assert said(Trigger.BIRTHDAY, days_to_birthday=3) == ("For your birthday", "生日专享")


def test_every_trigger_has_a_code_and_texts() -> None:
    assert len(set(CODES)) == len(TRIGGERS) - 1
    told = {"tier_by_rules": 1, "next_tier": 2, "to_next_minor": 9, "tier_falls_to": 0, "tier_falls_at": MARCH,
            "next_expiry_at": MARCH, "next_expiry_points": 5, "points": 5}  # fmt: skip
    for trigger in TRIGGERS[1:]:
        assert all(text and "{" not in text for text in said(trigger, **told))
