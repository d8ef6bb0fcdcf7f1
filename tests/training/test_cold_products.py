"""Cold products: likeness by hand, ranked alone or among the others, and what is refused."""

import numpy as np
import pytest
from scipy import sparse

from recsys.errors import InputError
from recsys.ragged import Ragged
from training.models import cold_products, next_product
from training.sequence_config import ColdProductsConfig, NextProductConfig

HISTORIES = Ragged.of([[0, 1], [0, 1], [2, 3], [2], []])
ATTRIBUTES = sparse.csr_array(
    np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=np.float32)
)
"""Product 4 is like 1, 5 is like 0, and nothing is known of 6: all three are cold."""
COLD = np.array([4, 5, 6], dtype=np.int32)


def scorer(**settings):
    sold = next_product.fit(HISTORIES, ATTRIBUTES, NextProductConfig())
    return cold_products.fit(sold, COLD, ColdProductsConfig(**settings))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("own", [0, 1, 0]),  # member 3 below bought product 0 alone, which 5 is like
        ("spread", [1, 0, 0]),  # and product 1 follows it, which 4 is like
        ("mapped", [1, 0, 0]),
    ],
)
def test_each_source_says_what_it_should(source, expected):
    only = {name: float(name == source) for name in ("own", "spread", "mapped")}
    model = scorer(**only)
    alone = cold_products.fit(model.sold.with_histories(Ragged.of([[0]])), COLD, ColdProductsConfig(**only))
    np.testing.assert_allclose(alone.score_cold(np.array([0])), [expected], atol=1e-6)


def test_a_hub_is_held_back():
    """Likeness is the power of the cosine over a power of the sum of these."""
    attributes = sparse.csr_array(np.array([[1, 0], [1, 0], [0, 1], [1, 0], [0, 1]], dtype=np.float32))
    sold = next_product.fit(Ragged.of([[0, 1, 2]]), attributes, NextProductConfig())
    likeness = cold_products.fit(sold, np.array([3, 4]), ColdProductsConfig(hub_power=0.5)).likeness.toarray()
    np.testing.assert_allclose(likeness[:3], [[2**-0.5, 0], [2**-0.5, 0], [0, 1]], rtol=1e-6)
    assert not likeness[3:].any()


def test_cold_products_alone_and_among_all():
    model = scorer()
    among = np.zeros(7, dtype=bool)
    among[COLD] = True
    alone, _ = model.best(np.array([0]), keep=among, k=3)
    assert sorted(alone[0].tolist()) == [4, 5, 6]
    assert alone[0, 2] == 6
    everything, _ = model.best(np.array([0]), keep=np.ones(7, dtype=bool), k=7)
    assert sorted(everything[0].tolist()) == [-1, -1, 2, 3, 4, 5, 6]


def test_products_that_were_sold_keep_their_scores_and_the_weight_is_that_of_the_cold():
    model, half = scorer(), scorer(cold_weight=0.5)
    warm = model.sold.score(np.array([0, 2]))
    np.testing.assert_array_equal(model.score(np.array([0, 2]))[:, :4], warm[:, :4])
    np.testing.assert_allclose(
        half.score(np.array([0, 2]))[:, COLD], model.score(np.array([0, 2]))[:, COLD] / 2, rtol=1e-6
    )


def test_nobody_and_the_unknown_have_empty_lists():
    rows, _ = scorer().best(np.array([4, -1], dtype=np.int32), keep=np.ones(7, dtype=bool), k=2)
    assert (rows == -1).all()


def test_no_cold_product_changes_nothing():
    sold = next_product.fit(HISTORIES, ATTRIBUTES, NextProductConfig())
    none = cold_products.fit(sold, np.empty(0, dtype=np.int32), ColdProductsConfig())
    np.testing.assert_array_equal(none.score(np.arange(5)), sold.score(np.arange(5)))


def test_without_any_attribute_cold_products_score_zero():
    sold = next_product.fit(HISTORIES, sparse.csr_array((7, 0), dtype=np.float32), NextProductConfig())
    assert not cold_products.fit(sold, COLD, ColdProductsConfig()).score_cold(np.arange(4)).any()


def test_a_product_that_was_sold_or_does_not_exist_is_not_cold():
    sold = next_product.fit(HISTORIES, ATTRIBUTES, NextProductConfig())
    with pytest.raises(InputError, match="1 cold products were sold, the first has row 2"):
        cold_products.fit(sold, np.array([2, 4]), ColdProductsConfig())
    with pytest.raises(InputError, match="rows 4 to 7; there are rows 0 to 6"):
        cold_products.fit(sold, np.array([4, 7]), ColdProductsConfig())
