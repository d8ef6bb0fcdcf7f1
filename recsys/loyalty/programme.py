"""What a programme file may say: a currency, a time zone, and the rules of tiers and points with their history."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from recsys.checked_yaml import parse_checked, read_text
from recsys.errors import InputError
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.loyalty.currencies import CURRENCIES
from recsys.loyalty.history import Tiers
from recsys.loyalty.instants import NEVER
from recsys.loyalty.ladder import Ladder
from recsys.loyalty.points_rules import SINGLE_BP, PointsRules, refuse_mixed_expiry
from recsys.policy.file.fields import Part, Text
from recsys.types import UNKNOWN_ROW, EpochSeconds

_MAX_NAMES = 127


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{code!r} is no currency; write its code in ISO 4217, three capital letters such as EUR")
    return code


def _timezone(name: str) -> str:
    try:
        ProgrammeCalendar(name)
    except InputError as error:
        raise ValueError(str(error)) from None
    return name


@dataclass(frozen=True, slots=True)
class Span:
    """
    A ladder and the time in which it is in force.

    Attributes:
        ladder: The rules.
        begins, ends: First instant, and first instant after; ``NEVER`` for the last ladder.
        code_of: Shape (n_levels,), int8: row of ``Programme.tiers`` of each tier of the ladder.
        level_of: Shape (n_tiers,), int8: the inverse; for a tier that the ladder before had and this one has not, the
            level taken instead; UNKNOWN_ROW elsewhere.
    """

    ladder: Ladder
    begins: EpochSeconds
    ends: EpochSeconds
    code_of: Tiers
    level_of: Tiers


class Programme(Part):
    """
    A whole programme file.

    Attributes:
        currency: Of every amount in it and of the workspace's.
        timezone: Days, months and periods are this zone's.
        ladders: In the order of their dates; in force is the last that began. Before the first nobody has a tier.
        points: Likewise; absent where the programme has no points.
    """

    format: Literal[1] = 1
    name: Text
    currency: Annotated[Text, AfterValidator(_currency)]
    timezone: Annotated[Text, AfterValidator(_timezone)]
    ladders: Annotated[tuple[Ladder, ...], Field(min_length=1, max_length=100)]
    points: tuple[PointsRules, ...] = ()

    @property
    def programme_id(self) -> str:
        """SHA-256 of what the file says: its canonical JSON, whatever the layout and the comments."""
        content = self.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @cached_property
    def calendar(self) -> ProgrammeCalendar:
        """Of the programme's time zone."""
        return ProgrammeCalendar(self.timezone)

    @cached_property
    def tiers(self) -> tuple[str, ...]:
        """The names of all tiers there ever were, low to high; rows of tiers are positions in it."""
        return _all_names([ladder.names for ladder in self.ladders])

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The ladders with the time in which each is in force, in the order of time."""
        starts = [self.calendar.start_of(np.datetime64(ladder.from_date).astype(int)) for ladder in self.ladders]
        row = {name: code for code, name in enumerate(self.tiers)}
        spans = []
        for ladder, begins, ends in zip(self.ladders, starts, [*starts[1:], NEVER], strict=True):
            level_of = np.full(len(row), UNKNOWN_ROW, dtype=np.int8)
            for level, name in enumerate(ladder.names):
                level_of[row[name]] = level
            for gone, name in ladder.instead.items():
                level_of[row[gone]] = ladder.names.index(name)
            code_of = np.array([row[name] for name in ladder.names], dtype=np.int8)
            spans.append(Span(ladder, begins, ends, code_of, level_of))
        return tuple(spans)

    def span_at(self, instant: EpochSeconds) -> Span | None:
        """The ladder in force at an instant; None before the first."""
        begun = [span for span in self.spans if span.begins <= instant]
        return begun[-1] if begun else None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse_unordered("ladders", self.ladders)
        _refuse_unordered("points rules", self.points)
        if self.ladders[0].instead:
            raise ValueError("the first ladder follows none; remove its `instead`")
        for before, after in pairwise(self.ladders):
            _check_instead(before, after)
        names = self.tiers
        if len(names) > _MAX_NAMES:
            raise ValueError(f"all ladders together have {len(names)} tiers; at most {_MAX_NAMES} are allowed")
        for ladder in self.ladders:
            order = [name for name in names if name in ladder.names]
            if order != list(ladder.names):
                raise ValueError(
                    f"the ladder from {ladder.from_date} has the tiers {', '.join(ladder.names)}, other ladders have "
                    f"them in the order {', '.join(order)}; keep one order, or give new tiers new names"
                )
        refuse_mixed_expiry(self.points)
        self._check_points()
        return self

    def _check_points(self) -> None:
        for ladder, next_ladder in zip(self.ladders, (*self.ladders[1:], None), strict=True):
            paying = [
                rules
                for rules, following in zip(self.points, (*self.points[1:], None), strict=False)
                if (next_ladder is None or rules.from_date < next_ladder.from_date)
                and (following is None or following.from_date > ladder.from_date)
            ]
            for rules in paying:
                unfair = rules.unfair_to_higher_tiers(ladder.names)
                if unfair:
                    raise ValueError(f"the points rules from {rules.from_date}: {unfair[0]}")
            for tier in ladder.tiers:
                promised = tier.benefits.points_multiplier_bp
                paid = {rules.earning.tiers.get(tier.name, SINGLE_BP) for rules in paying} or {SINGLE_BP}
                if paid != {promised}:
                    raise ValueError(
                        f"tier {tier.name!r} of the ladder from {ladder.from_date} promises points_multiplier_bp "
                        f"{promised}, the points rules pay {' and '.join(map(str, sorted(paid)))}; write the same "
                        "under earning: tiers"
                    )


def load_programme(path: Path, *, currency: str | None = None) -> Programme:
    """
    Read and check a programme file.

    Args:
        path: Of a YAML file.
        currency: The workspace's, which the programme's has to be.

    Raises:
        InputError: It cannot be read, is not YAML, breaks the schema, or counts in another currency.
    """
    return parse_programme(read_text(path, kind="programme", error=InputError), source=str(path), currency=currency)


def parse_programme(text: str, *, source: str = "programme", currency: str | None = None) -> Programme:
    """
    Check the text of a programme.

    Args:
        text: YAML.
        source: What messages call it.
        currency: The workspace's, which the programme's has to be.

    Raises:
        InputError: It is not YAML, breaks the schema, or counts in another currency; the message lists every problem
            found, up to ten.
    """
    programme = parse_checked(text, Programme, source=source, kind="programme", error=InputError)
    if currency is not None and programme.currency != currency:
        raise InputError(
            f"{source} counts in {programme.currency}, the workspace in {currency}; set `currency` and check every "
            "amount"
        )
    return programme


def _refuse_unordered(what: str, history: Sequence[Ladder | PointsRules]) -> None:
    for before, after in pairwise(history):
        if before.from_date == after.from_date:
            raise ValueError(f"two {what} start on {after.from_date}; give each a day of its own, or remove one")
        if before.from_date > after.from_date:
            raise ValueError(
                f"{what} from {after.from_date} stand after {what} from {before.from_date}; put the earlier first"
            )


def _check_instead(before: Ladder, after: Ladder) -> None:
    place = f"the ladder from {after.from_date}"
    for gone in before.names:
        if gone not in after.names and gone not in after.instead:
            raise ValueError(f"{place} has no tier {gone!r} any more; say `instead: {{{gone}: TIER}}`")
    for gone, name in after.instead.items():
        if gone in after.names or gone not in before.names:
            raise ValueError(f"{place}: {gone!r} under `instead` is no tier that the ladder before had and it lacks")
        if name not in after.names:
            raise ValueError(f"{place}: {name!r} under `instead` is no tier of it; it has {', '.join(after.names)}")


def _all_names(ladders: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Every name once; one that is gone stands after the one it stood after when it was last there."""
    names = list(ladders[-1])
    for ladder in reversed(ladders[:-1]):
        for position, name in enumerate(ladder):
            if name not in names:
                names.insert(names.index(ladder[position - 1]) + 1 if position else 0, name)
    return tuple(names)
