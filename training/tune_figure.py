"""The picture of a tuning: what every CPU-second bought, family by family."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_COLUMNS = 3
# Okabe and Ito's palette; in greyscale line styles and markers keep lines apart.
_COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_TITLES = {"all": "repeats allowed", "explore": "only products the member never bought"}


def best_so_far(trials: Sequence[Mapping[str, Any]]) -> list[float | None]:
    """The highest NDCG@10 up to each trial; None while all failed."""
    best: list[float | None] = []
    for trial in trials:
        known = [value for value in (trial["ndcg_at_10"], best[-1] if best else None) if value is not None]
        best.append(max(known, default=None))
    return best


def draw_history(facts: Mapping[str, Any], path: Path) -> None:
    """
    All families on one scale above, each on its own below: NDCG@10 against the CPU-seconds spent, as PNG.

    Args:
        facts: What `training.tune_report.tuning_facts` gives.
        path: File to write.
    """
    families = facts["families"]
    n_rows = ceil(len(families) / _COLUMNS)
    figure = Figure(figsize=(13, 4.9 + 2.9 * n_rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(1 + n_rows, _COLUMNS, height_ratios=[1.6, *[1.0] * n_rows])
    together = figure.add_subplot(grid[0, :])
    handles: dict[str, Artist] = {}
    for place, (name, one) in enumerate(families.items()):
        _line(together, place, name, one)
        panel = figure.add_subplot(grid[1 + place // _COLUMNS, place % _COLUMNS])
        _panel(panel, name, one)
        handles |= dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=len(handles), frameon=False)
    together.set_xscale("log")
    together.set_title("All families on one scale: best so far (each begins with its settings as they are)", loc="left")
    together.set_xlabel("CPU-seconds spent on the family (logarithmic)")
    together.set_ylabel("NDCG@10 of the source alone")
    together.grid(alpha=0.3)
    together.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    members = facts["n_members"][facts["objective"]]
    figure.suptitle(
        f"Tuning on the validation window, {_TITLES[facts['objective']]}: {members:,} members, up to {facts['trials']} "
        "trials a family\nbest of many on the window it was picked on: optimistic; the test window was not read"
    )
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _line(axes: Axes, place: int, name: str, one: Mapping[str, Any]) -> None:
    spent = np.cumsum([trial["cpu_s"] for trial in one["trials"]])
    best = [np.nan if value is None else value for value in best_so_far(one["trials"])]
    axes.step(
        spent,
        best,
        where="post",
        label=name.replace("_", " "),
        color=_COLOURS[place % len(_COLOURS)],
        linestyle=_STYLES[place % len(_STYLES)],
        marker=_MARKERS[place % len(_MARKERS)],
        markersize=5,
        linewidth=1.6,
    )


def _panel(axes: Axes, name: str, one: Mapping[str, Any]) -> None:
    spent = np.cumsum([trial["cpu_s"] for trial in one["trials"]])
    quality = np.array([np.nan if trial["ndcg_at_10"] is None else trial["ndcg_at_10"] for trial in one["trials"]])
    best = [np.nan if value is None else value for value in best_so_far(one["trials"])]
    axes.plot(spent, quality, "o", color="white", markeredgecolor="black", markersize=5, label="trial")
    axes.step(spent, best, where="post", color="#D55E00", linewidth=2, label="best so far")
    if one["as_it_is"] is not None:
        axes.axhline(one["as_it_is"], color="black", linestyle="--", linewidth=0.9, label="as it is")
    failed = np.isnan(quality)
    if failed.any():
        low = axes.get_ylim()[0]
        axes.plot(spent[failed], np.full(int(failed.sum()), low), "x", color="black", label="failed")
    axes.set_title(name.replace("_", " "), loc="left", fontsize=10)
    axes.set_xlabel("CPU-seconds", fontsize=8)
    axes.set_ylabel("NDCG@10, own scale", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
