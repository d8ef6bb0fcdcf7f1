"""RFM scores: cut points come from the training window, and stay."""

import numpy as np

from features.profile.config import ProfileConfig, RfmConfig
from features.profile.group import NEXT_CHANGE_AT, Fitted
from features.profile.rfm import Rfm
from tests.features.profile.small_facts import DAY, START, Line, rules, small_facts

LINES = [
    *(Line(0, day, 0, 200) for day in range(0, 98, 7)),
    *(Line(1, day, 1, 240) for day in (2, 40)),
    Line(2, 90, 3, 50_000),
    Line(4, 10, 2, 10),
]
RULES = rules(ProfileConfig(rfm=RfmConfig(window_days=60, n_scores=2)))


def columns(as_of_day=100):
    facts = small_facts(LINES, n_members=5)
    fitted = Fitted(Rfm().fit(facts, RULES), RULES)
    return Rfm().view(Rfm().summarise(facts, fitted), fitted, int(START + as_of_day * DAY))


def test_only_orders_of_the_window_count():
    assert columns()["frequency"].tolist() == [8, 1, 1, 0, 0]
    assert columns()["monetary_minor"].tolist() == [1_600, 240, 50_000, 0, 0]


def test_days_since_the_last_order_go_on_without_new_facts():
    assert columns()["recency_days"].tolist() == [9, 60, 10, -1, 90]
    assert columns(103)["recency_days"].tolist() == [12, 63, 13, -1, 93]


def test_who_never_ordered_has_no_scores():
    assert [columns()[f"{name}_score"][3] for name in ("recency", "frequency", "monetary")] == [-1, -1, -1]


def test_the_latest_most_frequent_and_dearest_score_highest():
    assert columns()["recency_score"].tolist() == [2, 1, 2, -1, 1]
    assert columns()["frequency_score"].tolist() == [2, 1, 1, -1, 1]
    assert columns()["monetary_score"].tolist() == [2, 1, 2, -1, 1]


def test_equal_values_have_equal_scores():
    facts = small_facts([Line(member, 50, 0, 100) for member in range(4)], n_members=4)
    fitted = Fitted(Rfm().fit(facts, RULES), RULES)
    assert len(set(Rfm().view(Rfm().summarise(facts, fitted), fitted, facts.as_of)["recency_score"])) == 1


def test_cut_points_are_those_that_were_fitted_not_those_of_the_day():
    facts = small_facts(LINES, n_members=5)
    fitted = Fitted(Rfm().fit(facts, RULES), RULES)
    alone = facts.of_members(np.array([1]))
    found = Rfm().view(Rfm().summarise(alone, fitted), fitted, facts.as_of)
    assert found["monetary_score"].tolist() == [1]


def test_the_summary_says_when_an_order_falls_out_of_the_window():
    facts = small_facts(LINES, n_members=5)
    changes = Rfm().summarise(facts, Fitted({}, RULES))[NEXT_CHANGE_AT]
    assert changes[1] == START + 100 * DAY + 1
    later = small_facts(LINES, n_members=5, as_of_day=100 + 1 / DAY)
    assert Rfm().summarise(facts, Fitted({}, RULES))["frequency"][1] == 1
    assert Rfm().summarise(later, Fitted({}, RULES))["frequency"][1] == 0
