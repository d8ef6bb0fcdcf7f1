"""Evidence: weights that fade, by member and code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.profile.evidence import Dimension, Evidence, Faded, evidence_of, numbered
from tests.features.profile.small_facts import Line, small_facts

LINES = [
    Line(0, 10, 0, 100, channel=1, store=2),
    Line(0, 10, 1, 100, channel=1, store=2),
    Line(0, 30, 0, 100, store=-1),
    Line(0, 40, 3, 100, channel=-1),
    Line(2, 5, 2, 100),
]


def pairs(dimension, lines=LINES, **more):
    facts = small_facts(lines, n_members=3, **more)
    found = evidence_of(facts, dimension, Faded.of(facts, 10.0))
    return dict(zip(zip(found.member.tolist(), found.code.tolist(), strict=True), found.weight.tolist(), strict=True))


def test_weights_halve_each_half_life_before_the_members_own_last_order():
    facts = small_facts(LINES, n_members=3)
    assert Faded.of(facts, 10.0).weight.tolist() == [1 / 8, 1 / 2, 1.0, 1.0]


def test_since_the_last_order_all_have_faded_alike():
    facts = small_facts(LINES, n_members=3, as_of_day=50)
    assert Faded.of(facts, 10.0).since(facts.as_of).tolist() == [0.5, 0.0, pytest.approx(2**-4.5)]


def test_lines_count_for_categories_and_brands_and_orders_for_places():
    assert pairs(Dimension.CATEGORY) == {(0, 0): 1 / 8, (0, 1): 1 / 8 + 1 / 2, (2, 2): 1.0}
    assert pairs(Dimension.BRAND) == {(0, 0): 1 / 8 + 1 / 2, (0, 1): 1 / 8, (2, 1): 1.0}
    assert pairs(Dimension.CHANNEL) == {(0, 0): 1 / 2, (0, 1): 1 / 8, (2, 0): 1.0}
    assert pairs(Dimension.STORE) == {(0, 1): 1.0, (0, 2): 1 / 8, (2, 1): 1.0}


@pytest.mark.parametrize(
    ("day", "timezone", "weekday"),
    [
        (0.0, "UTC", 0),
        (-0.01, "UTC", 6),
        (90 + 23.25 / 24, "Europe/London", 0),
        (90 + 22.75 / 24, "Europe/London", 6),
        (90 + 23.25 / 24, "UTC", 6),
    ],
    ids=["monday", "just before monday", "summer time: past midnight", "summer time: before midnight", "utc"],
)
def test_weekdays_are_local(day, timezone, weekday):
    assert list(pairs(Dimension.WEEKDAY, [Line(0, day, 0, 100)], timezone=timezone)) == [(0, weekday)]


def test_weights_of_codes_that_a_member_does_not_have_are_zero():
    facts = small_facts(LINES, n_members=3)
    found = evidence_of(facts, Dimension.CATEGORY, Faded.of(facts, 10.0))
    member, code = np.array([[0], [1], [2]]), np.array([[2, 1, -1], [0, 1, 2], [2, 1, 0]], dtype=np.int32)
    assert found.weight_of(member, code, 3).tolist() == [[0.0, 0.625, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    none = Evidence(*(np.empty(0, dtype=np.int32),) * 2, np.empty(0), np.zeros(3))
    assert none.weight_of(member, code, 3).tolist() == [[0.0] * 3] * 3


@given(st.lists(st.integers(0, 50)), st.sampled_from([1, 10**12]))
def test_keys_are_numbered_in_order_however_far_apart_they_are(keys, scale):
    distinct, number = numbered(np.array(keys, dtype=np.int64) * scale)
    assert distinct.tolist() == [key * scale for key in sorted(set(keys))]
    assert distinct[number].tolist() == [key * scale for key in keys]
