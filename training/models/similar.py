"""Products in place of each other: alike by category, brand and price, and bought by the same members."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.catalogue import Catalogue
from recsys.scorers.topk import top_k_sparse
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores
from training.related_config import SimilarConfig

_BLOCK_PRODUCTS = 2_048


def fit(
    catalogue: Catalogue,
    buyers: sparse.csr_array,
    best_sellers: Rows,
    popularity: NDArray[np.float32],
    *,
    keep: KeepMask,
    config: SimilarConfig,
) -> tuple[Rows, Scores]:
    """
    Score the products that may be like each product, and list the best.

    ``category_weight [same category] + brand_weight [same brand] + price_weight exp(-|ln(price_p / price_q)| /
    price_scale) + buyers_weight b_pq + popularity_weight popularity_q``; prices are compared only within a category
    or a brand, and b is *buyers*. Compared are the products near in price within the category, and within the brand
    there, the best sellers of the category, and those that share buyers: so a product that nobody bought has similar
    ones, and the work grows with the products and not with their pairs. A pair that has neither category, brand nor
    buyers in common is not similar.

    Args:
        catalogue: The products.
        buyers: Shape (n_products, n_products), CSR, 0 to 1: how far the same members buy both.
        best_sellers: Shape (n_categories, t): rows of products; UNKNOWN_ROW pads.
        popularity: Shape (n_products,), 0 to 1.
        keep: Shape (n_products,): those that may be listed.
        config: Weights and sizes.

    Returns:
        Shape (n_products, n_related) both: products, best first, equal scores by row, and scores, at least 0.
        UNKNOWN_ROW and NaN pad.
    """
    n = len(catalogue)
    rows = np.full((n, config.n_related), UNKNOWN_ROW, dtype=np.int32)
    scores = np.full((n, config.n_related), np.nan, dtype=np.float32)
    category, brand = catalogue.category, catalogue.brand
    shelves = (_Shelf.of(catalogue, category >= 0, brand=False), _Shelf.of(catalogue, brand >= 0, brand=True))
    for start in range(0, n, _BLOCK_PRODUCTS):
        block = np.arange(start, min(start + _BLOCK_PRODUCTS, n))
        near = [shelf.near(block, config.n_near) for shelf in shelves]
        if best_sellers.size:
            near.append(np.where(category[block, None] >= 0, best_sellers[category[block]], UNKNOWN_ROW))
        compared = np.concatenate(near, axis=1)
        shared = sparse.csr_array(buyers[block])
        line_of_shared = np.repeat(np.arange(len(block)), np.diff(shared.indptr))
        key_of_shared = line_of_shared * n + shared.indices
        known = compared >= 0
        keys = np.union1d(np.nonzero(known)[0] * n + compared[known], key_of_shared)
        line, other = keys // n, keys % n
        stays = keep[other] & (other != block[line])
        keys, line, other = keys[stays], line[stays], other[stays]
        score = _score(catalogue, block[line], other, config) + config.popularity_weight * popularity[other]
        score += config.buyers_weight * _looked_up(key_of_shared, shared.data, keys)
        table = sparse.csr_array((score.astype(np.float32), (line, other)), shape=(len(block), n))
        rows[block], scores[block] = top_k_sparse(table, config.n_related)
    return rows, scores


def _score(catalogue: Catalogue, one: NDArray[np.int64], other: NDArray[np.int64], config: SimilarConfig) -> Scores:
    same_category = (catalogue.category[one] == catalogue.category[other]) & (catalogue.category[one] >= 0)
    same_brand = (catalogue.brand[one] == catalogue.brand[other]) & (catalogue.brand[one] >= 0)
    price = np.log(np.maximum(catalogue.price_minor, 1))
    close = np.exp(-np.abs(price[one] - price[other]) / config.price_scale)
    priced = (catalogue.price_minor[one] > 0) & (catalogue.price_minor[other] > 0) & (same_category | same_brand)
    score: Scores = (
        config.category_weight * same_category + config.brand_weight * same_brand + config.price_weight * close * priced
    ).astype(np.float32)
    return score


def _looked_up(keys: NDArray[np.int64], values: NDArray[np.floating], wanted: NDArray[np.int64]) -> Scores:
    """The value of each wanted key, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.float32)
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found: Scores = np.where(keys[order][place] == wanted, values[order][place], 0).astype(np.float32)
    return found


class _Shelf:
    """Products side by side: by price, then row, within a category, or within a brand of a category."""

    def __init__(self, order: NDArray[np.int64], group: NDArray[np.int64], place: NDArray[np.int64]) -> None:
        self._order, self._group, self._place = order, group, place

    @classmethod
    def of(cls, catalogue: Catalogue, on_shelf: KeepMask, *, brand: bool) -> "_Shelf":
        n_brands = len(catalogue.brand_names) + 1
        group = catalogue.category.astype(np.int64) + 1
        if brand:
            group = group * n_brands + catalogue.brand + 1
        listed = np.flatnonzero(on_shelf)
        order = listed[np.lexsort((catalogue.price_minor[listed], group[listed]))]
        place = np.full(len(catalogue), -1, dtype=np.int64)
        place[order] = np.arange(len(order))
        return cls(order, group, place)

    def near(self, block: NDArray[np.int64], n_near: int) -> Rows:
        """Shape (len(block), 2 n_near): the nearest on either side; UNKNOWN_ROW where there are none."""
        if not len(self._order):
            return np.full((len(block), 1), UNKNOWN_ROW, dtype=np.int32)
        steps = np.concatenate([np.arange(-n_near, 0), np.arange(1, n_near + 1)])
        at = self._place[block][:, None] + steps
        inside = (at >= 0) & (at < len(self._order)) & (self._place[block] >= 0)[:, None]
        other = self._order[np.where(inside, at, 0)]
        alike = inside & (self._group[other] == self._group[block][:, None])
        return np.where(alike, other, UNKNOWN_ROW).astype(np.int32)
