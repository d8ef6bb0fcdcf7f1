"""A fractional answer in whole choices: the shares are nearly right in every tier."""

import numpy as np

from recsys.offers.allocation.allocate import mixture
from recsys.offers.allocation.dual import Dual
from recsys.offers.allocation.problem import lay_out
from recsys.offers.allocation.rows import budget
from tests.recsys.offers.allocation.problems import problem

FREE, DEAR = 0.0, 1e9


def given(share, tier):
    """Who gets the one offer, where *share* of the answer is without a price and the rest gives nothing."""
    alike = problem(np.full((len(tier), 1), 40.0), np.full((len(tier), 1), 100.0), tier=tier)
    columns, limits = lay_out(alike, [budget("all", 1_000)])
    dual = Dual(
        np.zeros(1), 0.0, steps=2, meets=True, mixed=np.array([[FREE], [DEAR]]), share=np.array([share, 1 - share])
    )
    return mixture(columns, limits, dual)[0] >= 0


def test_every_tier_has_its_share_wherever_its_members_stand():
    tier = np.zeros(630, dtype=np.int64)
    tier[::21] = 1  # every 21st place of the golden sequence is nearly the same
    found = given(0.5, tier)
    assert abs(found[tier == 1].mean() - 0.5) <= 0.05
    assert abs(found[tier == 0].mean() - 0.5) <= 0.01


def test_members_who_choose_alike_at_all_prices_are_not_split():
    assert given(1.0, np.zeros(7, dtype=np.int64)).all()
    assert not given(0.0, np.zeros(7, dtype=np.int64)).any()
