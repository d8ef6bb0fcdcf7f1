"""What a report counts, against counts by hand or by other ways."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from experiments.profile_report import counting
from experiments.profile_report.page import report_sections
from experiments.profile_report.report import profile_report
from experiments.profile_report.sections import Absent
from experiments.profile_report.short import Verdict, headlines
from experiments.profile_report.stages import stage_part, stage_section
from features.profile.build import build_profile, fit_norms
from features.profile.config import LifecycleConfig, ProfileConfig
from features.profile.group import Rules
from tests.experiments.profile_report.worlds import (
    N_MEMBERS,
    RECORDED,
    THIN,
    full,
    full_facts,
    programme,
    report_of,
    thin,
)
from tests.features.profile.lived_facts import facts_before, lived_lines
from tests.features.profile.small_facts import DAY, START, TIERS, Line, small_facts
from training.sections import Chart


class TestTiers:
    FACTS = (
        Line(0, 10, 0, 2_000),
        Line(0, 90, 0, 2_500),  # gold by both until day 110, then 2,500 are too few
        Line(1, 90.5, 0, 2_400),  # four fifths of the way
        Line(2, 95, 3, 9_000),  # gold for long
        Line(3, 99, 0, 30),
    )

    @pytest.fixture
    def tiers(self):
        recorded = np.array([1, 1, 1, -1, 0])
        return report_of(small_facts(self.FACTS, n_members=5), programme(), recorded_tier=recorded).tiers

    def test_rows_hold_members_orders_and_what_was_paid(self, tiers):
        assert [(row.tier, row.members, row.orders, row.paid_minor) for row in tiers.rows] == [
            ("basic", 3, 2, 2_430),
            ("gold", 2, 3, 13_500),
        ]

    def test_the_way_to_the_next_tier_is_in_tenths(self, tiers):
        assert tiers.members_by_way == ((2, 0, 0, 0, 0, 0, 0, 0, 1, 0),)

    def test_who_falls_soon_is_at_risk_with_what_they_paid_and_lack(self, tiers):
        soon, later = (tiers.at_risk(days) for days in (30, 90))
        assert (soon.members, soon.paid_minor, soon.missing_minor) == (1, 4_500, 500)
        assert (later.members, later.paid_minor) == (1, 4_500)

    def test_rises_and_falls_are_counted_in_their_month(self, tiers):
        assert [(month.month, month.up, month.down) for month in tiers.months][-2:] == [
            ("2024-03", 1, 0),
            ("2024-04", 1, 0),
        ]

    def test_the_record_is_compared_where_there_is_one(self, tiers):
        assert (tiers.n_recorded, tiers.n_other, tiers.n_higher) == (4, 1, 0)
        assert tiers.recorded == ((None, None), (0, None))


class TestStages:
    def test_at_every_end_of_a_month_members_are_in_the_stage_that_the_profile_then_says(self):
        lines, n = lived_lines(40, seed=8), 40
        facts = facts_before(lines, START + 200 * DAY, n_members=n)
        rules = Rules(None, TIERS, ProfileConfig())
        norms = fit_norms(facts, rules)
        part = profile_report(facts, build_profile(facts, norms, rules), norms, rules).stages
        assert [month.month for month in part.months[-3:]] == ["2024-05", "2024-06", "2024-07"]
        for month, day in zip(part.months[-4:-1], (121, 152, 182), strict=True):
            then = facts_before(lines, START + day * DAY - 1, n_members=n)
            stage = build_profile(then, norms, rules)["stage"]
            assert month.members == tuple(np.bincount(stage, minlength=5).tolist()), month.month
        assert part.months[-1].members == part.members
        assert sum(part.months[-1].returns for month in part.months) > 0

    def test_who_joined_later_is_in_no_stage_before(self):
        facts = small_facts([Line(0, 95, 0, 5)], n_members=3, joined_day=[0, 80, 99])
        months = report_of(facts).stages.months
        assert [sum(month.members) for month in months] == [1, 1, 2, 3]
        assert months[-1].flows[0][1] == 1

    def test_the_thresholds_of_the_settings_are_said(self):
        lifecycle = LifecycleConfig(new_days=11, dormant_quantile=0.8, churned_quantile=0.97, min_churned_days=44)
        rules = Rules(None, TIERS, ProfileConfig(lifecycle=lifecycle))
        facts = small_facts([Line(0, 95, 0, 5)], n_members=1)
        norms = fit_norms(facts, rules)
        said = stage_section(stage_part(facts, build_profile(facts, norms, rules), norms, rules)).intro
        assert [one for one in ("11 days", "80%", "14 days", "97%", "44 days") if one not in said] == []


class TestRfm:
    def test_cells_are_recency_by_frequency(self):
        often = [Line(member, 90 + week / 2, 0, 100) for member in range(5) for week in range(8)]
        once = [Line(member, 5, 1, 300 + member) for member in range(5, 13)]
        lately = [Line(member, 99, 1, 40) for member in range(13, 19)]
        part = report_of(small_facts([*often, *once, *lately], n_members=21)).rfm
        assert part.n_without_order == 2
        assert {(row, column): n for row, line in enumerate(part.members) for column, n in enumerate(line) if n} == {
            (0, 0): 8,
            (2, 3): 5,  # ties lie below a cut, so the best score may be empty
            (3, 0): 6,
        }
        assert part.mean_monetary_minor[2][3] == 800.0
        assert part.mean_monetary_minor[3][0] == 40.0


class TestPoints:
    def test_what_tiers_hold_is_the_whole(self):
        points = full().points
        assert sum(one.usable for one in points.by_tier) == points.usable > 0
        assert sum(one.pending for one in points.by_tier) == points.pending > 0
        assert points.liability_minor == (points.usable + points.pending) * 50 // 100

    def test_the_calendar_ends_what_is_held(self):
        points = full().points
        assert sum(sum(month.points) for month in points.ending) + points.endless == points.usable + points.pending

    def test_each_month_begins_where_the_one_before_ended_and_the_last_is_what_is_owed(self):
        points = full().points
        assert sum(month.redeemed for month in points.months) > 0
        for before, after in pairwise(points.months):
            assert before.closing == after.opening
        assert points.months[-1].closing == points.usable + points.pending - points.debt

    def test_an_order_earns_by_hand(self):
        part = report_of(small_facts([Line(0, 50, 0, 450)], n_members=2), programme()).points
        assert (part.usable, part.pending, part.liability_minor) == (45, 0, 22)
        assert [(month.month, month.points) for month in part.ending] == [("2024-05", (45, 0))]
        assert part.members_by_balance[-1] == part.n_with_points == 1


class TestDependence:
    FACTS = (
        Line(0, 5, 0, 100),
        Line(0, 35, 0, 90, discount=10, offer=0),
        Line(1, 36, 0, 300),
        Line(1, 70, 0, 50, discount=50, offer=0),
    )

    def test_months_are_sums_of_all_orders(self):
        months = report_of(small_facts(self.FACTS, n_members=2)).dependence.months
        found = [(one.month, one.orders, one.coupon_order_share, one.mean_depth) for one in months]
        assert found == [
            ("2024-01", 1, 0.0, None),
            ("2024-02", 2, 0.5, 0.1),
            ("2024-03", 1, 1.0, 0.5),
            ("2024-04", 0, None, None),
        ]
        assert months[1].coupon_spend_share == pytest.approx(90 / 390)

    def test_members_who_never_paid_the_full_price_are_the_last_class(self):
        facts = small_facts([*self.FACTS, Line(2, 80, 0, 10, discount=1, offer=0)], n_members=4)
        assert report_of(facts).dependence.members_by_full_price_gap == (0, 1, 1, 0, 0, 1)


class TestPreferences:
    def test_channels_weekdays_and_categories_are_counted(self):
        lines = [Line(0, 0.5, 0, 100, channel=1), Line(0, 0.5, 1, 50, channel=1), Line(1, 2.5, 0, 30, channel=-1)]
        part = report_of(small_facts(lines, n_members=2)).preferences
        assert [(one.name, one.n, one.paid_minor) for one in part.channels] == [
            ("store", 0, 0),
            ("web", 1, 150),
            ("not recorded", 1, 30),
        ]
        assert [(one.name, one.n) for one in part.weekdays if one.n] == [("Monday", 1), ("Wednesday", 1)]
        assert [(one.name, one.n, one.paid_minor) for one in part.categories] == [("dairy", 2, 130), ("bakery", 1, 50)]
        assert [one.favourite_of for one in part.channels] == [0, 2, None]  # the second leans on everybody

    def test_lines_without_a_category_are_no_category(self):
        part = report_of(small_facts([Line(0, 1, 0, 100), Line(0, 2, 3, 100)], n_members=1)).preferences
        assert (part.n_categories, [one.name for one in part.categories]) == (1, ["dairy"])


class TestValue:
    def test_tenths_share_the_whole_and_fall(self):
        tenths = full().value.tenths
        assert sum(tenth.members for tenth in tenths) == full().value.n_members
        assert sum(tenth.share for tenth in tenths) == pytest.approx(1)
        assert all(a.mean_minor >= b.mean_minor for a, b in pairwise(tenths))
        assert all(tenth.mean_low_minor <= tenth.mean_minor <= tenth.mean_high_minor for tenth in tenths[:5])

    def test_members_are_those_who_ordered(self):
        value = full().value
        assert sum(value.members_by_value) == value.n_members < N_MEMBERS


class TestFacts:
    @pytest.mark.parametrize("name", ["full", *THIN])
    def test_every_report_can_be_written_as_json(self, name):
        report = full() if name == "full" else thin(name)
        facts = json.loads(json.dumps(report.as_facts(), allow_nan=False))
        assert facts["n_members"] == report.n_members
        assert [headline.name for headline in headlines(report)]

    @pytest.mark.parametrize(
        ("name", "absent"),
        [
            ("no programme", {"tiers", "points"}),
            ("no programme but recorded tiers", {"points"}),
            ("no points", {"points"}),
            ("one tier", set()),
            ("no orders", {"rfm", "value", "points", "dependence", "preferences"}),
            ("nobody", {"tiers", "stages", "rfm", "value", "points", "dependence", "preferences"}),
            ("orders long ago", {"dependence", "preferences"}),
        ],
    )
    def test_what_is_absent_says_why(self, name, absent):
        report = thin(name)
        parts = {part for part in report.__slots__ if isinstance(getattr(report, part), Absent)}
        assert parts - {"replenishment"} == absent
        assert all(report.as_facts()[part]["absent"].endswith(".") for part in parts)

    def test_the_inputs_are_not_changed(self):
        facts = full_facts()
        before = facts.purchases.paid_minor.copy(), facts.orders.at.copy()
        report_of(facts, programme())
        assert (facts.purchases.paid_minor == before[0]).all()
        assert (facts.orders.at == before[1]).all()


def test_without_a_programme_recorded_tiers_are_counted_and_nothing_is_said_of_the_next():
    tiers = thin("no programme but recorded tiers").tiers
    assert not tiers.by_rules
    assert [row.members for row in tiers.rows] == [6, 6]
    verdicts = {headline.name: headline.verdict for headline in headlines(thin("no programme but recorded tiers"))}
    assert verdicts["members at risk of downgrade"] is Verdict.UNKNOWN


class TestReplenishment:
    def test_families_hold_every_pair_once(self):
        part = full().replenishment
        facts = full_facts()
        family = facts.products.category[facts.purchases.product]
        pairs = {(m, f) for m, f in zip(facts.purchases.member.tolist(), family.tolist(), strict=True) if f >= 0}
        assert part.n_pairs == len(pairs) == sum(row.n_members for row in part.families)
        assert part.n_due == sum(row.due for row in part.families)

    def test_of_the_chances_of_a_horizon_ago_as_many_happened_as_were_bought_since(self):
        lines = [Line(member, day, 0, 100) for member in range(40) for day in range(0, 85, 7)]
        bought = [Line(member, 90, 0, 100) for member in range(30)]
        part = report_of(small_facts([*lines, *bought], n_members=40)).replenishment
        (only,) = part.bins
        assert (only.pairs, only.happened) == (40, 0.75)
        assert only.low < 0.75 < only.high
        assert (only.low, only.high) == pytest.approx((0.5981, 0.8581), abs=1e-4)  # Wilson, 30 of 40

    def test_what_is_bought_on_the_day_under_way_is_no_outcome_of_the_horizon(self):
        lines = [Line(member, day, 0, 100) for member in range(40) for day in range(0, 85, 7)]
        first = [Line(member, 86, 0, 100) for member in range(10)]
        today = [Line(member, 100.25, 0, 100) for member in range(10, 40)]
        (only,) = report_of(small_facts([*lines, *first, *today], n_members=40, as_of_day=100.5)).replenishment.bins
        assert (only.pairs, only.happened) == (40, 0.25)


def test_blocks_of_members_add_up_to_the_same_report(monkeypatch):
    monkeypatch.setattr(counting, "_AT_ONCE", 7)
    report = report_of(full_facts(), programme(), recorded_tier=RECORDED)
    assert report.points == full().points
    assert report.replenishment == full().replenishment


def test_of_the_silent_no_more_than_all_come_back():
    (stages,) = (section for section in report_sections(full()) if section.name == "stages")
    (chart,) = (one for one in stages.blocks if isinstance(one, Chart) and one.name == "stages-returns")
    shares = [row[-1] for row in chart.table.rows]
    assert shares[0] is None
    assert 0 < max(shares[1:]) <= 1


def test_of_the_silent_a_share_comes_back_by_hand():
    flows = [[0] * 5 for _ in range(5)]
    flows[2][3], flows[3][4], flows[3][2], flows[4][2] = 4, 7, 2, 1  # fell silent, silent still longer, came back twice
    months = tuple(
        replace(full().stages.months[0], month=f"m{at}", members=(1, 0, 50, 10, 6), flows=tuple(map(tuple, flows)))
        for at in range(2)
    )
    section = stage_section(replace(full().stages, months=months))
    (chart,) = (one for one in section.blocks if isinstance(one, Chart) and one.name == "stages-returns")
    # Sixteen were silent when the second month began, and four fell silent: three of twenty came back.
    assert chart.table.rows == (("m0", 4, 7, 3, None), ("m1", 4, 7, 3, 3 / 20))
