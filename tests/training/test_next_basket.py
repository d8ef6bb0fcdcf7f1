"""Baskets, the models fitted on them, and what they do with histories that hardly say anything."""

import lightgbm
import numpy as np
import pytest

from recsys.errors import InputError, NotEnoughDataError
from recsys.ragged import Ragged
from recsys.scorers.basket_evidence import OWN
from training.basket_config import BoostingConfig, NextBasketConfig, TifuKnnConfig, UpCfConfig
from training.baskets import Baskets, Labels, build_baskets
from training.models import basket_floors, next_basket, tifu_knn, up_cf
from training.models.basket_facts import MEMBER_FACTS, PRODUCT_FACTS, member_facts, own_facts, product_facts
from training.models.boosting import fit_trees

SMALL = NextBasketConfig(boosting=BoostingConfig(n_trees=20, min_leaf_rows=1))


def baskets_of(*members, n_products=5):
    lines = [(m, at, p) for m, history in enumerate(members) for at, basket in enumerate(history) for p in basket]
    member, when, product = np.array(lines, dtype=np.int64).reshape(-1, 3).T
    return Baskets.of(member, when, product, n_members=len(members), n_products=n_products)


def everything(scorer, baskets, k=3):
    keep = np.ones(baskets.n_products, dtype=bool)
    return scorer.best(np.arange(baskets.n_members), keep=keep, k=k)[0].tolist()


LOPSIDED = baskets_of([[0], [1], [0, 2]], [[3], [3]], [[4]], [])


def test_lines_become_distinct_and_ordered():
    baskets = Baskets.of(
        np.array([1, 0, 0, 0]), np.array([7, 9, 2, 9]), np.array([0, 1, 1, 1]), n_members=2, n_products=2
    )
    assert (baskets.member.tolist(), baskets.number.tolist(), baskets.product.tolist()) == (
        [0, 0, 1],
        [0, 1, 0],
        [1, 1, 0],
    )
    assert baskets.age().tolist() == [1, 0, 0]


def test_rows_outside_the_vocabulary_are_refused():
    with pytest.raises(InputError, match="product row is outside 0 to 1"):
        Baskets.of(np.array([0]), np.array([0]), np.array([2]), n_members=1, n_products=2)


def test_the_latest_basket_is_cut_off_where_there_is_an_earlier_one():
    earlier, labels = LOPSIDED.before_latest()
    assert earlier.lists().lists() == [[0, 1], [3], [], []]
    assert (labels.members.tolist(), labels.truth.lists()) == ([0, 1], [[0, 2], [3]])


def test_orders_at_one_instant_are_one_basket(dataset):
    baskets = build_baskets(dataset)
    bought = dataset.purchases
    assert len(baskets) == len(np.unique(np.stack([bought.member, bought.at, bought.product]), axis=1).T)
    assert baskets.n_baskets().sum() == len(np.unique(np.stack([bought.member, bought.at]), axis=1).T)


def test_tifu_knn_fades_within_and_between_groups():
    config = TifuKnnConfig(group_size=2, within_decay=0.5, group_decay=0.25)
    # Two groups: the latest two baskets (halved by 2 and by 2 groups), then the first alone, faded once.
    expected = [0.25 + 0.25 / 2, 0.5 / 4, 0.25, 0, 0]
    assert tifu_knn.fit(LOPSIDED, config).vectors.toarray()[0].tolist() == expected


