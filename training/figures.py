"""Draws what `training.plots` describes, as SVG for a page and as PNG for MLflow."""

import io
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import singledispatch
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from training.plots import LOOKS, Bins, Dots, Look, Mark, Plot, Timeline, Tradeoff, shortened, width_of

_WIDTH = 5.0
"""Inches: narrow, so that letters stay large enough where a page shows two side by side, or one on a telephone."""
_INCH_A_LETTER = 0.078
_ROW, _BELOW, _TITLE_LINE = 0.27, 0.6, 0.2
_RIGHT_OF_VALUES, _RIGHT_OF_NAMES, _RIGHT_OF_NOTHING, _LEFT_OF_FIGURES = 0.72, 1.95, 0.2, 0.62
_MOST_DATES = 5
_CHINESE_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK TC", "Source Han Sans SC", "WenQuanYi Zen Hei", "Microsoft YaHei")
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "recsys",
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "legend.frameon": False,
}


def svg_of(plot: Plot, *, title: str, prefix: str) -> str:
    """
    One ``<svg>`` element to stand inside a page: letters are letters, nothing is loaded, same plot, same text.

    Args:
        plot: What is drawn.
        title: Above it.
        prefix: Of every id inside, so that several may stand in one page.
    """
    with _drawing():
        buffer = io.StringIO()
        draw(plot, title).savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()[buffer.getvalue().index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    start, rest = svg.split(">", 1)
    size = re.search(r'viewBox="[^"]*"', start)
    rest = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", rest)
    # A figure whose text names it is one picture to a reader of screens.
    return f'<svg {size.group() if size else ""} role="img" aria-label="{_attribute(title)}">{rest}'


def write_png(plot: Plot, path: Path, *, title: str) -> None:
    """The same plot as a file."""
    with _drawing():
        draw(plot, title).savefig(path, dpi=130, metadata={"Software": None})


@contextmanager
def _drawing() -> Iterator[None]:
    fonts = ["DejaVu Sans", *sorted(set(_CHINESE_FONTS) & set(get_font_names()))]
    with mpl.rc_context(_SETTINGS | {"font.family": fonts}), warnings.catch_warnings():
        # Names come from the retailer; a letter that no font here has is a box in the PNG, and right in the page.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@singledispatch
def draw(plot: Plot, title: str) -> Figure:
    """Draw one kind of plot; others register theirs, made with `panel`."""
    raise TypeError(f"nothing is registered that draws a {type(plot).__name__} ({title!r})")


@draw.register
def _(plot: Dots, title: str) -> Figure:
    left = _left_of(row.label for row in plot.rows)
    figure, axes = panel(plot, title, height=_ROW * len(plot.rows), left=left)
    _draw_dots(axes, plot)
    return figure


@draw.register
def _(plot: Tradeoff, title: str) -> Figure:
    n_names = len(plot.points) + len(plot.levels)
    figure, axes = panel(plot, title, height=max(2.6, 0.21 * n_names), right=_RIGHT_OF_NAMES)
    _draw_tradeoff(axes, plot)
    return figure


@draw.register
def _(plot: Timeline, title: str) -> Figure:
    figure, axes = panel(plot, title, height=2.4, right=_RIGHT_OF_NOTHING)
    _draw_timeline(axes, plot)
    return figure


@draw.register
def _(plot: Bins, title: str) -> Figure:
    figure, axes = panel(plot, title, height=3.4, right=_RIGHT_OF_NOTHING)
    _draw_bins(axes, plot)
    return figure


def panel(
    plot: Plot, title: str, *, height: float, left: float = _LEFT_OF_FIGURES, right: float = _RIGHT_OF_VALUES
) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, its title above, the axis' name and the legend below; sizes in inches."""
    lines = textwrap.wrap(title, 56)
    top = 0.2 + _TITLE_LINE * len(lines)
    looks = plot.looks()
    n_lines = -(-len(looks) // 2) + bool(plot.legend_note)
    below = _BELOW + 0.19 * n_lines
    whole = top + height + below
    figure = Figure(figsize=(_WIDTH, whole))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((left / _WIDTH, below / whole, (_WIDTH - left - right) / _WIDTH, height / whole))
    axes.set_xlabel(plot.axis, fontsize=8.5)
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle=look.line, label=look.label) for look in looks
    ]
    if handles:
        note = 0.19 * bool(plot.legend_note) / whole
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0.0, note),
            borderaxespad=0.2,
            ncols=2,
            fontsize=8.5,
            handletextpad=0.5,
            columnspacing=1.2,
        )
    figure.text(0.012, 0.06 / whole, plot.legend_note, fontsize=8, color="#444444")
    figure.text(0.012, 1 - 0.1 / whole, "\n".join(lines), va="top", weight="bold", size=9.5)
    return figure, axes


