"""The charts of an evaluation: each figure where it belongs, and a reason where there is none to draw."""

import pytest

from tests.training.evaluated import calibrated, evaluated, everything, reranked, slice_of
from training.figures import write_png
from training.html_report import evaluation_sections, write_charts
from training.plots import LOOKS
from training.sections import gain_mark
from training.verdicts import not_measured, verdicts_of


@pytest.fixture
def facts():
    return everything()


def section(facts, name):
    return next(one for one in evaluation_sections(facts) if one.name == name)


def chart(facts, name):
    return next(one for section in evaluation_sections(facts) for one in section.charts if one.name == name)


class TestCharts:
    def test_quality_stands_at_its_cost_and_floors_are_lines(self, facts):
        plot = chart(facts, "quality-all").plot
        assert [(point.label, point.cost, point.mark.value) for point in plot.points] == [
            ("als", 3.21, 0.25), ("own orders", 0.001, 0.235), ("blend", 4.56, 0.29),
        ]  # fmt: skip
        assert [(level.label, level.value) for level in plot.levels] == [
            ("popular 7 days", 0.21), ("popular 28 days", 0.23), ("own frequency then popular", 0.19),
        ]  # fmt: skip

    def test_the_interval_of_quality_is_that_of_the_gain_above_the_best_floor(self, facts):
        mark = chart(facts, "quality-all").plot.points[0].mark
        assert (mark.low, mark.high) == pytest.approx((0.23 + 0.009, 0.23 + 0.033))

    def test_a_ranker_without_a_cost_is_named_and_not_drawn_as_a_floor(self, facts):
        facts["cases"]["all"]["rows"]["reranked"] = facts["cases"]["all"]["rows"]["als"] | {
            "role": "ours",
            "cpu_s": None,
        }
        made = chart(facts, "quality-all")
        assert "reranked" not in {one.label for one in (*made.plot.points, *made.plot.levels)}
        assert "because it has no such time: reranked" in made.reading

    def test_of_what_is_made_of_the_sources_only_the_blend_is_drawn_as_served(self, facts):
        facts["cases"]["all"]["rows"]["rrf"] = facts["cases"]["all"]["rows"]["blend"] | {"metrics": {"ndcg_at_10": 0.2}}
        looks = {row.label: row.marks[0].look for row in chart(facts, "gain-all").plot.rows}
        assert (looks["rrf"], looks["blend"]) == ("combined", "ours")

    def test_the_time_of_the_re_ranker_is_said(self, facts):
        facts["reranker"]["cpu_s"] = 12.34
        assert "The re-ranker took 12.3 CPU-seconds" in chart(facts, "quality-all").reading

    def test_only_a_gain_whose_interval_holds_zero_is_hollow(self, facts):
        rows = {row.label: row.marks[0] for row in chart(facts, "gain-all").plot.rows}
        assert {name: mark.hollow for name, mark in rows.items()} == {
            "popular 7 days": False, "popular 28 days": False, "own frequency then popular": False,
            "als": False, "own orders": True, "blend": False,
        }  # fmt: skip
        assert (rows["als"].low, rows["als"].high) == pytest.approx((0.009, 0.033))
        assert rows["popular 28 days"].low is None  # the best floor against itself

    def test_slices_are_under_what_they_are_grouped_by_with_their_members(self, facts):
        labels = [row.label for row in chart(facts, "slices-all-ndcg_at_10").plot.rows]
        assert labels == ["Tier (today's)", "gold (111)", "silver (222)", "Stage at the cut-off", "active (333)"]
        assert [row.label for row in chart(facts, "slices-all-recall_at_10").plot.rows][1:] == ["hot (444)"]

    def test_with_a_programme_tiers_are_those_of_the_cut_off(self, facts):
        labels = [row.label for row in chart(facts | {"programme_id": "abc"}, "slices-all-ndcg_at_10").plot.rows]
        assert labels[0] == "Tier at the cut-off"
        assert labels[3] == "Stage at the cut-off"

    def test_what_lists_show_stands_side_by_side_for_both_cases(self, facts):
        rows = {row.label: row.marks for row in chart(facts, "shown-price_minor_at_10").plot.rows}
        assert [(mark.look, mark.value) for mark in rows["als"]] == [("all", 257.5), ("explore", 154.5)]
        assert chart(facts, "shown-price_minor_at_10").plot.axis == "minor units of TWD"

    def test_windows_are_in_order_with_their_own_floor(self, facts):
        plot = chart(facts, "folds-all").plot
        assert plot.labels == ("2024-10-04", "2024-10-18", "2024-11-01")
        floors, ours = plot.series
        assert [mark.value for mark in floors] == pytest.approx([0.23, 0.24, 0.25])
        assert [mark.value for mark in ours] == pytest.approx([0.29, 0.30, 0.31])

    def test_what_is_about_one_window_of_several_says_which(self, facts):
        assert all("last of the windows" in section(facts, name).intro for name in ("blend", "reliability"))
        assert "last of the windows" not in section(evaluated(), "blend").intro

    def test_chances_are_drawn_as_predicted_and_as_corrected(self, facts):
        plot = chart(facts, "reliability-order").plot
        assert [[at for at, _ in curve] for curve in plot.curves] == [[0.1, 0.4], [0.061, 0.32]]
        assert plot.counts == (640.0, 360.0)

    def test_a_chance_that_is_used_as_it_is_has_one_curve(self, facts):
        plot = chart(facts | {"calibration": calibrated(applied=False)}, "reliability-order").plot
        assert [curve[0][1].look for curve in plot.curves] == ["before"]

    def test_looks_differ_in_shape_and_not_in_colour_alone_where_they_meet(self):
        for together in (("floor", "source", "combined", "ours"), ("all", "explore"), ("before", "after")):
            assert len({LOOKS[name].marker for name in together}) == len(together)

    def test_each_chart_is_a_picture_for_mlflow(self, facts, tmp_path):
        write_charts(facts, tmp_path)
        pictures = {path.stem: path.read_bytes() for path in tmp_path.iterdir()}
        assert set(pictures) == {one.name for section in evaluation_sections(facts) for one in section.charts}
        assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())


