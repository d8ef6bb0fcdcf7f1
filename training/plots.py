"""What a plot shows, as values that can be tested without drawing; `training.figures` draws them."""

from dataclasses import dataclass
from typing import Literal, Protocol

_WIDEST_LABEL = 27
Line = Literal["-", "--", ":", "none"]


@dataclass(frozen=True, slots=True)
class Look:
    """
    How a mark looks: colours of Okabe and Ito, which are apart for every kind of colour vision, and a shape of its own.

    Attributes:
        label: In the legend.
        colour, marker, line: As matplotlib writes them.
    """

    label: str
    colour: str
    marker: str
    line: Line


LOOKS = {
    "floor": Look("simple rule (floor)", "#6e6e6e", "s", "--"),
    "source": Look("one source alone", "#0072B2", "o", "none"),
    "combined": Look("sources together, not served", "#00735C", "^", "none"),
    "ours": Look("ours: what is served", "#C44E00", "D", "-"),
    "all": Look("repeats allowed", "#0072B2", "o", "none"),
    "explore": Look("new products only", "#C44E00", "^", "none"),
    "weight": Look("weight", "#0072B2", "o", "none"),
    "before": Look("as predicted", "#6e6e6e", "s", "none"),
    "after": Look("as corrected and served", "#C44E00", "D", "none"),
}


class Plot(Protocol):
    """What every plot has; how a kind is drawn is registered with `training.figures.draw`."""

    @property
    def axis(self) -> str:
        """What the horizontal axis shows, with its unit."""

    @property
    def legend_note(self) -> str:
        """Under the legend; may be empty."""

    def looks(self) -> tuple[Look, ...]:
        """Those that the legend explains."""


@dataclass(frozen=True, slots=True)
class Mark:
    """
    One figure with its interval, where there is one.

    Attributes:
        look: Name in LOOKS.
        hollow: It may be luck.
    """

    value: float
    low: float | None
    high: float | None
    look: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class DotRow:
    """A name and its figures; without figures it heads the rows below."""

    label: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Dots:
    """
    One row a name, figures along the horizontal axis.

    Attributes:
        rows: Top first.
        axis: What the axis shows, with its unit.
        reference: Where a dashed line stands.
        from_zero: The axis starts at zero, so that distances can be compared with the whole.
        written: How the figure of a row with one mark is written beside it; empty for not at all.
        legend_note: Under the legend.
    """

    rows: tuple[DotRow, ...]
    axis: str
    reference: float | None = None
    from_zero: bool = False
    written: str = ""
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """Those drawn, in the order of LOOKS; a single one needs no legend."""
        drawn = _looks({mark.look for row in self.rows for mark in row.marks})
        return drawn if len(drawn) > 1 else ()


@dataclass(frozen=True, slots=True)
class CostPoint:
    """A named figure that cost something, above zero."""

    label: str
    cost: float
    mark: Mark


@dataclass(frozen=True, slots=True)
class Level:
    """A named figure that cost nothing."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """Quality against cost, the cost on a logarithmic axis; what costs nothing is a line."""

    points: tuple[CostPoint, ...]
    levels: tuple[Level, ...]
    axis: str
    quality: str
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """Those drawn."""
        return _looks({point.mark.look for point in self.points} | ({"floor"} if self.levels else set()))


@dataclass(frozen=True, slots=True)
class Timeline:
    """Figures of windows one after another; each series has one mark a label."""

    labels: tuple[str, ...]
    series: tuple[tuple[Mark, ...], ...]
    axis: str
    quality: str
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """Those drawn."""
        return _looks({marks[0].look for marks in self.series})


@dataclass(frozen=True, slots=True)
class Bins:
    """
    What happened against what was predicted.

    Attributes:
        curves: Each a bin's prediction and what happened; the last is the one that counts.
        counts: Cases in each bin of the last curve.
    """

    curves: tuple[tuple[tuple[float, Mark], ...], ...]
    counts: tuple[float, ...]
    axis: str
    quality: str
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """Those drawn."""
        return _looks({mark.look for curve in self.curves for _, mark in curve})


def width_of(label: str) -> int:
    """In Latin letters; Chinese ones are twice as wide."""
    return sum(1 + (letter > "\u2e7f") for letter in label)


def shortened(label: str, widest: int = _WIDEST_LABEL) -> str:
    """
    A label that fits; tables have it whole.

    >>> shortened("own frequency", 9), shortened("gold", 9), shortened("金卡会员", 5)
    ('own freq…', 'gold', '金卡…')
    """
    if width_of(label) <= widest:
        return label
    while width_of(label) > widest - 1:
        label = label[:-1]
    return f"{label}…"


def _looks(names: set[str]) -> tuple[Look, ...]:
    return tuple(look for name, look in LOOKS.items() if name in names)
