"""The report of an evaluation: whole, closed in itself, escaped, the same each time, plain about what is absent."""

import re
from html.parser import HTMLParser

import pytest

from recsys.errors import InputError
from tests.training.evaluated import case, evaluated, everything
from training import commands
from training.figures import write_png
from training.html_report import evaluation_page, evaluation_sections
from training.verdicts import verdicts_of, warnings_of

VOID = {"br", "hr", "meta"}


class Page(HTMLParser):
    """What a browser would see: text, attributes, and whether every element is closed in order."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.attributes, self.tags = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, text):
        self.texts.append(text)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def of(self, name):
        return [value for key, value in self.attributes if key == name]


@pytest.fixture
def facts():
    return everything()


@pytest.fixture(scope="module")
def text():
    return evaluation_page(everything())


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def chart(facts, name):
    return next(one for section in evaluation_sections(facts) for one in section.charts if one.name == name)


class TestAWholePage:
    def test_every_element_is_closed(self, page):
        assert page.open == []

    def test_no_id_stands_twice(self, page):
        assert len(page.of("id")) == len(set(page.of("id"))) > 100

    def test_nothing_outside_is_named_or_loaded(self, text, page):
        assert re.findall(r"https?:|//\w|@import|<script|<link|<iframe|<img|\bsrc=", text) == []
        assert all(value.startswith("#") for name in ("href", "xlink:href") for value in page.of(name))
        assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#{name}" for name in page.of("id")}

    def test_every_inner_reference_leads_somewhere(self, page):
        targets = page.of("href") + page.of("xlink:href")
        assert {target[1:] for target in targets} <= set(page.of("id"))
        assert len(targets) > 20

    def test_it_says_what_was_judged_on_what_by_which_code(self, page):
        known = (
            "Evaluation of corner shop",
            "1,234 (repeats allowed); 987 (new products only)",
            "90%",
            "77",
            "3 folds",
        )
        for one in (*known, "bundle-9", "0123abc", "digest-of-facts", "2024-10-04 to 2024-10-18", "2024-11-01"):
            assert one in page.text, one

    def test_every_ranker_and_every_figure_of_every_case_is_there(self, facts, page):
        n_looked_at = 0
        for one in facts["cases"].values():
            for name, row in one["rows"].items():
                assert name.replace("_", " ") in page.text
                figures = [f"{value:.4f}" for value in row["metrics"].values()]
                figures += [
                    f"{value:,.0f}" if "minor" in key else f"{value:.4f}" for key, value in row["shown"].items()
                ]
                figures += [f"{value:+.4f}" for value in row["gain"].values()]
                figures += [] if row["cpu_s"] is None else [f"{row['cpu_s']:,.3f}"]
                assert [figure for figure in figures if figure not in page.texts] == [], name
                n_looked_at += len(figures)
        assert n_looked_at == 2 * (6 * 11 + 3)

    def test_every_slice_fold_bin_and_weight_is_there(self, facts, page):
        wanted = [f"{one[end]:+.4f}" for one in facts["cases"]["all"]["slices"] for end in ("mean", "low", "high")]
        of_folds = [one["rows"]["blend"] for fold in facts["folds"] for one in fold["cases"].values()]
        wanted += [f"{row['metrics']['ndcg_at_10']:.4f}" for row in of_folds]
        wanted += ["0.0610", "0.3200", "640", "360", "0.125", "0.3210", "+0.0700"]
        assert [figure for figure in wanted if figure not in page.texts] == []

    def test_every_chart_has_its_table_and_says_how_to_read_it(self, facts, page):
        charts = [one for section in evaluation_sections(facts) for one in section.charts]
        assert page.tags.count("svg") == page.tags.count("figure") == page.tags.count("details") == len(charts) == 18
        assert page.tags.count("table") == len(charts) + 4
        assert all(one.reading and one.title and one.table.rows for one in charts)
        assert set(page.of("aria-label")) == {one.title for one in charts}

    def test_warnings_stand_before_answers(self):
        facts = evaluated() | {"cases": {"all": case(n_members=29)}}
        texts = Page(evaluation_page(facts)).texts
        assert texts.index(warnings_of(facts)[0]) < texts.index(verdicts_of(facts)[0][0])

    def test_without_new_products_the_page_says_so_and_draws_the_rest(self):
        facts = evaluated(n_folds=2)
        for one in (facts, *facts["folds"]):
            del one["cases"]["explore"]
        page = Page(evaluation_page(facts))
        assert page.open == []
        assert "Not judged: products the member never bought." in page.text
        assert not any("explore" in one for one in page.of("id"))
        assert page.tags.count("svg") == 11

    def test_without_any_case_the_page_warns_and_is_whole(self):
        page = Page(evaluation_page(evaluated() | {"cases": {}}))
        assert page.open == []
        assert "WARNING: no member bought anything on sale" in page.text


class TestTheSameFactsGiveTheSameBytes:
    def test_in_the_page(self, facts, text):
        assert evaluation_page(facts) == text

    @pytest.mark.parametrize("name", ["quality-all", "gain-explore", "folds-all", "reliability-order"])
    def test_in_the_pictures(self, facts, name, tmp_path):
        made = chart(facts, name)
        for path in (tmp_path / "one.png", tmp_path / "two.png"):
            write_png(made.plot, path, title=made.title)
        assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


class TestNamesOfTheRetailer:
    NAME = "</text></svg><b>&\"VIP\" 'x'$y$"

    def test_markup_in_a_name_stays_text(self, facts):
        facts["workspace_source"] = self.NAME
        facts["cases"]["all"]["slices"][0]["group"] = self.NAME
        facts["calibration"]["order"]["reason"] = facts["reranker"]["reason"] = self.NAME
        text = evaluation_page(facts)
        page = Page(text)
        assert page.open == []
        assert "<b>" not in text
        assert '&"VIP' not in text
        assert (
            page.text.count(self.NAME) == 6
        )  # title twice, the slice's table, the re-ranker twice, the curve's reason

    @pytest.mark.parametrize("name", ["钻石会员", "$a", "$a$", "a" * 200], ids=["chinese", "dollar", "dollars", "long"])
    def test_any_name_is_drawn(self, facts, name, tmp_path):
        facts["cases"]["all"]["slices"][0]["group"] = name
        made = chart(facts, "slices-all-ndcg_at_10")
        write_png(made.plot, tmp_path / "chart.png", title=made.title)
        assert made.plot.rows[1].label == f"{name if len(name) < 18 else 'a' * 17 + '…'} (111)"
        assert made.table.rows[0][1] == name


class TestCommands:
    def test_train_leaves_the_report_beside_the_bundle_and_says_where(self, trained):
        facts = trained.report.facts
        path = trained.workspace.bundles / f"{facts['bundle_id'][:16]}.report.html"
        assert facts["report_path"] == str(path)
        page = Page(path.read_text(encoding="utf-8"))
        assert page.open == []
        assert facts["bundle_id"] in page.text
        assert f"Evaluation of {trained.workspace.source}" in page.text
        assert any(("report", str(path)) in table.rows for table in trained.report.tables)

    def test_what_offers_add_is_in_the_page(self, trained):
        with open(trained.report.facts["report_path"], encoding="utf-8") as file:
            page = Page(file.read())
        added = trained.report.facts["response"]["added"]
        assert {one["offer"] for one in added} == {"good", "idle", "unseen"}
        assert any(row[2] == added[0]["mean"] for table in trained.report.tables for row in table.rows if len(row) == 9)
        assert "What offers add: probability of an order" in page.text
        assert f"{added[0]['mean']:+.4f}" in page.text

    def test_the_report_is_made_from_the_facts_alone(self, trained):
        path = trained.report.facts["report_path"]
        with open(path, encoding="utf-8") as file:
            assert file.read() == evaluation_page(trained.report.facts)

    def test_evaluate_writes_it_where_it_is_told_to(self, trained, tmp_path):
        path = tmp_path / "new" / "page.html"
        report = commands.evaluate(trained.workspace.path, config=trained.config_path, report=path)
        assert Page(path.read_text(encoding="utf-8")).open == []
        assert report.facts["report_path"] == str(path)
        assert any(str(path) in note for note in report.notes)

    def test_a_folder_is_refused_before_any_work(self, trained, tmp_path):
        with pytest.raises(InputError, match="is a folder; name the file"):
            commands.evaluate(trained.workspace.path, config=trained.config_path, report=tmp_path)
