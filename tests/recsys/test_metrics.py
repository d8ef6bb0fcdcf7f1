"""Every metric against figures worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    label_ranking_average_precision_score,
    ndcg_score,
    recall_score,
    top_k_accuracy_score,
)

from recsys import metrics
from recsys.errors import InputError
from recsys.ragged import Ragged
from recsys.scorers.topk import top_k

LISTS = np.array([[3, 1, 4], [5, 2, -1], [0, 1, 2]], dtype=np.int32)
TRUTH = Ragged.of([[1, 4, 6, 7], [5], []])
N_TRUE = TRUTH.lengths()


@pytest.fixture
def hit():
    return metrics.hits(LISTS, TRUTH, 10)


def test_hits_are_what_was_bought(hit):
    assert hit.tolist() == [[False, True, True], [True, False, False], [False, False, False]]


def test_recall_counts_all_that_was_bought(hit):
    np.testing.assert_allclose(metrics.recall(hit, N_TRUE, 2), [1 / 4, 1, np.nan])
    np.testing.assert_allclose(metrics.recall(hit, N_TRUE, 3), [2 / 4, 1, np.nan])


def test_the_ideal_of_ndcg_has_no_more_than_k_products(hit):
    second, third = 1 / math.log2(3), 1 / math.log2(4)
    np.testing.assert_allclose(metrics.ndcg(hit, N_TRUE, 3), [(second + third) / (1 + second + third), 1, np.nan])
    np.testing.assert_allclose(metrics.ndcg(hit, N_TRUE, 1), [0, 1, np.nan])


def test_the_ideal_of_full_ndcg_has_all_that_was_bought(hit):
    second, third, fourth = (1 / math.log2(place + 1) for place in (2, 3, 4))
    ideal = 1 + second + third + fourth
    np.testing.assert_allclose(metrics.ndcg_full(hit, N_TRUE, 3), [(second + third) / ideal, 1, np.nan])
    np.testing.assert_allclose(metrics.ndcg_full(hit, N_TRUE, 2), [second / ideal, 1, np.nan])


def test_reciprocal_rank_looks_at_the_first_hit(hit):
    np.testing.assert_allclose(metrics.reciprocal_rank(hit, N_TRUE, 3), [1 / 2, 1, np.nan])
    np.testing.assert_allclose(metrics.reciprocal_rank(hit, N_TRUE, 1), [0, 1, np.nan])


def test_average_precision_is_the_mean_of_precisions_at_hits(hit):
    np.testing.assert_allclose(metrics.average_precision(hit, N_TRUE, 3), [(1 / 2 + 2 / 3) / 3, 1, np.nan])


def test_hit_rate_is_one_hit_or_none(hit):
    np.testing.assert_allclose(metrics.hit_rate(hit, N_TRUE, 1), [0, 1, np.nan])


def test_coverage_counts_distinct_products_shown():
    assert metrics.coverage(LISTS, 3, 12) == pytest.approx(6 / 12)
    assert metrics.coverage(LISTS, 1, 12) == pytest.approx(3 / 12)
    assert metrics.coverage(LISTS, 1, 0) == 0.0


def test_an_oracle_scores_one_everywhere():
    truth = Ragged.of([[2, 4], [9, 1, 0]])
    lists = np.array([[4, 2, -1], [0, 9, 1]], dtype=np.int32)
    hit = metrics.hits(lists, truth, 10)
    for metric in (metrics.recall, metrics.ndcg, metrics.reciprocal_rank, metrics.average_precision, metrics.hit_rate):
        np.testing.assert_allclose(metric(hit, truth.lengths(), 3), [1, 1])


def test_lists_shorter_than_k_are_scored_as_they_are():
    hit = metrics.hits(LISTS[:, :1], TRUTH, 10)
    np.testing.assert_allclose(metrics.recall(hit, N_TRUE, 10), [0, 1, np.nan])
    np.testing.assert_allclose(metrics.ndcg(hit, N_TRUE, 10), [0, 1, np.nan])


def test_padding_is_never_a_hit():
    assert not metrics.hits(np.array([[0], [-1]], dtype=np.int32), Ragged.of([[9], []]), 10).any()


def test_one_truth_a_list_is_required():
    with pytest.raises(InputError, match="one truth a list"):
        metrics.hits(LISTS, Ragged.of([[1]]), 10)


def test_self_information_is_in_bits_and_finite_for_what_nobody_bought():
    bits = metrics.self_information(np.array([8, 4, 1, 0]), n_members=8)
    np.testing.assert_allclose(bits, [0, 1, 3, 3])


def test_novelty_is_the_mean_over_the_first_k_that_are_shown():
    bits = np.array([0.0, 1.0, 3.0, 5.0])
    lists = np.array([[1, 2, 3], [0, -1, -1], [-1, -1, -1]], dtype=np.int32)
    np.testing.assert_allclose(metrics.novelty(lists, 2, bits), [2.0, 0.0, np.nan])
    np.testing.assert_allclose(metrics.novelty(lists, 9, bits), [3.0, 0.0, np.nan])


def test_gini_counts_products_that_were_never_shown():
    lists = np.array([[0, 1], [0, 2], [0, -1]], dtype=np.int32)
    keep = np.array([True, True, True, True, False])
    # Exposures 0, 1, 1, 3 of four products: (-3 * 0 - 1 * 1 + 1 * 1 + 3 * 3) / (5 * 3).
    assert metrics.gini(lists, 2, keep) == pytest.approx(9 / 15)
    assert metrics.gini(lists, 1, keep) == pytest.approx(1.0)


def test_gini_is_zero_where_all_are_shown_alike_and_none_where_nothing_is():
    even = np.array([[0, 1], [2, 0], [1, 2]], dtype=np.int32)
    assert metrics.gini(even, 2, np.ones(3, dtype=bool)) == 0.0
    assert metrics.gini(np.zeros((5, 1), dtype=np.int32), 1, np.ones(1, dtype=bool)) == 0.0
    assert math.isnan(metrics.gini(np.full((2, 3), -1, dtype=np.int32), 3, np.ones(3, dtype=bool)))


def test_gini_is_the_mean_difference_of_two_products_over_twice_the_mean():
    """The other definition of the index, with the small-sample factor n / (n - 1)."""
    lists = np.random.default_rng(3).integers(0, 9, (40, 4)).astype(np.int32)
    exposures = np.bincount(lists.ravel(), minlength=12)
    apart = np.abs(exposures[:, None] - exposures[None, :]).sum() / (12 * 11)
    assert metrics.gini(lists, 4, np.ones(12, dtype=bool)) == pytest.approx(apart / (2 * exposures.mean()))


def test_equal_scores_are_ranked_by_product_row_before_they_are_measured():
    scores = np.array([[0.5, 0.9, 0.5, 0.5]], dtype=np.float32)
    lists, _ = top_k(scores, 4)
    assert lists.tolist() == [[1, 0, 2, 3]]
    reciprocal = [
        float(metrics.reciprocal_rank(metrics.hits(lists, Ragged.of([[bought]]), 4), np.array([1]), 4)[0])
        for bought in range(4)
    ]
    assert reciprocal == pytest.approx([1 / 2, 1, 1 / 3, 1 / 4])


class TestAgainstScikitLearn:
    """Where the definitions are the same: distinct scores, gains of one, and members who bought something."""

    N_PRODUCTS = 9

    @staticmethod
    def ranked(seed):
        rng = np.random.default_rng(seed)
        bought = rng.random((6, TestAgainstScikitLearn.N_PRODUCTS)) < 0.35
        bought[np.arange(6), rng.integers(0, TestAgainstScikitLearn.N_PRODUCTS, 6)] = True
        scores = rng.permuted(np.tile(np.arange(9, dtype=np.float32), (6, 1)), axis=1)
        lists, _ = top_k(scores, TestAgainstScikitLearn.N_PRODUCTS)
        truth = Ragged.of([np.flatnonzero(one).tolist() for one in bought])
        return bought, scores, metrics.hits(lists, truth, TestAgainstScikitLearn.N_PRODUCTS), truth.lengths()

    @settings(max_examples=25)
    @given(seed=st.integers(0, 10_000), k=st.integers(1, 12))
    def test_ndcg_is_its_ndcg_score(self, seed, k):
        bought, scores, hit, n_true = self.ranked(seed)
        assert metrics.ndcg(hit, n_true, k).mean() == pytest.approx(ndcg_score(bought, scores, k=k))

    @settings(max_examples=25)
    @given(seed=st.integers(0, 10_000))
    def test_full_ndcg_is_its_ndcg_score_times_the_ideals_ratio(self, seed):
        bought, scores, hit, n_true = self.ranked(seed)
        discount = 1 / np.log2(np.arange(2, 11))
        for place in range(len(bought)):
            ideals = discount[: min(n_true[place], 2)].sum() / discount[: n_true[place]].sum()
            theirs = ndcg_score(bought[[place]], scores[[place]], k=2) * ideals
            assert metrics.ndcg_full(hit, n_true, 2)[place] == pytest.approx(theirs)

    @settings(max_examples=25)
    @given(seed=st.integers(0, 10_000))
    def test_average_precision_of_whole_lists_is_its_average_precision_score(self, seed):
        bought, scores, hit, n_true = self.ranked(seed)
        ours = metrics.average_precision(hit, n_true, self.N_PRODUCTS)
        theirs = [average_precision_score(one, score) for one, score in zip(bought, scores, strict=True)]
        np.testing.assert_allclose(ours, theirs)
        assert ours.mean() == pytest.approx(label_ranking_average_precision_score(bought, scores))

    @settings(max_examples=25)
    @given(seed=st.integers(0, 10_000), k=st.integers(1, 9))
    def test_recall_is_its_recall_score_of_the_first_k(self, seed, k):
        bought, scores, hit, n_true = self.ranked(seed)
        shown = scores >= self.N_PRODUCTS - k
        theirs = recall_score(bought, shown, average="samples", zero_division=0.0)
        assert metrics.recall(hit, n_true, k).mean() == pytest.approx(theirs)

    @settings(max_examples=25)
    @given(seed=st.integers(0, 10_000), k=st.integers(1, 8))
    def test_hit_rate_of_one_bought_product_is_its_top_k_accuracy(self, seed, k):
        _, scores, _, _ = self.ranked(seed)
        bought = np.random.default_rng(seed).integers(0, self.N_PRODUCTS, len(scores))
        lists, _ = top_k(scores, k)
        hit = metrics.hits(lists, Ragged.of([[int(one)] for one in bought]), self.N_PRODUCTS)
        theirs = top_k_accuracy_score(bought, scores, k=k, labels=np.arange(self.N_PRODUCTS))
        assert metrics.hit_rate(hit, np.ones(len(bought), dtype=np.int64), k).mean() == pytest.approx(theirs)
