"""What a file may say about contact, and what it is told where it says something else."""

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from recsys.policy.file.contact import (
    Campaign,
    ContactCap,
    ContactPolicy,
    Cooldown,
    QuietHours,
    check_campaigns,
    contact_ids,
)

SPRING = {"spring": Campaign(offers=("o1", "o2"))}


def quiet(**changes: Any) -> QuietHours:
    return QuietHours.model_validate(
        {"id": "nights", "channels": ["push", "sms"], "from": "21:00", "until": "08:00", **changes}
    )


def test_the_sections_of_the_design_are_read() -> None:
    contact = ContactPolicy.model_validate(
        yaml.safe_load(
            """
caps:
  - {id: email_weekly_cap, channel: email, max_messages: 2, period_days: 7}
  - {id: all_weekly_cap, max_messages: 4, period_days: 7}
  - {id: spring_cap, campaign: spring, max_messages: 1, period_days: 30}
cooldowns:
  - {id: rest_after_redeeming, after: redeemed, of: kind, days: 30}
  - {id: give_up, after: ignored, times: 3, of: campaign, days: 60}
quiet_hours:
  - {id: nights, channels: [push, sms], from: "21:00", until: "08:00"}
"""
        )
    )
    check_campaigns(contact, SPRING)
    assert contact_ids(contact) == (
        "email_weekly_cap", "all_weekly_cap", "spring_cap", "rest_after_redeeming", "give_up", "nights",
    )  # fmt: skip
    assert (contact.cooldowns[1].answer_days, contact.caps[1].channel) == (7, None)


def test_a_cooldown_of_an_earlier_release_means_what_it_meant() -> None:
    cooldown = Cooldown.model_validate({"id": "rest", "days": 3})
    assert (cooldown.after, cooldown.of, cooldown.times) == ("contacted", "offer", 1)


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (1260, 'write it in quotes: "21:00"'),
        (8, 'write it in quotes: "00:08"'),
        (99_999, 'write it in quotes: "21:00"'),
        (True, 'write "HH:MM" in quotes'),
        ("8:00", 'write "HH:MM" in quotes'),
        ("24:00", 'midnight is "00:00"'),
        ("21:60", 'from "00:00" to "23:59"'),
        ("21:00\n", "is no time"),
        (None, "is no time"),
    ],
)
def test_a_time_that_is_none_is_refused_with_what_to_write(time: object, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        quiet(**{"from": time})


def test_a_time_without_quotes_is_a_number_in_yaml_and_the_hint_gives_it_back() -> None:
    with pytest.raises(ValidationError, match='"21:30"'):
        quiet(**yaml.safe_load("from: 21:30"))


@pytest.mark.parametrize(
    ("model", "given", "told"),
    [
        (QuietHours, {"id": "q", "channels": ["sms"], "from": "08:00", "until": "08:00"}, "ends when it starts"),
        (QuietHours, {"id": "q", "channels": [], "from": "08:00", "until": "09:00"}, "at least 1"),
        (QuietHours, {"id": "q", "channels": ["sms", "sms"], "from": "08:00", "until": "09:00"}, "used twice"),
        (QuietHours, {"id": "q", "channels": ["fax"], "from": "08:00", "until": "09:00"}, "'web', 'email'"),
        (ContactCap, {"id": "c", "max_messages": 101, "period_days": 7}, "100"),
        (ContactCap, {"id": "c", "max_messages": -1, "period_days": 7}, "0"),
        (ContactCap, {"id": "c", "max_messages": True, "period_days": 7}, "integer"),
        (ContactCap, {"id": "C", "max_messages": 1, "period_days": 7}, "pattern"),
        (ContactCap, {"id": "c", "max_messages": 1, "period_days": 0}, "1"),
        (Cooldown, {"id": "c", "days": 3, "times": 0}, "1"),
        (Cooldown, {"id": "c", "days": 3, "after": "seen"}, "'contacted', 'redeemed' or 'ignored'"),
        (Cooldown, {"id": "c", "days": 3, "ignored_after_days": 3}, "belongs to `after: ignored`"),
        (Campaign, {"offers": []}, "at least 1"),
        (Campaign, {"offers": ["o1", "o1"]}, "'o1' is used twice"),
        (Campaign, {"offers": [""]}, "at least 1"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(model: Any, given: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        model.model_validate(given)


def test_campaigns_are_known_by_name() -> None:
    cap = ContactPolicy(caps=(ContactCap(id="c", campaign="sprnig", max_messages=1, period_days=7),))
    with pytest.raises(ValueError, match="cap 'c': 'sprnig' is no campaign; it may be one of spring"):
        check_campaigns(cap, SPRING)
    with pytest.raises(ValueError, match="add it under `campaigns`"):
        check_campaigns(cap, {})
    with pytest.raises(ValueError, match="cooldown 'r' is of a campaign, and there is none"):
        check_campaigns(
            ContactPolicy(cooldowns=(Cooldown.model_validate({"id": "r", "days": 1, "of": "campaign"}),)), {}
        )
