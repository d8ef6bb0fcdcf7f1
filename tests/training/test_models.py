"""Every family on the planted shop: what it learns, that it repeats itself, and what it does with nothing."""

from dataclasses import replace

import numpy as np
import pytest
import threadpoolctl

from features.members import build_members
from features.products import build_catalogue
from recsys.errors import NotEnoughDataError
from training.models import als, frequency, item_neighbours, lightfm_hybrid, popularity
from training.pairs import build_pairs
from training.source_config import AlsConfig, FrequencyConfig, LightfmConfig, NeighboursConfig, PopularityConfig

DAY = 86_400
NEWEST = 159


@pytest.fixture(scope="module")
def nouns(dataset):
    return build_members(dataset), build_catalogue(dataset)


@pytest.fixture(scope="module")
def lightfm_scorer(dataset, nouns):
    config = LightfmConfig(factors=8, epochs=6)
    return lightfm_hybrid.fit(dataset, config, np.random.default_rng(3), members=nouns[0], catalogue=nouns[1])


def small(dataset, member, product, day, order=None):
    """The dataset with a handful of purchases instead of its own; days before the cut-off."""
    order = np.arange(len(member)) if order is None else order
    at = dataset.cut_off - np.array(day) * DAY
    arrange = np.lexsort((product, at, member))
    purchases = replace(
        dataset.purchases,
        member=np.array(member, dtype=np.int32)[arrange],
        product=np.array(product, dtype=np.int32)[arrange],
        at=at[arrange].astype(np.int64),
        quantity=np.ones(len(member), dtype=np.int32),
        paid_minor=np.full(len(member), 100, dtype=np.int64),
        order=np.array(order, dtype=np.int32)[arrange],
    )
    return replace(dataset, purchases=purchases)


def share_of_taste(scorer, n_products=160):
    """How much of the first ten of each member is of the member's planted taste; a blind list has a quarter."""
    members = np.arange(200, dtype=np.int32)
    rows, _ = scorer.best(members, keep=np.ones(n_products, dtype=bool), k=10)
    return float((rows % 4 == members[:, None] % 4).mean())


def test_pairs_count_an_order_once_and_fade_with_age(dataset):
    pairs = build_pairs(small(dataset, [1, 1, 1], [4, 4, 4], [10, 10, 0], [0, 0, 1]), half_life_days=10.0)
    assert pairs.n_orders.tolist() == [2]
    np.testing.assert_allclose(pairs.strength, [1.5])
    assert pairs.last_at.tolist() == [dataset.cut_off]
    assert pairs.first_at.tolist() == [dataset.cut_off - 10 * DAY]


def test_als_finds_the_planted_tastes(dataset):
    scorer = als.fit(dataset, AlsConfig(factors=16, iterations=8), np.random.default_rng(1))
    assert share_of_taste(scorer) > 0.7


def test_als_gives_the_same_bytes_twice(dataset):
    one, two = (als.fit(dataset, AlsConfig(factors=8, iterations=3), np.random.default_rng(1)) for _ in range(2))
    assert one.members.tobytes() == two.members.tobytes()
    assert one.products.tobytes() == two.products.tobytes()


def test_als_ranks_neither_unbought_products_nor_members_without_purchases(dataset):
    scorer = als.fit(small(dataset, [0, 1, 2], [5, 5, 6], [1, 2, 3]), AlsConfig(factors=2), np.random.default_rng(1))
    rows, _ = scorer.best(np.array([0, 9]), keep=np.ones(160, dtype=bool), k=5)
    assert set(rows[0].tolist()) == {5, 6, -1}
    assert (rows[1] == -1).all()


def test_als_refuses_no_purchases_in_words(dataset):
    nothing = small(dataset, [], [], [])
    with pytest.raises(NotEnoughDataError, match="ingest more history"):
        als.fit(nothing, AlsConfig(), np.random.default_rng(0))


def test_als_without_a_finite_solution_says_what_to_change(dataset):
    with pytest.raises(NotEnoughDataError, match=r"no finite solution.*lower als\.alpha"):
        als.fit(dataset, AlsConfig(factors=4, alpha=1e38), np.random.default_rng(0))


def test_lightfm_without_finite_vectors_says_what_to_change(dataset, nouns):
    config, rng = LightfmConfig(factors=4, epochs=2, learning_rate=1e30), np.random.default_rng(0)
    with pytest.raises(NotEnoughDataError, match=r"lower lightfm\.learning_rate"):
        lightfm_hybrid.fit(dataset, config, rng, members=nouns[0], catalogue=nouns[1])


def test_lightfm_refuses_no_purchases_in_words(dataset, nouns):
    nothing, rng = small(dataset, [], [], []), np.random.default_rng(0)
    with pytest.raises(NotEnoughDataError, match="ingest more history"):
        lightfm_hybrid.fit(nothing, LightfmConfig(), rng, members=nouns[0], catalogue=nouns[1])


def test_lightfm_finds_the_planted_tastes(lightfm_scorer):
    assert share_of_taste(lightfm_scorer) > 0.7


def test_lightfm_gives_the_same_bytes_twice(dataset, nouns, lightfm_scorer):
    config = LightfmConfig(factors=8, epochs=6)
    again = lightfm_hybrid.fit(dataset, config, np.random.default_rng(3), members=nouns[0], catalogue=nouns[1])
    assert again.members.tobytes() == lightfm_scorer.members.tobytes()
    assert again.products.tobytes() == lightfm_scorer.products.tobytes()