def _draw_dots(axes: Axes, plot: Dots) -> None:
    n = len(plot.rows)
    written = plot.written if all(len(row.marks) < 2 for row in plot.rows) else ""
    for place, row in enumerate(reversed(plot.rows)):
        if not row.marks:
            continue
        axes.axhline(place, color="#dddddd", linewidth=0.6, zorder=0)
        for at, mark in enumerate(row.marks):
            shift = 0.0 if len(row.marks) == 1 else 0.18 - 0.36 * at / (len(row.marks) - 1)
            _draw_mark(axes, mark, mark.value, place + shift, along="x")
        if written:
            text = format(row.marks[0].value, written)
            axes.annotate(text, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8.5)
    axes.set_yticks(range(n), [shortened(row.label) for row in reversed(plot.rows)])
    for label, row in zip(axes.get_yticklabels(), reversed(plot.rows), strict=True):
        label.set_fontweight("normal" if row.marks else "bold")
    axes.set_ylim(-0.6, n - 0.4)
    axes.tick_params(axis="y", length=0)
    if plot.reference is not None:
        axes.axvline(plot.reference, color="black", linewidth=1.0, linestyle="--")
    if plot.from_zero:
        highest = max(mark.value for row in plot.rows for mark in row.marks)
        axes.set_xlim(min(-0.04 * highest, axes.get_xlim()[0]), max(1.06 * highest, axes.get_xlim()[1]))
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _draw_tradeoff(axes: Axes, plot: Tradeoff) -> None:
    low = min((point.cost for point in plot.points), default=0.1)
    high = max((point.cost for point in plot.points), default=10.0)
    axes.set_xscale("log")
    axes.set_xlim(low / 2, high * 2)
    for level in plot.levels:
        _draw_level(axes, level.value, LOOKS["floor"])
    for point in plot.points:
        _draw_mark(axes, point.mark, point.cost, point.mark.value, along="y")
    ends = [(point.mark.value, point.cost, point.label) for point in plot.points]
    ends += [(level.value, high * 2, level.label) for level in plot.levels]
    bottom, top = axes.get_ylim()
    ends.sort(key=lambda end: (end[0], end[2]))
    places = spread([(value - bottom) / (top - bottom) for value, _, _ in ends], 0.19 / _height(axes))
    for (value, cost, label), place in zip(ends, places, strict=True):
        axes.annotate(
            shortened(label),
            (cost, value),
            xytext=(1.05, place),
            textcoords="axes fraction",
            va="center",
            fontsize=8.5,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "#aaaaaa", "linewidth": 0.6, "shrinkB": 4, "relpos": (0.0, 0.5)},
        )
    axes.set_ylim(bottom, top)
    axes.xaxis.set_major_locator(LogLocator(10, numticks=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(plot.quality, fontsize=8.5)


def _draw_timeline(axes: Axes, plot: Timeline) -> None:
    for marks in plot.series:
        look = LOOKS[marks[0].look]
        axes.plot(
            range(len(marks)), [mark.value for mark in marks], color=look.colour, linestyle=look.line, linewidth=1
        )
        for place, mark in enumerate(marks):
            _draw_mark(axes, mark, place, mark.value, along="y")
    step = -(-len(plot.labels) // _MOST_DATES)
    axes.set_xticks(range(0, len(plot.labels), step), plot.labels[::step], fontsize=7.5)
    axes.set_xlim(-0.4, len(plot.labels) - 0.6)
    axes.set_ylabel(plot.quality, fontsize=8.5)


def _draw_bins(axes: Axes, plot: Bins) -> None:
    counts = axes.inset_axes((0.0, 0.0, 1.0, 0.2))
    marks = [mark for curve in plot.curves for _, mark in curve]
    highest = max(
        [*(mark.high or mark.value for mark in marks), *(at for curve in plot.curves for at, _ in curve), 1e-9]
    )
    axes.set_xlim(-0.04 * highest, 1.06 * highest)
    axes.set_ylim(-0.3 * highest, 1.06 * highest)
    axes.plot([0, highest], [0, highest], color="black", linewidth=0.8, linestyle="--")
    for curve in plot.curves:
        for at, mark in curve:
            _draw_mark(axes, mark, at, mark.value, along="y")
    look = LOOKS[plot.curves[-1][0][1].look]
    counts.vlines([at for at, _ in plot.curves[-1]], 0, plot.counts, color=look.colour, linewidth=4, alpha=0.5)
    written = -1.0
    for (at, _), n in zip(plot.curves[-1], plot.counts, strict=True):
        if at - written > 0.075 * highest:  # closer ones would cover each other; the table has all
            counts.annotate(f"{n:,.0f}", (at, n), (0, 2), textcoords="offset points", ha="center", fontsize=6.5)
            written = at
    counts.set_xlim(axes.get_xlim())
    counts.set_ylim(0, 1.5 * max(plot.counts))
    counts.axis("off")
    axes.yaxis.set_major_locator(MaxNLocator(6, prune="lower"))
    axes.set_yticks([tick for tick in axes.get_yticks() if tick >= 0])
    axes.set_ylabel(plot.quality, fontsize=8.5)


def _draw_level(axes: Axes, value: float, look: Look) -> None:
    axes.axhline(value, color=look.colour, linewidth=1.0, linestyle=look.line)


def _draw_mark(axes: Axes, mark: Mark, x: float, y: float, *, along: str) -> None:
    look = LOOKS[mark.look]
    if mark.low is not None and mark.high is not None:
        ends = [[max(mark.value - mark.low, 0.0)], [max(mark.high - mark.value, 0.0)]]
        xerr, yerr = (ends, None) if along == "x" else (None, ends)
        axes.errorbar(x, y, xerr=xerr, yerr=yerr, fmt="none", ecolor=look.colour, elinewidth=1.4, capsize=3)
    face = "white" if mark.hollow else look.colour
    axes.plot([x], [y], marker=look.marker, color=look.colour, markerfacecolor=face, markersize=6, linestyle="none")


def spread(places: Sequence[float], apart: float) -> list[float]:
    """
    Ascending places moved as little as it takes to stand *apart*, around their common middle and within 0 to 1.

    >>> [round(place, 2) for place in spread([0.1, 0.5, 0.5, 0.98, 0.99], 0.1)]
    [0.1, 0.45, 0.55, 0.9, 1.0]
    """
    groups: list[tuple[float, int]] = []
    for place in places:
        middle, n = place, 1
        while groups and middle - apart * (n - 1) / 2 < groups[-1][0] + apart * (groups[-1][1] + 1) / 2:
            before, m = groups.pop()
            half = apart * (n + m - 1) / 2
            middle, n = min(max((middle * n + before * m) / (n + m), half), 1 - half), n + m
        groups.append((middle, n))
    return [middle + apart * (at - (n - 1) / 2) for middle, n in groups for at in range(n)]


def _height(axes: Axes) -> float:
    figure = axes.get_figure()
    return axes.get_position().height * (figure.get_figheight() if isinstance(figure, Figure) else 1.0)


def _left_of(labels: Iterator[str]) -> float:
    """Inches that the longest label takes."""
    longest = max((width_of(shortened(label)) for label in labels), default=0)
    return 0.2 + _INCH_A_LETTER * longest


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
