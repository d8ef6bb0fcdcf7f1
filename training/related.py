"""What products have to do with each other, learnt once for the bundle: similar, bought together, best of category."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.purchases import Purchases
from recsys.catalogue import Catalogue
from recsys.knowledge import RankedProducts, RelatedProducts
from recsys.scorers.topk import top_k_sparse
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores
from training.models import similar
from training.models.item_graph import to_power
from training.models.together import count_together, orders_of_products, together_scores
from training.related_config import RelatedConfig


def fit_related(
    purchases: Purchases,
    catalogue: Catalogue,
    buyers: sparse.csr_array,
    popularity: Scores,
    *,
    keep: KeepMask,
    config: RelatedConfig,
) -> RelatedProducts:
    """
    Learn substitutes and complements.

    Members who buy two products in the same orders use them together, members who buy them in different orders use
    one or the other (McAuley, Pandey and Leskovec 2015 tell the two apart): what two products have of the first is
    taken off the second. What is most similar and of the same category is not listed as bought together.

    Args:
        purchases: Order lines.
        catalogue: The products.
        buyers: Shape (n_products, n_products), CSR, 0 to 1: cosine of the members who bought each, shrunk.
        popularity: Shape (n_products,), at least 0; NaN where nothing was sold.
        keep: Shape (n_products,): those that may be listed.
        config: Sizes and weights.
    """
    n = len(catalogue)
    counts = count_together(purchases, n, config.together)
    orders = orders_of_products(purchases, n)
    best_sellers, sold = _best_of_categories(catalogue, popularity, keep, config.n_popular)
    alike, alike_scores = similar.fit(
        catalogue,
        _apart(buyers, counts, orders),
        best_sellers,
        _as_share(popularity),
        keep=keep,
        config=config.similar,
    )
    scores = together_scores(counts, orders, config.together)
    substitutes = alike[:, : config.n_substitutes]
    scores.data[~keep[scores.indices] | _is_substitute(scores, substitutes, catalogue.category)] = np.nan
    return RelatedProducts(
        similar=RankedProducts(alike, alike_scores),
        together=RankedProducts(*top_k_sparse(scores, config.together.n_related)),
        popular_in_category=RankedProducts(best_sellers, sold),
    )


def _apart(buyers: sparse.csr_array, counts: sparse.csr_array, orders: NDArray[np.int64]) -> sparse.csr_array:
    """Cosine of the buyers less cosine of the orders, at least 0."""
    norm = to_power(orders, -0.5)
    line = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    of_orders = counts.copy()
    of_orders.data = counts.data * norm[line] * norm[counts.indices]
    apart = sparse.csr_array(buyers - of_orders)
    apart.data = np.maximum(apart.data, 0).astype(np.float32)
    apart.eliminate_zeros()
    return apart


def _best_of_categories(catalogue: Catalogue, popularity: Scores, keep: KeepMask, k: int) -> tuple[Rows, Scores]:
    """Shape (n_categories, k) both: what sells most in each, and the popularity."""
    listed = np.flatnonzero(keep & ~np.isnan(popularity) & (catalogue.category >= 0))
    shape = (len(catalogue.category_names), len(catalogue))
    table = sparse.csr_array((popularity[listed], (catalogue.category[listed], listed)), shape=shape)
    return top_k_sparse(table, k)


def _as_share(popularity: Scores) -> Scores:
    """Shape (n_products,): log of the popularity over the largest, 0 where nothing was sold."""
    sold = np.log1p(np.where(popularity > 0, popularity, 0))
    share: Scores = (sold / max(float(sold.max(initial=0)), 1e-9)).astype(np.float32)
    return share


def _is_substitute(scores: sparse.csr_array, alike: Rows, category: Rows) -> KeepMask:
    """Which stored entries name a similar product of the same category."""
    n = scores.shape[0]
    line = np.repeat(np.arange(n, dtype=np.int64), np.diff(scores.indptr))
    listed = alike != UNKNOWN_ROW
    keys = np.nonzero(listed)[0].astype(np.int64) * n + alike[listed]
    same = (category[line] == category[scores.indices]) & (category[line] >= 0)
    found: KeepMask = same & np.isin(line * n + scores.indices, keys)
    return found
