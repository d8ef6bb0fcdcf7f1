"""Products bought in the same order: what goes with a product, from sparse counts that never get dense."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.purchases import Purchases
from training.models.item_graph import best_of_product, to_power
from training.pairs import distinct
from training.related_config import TogetherConfig

_BLOCK_PRODUCTS = 256
_SPARE = 4
"""Times as many are counted as are listed: shrinkage reorders them, and substitutes are taken out later."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


def count_together(purchases: Purchases, n_products: int, config: TogetherConfig) -> sparse.csr_array:
    """
    n_pq, the orders that hold both products, of the pairs that matter most to each product.

    Memory is that of the order lines, of one block of products by all products, and of the pairs that are kept.

    Args:
        purchases: Order lines; a product counts once an order.
        n_products: More than any product row.
        config: How many pairs a product, and how large an order may be.

    Returns:
        Shape (n_products, n_products), CSR float32: at most 4 ``n_related`` a row, by n_pq / n_q^popularity_power.
    """
    held = _products_by_order(purchases, n_products, config.max_order_products)
    held_back = to_power(np.diff(held.indptr), -config.popularity_power)
    kept = best_of_product(
        held, held.T.tocsr(), _SPARE * config.n_related, columns=held_back, block_rows=_BLOCK_PRODUCTS
    )
    kept.data = np.rint(kept.data / held_back[kept.indices]).astype(np.float32)
    return kept


def together_scores(counts: sparse.csr_array, orders: NDArray[np.int64], config: TogetherConfig) -> sparse.csr_array:
    """
    n_pq / n_p / n_q^popularity_power, times n_pq / (n_pq + shrink_orders); NaN where n_pq is below min_orders.

    The share of the orders of p that hold q too (Deshpande and Karypis 2004, eq. 3, conditional probability with the
    frequent q held back), shrunk so that two orders by chance are no rule.

    Args:
        counts: As `count_together` gives them.
        orders: Shape (n_products,): n_p, the orders that hold each product.
        config: Powers and shrinkage.
    """
    line = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    share = counts.data * to_power(orders, -1.0)[line] * to_power(orders, -config.popularity_power)[counts.indices]
    values = (share * (counts.data / (counts.data + np.float32(config.shrink_orders)))).astype(np.float32)
    values[counts.data < config.min_orders] = np.nan
    return sparse.csr_array((values, counts.indices, counts.indptr), shape=counts.shape)


def orders_of_products(purchases: Purchases, n_products: int) -> NDArray[np.int64]:
    """Shape (n_products,): distinct orders that hold each product, however large they are."""
    lines = distinct(purchases.order.astype(np.int64) * max(n_products, 1) + purchases.product)
    return np.bincount(lines % max(n_products, 1), minlength=n_products)


def _products_by_order(purchases: Purchases, n_products: int, max_products: int) -> sparse.csr_array:
    """Shape (n_products, n_orders), CSR float32, ones."""
    lines = distinct(purchases.order.astype(np.int64) * max(n_products, 1) + purchases.product)
    order = lines // max(n_products, 1)
    size = np.bincount(order)
    large = np.flatnonzero(size[order] > max_products)
    if len(large):
        draw = lines[large].astype(np.uint64) * _ODD
        by_order = large[np.lexsort((draw, order[large]))]
        place = np.arange(len(by_order)) - np.searchsorted(order[by_order], order[by_order])
        stays = np.ones(len(lines), dtype=np.bool_)
        stays[by_order[place >= max_products]] = False
        lines, order = lines[stays], order[stays]
    shape = (n_products, max(purchases.n_orders, 1))
    ones = np.ones(len(lines), dtype=np.float32)
    return sparse.csr_array((ones, ((lines % max(n_products, 1)).astype(np.int32), order)), shape=shape)
