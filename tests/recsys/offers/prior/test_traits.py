"""The traits of offers, read out of their definitions."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import InputError
from recsys.offers.prior import OfferTraits
from recsys.offers.prior.factors import Factors
from recsys.ragged import Ragged
from tests.worlds import small_knowledge

KNOWLEDGE = small_knowledge()


def traits(usual_basket_minor: int = 6_000) -> OfferTraits:
    return OfferTraits.of(KNOWLEDGE.offers, KNOWLEDGE.catalogue, usual_basket_minor=usual_basket_minor)


def test_depth_is_measured_on_the_usual_basket_or_on_the_smallest_that_qualifies() -> None:
    # Offer o000: 500 off from 3,000; o001: 10 % off.
    assert traits(6_000).depth[:2].tolist() == pytest.approx([500 / 6_000, 0.1])
    assert traits(1_000).depth[:2].tolist() == pytest.approx([500 / 3_000, 0.1])


def test_a_threshold_is_measured_against_the_usual_basket() -> None:
    assert traits(6_000).threshold[:2].tolist() == [0.5, 0.0]


def test_the_category_is_that_of_the_products_in_scope() -> None:
    # p004 is of category 0 and p005 of category 1; the other offers are on the whole basket.
    share = traits().category.toarray()
    assert share[2].tolist() == [0.5, 0.5, 0, 0, 0]
    assert share[0].tolist() == [0, 0, 0, 0, 1]


def test_products_of_no_category_count_as_the_whole_basket() -> None:
    scoped = replace(KNOWLEDGE.offers, scope=Ragged.of([[9, 4, 8, 0], *([] for _ in range(5))]))
    found = OfferTraits.of(scoped, KNOWLEDGE.catalogue, usual_basket_minor=1).category.toarray()
    assert found[0].tolist() == [0.75, 0, 0, 0, 0.25]


def test_a_basket_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="the usual basket is 0"):
        traits(0)


def test_levels_that_no_offer_has_get_no_column() -> None:
    factors = Factors.of(traits(), n_stages=2, n_tiers=3)
    assert factors.shape == (2, 3, 6)
    assert factors.columns.shape[0] == 36
    # level, kinds, depth, threshold, categories, triggers, tiers, stages, kinds in stages
    assert np.bincount(factors.factor).tolist() == [1, 3, 5, 4, 3, 1, 3, 2, 6]


def test_the_columns_of_a_cell_are_those_of_its_stage_tier_and_offer() -> None:
    factors = Factors.of(traits(), n_stages=2, n_tiers=3)
    columns = factors.columns.toarray()
    place = np.ravel_multi_index((1, 2, 4), factors.shape)
    assert factors.offer[place] == 4
    assert columns[place, factors.factor == 6].tolist() == [0, 0, 1]
    assert columns[place, factors.factor == 7].tolist() == [0, 1]
    assert columns[place, factors.factor == 8].reshape(2, 3)[0].tolist() == [0, 0, 0]
