"""What products have to do with each other, against counts by hand."""

import numpy as np
import pytest
from scipy import sparse

from features.purchases import Purchases
from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL, Catalogue
from recsys.vocabulary import Vocabulary
from training.models import similar
from training.models.together import count_together, orders_of_products, together_scores
from training.related import fit_related
from training.related_config import RelatedConfig, SimilarConfig, TogetherConfig

EVERYTHING_COUNTS = TogetherConfig(min_orders=1, shrink_orders=0, popularity_power=0)


def bought(*orders: tuple[int, ...]) -> Purchases:
    """One order a tuple of products, each by a member of its own."""
    order = np.repeat(np.arange(len(orders), dtype=np.int32), [len(one) for one in orders])
    product = np.array([row for one in orders for row in one], dtype=np.int32)
    one = np.ones(len(order), dtype=np.int32)
    return Purchases(order, product, one.astype(np.int64), one, one.astype(np.int64), order)


def catalogue(category: list[int], brand: list[int], price: list[int]) -> Catalogue:
    n = len(category)
    return Catalogue(
        products=Vocabulary.of(f"p{row:02}" for row in range(n)),
        names=np.zeros(n, dtype="S1"),
        category=np.array(category, dtype=np.int32),
        brand=np.array(brand, dtype=np.int32),
        price_minor=np.array(price, dtype=np.int64),
        cost_minor=np.full(n, -1, dtype=np.int64),
        stock=np.full(n, -1, dtype=np.int32),
        sale_from=np.full(n, ALWAYS_FROM, dtype=np.int64),
        sale_until=np.full(n, ALWAYS_UNTIL, dtype=np.int64),
        repeat_rate=np.zeros(n, dtype=np.float32),
        category_names=tuple(f"c{row}" for row in range(max(category, default=-1) + 1)),
        brand_names=tuple(f"b{row}" for row in range(max(brand, default=-1) + 1)),
    )


def no_buyers(n: int) -> sparse.csr_array:
    return sparse.csr_array((n, n), dtype=np.float32)


def alike(shop: Catalogue, buyers: sparse.csr_array | None = None, **settings: object) -> list[list[int]]:
    """The similar products of each, best first."""
    n = len(shop)
    rows, _ = similar.fit(
        shop,
        no_buyers(n) if buyers is None else buyers,
        np.empty((len(shop.category_names), 0), dtype=np.int32),
        np.zeros(n, dtype=np.float32),
        keep=np.ones(n, dtype=np.bool_),
        config=SimilarConfig(**settings),
    )
    return [[row for row in line if row >= 0] for line in rows.tolist()]


def test_orders_that_hold_both_products_are_counted_once_each() -> None:
    purchases = bought((0, 1, 1), (0, 1), (0, 2), (3,))
    counts = count_together(purchases, 5, EVERYTHING_COUNTS).toarray()
    assert counts.tolist() == [[0, 2, 1, 0, 0], [2, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0] * 5, [0] * 5]
    assert orders_of_products(purchases, 5).tolist() == [3, 2, 1, 1, 0]


def test_the_score_is_the_share_of_orders_shrunk_with_frequent_products_held_back() -> None:
    purchases = bought((0, 1), (0, 1), (0, 2), (1,), (1,))
    config = TogetherConfig(min_orders=1, shrink_orders=2, popularity_power=0.5)
    scores = together_scores(count_together(purchases, 3, config), orders_of_products(purchases, 3), config).toarray()
    assert scores[0, 1] == pytest.approx(2 / 3 / 4**0.5 * 2 / 4)
    assert scores[1, 0] == pytest.approx(2 / 4 / 3**0.5 * 2 / 4)
    assert scores[0, 2] == pytest.approx(1 / 3 / 1 * 1 / 3)


def test_one_order_is_chance() -> None:
    purchases = bought((0, 1), (0, 1), (0, 2))
    config = TogetherConfig(min_orders=2)
    scores = together_scores(count_together(purchases, 3, config), orders_of_products(purchases, 3), config).toarray()
    assert scores[0, 1] > 0
    assert np.isnan(scores[0, 2])


def test_of_a_large_order_only_so_many_products_count_and_always_the_same() -> None:
    purchases = bought(tuple(range(40)), (3, 7))
    config = TogetherConfig(min_orders=1, max_order_products=5, n_related=40)
    counts = count_together(purchases, 40, config)
    assert counts.nnz in (5 * 4, 5 * 4 + 2)  # pairs of five, and one pair that may be among them
    assert (counts != count_together(purchases, 40, config)).nnz == 0


def test_similar_is_what_is_of_the_category_then_near_in_price() -> None:
    shop = catalogue([0, 0, 0, 0, 1], [0, 1, 2, 0, 0], [100, 400, 110, 300, 100])
    assert alike(shop)[0] == [3, 2, 1]  # of the brand, then near, then neither; 4 is of another category
    assert alike(shop, brand_weight=0.0)[0] == [2, 3, 1]


def test_a_product_that_nobody_bought_has_similar_ones_and_one_without_attributes_has_none() -> None:
    assert alike(catalogue([0, 0, -1], [-1, -1, -1], [-1, -1, 100])) == [[1], [0], []]


def test_buyers_in_common_make_products_of_different_categories_similar() -> None:
    shop = catalogue([0, 0, 1], [-1, -1, -1], [100, 100, 100])
    shared = sparse.csr_array(np.array([[0, 0, 0.9], [0, 0, 0], [0.9, 0, 0]], dtype=np.float32))
    assert alike(shop, shared, buyers_weight=0.5)[0] == [1, 2]
    assert alike(shop, shared, buyers_weight=2.0)[0] == [2, 1]


