"""The kinds of values a policy file is made of, with the ranges they may have."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo, WithJsonSchema

from recsys.time_zones import day_start, instant_of
from recsys.types import EpochSeconds


class Part(BaseModel):
    """A part of the file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def refuse_repeats(what: str, names: Iterable[str]) -> None:
    """Raise the error of a validator where a name occurs twice."""
    repeated = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if repeated:
        raise ValueError(f"the {what} {repeated[0]!r} is used twice; rename one of them")


TIME_ZONE = "time_zone"
"""What the validation context calls the `ZoneInfo` of dates without an offset."""

_UTC = ZoneInfo("UTC")
_DATES = "write a date (2027-01-31) or an instant (2027-01-31T09:00:00Z)"


def _instant(value: Any, info: ValidationInfo) -> Any:
    zone = (info.context or {}).get(TIME_ZONE, _UTC)
    if isinstance(value, str):
        value = _dated(value)
    if isinstance(value, datetime):
        seconds = int(value.timestamp()) if value.tzinfo else instant_of(value.replace(microsecond=0), zone)
    elif isinstance(value, date):
        seconds = day_start(value, zone)
    else:
        raise ValueError(f"{value!r} is no date; {_DATES}")
    try:
        iso(seconds)
    except (ValueError, OverflowError):
        raise ValueError(f"{value!s} is beyond the calendar; {_DATES}") from None
    return seconds


def _dated(text: str) -> date:
    for read in (date.fromisoformat, datetime.fromisoformat):
        with suppress(ValueError):
            return read(text)
    raise ValueError(f"{text!r} is no date; {_DATES}")


def iso(value: EpochSeconds) -> str:
    """The instant as the file would write it."""
    return datetime.fromtimestamp(value, UTC).isoformat()


Instant = Annotated[
    int,
    BeforeValidator(_instant),
    PlainSerializer(iso),
    WithJsonSchema({"type": "string", "examples": ["2027-01-31", "2027-01-31T09:00:00Z"]}),
]
"""Epoch seconds, written as a date (its first instant in the file's time zone) or as an instant."""

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
Days = Annotated[int, Field(strict=True, ge=1, le=3_650)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
MinorUnits = Annotated[int, Field(strict=True, ge=0, le=10**12)]


class Wording(Part):
    """A text for people in the languages of answers; one that is empty has no text."""

    en: Annotated[str, Field(max_length=500)] = ""
    zh: Annotated[str, Field(max_length=500)] = ""

    def of(self, language: str) -> str:
        """The text in a language; the English one, or any, where that has none."""
        return (self.zh if language == "zh" else self.en) or self.en or self.zh


def _worded(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


Words = Annotated[
    Wording,
    BeforeValidator(_worded),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": 500},
                {"type": "object", "properties": {"en": {"type": "string"}, "zh": {"type": "string"}}},
            ]
        }
    ),
]
"""A text, in English, or one a language: ``{en: ..., zh: ...}``."""
