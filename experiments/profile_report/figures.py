"""Draws what `experiments.profile_report.plots` describes; once imported, `training.figures` knows how to."""

from math import isfinite
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments.profile_report.plots import Bars, Columns, Grid, Lines, shade
from training.figures import draw, panel
from training.plots import shortened, width_of

_INCH_A_LETTER = 0.078
_ROW, _CELL = 0.27, 0.42
_EDGE: Any = {"edgecolor": "#333333", "linewidth": 0.5}
_LETTERS_UNDER_COLUMNS = 52
_DARK = 0.45


@draw.register
def _(plot: Bars, title: str) -> Figure:
    left = _left_of(tuple(row.label for row in plot.rows))
    figure, axes = panel(plot, title, height=_ROW * len(plot.rows), left=left)
    n = len(plot.rows)
    for place, row in enumerate(reversed(plot.rows)):
        start = 0.0
        for part, look in zip(row.parts, plot.series, strict=True):
            axes.barh(place, part, left=start, height=0.7, color=look.colour, **_EDGE)
            start += part
        if row.low is not None and row.high is not None:
            ends = [[max(start - row.low, 0.0)], [max(row.high - start, 0.0)]]
            axes.errorbar(start, place, xerr=ends, fmt="none", ecolor="black", elinewidth=1.2, capsize=3)
        whole = format(start, plot.written) if plot.written else ""
        axes.annotate(whole, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8.5)
    axes.set_yticks(range(n), [shortened(row.label) for row in reversed(plot.rows)])
    axes.set_ylim(-0.6, n - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(_PLAIN_FIGURES)
    return figure


@draw.register
def _(plot: Columns, title: str) -> Figure:
    figure, axes = panel(plot, title, height=2.4, right=0.2)
    bottom = [0.0] * len(plot.labels)
    for part, look in zip(plot.parts, plot.series, strict=True):
        axes.bar(range(len(part)), part, bottom=bottom, width=0.85, color=look.colour, **_EDGE)
        bottom = [low + more for low, more in zip(bottom, part, strict=True)]
    _name_places(axes, plot.labels)
    axes.set_ylabel(plot.quality, fontsize=8.5)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(_PLAIN_FIGURES)
    return figure


@draw.register
def _(plot: Lines, title: str) -> Figure:
    figure, axes = panel(plot, title, height=2.4, right=0.2)
    for strand in plot.strands:
        look = strand.look
        values = [float("nan") if value is None else value for value in strand.values]
        axes.plot(
            range(len(values)),
            values,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markersize=4,
            linewidth=1.2,
        )
        if strand.low:
            pairs = list(zip(strand.low, strand.high, strict=True))
            at = [place for place, (low, high) in enumerate(pairs) if low is not None and high is not None]
            low, high = ([pairs[place][end] for place in at] for end in (0, 1))
            axes.fill_between(at, low, high, color=look.colour, alpha=0.2, linewidth=0)  # type: ignore[arg-type]  # None left out
    _name_places(axes, plot.labels)
    axes.set_ylim(0, max(axes.get_ylim()[1], 1e-9))
    axes.set_ylabel(plot.quality, fontsize=8.5)
    axes.yaxis.set_major_formatter(_PLAIN_FIGURES)
    return figure


@draw.register
def _(plot: Grid, title: str) -> Figure:
    left = 0.3 + _left_of(plot.row_names)
    figure, axes = panel(plot, title, height=_CELL * len(plot.row_names), left=left, right=0.2)
    known = [value for row in plot.values for value in row if value is not None and isfinite(value)]
    most = max(known, default=0.0) or 1.0
    n = len(plot.row_names)
    for y, (values, texts) in enumerate(zip(plot.values, plot.texts, strict=True)):
        for x, (value, text) in enumerate(zip(values, texts, strict=True)):
            share = 0.0 if value is None else value / most
            colour = "white" if value is None else shade(share)
            axes.add_patch(_cell(x, n - 1 - y, colour))
            ink = "white" if share > _DARK else "black"
            axes.annotate(text, (x, n - 1 - y), ha="center", va="center", color=ink, fontsize=7.5)
    axes.set_xlim(-0.5, len(plot.column_names) - 0.5)
    axes.set_ylim(-0.5, n - 0.5)
    axes.set_xticks(range(len(plot.column_names)), [shortened(name, 12) for name in plot.column_names], fontsize=8)
    axes.set_yticks(range(n), [shortened(name) for name in reversed(plot.row_names)], fontsize=8)
    axes.tick_params(length=0)
    axes.set_ylabel(plot.quality, fontsize=8.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def compact(value: float) -> str:
    """
    A figure in a few letters.

    >>> [compact(value) for value in (0, 0.25, 12, 1_500, 2_000_000)]
    ['0', '0.25', '12', '1.5k', '2M']
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _name_places(axes: Axes, labels: tuple[str, ...]) -> None:
    longest = max(map(width_of, labels), default=1) + 2
    step = max(1, -(-len(labels) * longest // _LETTERS_UNDER_COLUMNS))
    axes.set_xticks(range(0, len(labels), step), labels[::step], fontsize=7.5)
    axes.set_xlim(-0.6, len(labels) - 0.4)


def _cell(x: float, y: float, colour: str) -> Rectangle:
    return Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5)


def _left_of(labels: tuple[str, ...]) -> float:
    return 0.2 + _INCH_A_LETTER * max((width_of(shortened(label)) for label in labels), default=0)


_PLAIN_FIGURES = FuncFormatter(lambda value, _: compact(value))
