"""What members are sent and answer comes in as events, and the rules of contact go by it in the next answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from recsys.types import EventKind
from tests.serving.service_world import Running, running
from tests.worlds import DAY, NOW, small_knowledge

KNOWLEDGE = small_knowledge()
KIND = dict(zip((f"o{row:03}" for row in range(6)), KNOWLEDGE.offers.kind.tolist(), strict=True))
CONTACT = {
    "caps": [{"id": "weekly", "channel": "email", "max_messages": 2, "period_days": 7}],
    "cooldowns": [
        {"id": "rest_of_kind", "after": "redeemed", "of": "kind", "days": 14},
        {"id": "rest_of_offer", "after": "contacted", "of": "offer", "days": 3},
        {"id": "give_up", "after": "ignored", "times": 2, "of": "campaign", "days": 60, "ignored_after_days": 5},
    ],
}


@pytest.fixture
def shop(workspace: Path) -> Iterator[Running]:
    """Offers are shown as soon as they are worth something, six at most."""
    policy = workspace / "policy.yaml"
    content = yaml.safe_load(policy.read_text(encoding="utf-8"))
    content |= {"contact": CONTACT, "campaigns": {"spring": {"offers": ["o003", "o004", "o005"]}}}
    content |= {"experiment": None, "exploration": {"epsilon": 0.0}}
    content["placements"]["offers"] = {"channel": "web", "capacity": 6, "types": ["offer"], "max_offers": 6}
    policy.write_text(yaml.safe_dump(content), encoding="utf-8")
    with running(workspace) as one:
        yield one


def offers(shop: Running) -> set[str]:
    return set(shop.shown(placement="offers"))


def seen(shop: Running, at: int, *offer_ids: str, message: str) -> None:
    for one in offer_ids:
        told: dict[str, Any] = {"kind": "exposure", "channel": "email", "decision_id": message, "offer_id": one}
        shop.tell(event_id=f"{message}{one}", occurred_at=at, **told)


def test_a_redemption_lets_its_kind_rest(shop: Running) -> None:
    before = offers(shop)
    used = min(before)
    shop.tell(event_id="r", kind=EventKind.REDEMPTION, offer_id=used, occurred_at=NOW - 13 * DAY)
    assert offers(shop) == {one for one in before if KIND[one] != KIND[used]} != before


def test_a_redemption_long_ago_lets_nothing_rest(shop: Running) -> None:
    before = offers(shop)
    shop.tell(event_id="r", kind=EventKind.REDEMPTION, offer_id=min(before), occurred_at=NOW - 14 * DAY)
    assert offers(shop) == before


def test_what_a_message_held_rests_and_the_campaign_that_was_ignored_twice(shop: Running) -> None:
    before = offers(shop)
    assert {"o003", "o004", "o005"} & before
    seen(shop, NOW - 8 * DAY, "o003", "o004", message="d1")
    assert offers(shop) == before
    seen(shop, NOW - 6 * DAY, "o005", message="d2")
    assert offers(shop) == before - {"o003", "o004", "o005"}
    shop.tell(event_id="c", kind=EventKind.CLICK, offer_id="o003", occurred_at=NOW - 60)
    shop.tell(event_id="u", kind=EventKind.REDEMPTION, offer_id="gone", occurred_at=NOW - 50)
    assert offers(shop) == before - {"o003"}  # it is taken now


def test_messages_of_a_week_reach_the_cap_however_often_they_are_told(shop: Running) -> None:
    for _ in range(3):
        seen(shop, NOW - 6 * DAY, "o003", "o004", message="d1")
    assert shop.shown(placement="email")
    seen(shop, NOW - DAY, "o003", message="d2")
    answer = shop.ask(placement="email")
    assert (answer["items"], answer["shortfall_reason"]) == ([], "weekly")
