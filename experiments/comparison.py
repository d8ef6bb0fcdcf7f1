"""A comparison of configurations as facts, tables, sentences and one picture."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.offline import Difference, Judged
from recsys.report import Table
from training.evaluate import BLEND, FLOORS, METRIC
from training.summary import CASE_TITLES, evaluation_facts

_SHOWN = (METRIC, "recall_at_10", "recall_at_20")
"""Of the table; the facts hold every metric."""

_COLOURS = {"better": "#009E73", "worse": "#D55E00", "undecided": "#999999"}
_MARKS = {"better": "^", "worse": "v", "undecided": "o"}


def comparison_facts(judged: Sequence[Judged], found: Sequence[Difference], *, seed: int) -> dict[str, Any]:
    """The whole comparison, JSON-able."""
    return {
        "metric": METRIC,
        "seed": seed,
        "confidence": judged[0].config.evaluation.confidence,
        "split": asdict(judged[0].judgement.split),
        "dataset_digest": judged[0].judgement.dataset_digest,
        "configs": {
            one.name: evaluation_facts(one.judgement, one.config, seed)
            | {"cpu_s": one.cpu_s, "peak_rss_mb": one.peak_rss_mb}
            for one in judged
        },
        "differences": [
            {
                "case": one.case,
                "name": one.name,
                "other": one.other,
                "gain": asdict(one.gain),
                "confidence": one.confidence,
                "verdict": one.verdict,
            }
            for one in found
        ],
    }


def comparison_tables(judged: Sequence[Judged], found: Sequence[Difference]) -> tuple[Table, ...]:
    """One table a case with floors once and every configuration's blend and sources; then differences, then costs."""
    tables = [_case_table(judged, case.name) for case in judged[0].judgement.cases]
    rows = tuple(
        (CASE_TITLES[one.case], f"{one.name} less {one.other}", one.gain.mean, one.gain.low, one.gain.high, one.verdict)
        for one in found
    )
    columns = ("case", "difference of the blends", METRIC, "low", "high", "verdict")
    tables.append(Table("Paired differences, members resampled", columns, rows))
    costs = tuple((one.name, round(one.cpu_s, 2), round(one.peak_rss_mb)) for one in judged)
    named, formats = ("configuration", "cpu_s", "peak_rss_mb"), {"cpu_s": ",.1f"}
    tables.append(Table("Cost of the whole judgement, one thread", named, costs, formats=formats))
    return tuple(tables)


def comparison_notes(judged: Sequence[Judged], found: Sequence[Difference]) -> tuple[str, ...]:
    """What a reader must know to read the tables rightly."""
    several = " (corrected for the number of pairs)" if len(judged) > 2 else ""
    notes = [
        f"low, high: the {found[0].confidence:.1%} interval{several}; undecided where it holds zero.",
        "Each configuration chose its blend on the window before; all were scored once on the same test window. "
        "Choosing among many on this window wears it out: confirm the winner on later data.",
    ]
    if judged[0].judgement.n_left_out:
        n_left_out = judged[0].judgement.n_left_out
        notes.append(f"Left out, because they withdrew or were erased since the ingest: {n_left_out} members.")
    same = [
        (one.name, other.name) for at, one in enumerate(judged) for other in judged[:at] if one.config == other.config
    ]
    notes += [f"{one} and {other} say the same: their difference is zero by construction." for one, other in same]
    return tuple(notes)


def draw_comparison(facts: Mapping[str, Any], path: Path) -> None:
    """
    Every paired difference with its interval, one panel a case, as PNG.

    Args:
        facts: What `comparison_facts` gives.
        path: File to write.
    """
    cases = list(dict.fromkeys(one["case"] for one in facts["differences"]))
    n_pairs = len(facts["differences"]) // max(len(cases), 1)
    figure = Figure(figsize=(9, 1.4 + len(cases) * (0.9 + 0.45 * n_pairs)), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, case in zip(figure.subplots(len(cases), 1, squeeze=False)[:, 0], cases, strict=True):
        rows = [one for one in facts["differences"] if one["case"] == case]
        for place, one in enumerate(reversed(rows)):
            gain, colour = one["gain"], _COLOURS[one["verdict"]]
            axes.plot([gain["low"], gain["high"]], [place, place], color=colour, linewidth=2)
            axes.plot([gain["mean"]], [place], marker=_MARKS[one["verdict"]], color=colour, markersize=9)
        axes.set_yticks(range(len(rows)), [f"{one['name']} less {one['other']}" for one in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.axvline(0, color="black", linewidth=0.8, linestyle="--")
        axes.set_title(CASE_TITLES[case].capitalize(), loc="left", fontsize=10)
        axes.set_xlabel(f"difference in {METRIC} (mean over members, {rows[0]['confidence']:.1%} interval)")
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Which configuration ranks better? ^ better, v worse, o undecided")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _case_table(judged: Sequence[Judged], name: str) -> Table:
    cases = {one.name: next(case for case in one.judgement.cases if case.name == name) for one in judged}
    first = next(iter(cases.values()))
    rows = [_row(f"{row.name} (floor)", row) for row in first.rows if row.name in FLOORS]
    for config, case in cases.items():
        rows += [_row(f"{config}: {row.name}", row) for row in case.rows if row.name not in (*FLOORS, BLEND)]
    for config, case in cases.items():
        rows += [_row(f"{config}: {row.name} (served)", row) for row in case.rows if row.name == BLEND]
    title = f"Test window, {CASE_TITLES[name]}: {first.n_members} members; best floor {first.best_floor}"
    columns = ("ranker", *_SHOWN, "gain_over_floor", "low", "high", "fit_cpu_s")
    return Table(title, columns, tuple(rows), spare=("recall_at_20", "fit_cpu_s"), formats={"fit_cpu_s": ",.1f"})


def _row(label: str, row: Any) -> tuple[Any, ...]:
    figures = tuple(row.metrics[name] for name in _SHOWN)
    gain = (row.gain.mean, row.gain.low, row.gain.high)
    return (label, *figures, *gain, "" if row.cpu_s is None else round(row.cpu_s, 2))
