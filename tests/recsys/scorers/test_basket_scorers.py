"""The scorers of basket histories against sums done by hand on small, lopsided histories."""

import numpy as np
import pytest
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.filled import FilledScorer
from recsys.scorers.frequency import FrequencyScorer
from recsys.scorers.popularity import PopularityScorer
from recsys.scorers.tifu_knn import TifuKnnScorer
from recsys.scorers.up_cf import UpCfScorer

ALL = np.ones(4, dtype=bool)


def matrix(rows):
    return sparse.csr_array(np.array(rows, dtype=np.float32))


def test_tifu_knn_leans_on_the_nearest_members():
    # Squared distances from member 0: 1 to member 1, 2 to member 2, 17 to member 3.
    vectors = matrix([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 4]])
    scores = TifuKnnScorer(vectors, n_neighbours=2, own_weight=0.75).score(np.array([0]))
    assert scores.tolist() == [[0.875, 0.125, 0.125, 0.0]]


def test_tifu_knn_takes_the_earlier_of_equally_near_members():
    vectors = matrix([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]])
    assert TifuKnnScorer(vectors, 1, 0.0).score(np.array([0])).tolist() == [[0, 0, 1, 0]]


def test_tifu_knn_never_lends_from_members_without_a_history():
    vectors = matrix([[1, 0, 0, 0], [0, 0, 0, 0], [0, 9, 9, 9]])
    scorer = TifuKnnScorer(vectors, 1, 0.0)
    assert scorer.score(np.array([0])).tolist() == [[0, 9, 9, 9]]
    assert scorer.best(np.array([1]), keep=ALL, k=2)[0].tolist() == [[-1, -1]]


def test_tifu_knn_of_a_single_member_is_their_own_history():
    assert TifuKnnScorer(matrix([[0, 2, 0, 1]]), 300, 0.5).best(np.array([0]), keep=ALL, k=2)[0].tolist() == [[1, 3]]


def test_up_cf_weighs_members_by_asymmetric_cosine():
    # Member 0 has 2 products, member 1 has 3 and shares 1, member 2 has 1 and shares it.
    bought = matrix([[1, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0]])
    recent = matrix([[0.5, 1, 0, 0], [0, 0.25, 1, 0.5], [0.75, 0, 0, 0]])
    scores = UpCfScorer(bought, recent, asymmetry=0.25, locality=2.0).score(np.array([0]))
    to_1, to_2 = (1 / (2**0.25 * 3**0.75)) ** 2, (1 / (2**0.25 * 1**0.75)) ** 2
    np.testing.assert_allclose(scores, [[0.5 + 0.75 * to_2, 1 + 0.25 * to_1, to_1, 0.5 * to_1]], rtol=1e-6)


def test_up_cf_knows_nothing_of_a_stranger():
    bought = matrix([[1, 1, 0, 0], [0, 0, 0, 0]])
    assert UpCfScorer(bought, bought, 0.75, 10.0).best(np.array([1, 0]), keep=ALL, k=1)[0].tolist() == [[-1], [0]]


@pytest.mark.parametrize(
    "scorer",
    [
        TifuKnnScorer(matrix([[3, 2, 1, 0]]), 5, 1.0),
        UpCfScorer(matrix([[1, 1, 1, 0]]), matrix([[3, 2, 1, 0]]), 0.5, 1.0),
    ],
    ids=["tifu_knn", "up_cf"],
)
def test_left_out_products_are_not_ranked(scorer):
    keep = np.array([True, True, True, False])
    assert scorer.best(np.array([0]), keep=keep, k=3, without=Ragged.of([[1]]))[0].tolist() == [[0, 2, -1]]


def test_a_list_is_filled_up_without_repeating_a_product():
    own = FrequencyScorer.of(np.array([0, 0]), np.array([2, 0]), np.array([5.0, 1.0]), n_members=2)
    popular = PopularityScorer(np.array([[4, 3, 2, np.nan]], dtype=np.float32), np.array([-1, -1], dtype=np.int16))
    rows, scores = FilledScorer(own, popular).best(np.array([0, 1]), keep=ALL, k=4)
    assert rows.tolist() == [[2, 0, 1, -1], [0, 1, 2, -1]]
    assert scores[0, :3].tolist() == [4, 3, 2]
    assert np.isnan(scores[:, 3]).all()


def test_tifu_knn_borrows_from_the_pool_only():
    # Member 1 is nearest to member 0, but only 0, 2 and 3 can lend; of these 2 is nearer than 3.
    vectors = matrix([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 4]])
    scorer = TifuKnnScorer(vectors, 1, 0.0, pool=np.array([0, 2, 3], dtype=np.int32))
    assert scorer.score(np.array([0, 1])).tolist() == [[0, 0, 2, 0], [1, 0, 0, 0]]


def test_up_cf_counts_the_member_once_whether_in_the_pool_or_not():
    bought = matrix([[1, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0]])
    recent = matrix([[0.5, 1, 0, 0], [0, 0.25, 1, 0.5], [0.75, 0, 0, 0]])
    scorer = UpCfScorer(bought, recent, asymmetry=0.25, locality=2.0, pool=np.array([1], dtype=np.int32))
    to_1 = (1 / (2**0.25 * 3**0.75)) ** 2
    expected = [[0.5, 1 + 0.25 * to_1, to_1, 0.5 * to_1], [0, 0.25, 1, 0.5]]
    np.testing.assert_allclose(scorer.score(np.array([0, 1])), expected, rtol=1e-6)
