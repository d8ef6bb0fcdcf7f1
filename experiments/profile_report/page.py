"""One page about all members: no script, nothing loaded, readable on paper and on a telephone."""

from dataclasses import fields
from itertools import groupby
from pathlib import Path

import experiments.profile_report.figures  # noqa: F401  # registers how the plots of this page are drawn
from experiments.profile_report.dependence import dependence_section
from experiments.profile_report.money import Money
from experiments.profile_report.points import PointsPart
from experiments.profile_report.points_section import points_section
from experiments.profile_report.preferences import preferences_section
from experiments.profile_report.replenishment import replenishment_section
from experiments.profile_report.report import ProfileReport
from experiments.profile_report.rfm import rfm_section
from experiments.profile_report.sections import Absent, Block, PageSection
from experiments.profile_report.short import Headline, Verdict, headlines
from experiments.profile_report.stages import stage_section
from experiments.profile_report.tier_section import tier_section
from experiments.profile_report.tiers import TierPart
from experiments.profile_report.value import ValuePart, value_section
from experiments.profile_report.words import WORDS
from features.profile.columns import ColumnSpec
from features.purchases import instant
from recsys.report import Table
from training.markup import Html, listed, table_of, tag
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
    anchors += [
        ("missing", "What is missing, and why"),
        ("columns", "What every column means"),
        ("words", "What the words mean"),
    ]
    body = [
        tag("h1", f"{title} as of {report.as_of_day}"),
        terms(_known(report).items(), class_="facts"),
        heading("In short", "short"),
        *(_headline(one) for one in headlines(report)),
        tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name in anchors)),
        *(_section(section) for section in sections),
        heading("What is missing, and why", "missing"),
        listed(missing_of(report)) if missing_of(report) else tag("p", "Nothing: every part of this page has figures."),
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
        tier_section(report.tiers, money),
        stage_section(report.stages),
        rfm_section(report.rfm, money),
        value_section(report.value, money),
        points_section(report.points, money),
        replenishment_section(report.replenishment),
        dependence_section(report.dependence),
        preferences_section(report.preferences),
    )


def missing_of(report: ProfileReport) -> tuple[str, ...]:
    """What the page cannot say, a sentence each."""
    absent = [
        f"{part.name.replace('_', ' ').capitalize()}: {value.reason}"
        for part in fields(report)
        if isinstance(value := getattr(report, part.name), Absent)
    ]
    if isinstance(report.tiers, TierPart) and not report.tiers.by_rules:
        absent.append("Distance to the next tier, downgrades, changes of tier: there is no programme file.")
    if isinstance(report.points, PointsPart):
        absent += report.points.recorded.sentences()
    if isinstance(report.value, ValuePart) and not report.value.margin_measured:
        absent.append("Margins: the products have no costs, so value rests on an assumed rate.")
    return tuple(absent)


def _headline(headline: Headline) -> Html:
    look = "warning" if headline.verdict is Verdict.LOOK else "answer"
    name = f"{headline.name.capitalize()}: {headline.verdict}."
    return tag(
        "p", tag("strong", name), " ", headline.sentence, tag("br"), f"Threshold: {headline.threshold}.", class_=look
    )


def _known(report: ProfileReport) -> dict[str, str]:
    return {
        "members": f"{report.n_members:,} who agreed to personalisation; nobody else is in any figure",
        "orders": f"{report.n_orders:,}",
        "as of": f"{instant(report.as_of):%Y-%m-%d %H:%M:%S} UTC; days and months are those of {report.timezone}",
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
