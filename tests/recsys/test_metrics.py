"""Every metric against figures worked out by hand."""

import math

import numpy as np
import pytest

from recsys import metrics
from recsys.errors import InputError
from recsys.ragged import Ragged

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
