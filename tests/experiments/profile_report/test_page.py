"""The page about all members: whole, closed in itself, escaped, the same each time, plain about what is absent."""

import re
from dataclasses import replace

import pytest

from experiments.profile_report.page import missing_of, profile_page, report_sections, write_profile_report
from experiments.profile_report.points import NO_TIER
from experiments.profile_report.sections import Absent
from experiments.profile_report.short import headlines
from recsys.report import Table
from tests.experiments.profile_report.worlds import LADDER, THIN, full, programme, report_of, thin
from tests.features.profile.small_facts import Line, small_facts
from tests.training.test_html_report import Page
from training.figures import svg_of
from training.sections import Chart


def charts_of(report):
    return [block for section in report_sections(report) for block in section.blocks if isinstance(block, Chart)]


def sentences_of(report):
    """Everything that is said, but for tables."""
    sections = report_sections(report)
    blocks = [block for section in sections for block in section.blocks]
    readings = [text for one in blocks if isinstance(one, Chart) for text in (one.title, one.reading)]
    said = [section.intro for section in sections] + [block for block in blocks if isinstance(block, str)]
    return [*said, *readings, *(headline.sentence for headline in headlines(report))]


@pytest.fixture(scope="module")
def text():
    return profile_page(full())


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


class TestAWholePage:
    def test_every_element_is_closed_and_no_id_stands_twice(self, page):
        assert page.open == []
        assert len(page.of("id")) == len(set(page.of("id"))) > 100

    def test_nothing_outside_is_named_or_loaded(self, text, page):
        assert re.findall(r"https?:|//\w|@import|<script|<link|<iframe|<img|\bsrc=", text) == []
        assert all(value.startswith("#") for name in ("href", "xlink:href") for value in page.of(name))
        targets = page.of("href") + page.of("xlink:href")
        assert {target[1:] for target in targets} <= set(page.of("id"))

    def test_every_chart_has_a_title_a_reading_its_table_and_units(self, page):
        charts = charts_of(full())
        assert page.tags.count("svg") == page.tags.count("figure") == page.tags.count("details") == len(charts) > 25
        assert all(one.title and one.reading.endswith(".") and one.table.rows for one in charts)
        assert all(one.plot.axis for one in charts if one.name != "value-cross")

    def test_every_column_of_the_profile_is_explained(self, page):
        assert [spec.name for spec in full().specs if spec.name not in page.texts] == []

    @pytest.mark.parametrize("name", ["tiers-way", "rfm-members", "value-intervals", "preferences-weekday"])
    def test_the_same_chart_is_drawn_the_same_each_time(self, text, name):
        chart = next(one for one in charts_of(full()) if one.name == name)
        assert svg_of(chart.plot, title=chart.title, prefix=chart.name) in text

    def test_names_of_the_retailer_cannot_become_markup(self):
        name = "</svg><b>&\"VIP\" 'x'"
        report = replace(thin("no orders"), tiers=thin("no programme but recorded tiers").tiers)
        rows = tuple(replace(row, tier=name) for row in report.tiers.rows)
        text = profile_page(replace(report, source=name, tiers=replace(report.tiers, rows=rows, names=(name, "b"))))
        assert Page(text).open == []
        assert name in Page(text).text
        assert "<b>" not in text


