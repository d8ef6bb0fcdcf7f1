"""Candidates from a product graph: each relation by hand, the shrinkage, and the order of purchases."""

import numpy as np
import pytest

from tests.training.test_models import share_of_taste, small
from training.models import graph, item_neighbours
from training.source_config import GraphConfig, NeighboursConfig


def relation(dataset, **settings):
    return graph.fit(dataset, GraphConfig(**settings)).similarity


@pytest.fixture
def teas(dataset):
    """Product 1 is bought by members 0 to 3, product 2 by 0 to 2, product 5 by 3, who bought it last."""
    return small(dataset, [0, 1, 2, 3, 0, 1, 2, 3], [1, 1, 1, 1, 2, 2, 2, 5], [9, 9, 9, 9, 5, 5, 5, 4])


def test_rp3beta_counts_members_by_how_much_they_bought(teas):
    # From 1 to 2: three members of two products each, 3 x 2^-1 / 4 / 3^0.5; the degrees hold back as many more buyers.
    near = relation(teas, relation="rp3beta", alpha=1.0, beta=0.5, shrink=0)
    assert near[1, 2] == pytest.approx(3 / 2 / 4 / 3**0.5)
    assert near[1, 5] == pytest.approx(1 / 2 / 4)
    held_back = relation(teas, relation="rp3beta", alpha=1.0, beta=0.5, shrink=6)
    assert held_back[1, 5] == pytest.approx(1 / 2 / 10 / 7**0.5)


def test_a_shrunken_cosine_is_that_of_the_neighbours(teas):
    ours = relation(teas, relation="cosine", shrink=7, n_neighbours=9)
    neighbours = item_neighbours.fit(teas, NeighboursConfig(shrink_members=7, n_neighbours=9)).similarity
    assert ours[1, 2] == pytest.approx(3 / np.sqrt(12) * 3 / 10)
    np.testing.assert_array_equal(ours.toarray(), neighbours.toarray())


def test_sequence_leads_from_the_earlier_to_the_later_more_than_back(teas):
    near = relation(teas, relation="sequence")
    assert near[1, 2] > near[2, 1] > 0


@pytest.mark.parametrize("name", ["cosine", "tf_idf", "bm25", "rp3beta", "sequence"])
def test_every_relation_finds_the_planted_tastes(dataset, name):
    assert share_of_taste(graph.fit(dataset, GraphConfig(relation=name))) > 0.6


def test_a_recent_product_leads_more_than_an_old_one(dataset):
    # Members 0 to 7 tie product 1 to 3 and 2 to 4, equally; member 9 bought 1 long ago and 2 now.
    member = [*range(4), *range(4), *range(4, 8), *range(4, 8), 9, 9]
    few = small(dataset, member, [1] * 4 + [3] * 4 + [2] * 4 + [4] * 4 + [1, 2], [300] * 16 + [300, 1])
    rows, _ = graph.fit(few, GraphConfig(half_life_days=30)).best(
        np.array([9]), keep=np.isin(np.arange(160), [3, 4]), k=2
    )
    assert rows.tolist() == [[4, 3]]


def test_at_most_so_many_neighbours_are_kept(dataset):
    near = relation(dataset, n_neighbours=3)
    assert np.diff(near.indptr).max() == 3


def test_nothing_bought_relates_to_nothing(dataset):
    nothing = small(dataset, [], [], [])
    for name in ("cosine", "tf_idf", "bm25", "rp3beta", "sequence"):
        rows, _ = graph.fit(nothing, GraphConfig(relation=name)).best(np.array([0]), keep=np.ones(160, dtype=bool), k=2)
        assert rows.tolist() == [[-1, -1]]
