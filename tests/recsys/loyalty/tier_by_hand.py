"""One member and one ladder whose dates can be counted on fingers."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from recsys.loyalty.facts import NO_JOIN_DATE, Grants, TierFacts
from recsys.loyalty.programme import Programme
from recsys.loyalty.tiers import tier_history

ZONE = ZoneInfo("Europe/London")
JOINED = "2024-01-01 00:00"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


def when(instant: int) -> str:
    return datetime.fromtimestamp(instant, ZONE).strftime("%Y-%m-%d %H:%M")


def programme(*ladders: dict[str, Any]) -> Programme:
    return Programme.model_validate(
        {"name": "test", "currency": "GBP", "timezone": "Europe/London", "ladders": ladders or [ladder()]}
    )


def ladder(start: str = "2020-01-01", **changes: Any) -> dict[str, Any]:
    return {
        "from": start,
        "window": {"rolling_months": 12},
        "downgrade": {"review": "period_end", "period_months": 12, "grace_days": 30},
        "tiers": [
            {"name": "blue"},
            {"name": "silver", "entry": {"spend_minor": 200}, "keep": {"spend_minor": 150}},
            {"name": "gold", "entry": {"spend_minor": 500}, "keep": {"spend_minor": 400}},
        ],
        **changes,
    }


CONTINUOUS = {"downgrade": {"review": "continuous"}}


def bought(*orders: tuple[str, int], joined: str | None = JOINED, grants: Grants | None = None) -> TierFacts:
    return TierFacts.of(
        [0] * len(orders),
        [at(text) for text, _ in orders],
        spend_minor=[spend for _, spend in orders],
        orders=[int(spend > 0) for _, spend in orders],
        joined_at=[NO_JOIN_DATE if joined is None else at(joined)],
        grants=grants,
    )


def told(facts: TierFacts, rules: Programme | None = None, *, as_of: str = "2029-01-01") -> list[tuple[str, str, str]]:
    rules = rules or programme()
    changes = tier_history(facts, rules, as_of=at(f"{as_of} 00:00")).changes(0)
    return [(when(instant), to, reason) for instant, _, to, reason in changes]
