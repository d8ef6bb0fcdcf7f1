"""Periods of a calendar for tests, and instants that people can read."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from recsys.policy.file.calendar import Period


def period(when: dict[str, Any], *, kind: str = "sale", **rest: Any) -> Period:
    """A period of a calendar, a sale where nothing else is said."""
    return Period.model_validate({"id": "p", "kind": kind, "when": when, **rest})


def at(text: str, zone: str = "UTC", *, fold: int = 0) -> int:
    """The instant at which clocks of a zone show a time; the second of two with a *fold* of 1."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def shown(instant: int | None, zone: str = "UTC") -> str | None:
    """What clocks of a zone show at an instant."""
    return None if instant is None else datetime.fromtimestamp(instant, ZoneInfo(zone)).isoformat(" ", "minutes")[:16]
