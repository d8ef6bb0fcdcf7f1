"""Quiet hours, campaigns and rests after redemptions: added to random policies that lack them, and judged."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from experiments.benchmarks.policy_judge import MemberJudge
from recsys.decision import Decision
from recsys.knowledge import Knowledge
from recsys.policy.contact_schema import After, ContactCap, Cooldown
from recsys.policy.schema import Policy
from recsys.types import SECONDS_PER_DAY, Channel, EventKind, ItemKind


def with_contact_rules(content: Mapping[str, Any], knowledge: Knowledge, rng: np.random.Generator) -> dict[str, Any]:
    """A random policy with quiet hours, a campaign with a cap, and a rest after redemptions."""
    ids = knowledge.offers.offers
    n = max(len(ids) // 5, 1)
    offers = [ids.id(int(row)) for row in rng.choice(len(ids), n, replace=False)]
    start, length = int(rng.integers(24)), int(rng.integers(4, 12))
    quiet = {
        "id": "quiet",
        "channels": [channel.value for channel in Channel if rng.random() < 0.5] or ["email"],
        "from": f"{start:02}:30",
        "until": f"{(start + length) % 24:02}:15",
    }
    cap = {"id": "campaign_cap", "campaign": "some", "max_messages": 1, "period_days": int(rng.integers(2, 9))}
    channel = {} if rng.random() < 0.3 else {"channel": "web" if rng.random() < 0.5 else "email"}
    rest = {"id": "redeemed_rest", "after": "redeemed", "of": "offer", "days": int(rng.integers(2, 9))}
    contact = content["contact"]
    return {
        **content,
        "campaigns": {"some": {"offers": offers}},
        "contact": {
            **contact,
            "caps": [*contact["caps"], {**cap, **channel}],
            "cooldowns": [*contact["cooldowns"], rest],
            "quiet_hours": [quiet],
        },
    }


def broken_contact_rules(judge: MemberJudge, decision: Decision, policy: Policy) -> Iterator[tuple[str, str]]:
    """Each of those rules that a slate breaks, and by what; rests after anything but redemptions are not judged."""
    shown = [item.id for item in decision.items if item.kind is ItemKind.OFFER]
    kept_away = shown if judge.channel is Channel.WEB else [item.id for item in decision.items]
    minute = _minute(judge.context.now, policy.time_zone)
    for hours in policy.contact.quiet_hours:
        if judge.channel in hours.channels and _within(minute, hours.from_time, hours.until_time):
            yield from ((hours.id, one) for one in kept_away)
    for cap in policy.contact.caps:
        if cap.campaign is not None and _is_bound(cap, judge.channel):
            offers = policy.campaigns[cap.campaign].offers
            if _heard(cap, judge, offers) >= cap.max_messages:
                yield from ((cap.id, one) for one in shown if one in offers)
    for cooldown in policy.contact.cooldowns:
        if cooldown.after is After.REDEEMED:
            yield from ((cooldown.id, one) for one in shown if _redeemed(cooldown, judge, one) >= cooldown.times)


def _is_bound(cap: ContactCap, channel: Channel) -> bool:
    return channel is not Channel.WEB if cap.channel is None else channel is cap.channel


def _heard(cap: ContactCap, judge: MemberJudge, offers: tuple[str, ...]) -> int:
    since = judge.context.now - cap.period_days * SECONDS_PER_DAY
    counted = [one for one in judge.subject.facts.contacts if one.contacted_at > since and _is_bound(cap, one.channel)]
    return sum(not {one.offer_id, *one.more_offers}.isdisjoint(offers) for one in counted)


def _redeemed(cooldown: Cooldown, judge: MemberJudge, offer: str) -> int:
    since = judge.context.now - cooldown.days * SECONDS_PER_DAY
    return sum(
        one.offer_id == offer and one.kind is EventKind.REDEMPTION and one.occurred_at > since
        for one in judge.subject.facts.responses
    )


def _minute(now: int, time_zone: str) -> str:
    return datetime.fromtimestamp(now, ZoneInfo(time_zone)).strftime("%H:%M")


def _within(minute: str, first: str, after: str) -> bool:
    return first <= minute < after if first < after else minute >= first or minute < after
