"""The sentences that come first: what passes a threshold is said so, and what is not known too."""

from dataclasses import replace

import pytest

from experiments.profile_report.dependence import DependenceMonth
from experiments.profile_report.money import Money
from experiments.profile_report.short import (
    Verdict,
    dependence_headline,
    downgrade_headline,
    headlines,
    liability_headline,
    recorded_headline,
    silent_headline,
)
from experiments.profile_report.stages import StageMonth
from experiments.profile_report.tiers import TierRisk
from tests.experiments.profile_report.worlds import THIN, full, thin

GBP = Money("GBP")
NO_FLOWS = ((0,) * 5,) * 5


def stages(*silent):
    """A thousand buyers, so many of them silent at the end of each month, and a hundred potential members."""
    months = tuple(StageMonth(f"m{at}", (100, 0, 1_000 - n, n - 10, 10), NO_FLOWS) for at, n in enumerate(silent))
    return replace(full().stages, months=months, members=months[-1].members)


def dependence(*coupon_share, whole=True):
    months = tuple(DependenceMonth(f"m{at}", 100, one, one, 0.0, None) for at, one in enumerate(coupon_share))
    return replace(full().dependence, months=months, last_month_is_whole=whole)


@pytest.mark.parametrize(
    ("silent", "verdict"),
    [((500, 300, 300, 309), Verdict.FINE), ((300, 500, 500, 310), Verdict.LOOK), ((300, 400, 500), Verdict.UNKNOWN)],
)
def test_silent_members_are_compared_with_three_months_ago(silent, verdict):
    assert silent_headline(stages(*silent)).verdict is verdict


def test_potential_members_are_not_among_those_who_may_fall_silent():
    assert "31.0% of those who ever ordered" in silent_headline(stages(300, 1, 1, 310)).sentence


def test_dependence_compares_three_whole_months_with_the_three_before():
    rising = (0.0, 0.10, 0.10, 0.10, 0.12, 0.12, 0.13)
    assert dependence_headline(dependence(*rising)).verdict is Verdict.LOOK
    assert dependence_headline(dependence(*rising, whole=False)).verdict is Verdict.LOOK
    assert dependence_headline(dependence(*rising[1:], whole=False)).verdict is Verdict.UNKNOWN
    assert dependence_headline(dependence(*(0.1,) * 6, 0.9, whole=False)).verdict is Verdict.FINE


def test_liability_looks_at_points_owed():
    points = full().points
    months = points.months[-4:]
    same = tuple(replace(month, closing=1_000) for month in months)
    risen = (*same[:-1], replace(same[-1], closing=1_100))
    assert liability_headline(replace(points, months=same), GBP).verdict is Verdict.FINE
    assert liability_headline(replace(points, months=risen), GBP).verdict is Verdict.LOOK
    assert liability_headline(replace(points, months=same[:3]), GBP).verdict is Verdict.UNKNOWN


def test_points_owed_by_a_programme_that_owed_none_are_a_rise():
    points = full().points
    none = tuple(replace(month, closing=0) for month in points.months[-4:])
    some = (*none[:-1], replace(none[-1], closing=1))
    debts = tuple(replace(month, closing=-5) for month in some[:-1])
    found = liability_headline(replace(points, months=some), GBP)
    assert found.verdict is Verdict.LOOK
    assert "1 point less debts, against 0 at the end of" in found.sentence
    assert liability_headline(replace(points, months=(*debts, some[-1])), GBP).verdict is Verdict.LOOK
    assert liability_headline(replace(points, months=none), GBP).verdict is Verdict.FINE


def test_the_liability_of_a_silent_programme_is_compared_within_the_last_months():
    sentence = liability_headline(thin("orders long ago").points, GBP).sentence
    assert sentence.endswith("0 points less debts, against 0 at the end of 2026-03.")


@pytest.mark.parametrize(
    ("name", "told"), [("one tier", "There is one tier"), ("no orders", "Nobody is above the lowest tier")]
)
def test_where_nobody_is_above_the_lowest_tier_nobody_can_lose_one(name, told):
    found = downgrade_headline(thin(name).tiers, GBP)
    assert (found.verdict, found.sentence) == (Verdict.FINE, f"{told}, so nobody can lose one.")


def test_downgrades_are_held_against_members_above_the_lowest_tier():
    tiers = full().tiers
    above = tiers.rows[1].members
    few, many = (TierRisk(90, "gold", n, 500_00, 0) for n in (above // 5 - 1, -(-above // 5)))
    soon = TierRisk(30, "gold", 0, 0, 0)
    assert downgrade_headline(replace(tiers, risk=(soon, few)), GBP).verdict is Verdict.FINE
    found = downgrade_headline(replace(tiers, risk=(soon, many)), GBP)
    assert found.verdict is Verdict.LOOK
    assert "GBP 500" in found.sentence


def test_other_tiers_than_recorded_are_looked_into_from_one_in_a_hundred():
    tiers = replace(full().tiers, n_recorded=1_000)
    assert recorded_headline(replace(tiers, n_other=9)).verdict is Verdict.FINE
    assert recorded_headline(replace(tiers, n_other=10)).verdict is Verdict.LOOK
    assert recorded_headline(replace(tiers, n_recorded=0)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ["full", *THIN])
def test_there_are_always_five_each_with_its_threshold(name):
    found = headlines(full() if name == "full" else thin(name))
    assert len({headline.name for headline in found}) == 5
    assert all(headline.sentence.endswith(".") and headline.threshold for headline in found)
    order = [list(Verdict).index(headline.verdict) for headline in found]
    assert order == sorted(order)
