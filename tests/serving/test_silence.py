"""Where nobody is sent anything it is said: which rule, and when quiet hours are over."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import Channel, Relation
from serving.commands import decide
from serving.export import run
from serving.silence import QuietNow, nobody_told, quiet_now, reason_told
from tests.serving.export_world import exported, small_workspace
from tests.worlds import DAY, NOW

MIDNIGHT = NOW // DAY * DAY
EVENING, MORNING = MIDNIGHT + 22 * 3600, MIDNIGHT + DAY + 8 * 3600
POLICY = parse_policy(default_policy_text())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def here(opener: Any, settings: Any, tasks: Any, *, workers: int) -> Iterator[Any]:
        yield from map(opener(settings), tasks)

    monkeypatch.setattr(run, "map_spawned", here)
    return small_workspace(tmp_path / "w")


def test_an_export_at_night_says_that_nobody_is_sent_anything_why_and_when_it_is_over(shop: Path) -> None:
    report = exported(shop, shop / "night", placement="push", now=EVENING)
    first, second = report.notes[:2]
    assert first.startswith("Nobody is sent anything. ")
    assert "quiet_nights: Quiet hours: nothing is sent from 21:00 to 08:00" in first
    assert "--now is the instant of sending" in second
    assert f"the next outside quiet hours is {_written(MORNING)}." in second
    assert report.facts["notes"] == [first, second]
    again = exported(shop, shop / "night", placement="push", now=EVENING)
    assert (again.notes[:2], again.facts["already_done"]) == ((first, second), True)


def test_at_the_instant_that_is_told_messages_are_sent_and_nothing_is_said(shop: Path) -> None:
    report = exported(shop, shop / "morning", placement="push", now=MORNING)
    assert report.facts["members"]["sent"] > 0
    assert report.facts["notes"] == []


def test_a_list_that_is_short_because_a_limit_was_asked_for_is_no_mistake(shop: Path) -> None:
    assert exported(shop, shop / "none", limit=0).facts["notes"] == []


@pytest.mark.parametrize(("sent", "told"), [(0, "Nobody is sent"), (1, "Only 1 of 150 members are"), (2, "")])
def test_fewer_than_one_in_a_hundred_is_nearly_nobody(sent: int, told: str) -> None:
    counts = {"channel_consent_missing": 148 - sent, "recently_bought": 2}
    notes = nobody_told(POLICY, "email", sent=sent, nothing_by_reason=counts, now=NOW)
    assert len(notes) == bool(told)
    assert all(note.startswith(told) and "did not agree to messages" in note for note in notes)


def test_quiet_hours_are_told_where_most_did_not_agree_to_the_channel() -> None:
    counts = {"channel_consent_missing": 90, "quiet_nights": 10}
    first, second = nobody_told(POLICY, "push", sent=0, nothing_by_reason=counts, now=EVENING)
    assert "90 by channel_consent_missing: " in first
    assert "10 by quiet_nights: " in first
    assert _written(MORNING) in second


def test_quiet_now_names_rule_channels_and_end() -> None:
    assert quiet_now(POLICY, EVENING) == (QuietNow("quiet_nights", (Channel.PUSH, Channel.SMS), "08:00"),)
    assert quiet_now(POLICY, MORNING) == ()


def test_a_reason_that_is_no_rule_is_told_as_it_is() -> None:
    assert reason_told(POLICY, "nothing_to_show") == "nothing_to_show"


def test_a_decision_at_night_says_by_which_rule_nothing_is_shown(shop: Path) -> None:
    report = decide(shop, member_id="m003", placement="push", n=None, now=EVENING, explain=False)
    assert "fewer than asked for: quiet_nights: Quiet hours: nothing is sent from 21:00 to 08:00" in report.notes
    assert report.facts["shortfall_reason"] == "quiet_nights"


def test_a_question_about_a_product_that_nobody_knows_names_it(shop: Path) -> None:
    known, unknown = (
        decide(
            shop, member_id="", placement=None, n=None, now=NOW, explain=False, relation=Relation.COMPLETE,
            products=products,
        )
        for products in (("p001", "p002"), ("p001", "zzz"))
    )  # fmt: skip
    assert "not in the bundle, so passed over: zzz" in unknown.notes
    assert not [note for note in known.notes if "passed over" in note]


def _written(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()
