"""One page that holds a whole evaluation: no script, nothing loaded, readable on paper and on a telephone."""

from collections.abc import Callable
from pathlib import Path

from recsys.report import Table
from training.blend_charts import blend_section, fold_section, reliability_section
from training.charts import gain_section, quality_section, shown_section, slice_section
from training.figures import svg_of, write_png
from training.glossary import GLOSSARY
from training.markup import Html, listed, table_of, tag
from training.sections import CASES, SIGNED, Chart, Facts, Section, metric_name, ranker_name, window
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

_STYLE = """
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;color:#111;background:#fff;max-width:76rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.25rem;margin:2.2rem 0 .3rem;border-top:1px solid #999;
padding-top:.8rem}p,li,dd{max-width:48rem}ul{padding-left:1.2rem}
nav a{display:inline-block;margin:0 1rem .3rem 0;color:#00518a}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;font-size:.9rem;margin:0}
.facts dt,.words dt{font-weight:600}.facts dd{margin:0;overflow-wrap:anywhere}
.words dd{margin:0 0 .5rem 0}
.warning{border:2px solid #a33b00;border-left-width:.6rem;padding:.5rem .8rem;font-weight:600}
.answer{border-left:.4rem solid #0072b2;padding-left:.8rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1.5rem;align-items:start}
figure{margin:0;min-width:0;max-width:40rem}figure svg{width:100%;height:auto;display:block;overflow:visible}
svg text{font-family:system-ui,sans-serif!important}
figcaption{font-size:.9rem}summary{cursor:pointer;font-size:.9rem;color:#00518a}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;margin:.3rem 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{border-bottom:1px solid #ccc;padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:bottom}
.n{text-align:right}tr>:first-child{white-space:nowrap;position:sticky;left:0;background:#fff}
@media print{html{font-size:10.5px}body{max-width:none;padding:0}nav{display:none}figure,.warning,tr{break-inside:avoid}
h2{break-after:avoid}details::details-content{content-visibility:visible;block-size:auto}.wide{overflow:visible}
.charts{grid-template-columns:1fr 1fr}table{font-size:8px}}
"""


def evaluation_page(facts: Facts) -> str:
    """
    The page of an evaluation.

    Args:
        facts: What `training.summary.evaluation_facts` gives, and what `train` adds to it; nothing else is looked at.

    Returns:
        HTML; the same facts give the same text.
    """
    title = f"Evaluation of {facts['workspace_source']}" if facts.get("workspace_source") else "Evaluation"
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("title", title),
        tag("style", Html(_STYLE)),
    )
    return f"<!doctype html>\n{tag('html', tag('head', *head), tag('body', *_body(facts, title)), lang='en')}\n"


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
    anchors += [("figures", "All figures"), ("silent", "What was not measured"), ("words", "What the words mean")]
    return [
        tag("h1", title),
        _facts_list(facts),
        tag("h2", "In short", id="short"),
        *(tag("p", line, class_="warning") for line in warnings_of(facts)),
        *(tag("p", tag("strong", answer), " ", why, class_="answer") for answer, why in verdicts_of(facts)),
        tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name in anchors)),
        *(_section(section) for section in sections),
        _heading("All figures", "figures"),
        *(table_of(table) for case in facts["cases"] for table in _all_figures(facts, case)),
        _heading("What was not measured, and why", "silent"),
        listed(not_measured(facts)),
        _heading("What the words mean", "words"),
        tag("dl", *(part for word, means in GLOSSARY for part in (tag("dt", word), tag("dd", means))), class_="words"),
    ]


def _heading(title: str, anchor: str) -> Html:
    return tag("h2", title, id=anchor)


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
    return tag(
        "dl", *(part for key, value in known.items() for part in (tag("dt", key), tag("dd", value))), class_="facts"
    )


def _section(section: Section) -> Html:
    charts = tag("div", *(_figure(chart) for chart in section.charts), class_="charts")
    below = charts if section.charts else tag("p", section.absent)
    return tag("section", _heading(section.title, section.name), tag("p", section.intro), below)


def _figure(chart: Chart) -> Html:
    drawn = Html(svg_of(chart.plot, title=chart.title, prefix=chart.name))
    figures = tag("details", tag("summary", "The figures as a table"), table_of(chart.table))
    return tag("figure", drawn, tag("figcaption", chart.reading), figures)


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
