"""EASE without its dense square: each product is explained by the products nearest to it alone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.dataset import Dataset
from recsys.errors import InputError, NotEnoughDataError
from recsys.scorers.neighbours import NeighbourScorer
from training.collaborative_config import SparseEaseConfig
from training.models.item_graph import cosine
from training.pairs import build_pairs

_GROUP = 16
_WIDEST_BLOCK = 4_096

Products = NDArray[np.int64]


def fit(
    dataset: Dataset,
    config: SparseEaseConfig,
    rng: np.random.Generator,  # noqa: ARG001  # every family takes one
) -> NeighbourScorer:
    """
    `weights_of` who bought what; a member's history counts log2(1 + faded orders), one order of today 1.

    Nothing is drawn at random: *rng* is there because all families have it.

    Raises:
        NotEnoughDataError: There is no purchase.
    """
    pairs = build_pairs(dataset, config.half_life_days)
    if not len(pairs):
        raise NotEnoughDataError("sparse EASE needs purchases before the cut-off and found none; ingest more history")
    shape = (len(dataset.member_ids), len(dataset.product_ids))
    bought = sparse.csr_array((np.ones(len(pairs), dtype=np.float32), (pairs.member, pairs.product)), shape=shape)
    history = sparse.csr_array((np.log2(1 + pairs.strength, dtype=np.float32), bought.indices, bought.indptr), shape)
    return NeighbourScorer(history, weights_of(bought, config))


def weights_of(bought: sparse.csr_array, config: SparseEaseConfig) -> sparse.csr_array:
    """
    `explained_by` with N_q the n_related products nearest to q by cosine of buyers.

    Args:
        bought: Shape (n_members, n_products), not negative.
        config: Names are explained there.

    Returns:
        Shape (n_products, n_products), CSR float32. Products that share no buyer with another have an empty row and
        column.

    Raises:
        InputError: A weight is below zero or not finite.
    """
    if not (np.isfinite(bought.data).all() and (bought.data >= 0).all()):
        raise InputError("a weight of a purchase is below zero or not finite; give finite weights of at least 0")
    by_product = sparse.csr_array(bought.T, dtype=np.float32)
    return explained_by(by_product, cosine(by_product, config.n_related), ridge=config.ridge)


def explained_by(by_product: sparse.csr_array, related: sparse.csr_array, *, ridge: float) -> sparse.csr_array:
    """
    How much each product of a history speaks for each other product.

    With X = *by_product*', G = X' X and N_q the products of row q of *related*, column q of the answer is zero outside
    N_q and (G_NN + ridge I)^-1 G_Nq within: the ridge regression of q on N_q. Where N_q holds all products but q, this
    is EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data", eq. 8), because its column q is the
    ridge regression of q on all others; where it holds fewer it is the approximation of Steck 2019 ("Markov random
    fields for collaborative filtering", section 3.2) with every column solved for itself.

    Memory is that of the answer, an entry for each of *related*, and of one dense block of G: products that share
    neighbours are solved together. The answer does not depend on the blocks where X is of ones.

    Args:
        by_product: Shape (n_products, n_members), not negative.
        related: Shape (n_products, n_products), without entries on the diagonal; its values do not matter.
        ridge: lambda, above 0.

    Returns:
        Shape (n_products, n_products), CSR float32, row p what p says of others.
    """
    explained = np.zeros(related.nnz, dtype=np.float32)
    place = np.zeros(related.shape[0], dtype=np.int64)
    lengths = np.diff(related.indptr)
    for products in _friends(related):
        near = [related.indices[related.indptr[q] : related.indptr[q + 1]] for q in products]
        among = np.unique(np.concatenate([products, *near]))
        place[among] = np.arange(len(among))
        rows = by_product[among]
        gram = (rows @ rows.T).toarray()
        for n_near in np.unique(lengths[products]):
            alike = products[lengths[products] == n_near]
            entries = related.indptr[alike][:, None] + np.arange(n_near)
            theirs = place[related.indices[entries]]
            left = gram[theirs[:, :, None], theirs[:, None, :]]
            left[:, np.arange(n_near), np.arange(n_near)] += np.float32(ridge)
            right = gram[theirs, place[alike][:, None]]
            explained[entries] = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    by_column = sparse.csr_array((explained, related.indices, related.indptr), shape=related.shape)
    return sparse.csr_array(by_column.T)


def _friends(related: sparse.csr_array) -> Iterator[Products]:
    """
    Every product with related ones once, in groups that share many of these.

    Products go by their hub, that one of their related products which most products are related to.
    """
    n_products, filled = related.shape[0], np.flatnonzero(np.diff(related.indptr))
    if not len(filled):
        return
    n_naming = np.bincount(related.indices, minlength=n_products)
    keys = n_naming[related.indices] * n_products + related.indices
    hub = np.maximum.reduceat(keys, related.indptr[filled]) % n_products
    order = filled[np.argsort(hub, kind="stable")]
    widest = int(np.diff(related.indptr).max()) + 1
    step = max(1, min(_GROUP, _WIDEST_BLOCK // widest))
    for start in range(0, len(order), step):
        yield order[start : start + step]
