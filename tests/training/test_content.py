"""Attributes and the factors they stand for: new products by what they are, known ones by who bought them."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from recsys.scorers.factors import FactorScorer
from tests.training.test_models import small
from training.attributes import build_attributes, words_of
from training.models import content
from training.source_config import ContentConfig

ALL = np.ones(6, dtype=bool)


def catalogue(dataset, **columns):
    """The dataset with six products of the given attributes, absent ones null."""
    blank = {name: [None] * 6 for name in ("name", "category", "brand", "price_minor")} | columns
    products = dataset.products.head(6).with_columns(
        pl.Series(name, values, dtype=dataset.products.schema[name]) for name, values in blank.items()
    )
    return replace(dataset, products=products, product_ids=dataset.product_ids.of(products["product_id"].to_list()))


def unpriced(dataset, member, product):
    """Purchases of no units, so that not even a price band is known."""
    bought = small(dataset, member, product, [5] * len(member))
    return replace(bought, purchases=replace(bought.purchases, quantity=np.zeros(len(member), dtype=np.int32)))


@pytest.fixture
def drinks_and_tools(dataset):
    """Products 0 and 1 are tea, 2 and 3 screws, each bought by ten; 4, a tea, and 5, quite unknown, are new."""
    described = catalogue(
        dataset,
        category=["tea", "tea", "tools", "tools", "tea", None],
        name=["green tea", "black tea", "wood screws", "steel screws", "white tea", None],
    )
    member = [*range(10), *range(10), *range(10, 20), *range(10, 20)]
    return small(described, member, [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10, [5] * 40)


def factors(sold=(0, 1, 2, 3)):
    products = np.full((6, 2), np.nan, dtype=np.float32)
    products[list(sold)] = np.array([[2, 0], [1, 0], [0, 1], [0, 3]], dtype=np.float32)[: len(sold)]
    members = np.eye(2, dtype=np.float32)
    return FactorScorer(members, products, np.zeros(6, dtype=np.float32))


def test_a_new_product_ranks_like_what_it_resembles(drinks_and_tools):
    scorer = content.fit(drinks_and_tools, ContentConfig(prior_buyers=1, ridge=0.01), factors())
    lover_of_tea, of_tools = scorer.score(np.array([0, 1]))[:, 4]
    assert lover_of_tea > 1.0 > abs(of_tools)
    rows, _ = scorer.best(np.array([0]), keep=ALL, k=3)
    assert sorted(rows[0].tolist()) == [0, 1, 4]


def test_a_product_with_many_buyers_keeps_its_own_factors(drinks_and_tools):
    scorer = content.fit(drinks_and_tools, ContentConfig(prior_buyers=1e-6), factors())
    np.testing.assert_allclose(scorer.products[:4], factors().products[:4], rtol=1e-5, atol=1e-5)


def test_a_product_with_as_many_buyers_as_the_prior_is_half_its_attributes(drinks_and_tools):
    half = content.fit(drinks_and_tools, ContentConfig(prior_buyers=10, ridge=5), factors()).products[0]
    nearly_none = content.fit(drinks_and_tools, ContentConfig(prior_buyers=10, ridge=1e9), factors()).products[0]
    np.testing.assert_allclose(nearly_none, [1, 0], atol=1e-5)
    assert 1 < half[0] < 2


def test_a_new_product_of_which_nothing_is_known_is_not_ranked(drinks_and_tools):
    scorer = content.fit(drinks_and_tools, ContentConfig(), factors())
    assert np.isnan(scorer.products[5]).all()
    assert 5 not in scorer.best(np.array([0]), keep=ALL, k=6)[0]


def test_a_sold_product_without_attributes_keeps_its_own_factors(dataset):
    described = catalogue(dataset, category=["tea", "tea", None, "tools", "tools", None])
    scorer = content.fit(unpriced(described, [0, 1, 2, 3], [0, 1, 2, 3]), ContentConfig(prior_buyers=100), factors())
    assert scorer.products[2].tolist() == [0, 1]


def test_a_catalogue_without_attributes_changes_nothing(dataset):
    scorer = content.fit(unpriced(catalogue(dataset), [0, 1], [0, 1]), ContentConfig(), factors())
    np.testing.assert_array_equal(scorer.products, factors().products)


def test_names_are_words_of_any_script():
    assert words_of("12 GLASS jars, 3pc") == {"glass", "jars", "pc"}
    assert words_of("綠茶 Tea") == {"綠茶", "tea"}


def test_what_only_one_product_has_is_no_attribute(dataset):
    products = catalogue(
        dataset, category=["a", "a", "b", None, None, None], name=["cup", "cup", "cup", "jar", "", None]
    )
    nothing = small(products, [], [], [])
    assert build_attributes(nothing, 10).toarray().tolist() == [[1, 1], [1, 1], [0, 1], [0, 0], [0, 0], [0, 0]]


def test_of_too_many_attributes_the_commonest_stay(dataset):
    products = catalogue(
        dataset, category=["a", "a", "b", None, None, None], name=["cup", "cup", "cup", "jar", "", None]
    )
    assert build_attributes(small(products, [], [], []), 1).toarray().ravel().tolist() == [1, 1, 1, 0, 0, 0]


def test_price_bands_are_what_was_paid_a_unit(dataset):
    bought = small(catalogue(dataset, price_minor=[1, 1, 1, 1, 500, None]), [0, 1, 2, 3], [0, 1, 2, 3], [5] * 4)
    # 100 and 90 a unit, 1 and 2 a unit: the four, and the listed 500, are in bands by value.
    paid = replace(bought.purchases, paid_minor=np.array([1000, 90, 1, 4]), quantity=np.array([10, 1, 1, 2], np.int32))
    bands = build_attributes(replace(bought, purchases=paid), 10)
    assert bands.shape == (6, 0)
    equal = replace(
        bought.purchases, paid_minor=np.array([1000, 100, 1, 2]), quantity=np.array([10, 1, 1, 2], np.int32)
    )
    assert build_attributes(replace(bought, purchases=equal), 10).toarray()[:, -1].tolist() == [1, 1, 0, 0, 0, 0]
