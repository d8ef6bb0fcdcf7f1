"""One contract for every scorer, and what each family answers in a world worked out by hand."""

import numpy as np
import pytest
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.factors import FactorScorer
from recsys.scorers.frequency import FrequencyScorer
from recsys.scorers.neighbours import NeighbourScorer
from recsys.scorers.popularity import PopularityScorer
from recsys.scorers.topk import top_k

N_MEMBERS, N_PRODUCTS = 5, 8
EVERYTHING = np.ones(N_PRODUCTS, dtype=bool)


def factor_scorer():
    rng = np.random.default_rng(2)
    members = rng.normal(size=(N_MEMBERS, 3)).astype(np.float32)
    products = rng.normal(size=(N_PRODUCTS, 3)).astype(np.float32)
    members[4] = np.nan
    products[6] = np.nan
    return FactorScorer(members, products, np.arange(N_PRODUCTS, dtype=np.float32) / 10)


def frequency_scorer():
    member = np.array([0, 0, 0, 1, 2, 3])
    product = np.array([5, 2, 7, 1, 0, 3])
    return FrequencyScorer.of(member, product, np.array([2.0, 9.0, 2.0, 1.0, 1.0, 4.0]), n_members=N_MEMBERS)


def popularity_scorer():
    table = np.array([[5, 4, 3, 2, 1, np.nan, 6, 7], [1, 2, 3, 4, 5, 6, 7, np.nan]], dtype=np.float32)
    return PopularityScorer(table, np.array([-1, 0, -1, 0, 0], dtype=np.int16))


def neighbour_scorer():
    similarity = np.zeros((N_PRODUCTS, N_PRODUCTS), dtype=np.float32)
    similarity[0, [1, 2]] = 0.9, 0.4
    similarity[1, [0, 3]] = 0.9, 0.7
    history = np.zeros((N_MEMBERS, N_PRODUCTS), dtype=np.float32)
    history[0, 0], history[1, [0, 1]] = 1.0, (1.0, 2.0)
    return NeighbourScorer(sparse.csr_array(history), sparse.csr_array(similarity))


@pytest.fixture(params=[factor_scorer, frequency_scorer, popularity_scorer, neighbour_scorer])
def scorer(request):
    return request.param()


def test_weights_that_are_kept_as_equal_are_in_the_order_of_products():
    scorer = FrequencyScorer.of(np.array([0, 0]), np.array([3, 7]), np.array([0.9, 0.9 + 1e-12]), n_members=1)
    assert scorer.weights[0] == scorer.weights[1]
    assert scorer.products.lists() == [[3, 7]]


class TestEveryScorer:
    def test_lists_are_distinct_sorted_and_padded_at_the_end(self, scorer):
        rows, scores = scorer.best(np.arange(N_MEMBERS), keep=EVERYTHING, k=6)
        assert rows.shape == scores.shape == (N_MEMBERS, 6)
        assert rows.dtype == np.int32
        assert scores.dtype == np.float32
        for listed, theirs in zip(rows, scores, strict=True):
            known = listed >= 0
            assert known.tolist() == sorted(known.tolist(), reverse=True)
            assert np.isnan(theirs).tolist() == (~known).tolist()
            assert len(set(listed[known].tolist())) == known.sum()
            assert (np.diff(theirs[known]) <= 0).all()

    def test_what_is_not_kept_is_never_listed(self, scorer):
        keep = EVERYTHING.copy()
        keep[[0, 2, 7]] = False
        rows, _ = scorer.best(np.arange(N_MEMBERS), keep=keep, k=8)
        assert not np.isin(rows, [0, 2, 7]).any()

    def test_what_a_member_goes_without_is_left_out_for_that_member_only(self, scorer):
        members = np.arange(N_MEMBERS)
        full, _ = scorer.best(members, keep=EVERYTHING, k=8)
        without = Ragged.of([[2, 1], [], [0], [], [4]])
        rows, _ = scorer.best(members, keep=EVERYTHING, k=8, without=without)
        for member, banned in enumerate(without.lists()):
            expected = [product for product in full[member].tolist() if product >= 0 and product not in banned]
            assert [product for product in rows[member].tolist() if product >= 0] == expected

    def test_order_and_repetition_of_members_do_not_matter(self, scorer):
        full, _ = scorer.best(np.arange(N_MEMBERS), keep=EVERYTHING, k=4)
        rows, _ = scorer.best(np.array([3, 0, 3]), keep=EVERYTHING, k=4)
        np.testing.assert_array_equal(rows, full[[3, 0, 3]])

    def test_a_short_list_is_the_beginning_of_a_long_one(self, scorer):
        short, _ = scorer.best(np.arange(N_MEMBERS), keep=EVERYTHING, k=2)
        long, _ = scorer.best(np.arange(N_MEMBERS), keep=EVERYTHING, k=20)
        np.testing.assert_array_equal(short, long[:, :2])


def test_unknown_members_and_products_of_factors_are_not_ranked():
    rows, _ = factor_scorer().best(np.arange(N_MEMBERS), keep=EVERYTHING, k=8)
    assert (rows[4] == -1).all()
    assert not (rows == 6).any()


def test_frequency_orders_by_weight_then_product():
    rows, _ = frequency_scorer().best(np.array([0]), keep=EVERYTHING, k=3)
    assert rows.tolist() == [[2, 5, 7]]


def test_popularity_uses_the_segment_of_the_member():
    rows, _ = popularity_scorer().best(np.array([0, 1]), keep=EVERYTHING, k=3)
    assert rows.tolist() == [[7, 6, 0], [6, 5, 4]]


def test_neighbours_add_up_over_the_history():
    rows, scores = neighbour_scorer().best(np.array([0, 1]), keep=EVERYTHING, k=4)
    assert rows.tolist() == [[1, 2, -1, -1], [0, 3, 1, 2]]
    np.testing.assert_allclose(scores[1], [1.8, 1.4, 0.9, 0.4], rtol=1e-6)


def test_nearest_lists_the_neighbours_of_each_product():
    rows, _ = neighbour_scorer().nearest(2)
    assert rows[:3].tolist() == [[1, 2], [0, 3], [-1, -1]]


def test_a_wide_catalogue_of_mostly_unknown_products_ranks_as_the_whole_table_of_scores_does():
    rng = np.random.default_rng(4)
    products = np.full((500, 3), np.nan, dtype=np.float32)
    known = np.sort(rng.choice(500, 60, replace=False))
    products[known] = rng.integers(-2, 3, (60, 3))  # many equal scores
    scorer = FactorScorer(rng.integers(-1, 2, (9, 3)).astype(np.float32), products, np.zeros(500, dtype=np.float32))
    keep, without = rng.random(500) < 0.7, Ragged.of([[*known[i : i + 5].tolist(), int(i)] for i in range(9)])
    expected = scorer.score(np.arange(9))
    expected[:, ~keep] = np.nan
    expected[without.owners(), without.values] = np.nan
    rows, scores = scorer.best(np.arange(9), keep=keep, k=50, without=without)
    want_rows, want_scores = top_k(expected, 50)
    np.testing.assert_array_equal(rows, want_rows)
    np.testing.assert_array_equal(scores, want_scores)
