"""Bands of prices within a category."""

import json

import numpy as np
import pytest

from features.profile.evidence import Faded
from features.profile.price_bands import fit_bands, summarise_bands
from tests.features.profile.small_facts import Line, small_facts

DAIRY = [Line(2, day, 0, price) for day, price in enumerate((100, 200, 300, 400, 500, 600))]
BAKERY = [Line(2, 10 + day, 1, price * 100) for day, price in enumerate((100, 200, 300))]


def mean_bands(lines, n_bands=3):
    facts = small_facts([*DAIRY, *BAKERY, *lines], n_members=3)
    norms = json.loads(json.dumps(fit_bands(small_facts([*DAIRY, *BAKERY], n_members=3), 1e9, n_bands)))
    summary = summarise_bands(facts, norms, Faded.of(facts, 1e9))
    with np.errstate(invalid="ignore"):
        return (summary["band"] / summary["total"]).tolist()


def test_bands_are_of_the_category_not_of_all_products():
    assert mean_bands([Line(0, 50, 0, 600), Line(1, 50, 1, 10_000)])[:2] == [1.0, 0.0]


def test_bands_have_as_many_lines_each():
    assert mean_bands([])[2] == pytest.approx(0.5)


def test_the_regular_price_of_a_unit_counts():
    assert mean_bands([Line(0, 50, 0, 300, quantity=2, discount=900, offer=0)])[0] == 1.0


def test_a_line_for_nothing_or_without_a_category_has_no_band():
    assert np.isnan(mean_bands([Line(0, 50, 0, 0), Line(0, 51, 3, 9_999)])[0])


def test_a_category_that_is_new_since_has_no_band():
    assert np.isnan(mean_bands([Line(0, 50, 2, 100)])[0])


def test_bands_lie_between_zero_and_one():
    lines = [Line(0, 50 + n, 0, price) for n, price in enumerate((100, 200, 300, 500))]
    assert mean_bands(lines, n_bands=5)[0] == pytest.approx((0 + 0 + 0.25 + 0.75) / 4)
