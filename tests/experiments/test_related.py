"""The benchmark of answers about products: what is held out, what is counted, and what is refused."""

import numpy as np
import pytest

from experiments.benchmarks import related, run
from experiments.benchmarks.related import Order
from recsys.errors import InputError
from recsys.types import Relation
from tests.recsys.test_related import KNOWLEDGE

ORDERS = [Order("m001", 13, (4, 5)), Order("m002", 20, (4,)), Order("m003", 29, (4,))]


def test_it_needs_a_workspace() -> None:
    with pytest.raises(InputError, match="related needs --workspace"):
        run("related", {})


def test_what_is_left_out_is_found_by_what_leads_to_it() -> None:
    hits = related._all_hits(KNOWLEDGE, ORDERS)
    assert hits["together"]["together"].tolist()[0] == 1.0  # 4 goes with 13
    assert hits["together"]["similar"].tolist()[1] == 1.0  # 20 sells in the category of 4
    assert set(hits) == {"together", Relation.COMPLETE.value}
    assert {name: found.shape for name, found in hits["complete"].items()} == dict.fromkeys(hits["complete"], (3,))


def test_the_floor_leaves_out_what_is_known_of_the_order() -> None:
    listed = [row for row in KNOWLEDGE.popular.products[0].tolist() if row >= 0]
    orders = [Order("m001", listed[10], (listed[3], listed[0])), Order("m001", listed[10], (29,))]
    assert related._popular(KNOWLEDGE, orders, None).tolist() == [1.0, float(listed[9] == 29)]


def test_the_report_has_a_gain_over_the_floor_for_each_ranker() -> None:
    hits = {
        question: {"popular": np.array([0.0, 1.0, 0.0, 0.0]), "ours": np.array([1.0, 1.0, 0.0, 1.0])}
        for question in ("together", "complete")
    }
    report = related._report(hits, {"seed": 1, "resamples": 200})
    assert report.facts["n_orders"] == 4
    assert report.facts["together"]["ours"]["hit_rate_at_10"] == 0.75
    assert report.facts["together"]["ours"]["gain"] == 0.5
    assert report.facts["complete"]["popular"]["gain"] == 0.0
