"""Dependence on discounts: what counts as what, and shrinkage to the segment."""

import json

import numpy as np
import pytest
from hypothesis import given, settings

from features.profile.config import DependenceConfig, ProfileConfig
from features.profile.dependence import Dependence
from features.profile.group import NEXT_CHANGE_AT, Fitted
from tests.features.profile.drawn_facts import LINES, facts_before
from tests.features.profile.small_facts import DAY, START, Line, rules, small_facts

RULES = rules(ProfileConfig(dependence=DependenceConfig(window_days=60, prior_orders=4.0)))
LINES_OF_FOUR = [
    Line(0, 50, 0, 80, discount=20, offer=0),
    Line(0, 60, 1, 300),
    Line(0, 70, 0, 60, discount=40, offer=0),
    Line(0, 90, 2, 500),
    Line(0, 95, 2, 450, discount=50),
    Line(1, 55, 1, 250),
    Line(1, 85, 1, 250),
    Line(2, 20, 0, 50, discount=50, offer=0),
]


def view(lines, *, as_of_day=100, fitted_on=None, **more):
    facts = small_facts(lines, n_members=4, as_of_day=as_of_day, **more)
    norms = Dependence().fit(facts if fitted_on is None else small_facts(fitted_on, n_members=4), RULES)
    fitted = Fitted(norms, RULES)
    return Dependence().view(Dependence().summarise(facts, fitted), fitted, facts.as_of)


def test_shares_are_those_of_the_window_shrunken_to_everybody():
    found = view(LINES_OF_FOUR)
    everybody = 2 / 7  # orders of the window with a coupon, all of one segment
    assert found["coupon_order_share"][:2] == pytest.approx(
        [(2 + 4 * everybody) / (5 + 4), (0 + 4 * everybody) / (2 + 4)]
    )
    assert found["full_price_share"][0] == pytest.approx((2 + 4 * 4 / 7) / 9)


def test_the_spend_share_counts_money_and_the_prior_as_many_mean_orders():
    mean_order, share = (80 + 300 + 60 + 500 + 450 + 500 + 20 + 40 + 50) / 7, 140 / 1890
    weight = 4 * mean_order
    assert view(LINES_OF_FOUR)["coupon_spend_share"][0] == pytest.approx((140 + weight * share) / (1390 + weight))


def test_depth_is_the_mean_over_coupon_orders():
    assert view(LINES_OF_FOUR)["coupon_depth"][0] == pytest.approx((0.2 + 0.4 + 4 * 0.3) / 6)


def test_depth_grows_from_one_coupon_order_to_the_next():
    lines = [Line(0, 50 + day, 0, 100 - 10 * day, discount=10 * day, offer=0) for day in range(1, 6)]
    four, fifty = 5.0, 5.0 * 50 / 4  # what four orders in a row weigh, and fifty as rows of four
    everybody = (0.1 * 10) / (10 + fifty)
    segment = (0.1 * 10 + fifty * everybody) / (10 + fifty)
    own = (0.1 * 10 + four * segment) / (10 + four)
    assert view(lines)["coupon_depth_trend"] == pytest.approx([own, segment, segment, segment])


def test_without_evidence_a_member_is_as_the_segment_is():
    found = view([*LINES_OF_FOUR, Line(3, 90, 0, 100)], segment=[0, 0, 1, 1])
    empty = view(
        [line for line in LINES_OF_FOUR if line.member != 1],
        segment=[0, 0, 1, 1],
        fitted_on=LINES_OF_FOUR,
    )
    assert found["coupon_order_share"][2] == pytest.approx((0 + 50 * 2 / 8) / (1 + 50))
    assert empty["coupon_order_share"][1] == pytest.approx(2 / 7)
    assert empty["discount_dependence"][1] == pytest.approx((2 / 7 + 140 / 1890 + 3 / 7) / 3)


def test_a_segment_that_nobody_knew_leans_on_everybody():
    found = view(LINES_OF_FOUR[:5], segment=[0, 7, -1, 7], fitted_on=LINES_OF_FOUR)
    assert found["coupon_order_share"][1:] == pytest.approx([2 / 7] * 3)


def test_gaps_look_beyond_the_window():
    found = view(LINES_OF_FOUR)
    assert found["days_since_coupon"].tolist() == [30, -1, 80, -1]
    assert found["days_since_full_price"].tolist() == [10, 15, -1, -1]
    assert found["full_price_since_coupon"].tolist() == [1, 2, 0, 0]


def test_a_coupon_redeemed_on_the_day_makes_a_coupon_order_though_no_line_names_it():
    found = view([Line(0, 90.5, 0, 70, discount=30)], redemptions=[(0, 90.1, 0)])
    assert found["days_since_coupon"][0] == 9
    assert found["coupon_depth"][0] == pytest.approx(0.3)


def test_an_order_for_nothing_counts_nowhere():
    gift = [*LINES_OF_FOUR, Line(0, 99, 3, 0), Line(1, 99, 3, 0, offer=0)]
    with_gift, without = view(gift), view(LINES_OF_FOUR)
    assert [name for name, values in without.items() if values.tolist() != with_gift[name].tolist()] == []


def test_an_order_that_a_coupon_paid_entirely_has_depth_one_and_no_spend():
    lines = [Line(0, 90, 0, 0, discount=100, offer=0), Line(1, 80, 0, 100)]
    found = view(lines)
    assert found["coupon_depth"].tolist() == [1.0] * 4
    assert found["coupon_spend_share"].tolist() == [0.0] * 4


def test_where_nobody_ever_used_a_coupon_their_depth_is_unknown():
    found = view([Line(0, 90, 0, 100), Line(1, 80, 0, 100)])
    assert np.isnan(found["coupon_depth"]).all()
    assert found["coupon_order_share"].tolist() == [0.0] * 4
    assert found["discount_dependence"].tolist() == [0.0] * 4


def test_discounts_without_a_coupon_are_kept_apart():
    weight = 4 * 2_000 / 7
    share = (50 + weight * 50 / 1_800) / (300 + 500 + 500 + weight)
    assert view(LINES_OF_FOUR)["other_discount_share"][0] == pytest.approx(share)


def test_the_summary_says_when_the_oldest_order_falls_out_of_the_window():
    facts = small_facts(LINES_OF_FOUR, n_members=4)
    summary = Dependence().summarise(facts, Fitted({}, RULES))
    assert summary[NEXT_CHANGE_AT][:2].tolist() == [START + 110 * DAY + 1, START + 115 * DAY + 1]
    for seconds, orders in ((0, 5), (1, 4)):
        later = small_facts(LINES_OF_FOUR, n_members=4, as_of_day=110 + seconds / DAY)
        assert Dependence().summarise(later, Fitted({}, RULES))["orders"][0] == orders


@settings(max_examples=40, deadline=None)
@given(lines=LINES)
def test_one_more_coupon_order_never_lowers_dependence(lines):
    lines = [line for line in lines if line.day < 98]
    fitted = Fitted(json.loads(json.dumps(Dependence().fit(facts_before(lines, 100), RULES))), RULES)

    def of(some):
        facts = facts_before(some, 100)
        return Dependence().view(Dependence().summarise(facts, fitted), fitted, facts.as_of)["discount_dependence"]

    before, after = of(lines), of([*lines, Line(2, 98.5, 1, 200, discount=50, offer=0)])
    assert np.isnan(before[2]) or after[2] >= before[2] - 1e-6
    assert before[[0, 1, 3, 4, 5]].tobytes() == after[[0, 1, 3, 4, 5]].tobytes()
