"""The kind of picture that only a comparison of two has: a figure under A and under B, side by side in one row."""

from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.figures import draw, panel
from training.plots import Look, shortened, width_of

UNDER_A = Look("under A", "#6e6e6e", "s", "none")
UNDER_B = Look("under B", "#C44E00", "D", "none")
_ROW, _INCH_A_LETTER, _RIGHT = 0.3, 0.078, 1.15


@dataclass(frozen=True, slots=True)
class PairRow:
    """A name, and its figure under each policy."""

    label: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """
    One row a name: a grey square under A, an orange diamond under B, and an arrow from one to the other.

    Attributes:
        rows: Top first.
        axis: What the axis shows, with its unit.
        written: How both figures are written beside a row.
        legend_note: Under the legend.
    """

    rows: tuple[PairRow, ...]
    axis: str
    written: str
    legend_note: str = ""

    def looks(self) -> tuple[Look, ...]:
        """Both."""
        return UNDER_A, UNDER_B


@draw.register
def _(plot: Pairs, title: str) -> Figure:
    left = 0.2 + _INCH_A_LETTER * max((width_of(shortened(row.label)) for row in plot.rows), default=0)
    figure, axes = panel(plot, title, height=_ROW * len(plot.rows), left=left, right=_RIGHT)
    n = len(plot.rows)
    for place, row in enumerate(reversed(plot.rows)):
        axes.axhline(place, color="#dddddd", linewidth=0.6, zorder=0)
        axes.annotate("", (row.b, place), (row.a, place), arrowprops={"arrowstyle": "->", "color": "#444444"})
        for value, look in ((row.a, UNDER_A), (row.b, UNDER_B)):
            axes.plot([value], [place], marker=look.marker, color=look.colour, markersize=6, linestyle="none")
        text = f"{row.a:{plot.written}} → {row.b:{plot.written}}"
        axes.annotate(text, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    axes.set_yticks(range(n), [shortened(row.label) for row in reversed(plot.rows)])
    axes.set_ylim(-0.6, n - 0.4)
    most = max((max(row.a, row.b) for row in plot.rows), default=0.0)
    axes.set_xlim(-0.03 * (most or 1.0), 1.06 * (most or 1.0))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    return figure
