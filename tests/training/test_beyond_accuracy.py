"""What lists show, worked out by hand: prices from what was paid before the cut-off, and from nothing later."""

import numpy as np
import pytest

from features.dataset import Dataset
from features.members import build_members
from recsys.catalogue import UNKNOWN_MINOR
from tests.training.shop import DAYS
from tests.training.tiny import bought, write_tiny
from training.beyond_accuracy import SHOWN, product_facts, shown_figures

DAY = 86_400
CUT_DAY = 100
COST = np.array([40, 100, UNKNOWN_MINOR, 10, 10])


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    purchases = [
        bought(0, 0, 10, paid_minor=100),
        bought(0, 0, 20, quantity=3, paid_minor=270),
        bought(1, 0, 30, paid_minor=500),
        bought(1, 0, 99, paid_minor=0),  # a gift has no price
        bought(1, 1, 40, quantity=2, paid_minor=206),
        bought(2, 2, 50, paid_minor=70),
        bought(0, 1, 60, paid_minor=90),
        bought(3, 4, CUT_DAY, paid_minor=1),  # at the cut-off itself: not known yet
        bought(2, 0, CUT_DAY + 5, paid_minor=9_999),
    ]
    workspace = write_tiny(tmp_path_factory.mktemp("tiny") / "w", purchases)
    dataset = Dataset.read(workspace, workspace.now - (DAYS - CUT_DAY) * DAY)
    keep = np.array([True, True, True, True, False])
    return product_facts(dataset, build_members(dataset), keep, COST)


def test_a_price_is_the_median_paid_for_a_unit_before_the_cut_off(facts):
    # 100, 90 and 500 for the first; 103 and 90 for the second: 96.5, rounded half up.
    assert facts.price_minor.tolist() == [100, 97, 70, UNKNOWN_MINOR, UNKNOWN_MINOR]


def test_a_margin_needs_a_price_and_a_cost_and_may_be_a_loss(facts):
    assert facts.has_margin.tolist() == [True, True, False, False, False]
    assert facts.margin_minor.tolist() == [60, -3, 0, 0, 0]


def test_self_information_counts_distinct_buyers_before_the_cut_off(facts):
    # Three members bought; two of them the first product, two the second, one the third.
    np.testing.assert_allclose(facts.bits, [np.log2(3 / 2), np.log2(3 / 2), np.log2(3), np.log2(3), np.log2(3)])


def test_means_are_over_the_places_that_have_the_figure(facts):
    lists = np.array([[0, 2, 3], [0, 1, -1]], dtype=np.int32)
    figures = shown_figures(lists, facts)
    assert list(figures) == list(SHOWN)
    assert figures["coverage_at_10"] == pytest.approx(4 / 4)
    assert figures["price_minor_at_10"] == pytest.approx((100 + 70 + 100 + 97) / 4)
    assert figures["margin_minor_at_10"] == pytest.approx((60 + 60 - 3) / 3)
    of_members = ((np.log2(1.5) + 2 * np.log2(3)) / 3, np.log2(1.5))
    assert figures["novelty_at_10"] == pytest.approx(np.mean(of_members))
    # Exposures 1, 1, 1, 2 of four products on sale: (-3 - 1 + 1 + 3 * 2) / (5 * 3).
    assert figures["gini_at_10"] == pytest.approx(3 / 15)


def test_only_the_first_ten_places_count(facts):
    lists = np.array([[0] * 10 + [1] * 10], dtype=np.int32)
    assert shown_figures(lists, facts)["price_minor_at_10"] == 100.0


def test_what_shows_nothing_has_no_figures_but_coverage(facts):
    figures = shown_figures(np.full((2, 10), -1, dtype=np.int32), facts)
    assert figures == dict.fromkeys(SHOWN) | {"coverage_at_10": 0.0}