class TestWhatIsMissing:
    @pytest.mark.parametrize("name", ["no orders", "one member", "nobody"])
    def test_the_page_is_whole(self, name, tmp_path):
        write_profile_report(thin(name), tmp_path / "page.html")
        page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
        assert page.open == []
        assert all(one in page.text for one in missing_of(thin(name)))

    @pytest.mark.parametrize("name", THIN)
    def test_every_reason_stands_in_its_section_and_in_the_list(self, name):
        report = thin(name)
        absent = [part for part in map(report.__getattribute__, report.__slots__) if isinstance(part, Absent)]
        intros = [section.intro for section in report_sections(report)]
        assert [part.reason for part in absent if part.reason not in intros] == []
        assert [part.reason for part in absent if not any(part.reason in one for one in missing_of(report))] == []

    @pytest.mark.parametrize("name", THIN)
    def test_no_chart_is_empty(self, name):
        for chart in charts_of(thin(name)):
            figures = [cell for row in chart.table.rows for cell in row if isinstance(cell, int | float) and cell]
            texts = [cell for row in chart.table.rows for cell in row[1:] if isinstance(cell, str)]
            assert figures or any(cell not in {"0", "-"} for cell in texts), chart.name

    @pytest.mark.parametrize("name", ["full", *THIN])
    def test_one_is_singular(self, name):
        said = sentences_of(full() if name == "full" else thin(name))
        assert [one for one in said if re.search(r"(?<![\d.,])1 [a-z]+s\b", one)] == []

    def test_where_everybody_ordered_today_no_better_recency_can_be(self):
        report = report_of(small_facts([Line(member, 99.5, 0, 100) for member in range(6)], n_members=6))
        (section,) = (one for one in report_sections(report) if one.name == "rfm")
        cuts = section.blocks[-1]
        assert [row[1] for row in cuts.rows] == ["any", *["nobody"] * 4]

    def test_one_member_is_not_described_in_cross_tables(self):
        report = thin("one member")
        assert report.value.mean_minor == ((None,) * 5,) * 2
        sections = {section.name: section for section in report_sections(report)}
        tables = [one.table for one in sections["rfm"].blocks if isinstance(one, Chart)]
        assert len(tables) == 1
        cells = {cell for table in tables for row in table.rows for cell in row[1:]}
        assert cells == {"0", "<5"}

    def test_what_a_tier_of_few_bought_and_holds_is_not_told(self):
        lines = [Line(member, 90, 0, 200 + member) for member in range(6)] + [Line(6, 90, 0, 7_777), Line(6, 95, 0, 11)]
        report = report_of(small_facts(lines, n_members=7), programme())
        assert [(row.members, row.paid_minor) for row in report.tiers.rows] == [(6, 1_215), (1, 7_788)]
        charts = {chart.name: chart for chart in charts_of(report)}
        few = {name: [row[1:] for row in charts[name].table.rows if "gold" in row] for name in charts}
        assert few["tiers-members"] == [(1, pytest.approx(1 / 7), None, None, None, None)]
        assert few["points-tiers"] == [(1, None, None, None, None)]
        assert [row[1:] for row in few["tiers-risk"]] == [(0, 0, 0), (1, None, None)]
        assert [row.parts[1] for row in charts["tiers-members"].plot.rows] == [pytest.approx(1 / 7), 0, 0]

    def test_without_a_currency_amounts_are_minor_units(self):
        sections = {section.name: section for section in report_sections(replace(full(), currency=""))}
        assert "minor units" in sections["value"].intro
        assert "GBP" not in sections["value"].intro


def colours_by_name(report, names):
    """Every colour that each of some names has in any legend of the page."""
    looks = [look for chart in charts_of(report) for look in chart.plot.looks()]
    return {name: {look.colour for look in looks if look.label == name} for name in names}


@pytest.mark.parametrize("some_without", [False, True], ids=["everybody in a tier", "some in none"])
def test_a_tier_has_one_colour_on_the_whole_page(some_without):
    names = ("basic", "silver", "gold", "diamond")
    entries = [{"name": name, "entry": {"spend_minor": 1_000 * at}} for at, name in enumerate(names) if at]
    lines = [Line(member, 90, 0, 950 * member) for member in range(1, 5)]
    ladder = LADDER | {"tiers": [{"name": "basic"}, *entries]}
    report = report_of(small_facts(lines, n_members=5), programme(ladder=ladder), tiers=names)
    if some_without:
        ending = tuple(replace(one, points=(*one.points, 3)) for one in report.points.ending)
        report = replace(report, points=replace(report.points, tiers=(*names, NO_TIER), ending=ending))
    assert {chart.name for chart in charts_of(report)} >= {"tiers-members", "tiers-way", "points-ending"}
    found = colours_by_name(report, names)
    assert {len(colours) for colours in found.values()} == {1}
    assert len(set.union(*found.values())) == 4
    assert colours_by_name(report, [NO_TIER])[NO_TIER].isdisjoint(set.union(*found.values()))


def test_a_stage_has_the_colour_of_its_changes():
    found = colours_by_name(full(), ["active", "came back", "dormant", "became dormant", "churned", "became churned"])
    assert found["active"] == found["came back"] != found["dormant"] == found["became dormant"]
    assert found["churned"] == found["became churned"]
    assert {len(colours) for colours in found.values()} == {1}


def test_tables_have_a_cell_for_each_column():
    for section in report_sections(full()):
        for block in section.blocks:
            table = block.table if isinstance(block, Chart) else block
            if isinstance(table, Table):
                assert {len(row) for row in table.rows} == {len(table.columns)}, table.title
