"""What a check found, in words that a person can act on."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from recsys.errors import RecsysError

_PLURAL = re.compile(r"s\b")


class State(StrEnum):
    """How a part stands."""

    OK = "ok"
    THIN = "thin"  # it works, and its figures will be weak
    MISSING = "missing"  # it cannot work, and the product does without it where it can
    BROKEN = "broken"  # it is there and cannot be read


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One part of the product in one workspace.

    Attributes:
        part: What it is about.
        state: How it stands.
        found: The number found, with its unit.
        needed: The number below which it is thin or missing, with its unit.
        why: What follows from it.
        to_do: What to do; empty where nothing need be done.
    """

    part: str
    state: State
    found: str
    needed: str
    why: str
    to_do: str = ""


def counted(number: float, unit: str) -> str:
    """
    A number with its unit, whose first noun loses its s where there is one of them.

    >>> counted(1, "members who bought"), counted(2_000, "order lines"), counted(1, "order lines")
    ('1 member who bought', '2,000 order lines', '1 order line')
    """
    return f"{number:,.10g} {_PLURAL.sub('', unit, count=1) if number == 1 else unit}"


def graded(part: str, found: float, *, enough: float, unit: str, why: str, to_do: str) -> Finding:
    """A finding by size: nothing is missing, less than *enough* is thin."""
    state = State.OK if found >= enough else State.THIN if found > 0 else State.MISSING
    return Finding(part, state, counted(found, unit), counted(enough, unit), why, "" if state is State.OK else to_do)


def share(part: str, found: float, *, enough: float, of: str, why: str, to_do: str) -> Finding:
    """A finding by share: none is missing, less than *enough* is thin."""
    state = State.OK if found >= enough else State.THIN if found > 0 else State.MISSING
    return Finding(part, state, f"{found:.0%} of {of}", f"{enough:.0%}", why, "" if state is State.OK else to_do)


def guarded(part: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """
    The findings of a check; a check that cannot read what it looks at is itself a finding.

    So a half-filled or damaged workspace is described and not a reason to stop.
    """
    findings: list[Finding] = []
    try:
        findings.extend(check())
    except RecsysError as error:
        findings.append(_broken(part, str(error)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        first = (str(error).strip().splitlines() or [""])[0]
        findings.append(_broken(part, f"{type(error).__name__}: {first[:300]}; run `recsys ingest` again"))
    return findings


def _broken(part: str, message: str) -> Finding:
    return Finding(part, State.BROKEN, "unreadable", "readable", "what is there cannot be used", message)