class TestAbsentParts:
    def test_one_window_says_so(self):
        found = section(evaluated(n_folds=1), "folds")
        assert found.charts == ()
        assert found.absent.startswith("There is one test window.")

    def test_no_chance_held_against_what_happened_says_so(self):
        facts = evaluated()
        assert "were not held against what happened" in section(facts, "reliability").absent
        assert any("Reliability of predicted chances" in line for line in not_measured(facts))

    def test_chances_without_outcomes_say_why(self, facts):
        facts["calibration"] = {"redeem": calibrated()["redeem"]}
        assert section(facts, "reliability").absent.endswith("an offer is redeemed: 12 outcomes are too few.")

    def test_no_re_ranker_says_so(self):
        assert verdicts_of(evaluated())[-1][0] == "No re-ranker was judged."

    def test_a_re_ranker_that_is_not_served_says_why(self, facts):
        facts["reranker"] = reranked(shipped=False)
        assert verdicts_of(facts)[-1] == (
            "A re-ranker is not served.",
            "On the validation window: surely better than als.",
        )

    def test_a_re_ranker_that_could_not_be_judged_has_no_chart(self, facts):
        facts["reranker"] = {"shipped": False, "reason": "too short a history", "gains": None, "ndcg_at_10": None}
        assert [one.name for one in section(facts, "blend").charts] == ["weights"]
        assert verdicts_of(facts)[-1][1] == "On the validation window: too short a history."

    def test_no_slice_says_so(self):
        facts = evaluated()
        for one in facts["cases"].values():
            one["slices"] = []
        assert section(facts, "slices").absent == "No slice has enough members to be looked at apart."

    def test_one_tier_alone_is_drawn(self):
        facts = evaluated()
        facts["cases"]["all"]["slices"] = [slice_of("tier", "basic", 99, 0.01)]
        rows = chart(facts, "slices-all-ndcg_at_10").plot.rows
        assert [row.label for row in rows] == ["Tier (today's)", "basic (99)"]

    def test_prices_and_margins_that_are_not_known_are_left_out_with_the_reason(self):
        facts = evaluated()
        for one in facts["cases"].values():
            for row in one["rows"].values():
                row["shown"] |= {"price_minor_at_10": 5.0, "margin_minor_at_10": None}
        lines = " ".join(not_measured(facts))
        assert "Margin of what is shown: the costs of what was shown are not known." in lines
        assert "Price of what is shown" not in lines
        assert [one.name for one in section(facts, "shown").charts][-1] == "shown-price_minor_at_10"

    def test_figures_that_are_no_number_do_not_stop_the_page(self, tmp_path):
        facts = evaluated() | {"calibration": calibrated()}
        facts["cases"]["all"]["rows"]["als"]["gain"] = dict.fromkeys(("mean", "low", "high"), float("nan"))
        facts["calibration"]["order"]["test"]["before"]["calibration_error"] = float("nan")
        for name in ("gain-all", "quality-all", "reliability-order"):
            made = chart(facts, name)
            write_png(made.plot, tmp_path / "chart.png", title=made.title)
        assert "not known as predicted" in chart(facts, "reliability-order").reading


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.02), (-0.02, 0.0)])
def test_an_interval_that_ends_at_zero_may_be_luck(low, high):
    assert gain_mark({"mean": (low + high) / 2, "low": low, "high": high}, "ours").hollow
