"""Coupons month by month, in local months."""

import numpy as np
import pytest

from features.profile.dependence_trend import dependence_trend
from recsys.errors import InputError
from tests.features.profile.small_facts import DAY, START, Line, small_facts

LINES = [
    Line(0, 5, 0, 80, discount=20, offer=0),
    Line(0, 40, 1, 300),
    Line(1, 41, 0, 0, discount=50, offer=0),
    Line(1, 42, 0, 90, discount=10),
    Line(1, 43, 3, 0),
    Line(2, 70, 2, 700),
]
NEW_YORK_EVENING = 31 + 2 / 24
"""02:00 UTC on 1 February is still January in New York."""


def test_months_end_with_the_one_that_is_under_way():
    trend = dependence_trend(small_facts(LINES, n_members=3, as_of_day=75), 3)
    assert trend.month.astype("datetime64[D]").astype(str).tolist() == ["2024-01-01", "2024-02-01", "2024-03-01"]
    assert trend.orders.tolist() == [[1, 3, 1]]
    assert trend.coupon_orders.tolist() == [[1, 1, 0]]
    assert trend.full_price_orders.tolist() == [[0, 1, 1]]
    assert trend.paid_minor.tolist() == [[80, 390, 700]]
    assert trend.coupon_paid_minor.tolist() == [[80, 0, 0]]
    assert trend.discount_minor.tolist() == [[20, 60, 0]]
    assert trend.coupon_discount_minor.tolist() == [[20, 50, 0]]


def test_shares_of_a_month_without_orders_or_coupons_are_unknown():
    trend = dependence_trend(small_facts(LINES, n_members=3, as_of_day=100), 4)
    assert trend.coupon_order_share[0, :2].tolist() == [1.0, 1 / 3]
    assert trend.coupon_spend_share[0, :3].tolist() == [1.0, 0.0, 0.0]
    assert trend.mean_depth[0, :2].tolist() == [0.2, 1.0]
    assert np.isnan([trend.coupon_order_share[0, 3], trend.mean_depth[0, 2]]).all()


def test_a_month_that_has_just_ended_is_the_last_one():
    facts = small_facts([Line(0, 5, 0, 80)], n_members=1, as_of_day=31)
    assert dependence_trend(facts, 1).orders.tolist() == [[1]]


def test_months_are_those_of_the_programmes_zone():
    facts = small_facts([Line(0, NEW_YORK_EVENING, 0, 80)], n_members=1, timezone="America/New_York")
    assert dependence_trend(facts, 4).orders.tolist() == [[1, 0, 0, 0]]


def test_groups_add_up_to_everybody_and_who_has_none_is_left_out():
    facts = small_facts(LINES, n_members=3, as_of_day=75)
    whole = dependence_trend(facts, 3)
    parts = dependence_trend(facts, 3, group=np.array([1, 0, 1], dtype=np.int8), n_groups=2)
    assert parts.orders.tolist() == [[0, 2, 0], [1, 1, 1]]
    assert parts.paid_minor.sum(axis=0).tolist() == whole.paid_minor[0].tolist()
    some = dependence_trend(facts, 3, group=np.array([1, -1, 1], dtype=np.int8), n_groups=2)
    assert some.orders.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_amounts_are_exact_beyond_single_precision():
    lines = [Line(0, 5, 0, 2**52), Line(1, 5, 0, 1)]
    assert dependence_trend(small_facts(lines, n_members=2, as_of_day=10), 1).paid_minor[0, 0] == 2**52 + 1


@pytest.mark.parametrize(
    ("months", "group"), [(0, None), (1, np.array([0, 2, 1]))], ids=["no months", "a group too many"]
)
def test_what_cannot_be_answered_is_refused(months, group):
    facts = small_facts(LINES, n_members=3, as_of_day=75)
    assert facts.as_of == START + 75 * DAY
    with pytest.raises(InputError, match=r"needs at least 1|the last is 1"):
        dependence_trend(facts, months, group=group, n_groups=2)
