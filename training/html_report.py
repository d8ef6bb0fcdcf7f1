"""One page that holds a whole evaluation: no script, nothing loaded, readable on paper and on a telephone."""

from collections.abc import Callable
from pathlib import Path

from recsys.report import Table
from training.blend_charts import blend_section, fold_section, reliability_section
from training.charts import gain_section, quality_section, shown_section, slice_section
from training.figures import write_png
from training.glossary import GLOSSARY
from training.markup import Html, listed, table_of, tag
from training.page import heading, page, section_of, terms
from training.response.added_report import added_notes, added_tables
from training.sections import CASES, SIGNED, Facts, Section, metric_name, ranker_name, window
from training.verdicts import not_measured, verdicts_of, warnings_of

REPORT = "report.html"
_SECTIONS: tuple[Callable[[Facts], Section], ...] = (
    gain_section,
    quality_section,
    fold_section,
    slice_section,
    shown_section,
    reliability_section,
    blend_section,
)
"""In the order of the page."""


def evaluation_page(facts: Facts) -> str:
    """
    The page of an evaluation.

    Args:
        facts: What `training.summary.evaluation_facts` gives, and what `train` adds to it; nothing else is looked at.

    Returns:
        HTML; the same facts give the same text.
    """
    title = f"Evaluation of {facts['workspace_source']}" if facts.get("workspace_source") else "Evaluation"
    return page(title, _body(facts, title))


def evaluation_sections(facts: Facts) -> tuple[Section, ...]:
    """All charts of an evaluation, in the order of the page."""
    return tuple(section(facts) for section in _SECTIONS)


def write_report(facts: Facts, path: Path) -> None:
    """Write the page of an evaluation."""
    path.write_text(evaluation_page(facts), encoding="utf-8")


def write_charts(facts: Facts, folder: Path) -> None:
    """Write every chart of an evaluation as ``NAME.png`` into an existing folder."""
    for section in evaluation_sections(facts):
        for chart in section.charts:
            write_png(chart.plot, folder / f"{chart.name}.png", title=chart.title)


def _body(facts: Facts, title: str) -> list[Html]:
    sections = evaluation_sections(facts)
    anchors = [(section.name, section.title) for section in sections]
    added = added_tables(facts.get("response", {}))
    anchors += [("added", "What offers add")] if added else []
    anchors += [("figures", "All figures"), ("silent", "What was not measured"), ("words", "What the words mean")]
    return [
        tag("h1", title),
        _facts_list(facts),
        tag("h2", "In short", id="short"),
        *(tag("p", line, class_="warning") for line in warnings_of(facts)),
        *(tag("p", tag("strong", answer), " ", why, class_="answer") for answer, why in verdicts_of(facts)),
        tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name in anchors)),
        *(section_of(section) for section in sections),
        *((heading("What offers add", "added"), *map(table_of, added)) if added else ()),
        *(tag("p", note) for note in added_notes(facts.get("response", {}))),
        heading("All figures", "figures"),
        *(table_of(table) for case in facts["cases"] for table in _all_figures(facts, case)),
        heading("What was not measured, and why", "silent"),
        listed(not_measured(facts)),
        heading("What the words mean", "words"),
        terms(GLOSSARY, class_="words"),
    ]


def _facts_list(facts: Facts) -> Html:
    """What was judged, on what, and by which code."""
    folds = facts.get("folds") or (facts,)
    judged = "; ".join(f"{case['n_members']:,} ({CASES.get(name, name)})" for name, case in facts["cases"].items())
    known = {
        "test window" + "s" * (len(folds) > 1): "; ".join(window(fold["split"]) for fold in folds),
        "length": f"{facts['holdout_days']:g} days; {len(folds)} fold" + "s" * (len(folds) > 1),
        "members judged": judged or "none",
        "intervals": f"{facts['confidence']:.0%}",
        "seed": str(facts["seed"]),
        "bundle": facts.get("bundle_id") or "none: only judged, nothing was built",
        "code": facts.get("git_sha") or "not known: not under version control",
        "facts learnt from": facts["dataset_digest"],
    }
    return terms(known.items(), class_="facts")


def _all_figures(facts: Facts, case: str) -> tuple[Table, Table]:
    """How well a case's rankers foretell, and what they show and cost: two tables, so that paper can hold them."""
    rows, n_members = facts["cases"][case]["rows"], facts["cases"][case]["n_members"]
    metrics = tuple(dict.fromkeys(name for row in rows.values() for name in row["metrics"]))
    shown = tuple(dict.fromkeys(name for row in rows.values() for name in row["shown"]))
    quality = tuple(
        (
            ranker_name(name, row),
            *(row["metrics"].get(metric) for metric in metrics),
            *(row["gain"][end] for end in ("mean", "low", "high")),
        )
        for name, row in rows.items()
    )
    rest = tuple(
        (ranker_name(name, row), *(row["shown"].get(figure) for figure in shown), row["cpu_s"], row["peak_rss_mb"])
        for name, row in rows.items()
    )
    title = f"{CASES.get(case, case).capitalize()}, {n_members:,} members"
    formats = {"fit_cpu_s": ",.3f", "peak_rss_mb": ",.0f"} | {name: ",.0f" for name in shown if "_minor_" in name}
    return (
        Table(
            f"{title}: how well", ("ranker", *map(metric_name, metrics), "gain", "low", "high"), quality, formats=SIGNED
        ),
        Table(
            f"{title}: what is shown, and costs", ("ranker", *shown, "fit_cpu_s", "peak_rss_mb"), rest, formats=formats
        ),
    )
