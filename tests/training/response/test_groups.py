"""Groups of offers are as fine as their exposures allow."""

import numpy as np
import pytest

from features.offers import build_offers
from features.products import build_catalogue
from training.response.cells import offer_traits
from training.response.groups import OfferGroups


@pytest.fixture(scope="module")
def nouns(dataset):
    offers = build_offers(dataset)  # 10 % off everything, an amount off some products, a gift
    return offers, offer_traits(dataset, offers, build_catalogue(dataset))


def grouped(nouns, n_treated, *, min_treated=100, max_groups=32):
    return OfferGroups.of(*nouns, np.array(n_treated), min_treated=min_treated, max_groups=max_groups)


def test_offers_with_enough_exposures_have_a_group_of_their_own(nouns):
    found = grouped(nouns, [100, 150, 100])
    assert len(found.names) == 3
    assert sorted(found.group.tolist()) == [0, 1, 2]
    assert found.members_of[found.group, np.arange(3)].all()
    assert found.members_of.sum() == 3


def test_an_offer_with_few_is_told_by_a_coarser_group_that_all_teach(nouns):
    found = grouped(nouns, [500, 20, 0])
    assert found.names[found.group[1]] == found.names[found.group[2]] == "any offer"
    assert found.group[0] != found.group[1]
    assert found.members_of[found.group[1]].all()
    assert found.members_of[found.group[0]].tolist() == [True, False, False]


def test_with_few_in_all_there_is_no_group(nouns):
    found = grouped(nouns, [30, 20, 0])
    assert found.names == ()
    assert found.group.tolist() == [-1, -1, -1]


def test_there_are_never_more_groups_than_allowed(nouns):
    found = grouped(nouns, [100, 150, 100], max_groups=1)
    assert found.names == ("any offer",)
    assert found.group.tolist() == [0, 0, 0]
