"""The kinds of pictures that a page about members has beside those of an evaluation: bars, columns, lines, grids."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.plots import Look

_SHADES = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")
"""From cividis (Nunez, Anderton, Renslow 2018): lightness rises evenly, the same for every kind of colour vision."""

PLAIN = Look("members", "#35456c", "s", "none")
LINES = (
    Look("", "#0072B2", "o", "-"),
    Look("", "#C44E00", "^", "--"),
    Look("", "#00735C", "s", ":"),
)
"""Colours of Okabe and Ito, each with a shape and a stroke of its own."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: a name, and its parts from left to right; *low* and *high* are the interval of their sum."""

    label: str
    parts: tuple[float, ...]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """
    Lying bars, one a row, top first.

    Attributes:
        series: How each part looks; one part needs no legend.
        written: How the sum is written beside a row; empty for not at all.
    """

    rows: tuple[Bar, ...]
    series: tuple[Look, ...]
    axis: str
    written: str = ",.0f"
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """Those of more than one part."""
        return self.series if len(self.series) > 1 else ()


@dataclass(frozen=True, slots=True)
class Columns:
    """
    Standing columns in an order that means something, months or classes of a size.

    Attributes:
        labels: Under the columns; where they are many, some are left out.
        parts: By series, from the bottom: one figure a label.
        quality: What the vertical axis shows, with its unit.
    """

    labels: tuple[str, ...]
    parts: tuple[tuple[float, ...], ...]
    series: tuple[Look, ...]
    axis: str
    quality: str
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """Those of more than one part."""
        return self.series if len(self.series) > 1 else ()


@dataclass(frozen=True, slots=True)
class Strand:
    """Figures one after another; None where there is none; *low* and *high* are empty where there is no interval."""

    look: Look
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Figures over time, the vertical axis from zero."""

    labels: tuple[str, ...]
    strands: tuple[Strand, ...]
    axis: str
    quality: str
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """Those drawn; a single one needs no legend."""
        return tuple(strand.look for strand in self.strands) if len(self.strands) > 1 else ()


@dataclass(frozen=True, slots=True)
class Grid:
    """
    A table drawn as shades, the more the darker.

    Attributes:
        row_names, column_names: Top first, left first.
        values: By row, then column; None is white.
        texts: What is written into each cell.
    """

    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    texts: tuple[tuple[str, ...], ...]
    axis: str
    quality: str
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """None: every cell has its figure written into it."""
        return ()


def shaded(names: Sequence[str]) -> tuple[Look, ...]:
    """
    Looks for names in an order, from light to dark.

    >>> [look.colour for look in shaded(["low", "middle", "high"])]
    ['#fee838', '#7d7c74', '#00224e']
    """
    steps = max(len(names) - 1, 1)
    return tuple(Look(name, shade(place / steps), "s", "none") for place, name in enumerate(names))


def shade(share: float) -> str:
    """The colour of a share from 0, light, to 1, dark."""
    place = (1 - share) * (len(_SHADES) - 1)
    below = min(int(place), len(_SHADES) - 2)
    lower, upper = (_channels(_SHADES[at]) for at in (below, below + 1))
    mixed = (round(a + (b - a) * (place - below)) for a, b in zip(lower, upper, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def named(look: Look, label: str) -> Look:
    """The same look under another name."""
    return Look(label, look.colour, look.marker, look.line)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
