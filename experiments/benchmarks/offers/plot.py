"""The picture of policies in a weekly world: profit and discounts, week by week."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import t as student

from experiments.benchmarks.offers.compare import Compared
from experiments.benchmarks.offers.report import spent, weekly

Floats = NDArray[np.float64]

_LOOKS = {
    "oracle": ("#6e6e6e", "--", "o"),
    "ours_20x": ("#E69F00", ":", "v"),
    "ours": ("#C44E00", "-", "D"),
    "uplift": ("#0072B2", "-", "s"),
    "propensity": ("#00735C", "-", "^"),
    "propensity_value": ("#56B4E9", "--", "<"),
    "deepest": ("#CC79A7", "-", "x"),
}
"""Colours of Okabe and Ito, a line and a mark each."""
_MARK_EVERY = 4


def write_plot(runs: Sequence[Compared], file: Path, *, decided_weeks: int) -> Path:
    """
    Draw cumulative incremental profit with its interval over seeds, and cumulative discounts beside it.

    Args:
        runs: Of one world.
        file: PNG; its folder is made where it is absent.
        decided_weeks: After so many weeks the world settles, which a line marks.
    """
    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for axes, of, title in ((left, weekly, "profit against no contact"), (right, spent, "discounts given")):
        for name in (name for name in _LOOKS if name in runs[0].outcomes):
            _draw(axes, of(runs, name) / 1_000, name)
        axes.axvline(decided_weeks, color="#bbbbbb", linewidth=1)
        axes.axhline(0, color="#bbbbbb", linewidth=1)
        axes.set_title(f"{runs[0].world}: {title}, cumulative", fontsize=10)
        axes.set_xlabel("week (after the grey line nobody is contacted)")
        axes.set_ylabel("thousand")
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False, fontsize=8, title=f"95 % intervals over {len(runs)} seeds", title_fontsize=8)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    return file


def _draw(axes: Axes, lines: Floats, name: str) -> None:
    colour, style, mark = _LOOKS[name]
    week, mean = np.arange(1, lines.shape[1] + 1), lines.mean(axis=0)
    axes.plot(week, mean, color=colour, linestyle=style, marker=mark, markevery=_MARK_EVERY, markersize=4, label=name)
    if len(lines) > 1:
        half = student.ppf(0.975, len(lines) - 1) * lines.std(axis=0, ddof=1) / np.sqrt(len(lines))
        axes.fill_between(week, mean - half, mean + half, color=colour, alpha=0.15, linewidth=0)
