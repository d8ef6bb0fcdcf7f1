"""The picture of an evaluation: how good each ranker is, and whether the gain over the best floor is more than luck."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_TITLES = {"all": "Repeats allowed", "explore": "Only products the member never bought"}
# Okabe and Ito's palette: apart for every kind of colour vision; hatches keep roles apart in greyscale.
_LOOKS = {"floor": ("#BBBBBB", "//"), "source": ("#56B4E9", ""), "ours": ("#D55E00", "xx")}
_LABELS = {"floor": "floor", "source": "one source", "ours": "blend (what is served)"}


def draw_quality(facts: Mapping[str, Any], path: Path) -> None:
    """
    One row a case: NDCG@10 of every ranker, and its gain over the best floor with the interval, as PNG.

    Args:
        facts: What `training.summary.evaluation_facts` gives.
        path: File to write.
    """
    cases = facts["cases"]
    figure = Figure(figsize=(12, 0.7 + 3.7 * max(len(cases), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(max(len(cases), 1), 2, squeeze=False)
    for (name, result), (left, right) in zip(cases.items(), axes, strict=False):
        _bars(left, result, f"{_TITLES[name]}: {result['n_members']:,} members")
        _gains(right, result, facts["confidence"])
    handles = [
        axes[0][0].barh([0], [0], color=colour, hatch=hatch, edgecolor="black", label=_LABELS[role])
        for role, (colour, hatch) in _LOOKS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    figure.suptitle(f"Ranking quality in a test window of {facts['holdout_days']:g} days, full ranking")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _bars(axes: Axes, result: Mapping[str, Any], title: str) -> None:
    for place, row in enumerate(reversed(result["rows"].values())):
        value = row["metrics"]["ndcg_at_10"]
        colour, hatch = _LOOKS[row["role"]]
        axes.barh(place, value, color=colour, hatch=hatch, edgecolor="black", linewidth=0.6)
        axes.annotate(
            f"{value:.4f}", (value, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8
        )
    _name_rows(axes, result)
    axes.set_xlabel("NDCG@10 (0 to 1, higher is better)")
    axes.set_title(title, loc="left", fontsize=11)
    axes.margins(x=0.14)


def _gains(axes: Axes, result: Mapping[str, Any], confidence: float) -> None:
    for place, row in enumerate(reversed(result["rows"].values())):
        gain = row["gain"]
        below, above = max(gain["mean"] - gain["low"], 0.0), max(gain["high"] - gain["mean"], 0.0)
        colour, _ = _LOOKS[row["role"]]
        axes.errorbar(
            gain["mean"], place, xerr=[[below], [above]], fmt="o", color="black", markerfacecolor=colour, capsize=4
        )
    axes.axvline(0, color="black", linewidth=0.8, linestyle="--")
    _name_rows(axes, result)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(f"gain in NDCG@10, paired over members, {confidence:.0%} interval")
    axes.set_title(f"Gain over {result['best_floor'].replace('_', ' ')} (best floor)", loc="left", fontsize=11)


def _name_rows(axes: Axes, result: Mapping[str, Any]) -> None:
    names = list(reversed(result["rows"]))
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylim(-0.6, len(names) - 0.4)
