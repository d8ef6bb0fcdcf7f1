"""Pairs of member and product are the same whatever way they were sorted."""

from dataclasses import replace

import numpy as np
import pytest

from training import pairs
from training.models.item_neighbours import latest
from training.pairs import build_pairs, distinct

DAY = 86_400


@pytest.fixture
def taking_turns(dataset):
    """Two orders at one instant whose lines of one product alternate, and a later order by another member."""
    noon = dataset.cut_off - 30 * DAY
    bought = replace(
        dataset.purchases,
        member=np.array([2, 2, 2, 2, 2, 4], dtype=np.int32),
        product=np.array([9, 9, 9, 9, 3, 9], dtype=np.int32),
        at=np.array([noon, noon, noon, noon, noon + DAY, noon + 15 * DAY], dtype=np.int64),
        quantity=np.array([1, 1, 2, 2, 1, 1], dtype=np.int32),
        paid_minor=np.full(6, 100, dtype=np.int64),
        order=np.array([0, 1, 0, 1, 2, 3], dtype=np.int32),
    )
    return replace(dataset, purchases=bought)


def test_an_order_counts_once_though_lines_of_two_orders_take_turns(taking_turns):
    found = build_pairs(taking_turns, half_life_days=15.0)
    assert (found.member.tolist(), found.product.tolist()) == ([2, 2, 4], [3, 9, 9])
    assert found.n_orders.tolist() == [1, 2, 1]
    assert found.strength.tolist() == pytest.approx([2 ** (-29 / 15), 2 * 0.25, 0.5])
    assert (found.last_at - found.first_at).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("name", "value"), [("_BLOCK_LINES", 1), ("_BLOCK_LINES", 700), ("_KEY_BITS", 3)])
def test_neither_blocks_nor_the_way_of_sorting_change_a_pair(dataset, monkeypatch, name, value):
    before = build_pairs(dataset, half_life_days=40.0)
    monkeypatch.setattr(pairs, name, value)
    after = build_pairs(dataset, half_life_days=40.0)
    assert len(before) > 1_000
    for column in before.__slots__:
        assert getattr(before, column).tobytes() == getattr(after, column).tobytes()


def test_the_latest_products_of_a_crowded_member_stay_and_all_of_the_others(taking_turns):
    found = latest(build_pairs(taking_turns, half_life_days=15.0), 1)
    assert (found.member.tolist(), found.product.tolist()) == ([2, 4], [3, 9])


def test_without_purchases_there_are_no_pairs(dataset):
    bought = dataset.purchases
    nothing = replace(bought, **{name: getattr(bought, name)[:0] for name in bought.__slots__})
    assert len(build_pairs(replace(dataset, purchases=nothing), half_life_days=40.0)) == 0


def test_distinct_values_come_once_and_ascend():
    assert distinct(np.array([5, -2, 5, 9, -2, 0])).tolist() == [-2, 0, 5, 9]
    assert distinct(np.array([], dtype=np.int64)).tolist() == []