def test_prices_are_not_compared_across_categories_and_brands() -> None:
    shop = catalogue([0, 1, 2], [0, 1, 2], [100, 100, 900])
    shared = sparse.csr_array(np.array([[0, 0.10, 0.12], [0, 0, 0], [0, 0, 0]], dtype=np.float32))
    assert alike(shop, shared)[0] == [2, 1]


def test_of_a_long_shelf_the_nearest_in_price_are_compared_and_equal_ones_go_by_row() -> None:
    shop = catalogue([0] * 30, [-1] * 30, [100 * (1 + row) for row in range(30)])
    near = alike(shop, n_near=2)
    assert (near[0], near[10], near[29]) == ([1, 2], [11, 9, 12, 8], [28, 27])
    same = catalogue([0] * 6, [-1] * 6, [100] * 6)
    assert alike(same, n_near=2)[3] == [1, 2, 4, 5]


def test_the_block_that_products_are_compared_in_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    shop = catalogue(
        rng.integers(-1, 4, 50).tolist(), rng.integers(-1, 3, 50).tolist(), rng.integers(1, 900, 50).tolist()
    )
    shared = sparse.csr_array(sparse.random_array((50, 50), density=0.1, rng=rng, dtype=np.float32))
    at_once = alike(shop, shared)
    monkeypatch.setattr(similar, "_BLOCK_PRODUCTS", 7)
    assert alike(shop, shared) == at_once


def related(purchases: Purchases, shop: Catalogue, **settings: object):  # type: ignore[no-untyped-def]
    sold = np.bincount(purchases.product, minlength=len(shop)).astype(np.float32)
    popularity = np.where(sold > 0, sold, np.nan).astype(np.float32)
    everything = np.ones(len(shop), dtype=np.bool_)
    config = RelatedConfig(together=EVERYTHING_COUNTS, **settings)
    return fit_related(purchases, shop, no_buyers(len(shop)), popularity, keep=everything, config=config)


def test_what_is_most_similar_is_not_listed_as_bought_together() -> None:
    purchases = bought(*[(0, 1, 3)] * 3, (0, 2))
    shop = catalogue([0, 0, 0, 1], [-1] * 4, [100, 100, 900, 100])
    together = related(purchases, shop, n_substitutes=1).together
    assert together.products[0, :3].tolist() == [3, 2, -1]  # 1 takes the place of 0; 2 is dear, and is kept
    assert related(purchases, shop, n_substitutes=2).together.products[0, :2].tolist() == [3, -1]


def test_the_best_sellers_of_each_category_are_listed_and_the_unsold_are_not() -> None:
    purchases = bought((0,), (1,), (1,), (3,))
    popular = related(purchases, catalogue([0, 0, 0, 1], [-1] * 4, [1] * 4), n_popular=3).popular_in_category
    assert popular.products.tolist() == [[1, 0, -1], [3, -1, -1]]


def test_members_who_buy_two_products_in_one_order_do_not_make_them_similar() -> None:
    shop = catalogue([-1] * 3, [-1] * 3, [-1] * 3)
    buyers = sparse.csr_array(np.array([[0, 0.5, 0.5], [0.5, 0, 0], [0.5, 0, 0]], dtype=np.float32))
    purchases = bought((0, 1), (0, 1), (2,))
    popularity, keep = np.ones(3, dtype=np.float32), np.ones(3, dtype=np.bool_)
    made = fit_related(purchases, shop, buyers, popularity, keep=keep, config=RelatedConfig(together=EVERYTHING_COUNTS))
    assert made.similar.products[0, :2].tolist() == [2, -1]
    assert made.together.products[0, :2].tolist() == [1, -1]


def test_of_the_cosine_of_buyers_that_of_orders_is_taken_off() -> None:
    """Both are in four orders, and together in two of them: .9 - 2 / (2 * 2)."""
    shop, popularity = catalogue([-1] * 2, [-1] * 2, [-1] * 2), np.ones(2, dtype=np.float32)
    buyers = sparse.csr_array(np.array([[0, 0.9], [0.9, 0]], dtype=np.float32))
    purchases = bought(*[(0, 1)] * 2, *[(0,)] * 2, *[(1,)] * 2)
    config = RelatedConfig(together=EVERYTHING_COUNTS, similar=SimilarConfig(buyers_weight=2, popularity_weight=0))
    made = fit_related(purchases, shop, buyers, popularity, keep=popularity > 0, config=config)
    assert made.similar.scores[0, 0] == pytest.approx(2 * 0.4)
    assert made.together.products[0, 0] == 1  # of no category known, so it is not known to take the place of 0


def test_products_no_longer_sold_are_not_listed() -> None:
    purchases = bought((0, 1, 2), (0, 1, 2))
    shop = catalogue([0, 0, 1], [-1] * 3, [100] * 3)
    keep = np.array([True, False, True])
    made = fit_related(purchases, shop, no_buyers(3), np.ones(3, dtype=np.float32), keep=keep, config=RelatedConfig())
    listed = [made.similar, made.together, made.popular_in_category]
    assert not any((one.products == 1).any() for one in listed)


def test_a_shop_of_one_product_and_one_order_relates_nothing() -> None:
    made = related(bought((0,)), catalogue([0], [0], [100]))
    assert (made.similar.products < 0).all()
    assert (made.together.products < 0).all()
    assert made.popular_in_category.products[0, 0] == 0
