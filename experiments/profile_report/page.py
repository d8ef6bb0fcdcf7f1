"""One page about all members: no script, nothing loaded, readable on paper and on a telephone."""

from itertools import groupby
from pathlib import Path

import experiments.profile_report.figures  # noqa: F401  # registers how the plots of this page are drawn
from experiments.profile_report.dependence import dependence_section
from experiments.profile_report.money import Money
from experiments.profile_report.preferences import preferences_section
from experiments.profile_report.report import ProfileReport
from experiments.profile_report.rfm import rfm_section
from experiments.profile_report.sections import Block, PageSection
from experiments.profile_report.stages import stage_section
from experiments.profile_report.words import WORDS
from features.profile.columns import ColumnSpec
from recsys.report import Table
from training.markup import Html, table_of, tag
from training.page import figure_of, heading, page, terms
from training.sections import Chart


def write_profile_report(report: ProfileReport, path: Path) -> None:
    """Write the page."""
    path.write_text(profile_page(report), encoding="utf-8")


def profile_page(report: ProfileReport) -> str:
    """HTML; the same report gives the same text."""
    title = f"Members of {report.source}" if report.source else "Members"
    sections = report_sections(report)
    anchors = [(section.name, section.title) for section in sections]
    anchors += [("columns", "What every column means"), ("words", "What the words mean")]
    body = [
        tag("h1", f"{title} as of {report.as_of_day}"),
        terms(_known(report).items(), class_="facts"),
        tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name in anchors)),
        *(_section(section) for section in sections),
        heading("What every column means", "columns"),
        table_of(_columns(report.specs)),
        heading("What the words mean", "words"),
        terms(WORDS, class_="words"),
    ]
    return page(title, body)


def report_sections(report: ProfileReport) -> tuple[PageSection, ...]:
    """All sections with figures, in the order of the page."""
    money = Money(report.currency)
    return (
        stage_section(report.stages),
        rfm_section(report.rfm, money),
        dependence_section(report.dependence),
        preferences_section(report.preferences),
    )


def _known(report: ProfileReport) -> dict[str, str]:
    return {
        "members": f"{report.n_members:,}",
        "orders": f"{report.n_orders:,}",
        "as of": f"the beginning of {report.as_of_day}, {report.timezone}",
        "amounts": Money(report.currency).unit,
    }


def _section(section: PageSection) -> Html:
    blocks = [
        tag("div", *(figure_of(one) for one in some if isinstance(one, Chart)), class_="charts")
        if drawn
        else Html("".join(_block(one) for one in some))
        for drawn, some in groupby(section.blocks, key=lambda block: isinstance(block, Chart))
    ]
    return tag("section", heading(section.title, section.name), tag("p", section.intro), *blocks)


def _block(block: Block) -> Html:
    return table_of(block) if isinstance(block, Table) else tag("p", str(block))


def _columns(specs: tuple[ColumnSpec, ...]) -> Table:
    rows = tuple((spec.name, spec.meaning, spec.unit.value, _unknown(spec)) for spec in specs)
    return Table("Columns of the profile, one value a member", ("column", "meaning", "unit", "unknown is"), rows)


def _unknown(spec: ColumnSpec) -> str:
    return "never" if spec.unknown is None else f"{spec.unknown:g}"
