"""The models of the next basket on a dataset, and who can lend in them."""

import numpy as np
import pytest

from recsys.errors import NotEnoughDataError
from tests.training.test_models import share_of_taste, small
from training.basket_config import BoostingConfig, NextBasketConfig
from training.baskets import build_baskets
from training.models import basket_sources
from training.source_config import NextBasketSourceConfig, TifuKnnSourceConfig, UpCfSourceConfig


def test_all_members_with_a_basket_are_in_a_pool_that_holds_them(dataset):
    baskets = build_baskets(small(dataset, [4, 2, 9], [1, 1, 1], [3, 2, 1]))
    assert basket_sources.sample_pool(baskets, 3, np.random.default_rng(0)).tolist() == [2, 4, 9]


def test_a_larger_pool_is_sampled_and_the_same_every_time(dataset):
    baskets = build_baskets(dataset)
    one, two = (basket_sources.sample_pool(baskets, 20, np.random.default_rng(3)) for _ in range(2))
    assert one.tolist() == two.tolist() == sorted(set(one.tolist()))
    assert len(one) == 20
    assert (baskets.n_baskets()[one] > 0).all()


def test_similar_members_lend_the_planted_tastes(dataset):
    rng = np.random.default_rng(1)
    for scorer in (
        basket_sources.fit_tifu_knn(dataset, TifuKnnSourceConfig(max_pool=150), rng),
        basket_sources.fit_up_cf(dataset, UpCfSourceConfig(max_pool=150), rng),
    ):
        assert share_of_taste(scorer) > 0.7


def test_the_trees_find_the_planted_tastes(dataset):
    scorer = basket_sources.fit_next_basket(dataset, NextBasketSourceConfig(), np.random.default_rng(1))
    assert share_of_taste(scorer) > 0.6


def test_the_trees_learn_what_follows_in_the_windows(dataset):
    # Who bought 1 buys 2 about ten days later, 40 members in every one of the last windows; nobody buys 2 twice.
    member = np.repeat(np.arange(120), 2).tolist()
    product = [product for row in range(120) for product in (1, 2 if row < 80 else 3)]
    when = [day for row in range(120) for day in ((18, 8) if row < 40 else (32, 22) if row < 80 else (14.5, 60))]
    few = small(dataset, member, product, when)
    model = NextBasketConfig(boosting=BoostingConfig(n_trees=20, min_leaf_rows=1))
    scorer = basket_sources.fit_next_basket(few, NextBasketSourceConfig(model=model), np.random.default_rng(1))
    rows, _ = scorer.best(np.arange(80, 120), keep=np.ones(160, dtype=bool), k=1)
    assert (rows[:, 0] == 2).all()


def test_too_little_history_for_a_window_is_said(dataset):
    few = small(dataset, [0, 1], [1, 2], [3, 2])
    with pytest.raises(NotEnoughDataError, match="add history"):
        basket_sources.fit_next_basket(few, NextBasketSourceConfig(), np.random.default_rng(1))


def test_a_purchase_at_the_beginning_of_a_window_is_in_it_and_not_in_the_history(dataset, monkeypatch):
    monkeypatch.setattr(basket_sources.next_basket, "fit", lambda *_, lessons, **__: list(lessons))
    few = small(dataset, [3, 3], [1, 2], [14, 20])
    ((histories, labels),) = basket_sources.fit_next_basket(
        few, NextBasketSourceConfig(n_windows=1), np.random.default_rng(1)
    )
    assert histories.n_baskets()[3] == 1
    assert histories.lists().take(np.array([3])).lists() == [[2]]
    assert labels.members.tolist() == [3]
    assert labels.truth.lists() == [[1]]