def test_up_cf_counts_the_latest_baskets_only():
    scorer = up_cf.fit(LOPSIDED, UpCfConfig(recency=2))
    assert scorer.recent.toarray()[:3].tolist() == [[0.5, 0.5, 0.5, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
    assert scorer.bought.toarray()[0].tolist() == [1, 1, 1, 0, 0]


def test_the_floors_break_ties_by_product_row():
    assert everything(basket_floors.fit_global(LOPSIDED), LOPSIDED)[0] == [0, 3, 1]
    assert everything(basket_floors.fit_personal(LOPSIDED), LOPSIDED) == [
        [0, 1, 2],
        [3, -1, -1],
        [4, -1, -1],
        [-1, -1, -1],
    ]
    assert everything(basket_floors.fit_personal_then_global(LOPSIDED), LOPSIDED)[1] == [3, 0, 1]


def test_own_facts_are_those_of_the_history():
    facts = own_facts(LOPSIDED, NextBasketConfig(slow_decay=0.5, fast_decay=0.25))
    assert dict(zip(OWN, facts[0].tolist(), strict=True)) == {
        "count": 2, "slow": 1.25, "fast": 1.0625, "latest_age": 0, "first_age": 2,
    }  # fmt: skip
    assert facts[:, 0].tolist() == [2, 1, 1, 2, 1]


def test_product_and_member_facts_are_shares():
    facts = dict(zip(PRODUCT_FACTS, product_facts(LOPSIDED).T, strict=True))
    np.testing.assert_allclose(facts["popularity"], np.array([2, 1, 1, 2, 1]) / 6)
    np.testing.assert_allclose(facts["in_latest"], np.array([1, 0, 1, 1, 1]) / 3)
    np.testing.assert_allclose(facts["latest_share"], [0.5, 0, 1, 0.5, 1])
    # Two of five buyers bought again; product 0's single buyer did, leaning on that with two buyers' weight.
    np.testing.assert_allclose(facts["repeat_share"][:2], [(1 + 2 * 0.4) / 3, 2 * 0.4 / 3], rtol=1e-6)
    # Of three lines with a basket after them, one (product 3) is repeated at once.
    np.testing.assert_allclose(facts["again_share"][[0, 3]], [5 / 3 / 6, (1 + 5 / 3) / 6], rtol=1e-6)
    members = dict(zip(MEMBER_FACTS, member_facts(LOPSIDED).T.tolist(), strict=True))
    assert members["n_baskets"] == [3, 2, 1, 0]
    assert members["latest_size"] == [2, 1, 1, 0]
    assert members["distinct"] == [3, 1, 1, 0]


def alternating(n_members=40):
    """Everybody buys product 0 every time, and 1 and 2 in turns; 3 is bought once, by the first member."""
    histories = [[[0, 1 + (at + row) % 2] for at in range(4 + row % 3)] for row in range(n_members)]
    histories[0][0].append(3)
    return baskets_of(*histories)


def test_ours_learns_what_follows_what():
    baskets = alternating()
    lists = everything(next_basket.fit(baskets, SMALL, seed=1), baskets, k=2)
    latest = [max(basket) for basket in baskets.latest().lists()]
    assert [set(one) for one in lists] == [{0, 3 - turn} for turn in latest]


def test_same_baskets_give_the_same_model():
    baskets = alternating()
    one, other = (next_basket.fit(baskets, SMALL, seed=4).trees for _ in range(2))
    assert one.value.tobytes() == other.value.tobytes()


def test_labels_of_members_are_learnt_where_they_are_given():
    baskets = alternating()
    members = np.arange(20, dtype=np.int32)
    scorer = next_basket.fit(baskets, SMALL, seed=1, labels=Labels(members, Ragged.of([[1]] * 20)))
    assert [one[0] for one in everything(scorer, baskets, k=1)] == [1] * 40


def test_a_member_without_a_basket_has_an_empty_list():
    baskets = baskets_of(*([[[0, 1], [0]]] * 6), [], [[1]])
    lists = everything(next_basket.fit(baskets, SMALL, seed=1), baskets, k=2)
    assert lists[6] == [-1, -1]
    assert sorted(lists[7]) == [0, 1]


@pytest.mark.parametrize(
    ("histories", "message"),
    [([[[0]], [[1]]], "no member has two baskets"), ([[[0], [0]]] * 5, "5 of 5 labels are true"), ([], "two baskets")],
    ids=["one basket each", "a single product, always bought", "nobody"],
)
def test_nothing_to_learn_is_said(histories, message):
    with pytest.raises(NotEnoughDataError, match=message):
        next_basket.fit(baskets_of(*histories), SMALL, seed=1)


def test_identical_baskets_with_few_rows_rank_what_is_always_bought():
    baskets = baskets_of(*([[[0, 2], [0, 2], [0, 2]]] * 8), [[4], [1]])
    assert [set(one) for one in everything(next_basket.fit(baskets, SMALL, seed=1), baskets, k=2)[:8]] == [{0, 2}] * 8


def test_the_arrays_say_what_the_library_says():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(3000, 6)).astype(np.float32)
    labels = features[:, 0] * features[:, 1] + 0.3 * rng.normal(size=3000) > 0
    config = BoostingConfig(n_trees=12, row_share=1.0, feature_share=1.0)
    trees = fit_trees(features, labels, config, seed=3)
    settings = {
        "objective": "binary", "learning_rate": config.learning_rate, "num_leaves": config.n_leaves,
        "min_data_in_leaf": config.min_leaf_rows, "lambda_l2": config.l2, "verbosity": -1, "num_threads": 1, "seed": 3,
        "use_missing": False, "deterministic": True, "force_row_wise": True,
    }  # fmt: skip
    booster = lightgbm.train(settings, lightgbm.Dataset(features, labels.astype(float), params={"verbosity": -1}), 12)
    np.testing.assert_allclose(trees.predict(features), booster.predict(features, raw_score=True), rtol=1e-9)


def test_trees_that_find_no_split_answer_a_constant():
    trees = fit_trees(
        np.zeros((4, 2), dtype=np.float32), np.array([True, False, False, False]), BoostingConfig(), seed=0
    )
    assert len(set(trees.predict(np.ones((3, 2))).tolist())) == 1
