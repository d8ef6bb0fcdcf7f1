"""The life table: events over expected events, by hand, and what stands in where little happened."""

import numpy as np
import pytest

from features.rhythm.life_table import LifeTable, shrunk_rate
from features.rhythm.orders import Steady

EDGES = np.array([0.0, 2.0, 5.0, np.inf])


def fitted(prior_events: float, n_flat: int = 0) -> LifeTable:
    """Ages 1, 3 and 4 ended, 3 and 8 are open; the last two are stratum 1."""
    age, stratum = np.array([1.0, 3.0, 4.0, 3.0, 8.0]), np.array([0, 0, 0, 1, 1])
    closed = np.array([True, True, False, True, False])
    return LifeTable.fit(
        Steady(0.5), age, stratum, closed, edges=EDGES, n_strata=2, prior_events=prior_events, n_flat=n_flat
    )


def test_the_shape_is_events_over_what_was_expected() -> None:
    # Stratum 0 spends 1 + 2 + 2 days in the first bin and 1 + 2 in the second: 2.5 and 1.5 events are expected.
    # Stratum 1 spends 2 + 2, 1 + 3 and 3.
    found = fitted(1e-9).shape
    assert found[0, :2] == pytest.approx([1 / 2.5, 1 / 1.5], rel=1e-6)
    assert found[1] == pytest.approx([0, 1 / 2, 0], abs=1e-6)


def test_a_cell_without_anybody_is_like_that_of_all() -> None:
    found = fitted(1e-9).shape
    assert found[0, 2] == pytest.approx(1e-9 / (1.5 + 1e-9))


def test_a_heavy_prior_leaves_the_hazard_as_it_was() -> None:
    assert fitted(1e12).shape == pytest.approx(np.ones((2, 3)))


def test_flat_strata_have_no_shape_and_teach_the_others_nothing() -> None:
    found = fitted(2.0, n_flat=1).shape
    assert found[0].tolist() == [1, 1, 1]
    of_all = (0 + 2) / (2 + 2)
    assert found[1, 0] == pytest.approx((0 + 2) / (2 + 2 / of_all))


def test_what_is_cumulated_is_each_bin_times_its_shape() -> None:
    table = LifeTable(EDGES, np.array([[1.0, 3.0, 0.5], [2.0, 1.0, 1.0]]))
    found = table.cumulated(Steady(0.5), np.array([1.0, 9.0, 4.0]), np.array([1, 0, 1]))
    assert found == pytest.approx([1.0, 1.0 + 4.5 + 1.0, 2.0 + 1.0])


def test_a_rate_leans_on_the_level_above_by_its_repeats() -> None:
    found = shrunk_rate(np.array([0, 12]), np.array([0.0, 100.0]), 0.05, 4.0)
    assert found == pytest.approx([0.05, 16 / 180])
