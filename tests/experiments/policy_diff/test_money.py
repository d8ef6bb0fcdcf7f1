"""What offers are worth, against the formula of the economics, written out."""

import numpy as np
import pytest

from experiments.policy_diff.money import Worths
from recsys.batch import build_batch
from recsys.members import Subject
from tests.experiments.policy_diff.worlds import world


@pytest.mark.parametrize("cost", [None, 17])
def test_added_orders_are_those_of_the_measured_uplift(cost):
    knowledge = world()
    batch = build_batch([Subject(f"m{row:03}") for row in range(50)], knowledge)
    worth = Worths(knowledge).of(batch, contact_cost_minor=cost)
    alone = 1 - np.exp(-batch.orders_per_day.astype(np.float64) * knowledge.response.horizon_days)
    with_offer = np.clip(alone[:, None] + knowledge.response.uplift.astype(np.float64)[batch.stage, batch.tier], 0, 1)
    assert np.allclose(worth.added_orders, with_offer - alone[:, None], atol=1e-9)
    assert np.allclose(worth.orders, alone)


def test_orders_that_are_worth_nothing_count_as_orders():
    knowledge = world()
    knowledge.members.basket_minor[:10] = 0
    batch = build_batch([Subject(f"m{row:03}") for row in range(20)], knowledge)
    worth = Worths(knowledge).of(batch, contact_cost_minor=None)
    assert (worth.added_orders[:10] > 0).all()
    assert (worth.added_orders[10:] >= 0).all()
    assert worth.added_orders[10:].any()


def test_depth_is_that_of_the_smallest_basket_or_of_the_members_own():
    knowledge = world()
    batch = build_batch([Subject(f"m{row:03}") for row in range(20)], knowledge)
    depth = Worths(knowledge).of(batch, contact_cost_minor=None).depth
    assert depth[:, 0] == pytest.approx(500 / 3_000)
    assert depth[:, 1] == pytest.approx(0.1)
    assert depth[:, 3] == pytest.approx(0)
    knowledge.offers.min_spend_minor[:] = 0
    flat = Worths(knowledge).of(batch, contact_cost_minor=None).depth
    assert flat[:, 0] == pytest.approx(500 / batch.basket_minor)
