"""Openness to new products, against what is usual after as many orders."""

import json

import numpy as np
import pytest

from features.profile.evidence import Faded
from features.profile.openness import fit_openness, next_share, summarise_openness
from tests.features.profile.small_facts import Line, small_facts

LINES = [
    *(Line(0, 10 * n, n % 4, 100) for n in range(4)),
    *(Line(1, 10 * n, 0, 100) for n in range(4)),
    Line(1, 0, 1, 100),
    Line(2, 7, 2, 100),
]
"""Member 0 always buys something new, member 1 never again, member 2 ordered once, member 3 never."""


def found(lines=LINES, half_life=1e9):
    facts = small_facts(lines, n_members=4)
    norms = json.loads(json.dumps(fit_openness(facts, half_life)))
    return norms, summarise_openness(facts, norms, Faded.of(facts, half_life))


def test_what_is_usual_is_counted_by_how_manieth_order():
    curve = found()[0]["curve"]
    assert curve[:4] == [1.0, 0.5, 0.5, 0.5]
    assert len(curve) == 50


def test_orders_beyond_any_seen_are_as_the_last_one_seen():
    assert set(found()[0]["curve"][4:]) == {0.5}


def test_the_first_order_tells_nothing():
    summary = found()[1]
    assert summary["new"].tolist() == [3.0, 0.0, 0.0, 0.0]
    assert summary["usual"].tolist() == [1.5, 1.5, 0.0, 0.0]
    assert summary["orders"].tolist() == [4, 4, 1, 0]


def test_recent_orders_tell_more():
    lines = [Line(0, 0, 0, 100), Line(0, 10, 1, 100), Line(0, 20, 0, 100)]
    assert found(lines, half_life=10.0)[1]["new"][0] == 0.5


def test_the_same_product_twice_in_an_order_is_new_once():
    lines = [Line(0, 0, 0, 100), Line(0, 10, 1, 100), Line(0, 10, 1, 100), Line(0, 10, 0, 100)]
    assert found(lines)[1]["new"][0] == 1.0
    assert found(lines)[0]["curve"][1] == 0.5


def test_all_is_new_in_a_first_order_and_later_as_usual_times_openness():
    norms = {"curve": [1.0, 0.5, 0.4]}
    n_orders, openness = np.array([0, 1, 9, 2], dtype=np.int32), np.array([0.3, 1.5, 0.5, 9.0])
    assert next_share(norms, n_orders, openness) == pytest.approx([1.0, 0.75, 0.2, 1.0])
