"""The parts of a report: charts, each with the table of its figures, in sections that may say why they have none."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from features.purchases import instant
from recsys.report import Table
from training.plots import Mark, Plot
from training.rankings import BLEND

Facts = Mapping[str, Any]

CASES = {"all": "repeats allowed", "explore": "new products only"}
"""By case, as legends and titles say it."""
SIGNED = {"gain": "+.4f", "low": "+.4f", "high": "+.4f"}
"""How gains and their intervals are written."""
MAY_BE_LUCK = "Filled: beyond luck. Hollow: the interval holds zero, it may be luck."


@dataclass(frozen=True, slots=True)
class Chart:
    """
    One picture.

    Attributes:
        name: Of its file and of the ids in it: letters, digits, ``_`` and ``-``.
        title: What it shows.
        reading: How to read it, in a sentence or two.
        plot: What is drawn.
        table: The same figures.
    """

    name: str
    title: str
    reading: str
    plot: Plot
    table: Table


@dataclass(frozen=True, slots=True)
class Section:
    """
    Charts that answer one question.

    Attributes:
        name: The anchor in the page.
        title: The question.
        intro: What a reader must know first.
        charts: May be none.
        absent: Then: why.
    """

    name: str
    title: str
    intro: str
    charts: tuple[Chart, ...]
    absent: str = ""


def gain_mark(gain: Facts, look: str, *, over: float = 0.0) -> Mark:
    """
    A gain with its interval, hollow where it may be luck; *over* is what it is a gain over.

    What is compared with itself has no interval.
    """
    low, high = (float(gain[end]) for end in ("low", "high"))
    known = isfinite(low) and isfinite(high) and not low == high == 0
    hollow = known and low <= 0 <= high
    value = over + float(gain["mean"])
    return Mark(value, over + low if known else None, over + high if known else None, look, hollow)


def role_look(name: str, row: Facts) -> str:
    """The look of a ranker; of what is made of the sources only the blend is served."""
    return str(row["role"]) if name == BLEND or row["role"] in ("floor", "source") else "combined"


def metric_name(name: str) -> str:
    """
    A metric as people write it.

    >>> metric_name("ndcg_at_10"), metric_name("recall_at_10"), metric_name("ndcg_full_at_10")
    ('NDCG@10', 'recall@10', 'NDCG (full)@10')
    """
    known, _, cut = name.partition("_at_")
    shown = {"ndcg": "NDCG", "ndcg_full": "NDCG (full)", "mrr": "MRR", "map": "MAP"}.get(known, known.replace("_", " "))
    return f"{shown}@{cut}" if cut else shown


def ranker_name(name: str, row: Facts | None = None) -> str:
    """A ranker as charts name it, words apart; with its *row* as tables do, floors and what is served marked."""
    words = name.replace("_", " ")
    if row is None:
        return words
    return f"{words} (ours, served)" if name == BLEND else f"{words} (floor)" if row["role"] == "floor" else words


def window(split: Facts) -> str:
    """The days of a test window, for example ``2026-06-15 to 2026-06-29``."""
    return f"{day(split['test_at'])} to {day(split['end'])}"


def day(at: int) -> str:
    """The UTC date of epoch seconds."""
    return f"{instant(at):%Y-%m-%d}"