def test_lightfm_ranks_a_product_nobody_bought_by_its_category(lightfm_scorer):
    everybody = np.arange(200, dtype=np.int32)
    cold = lightfm_scorer.score(everybody)[:, NEWEST]
    assert np.isfinite(cold).all()
    assert cold[everybody % 4 == NEWEST % 4].mean() > cold[everybody % 4 != NEWEST % 4].mean() + 0.3


def test_lightfm_gives_strangers_of_one_segment_and_tier_one_vector(dataset, nouns):
    few = small(dataset, [0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3, 4])
    rng = np.random.default_rng(0)
    scorer = lightfm_hybrid.fit(few, LightfmConfig(factors=4, epochs=2), rng, members=nouns[0], catalogue=nouns[1])
    np.testing.assert_array_equal(scorer.members[11], scorer.members[13])
    assert not np.array_equal(scorer.members[1], scorer.members[11])


def test_lightfm_ranks_nothing_of_which_it_knows_neither_purchase_nor_feature(dataset, nouns):
    few = small(dataset, [0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3, 4])
    blank = np.full(len(dataset.product_ids), -1, dtype=np.int32)
    catalogue = replace(nouns[1], category=blank, brand=blank)
    rng = np.random.default_rng(0)
    scorer = lightfm_hybrid.fit(few, LightfmConfig(factors=4, epochs=2), rng, members=nouns[0], catalogue=catalogue)
    rows, _ = scorer.best(np.array([0, 9]), keep=np.ones(160, dtype=bool), k=160)
    assert sorted(rows[0, :4].tolist()) == sorted(rows[1, :4].tolist()) == [0, 1, 2, 3]
    assert (rows[:, 4:] == -1).all()


def test_als_does_not_warn_about_threads(dataset, recwarn):
    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        als.fit(dataset, AlsConfig(factors=2, iterations=1), np.random.default_rng(0))
    assert not recwarn.list


def test_lightfm_samples_what_is_too_large(dataset, nouns):
    config = LightfmConfig(factors=4, epochs=1, max_pairs=50)
    scorer = lightfm_hybrid.fit(dataset, config, np.random.default_rng(0), members=nouns[0], catalogue=nouns[1])
    assert np.isfinite(scorer.products).all()


def test_frequency_leans_on_how_often_others_buy_the_product_again(dataset):
    again = small(
        dataset,
        member=[1, 1, 1, 2, 2, 2, 0, 0, 3],
        product=[9, 9, 9, 9, 9, 9, 9, 8, 8],
        day=[60, 40, 20, 60, 40, 20, 10, 10, 9],
    )
    rows, _ = frequency.fit(again, FrequencyConfig(prior_product_repeats=1)).best(
        np.array([0]), keep=np.ones(160, dtype=bool), k=2
    )
    assert rows.tolist() == [[9, 8]]


def test_the_floor_counts_orders_and_breaks_ties_by_the_later_one(dataset):
    orders = small(dataset, [0, 0, 0, 0], [3, 3, 4, 5], [50, 40, 1, 9])
    rows, _ = frequency.fit_plain(orders).best(np.array([0]), keep=np.ones(160, dtype=bool), k=4)
    assert rows.tolist() == [[3, 4, 5, -1]]


def test_popularity_counts_buyers_of_the_window_and_shrinks_segments(dataset):
    sold = small(dataset, [0, 2, 4, 4, 1, 3], [8, 8, 9, 9, 7, 7], [1, 2, 3, 4, 2, 200])
    segment = (np.arange(len(dataset.member_ids)) % 2).astype(np.int16)
    scorer = popularity.fit(sold, PopularityConfig(window_days=28, prior_buyers=1.0), segment)
    rows, scores = scorer.ranked(np.ones(160, dtype=bool), 3)
    assert rows.tolist() == [[8, 7, 9], [8, 9, 7], [7, 8, 9]]
    np.testing.assert_allclose(scores[0], [2 / 4, 1 / 4, 1 / 4])
    np.testing.assert_allclose(scores[2], [(1 + 0.25) / 2, 0.5 / 2, 0.25 / 2])


def test_popularity_looks_further_back_where_the_window_is_empty(dataset):
    segment = np.full(len(dataset.member_ids), -1, dtype=np.int16)
    scorer = popularity.fit(small(dataset, [0], [8], [100]), PopularityConfig(window_days=7), segment)
    assert scorer.ranked(np.ones(160, dtype=bool), 1)[0].tolist() == [[8]]


def test_neighbours_are_the_cosine_of_buyers_shrunk(dataset):
    baskets = small(dataset, [0, 0, 1, 1, 2], [1, 2, 1, 2, 1], [1, 1, 2, 2, 3])
    scorer = item_neighbours.fit(baskets, NeighboursConfig(shrink_members=2))
    rows, scores = scorer.nearest(3)
    assert rows[1].tolist() == [2, -1, -1]
    np.testing.assert_allclose(scores[1, 0], 2 / np.sqrt(3 * 2) * 2 / (2 + 2), rtol=1e-6)
    assert (rows[3] == -1).all()


def test_identical_baskets_give_neighbours_and_no_error(dataset):
    same = small(dataset, [0, 0, 1, 1], [1, 2, 1, 2], [1, 1, 1, 1], [0, 0, 1, 1])
    rows, _ = item_neighbours.fit(same, NeighboursConfig()).nearest(2)
    assert rows[[1, 2], 0].tolist() == [2, 1]


def test_a_wholesaler_is_cut_to_the_latest_products(dataset):
    many = small(dataset, [0] * 6, [1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1])
    scorer = item_neighbours.fit(many, NeighboursConfig(max_history=2, shrink_members=0))
    rows, _ = scorer.nearest(2)
    assert rows[5].tolist() == [6, -1]
    assert (rows[1] == -1).all()
