"""The frame of every page that stands by itself: style, headings, lists of terms, sections of charts."""

from collections.abc import Iterable, Sequence

from training.figures import svg_of
from training.markup import Html, table_of, tag
from training.sections import Chart, Section

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


def page(title: str, body: Sequence[Html], *, style: str = "") -> str:
    """
    A whole page: HTML without scripts that loads nothing; same body, same text.

    Args:
        title: Of the page.
        body: What it holds.
        style: Rules of this page alone, after those of every page.
    """
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("title", title),
        tag("style", Html(_STYLE + style)),
    )
    return f"<!doctype html>\n{tag('html', tag('head', *head), tag('body', *body), lang='en')}\n"


def heading(title: str, anchor: str) -> Html:
    """The title of a section, where links lead."""
    return tag("h2", title, id=anchor)


def terms(known: Iterable[tuple[str, str]], *, class_: str) -> Html:
    """A list of terms and what each is."""
    return tag("dl", *(part for key, value in known for part in (tag("dt", key), tag("dd", value))), class_=class_)


def section_of(section: Section) -> Html:
    """A section with its charts, or with the reason why there are none."""
    charts = tag("div", *(figure_of(chart) for chart in section.charts), class_="charts")
    below = charts if section.charts else tag("p", section.absent)
    return tag("section", heading(section.title, section.name), tag("p", section.intro), below)


def figure_of(chart: Chart) -> Html:
    """A chart, how to read it, and its figures as a table that opens."""
    drawn = Html(svg_of(chart.plot, title=chart.title, prefix=chart.name))
    figures = tag("details", tag("summary", "The figures as a table"), table_of(chart.table))
    return tag("figure", drawn, tag("figcaption", chart.reading), figures)
