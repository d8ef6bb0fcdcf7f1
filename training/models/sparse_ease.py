"""EASE without its dense square: each product is explained by the products nearest to it alone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from features.dataset import Dataset
from recsys.errors import InputError, NotEnoughDataError
from recsys.scorers.neighbours import NeighbourScorer
from training.collaborative_config import SparseEaseConfig
from training.models.item_graph import cosine
from training.pairs import build_pairs

_LEADERS_FRIENDS = 64
_WIDEST_BLOCK = 4_096

Products = NDArray[np.int64]


def fit(dataset: Dataset, config: SparseEaseConfig, rng: np.random.Generator) -> NeighbourScorer:  # noqa: ARG001
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
    How much each product of a history speaks for each other product.

    With X = *bought*, G = X' X and N_q the n_related products nearest to q by cosine of buyers, column q of the answer
    is zero outside N_q and (G_NN + lambda I)^-1 G_Nq within: the ridge regression of q on N_q. Where N_q holds all
    products but q, this is EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data", eq. 8), because
    its column q is the ridge regression of q on all others; where it holds fewer it is the approximation of Steck
    2019 ("Markov random fields for collaborative filtering", section 3.2) with every column solved for itself.

    Memory is that of the answer, n_related entries a product, and of one dense block of G: products that share
    neighbours are solved together. The answer does not depend on the blocks where X is of ones.

    Args:
        bought: Shape (n_members, n_products), not negative.
        config: Names are explained there.

    Returns:
        Shape (n_products, n_products), CSR float32, row p what p says of others. Products that share no buyer with
        another have an empty column and row.

    Raises:
        InputError: A weight is below zero or not finite.
    """
    if not (np.isfinite(bought.data).all() and (bought.data >= 0).all()):
        raise InputError("a weight of a purchase is below zero or not finite; give finite weights of at least 0")
    by_product = sparse.csr_array(bought.T, dtype=np.float32)
    related = cosine(by_product, config.n_related)
    explained = np.zeros(related.nnz, dtype=np.float32)
    for products in _friends(related):
        starts = related.indptr[products]
        near = [related.indices[start:stop] for start, stop in zip(starts, related.indptr[products + 1], strict=True)]
        among = np.unique(np.concatenate([products, *near]))
        rows = by_product[among]
        gram = (rows @ rows.T).toarray()
        for product, start, theirs in zip(products, starts, near, strict=True):
            place, own = np.searchsorted(among, theirs), np.searchsorted(among, product)
            left = gram[np.ix_(place, place)]
            left[np.diag_indices_from(left)] += config.ridge
            explained[start : start + len(theirs)] = linalg.solve(
                left, gram[place, own], assume_a="pos", overwrite_a=True, check_finite=False
            )
    by_column = sparse.csr_array((explained, related.indices, related.indptr), shape=related.shape)
    return sparse.csr_array(by_column.T)


def _friends(related: sparse.csr_array) -> Iterator[Products]:
    """
    Every product with related ones once, in groups whose related products together are not many.

    A group is led by its first product in order of row; those of its nearest that have no group yet follow.
    """
    left = np.diff(related.indptr) > 0
    for leader in range(len(left)):
        if not left[leader]:
            continue
        theirs = related.indices[related.indptr[leader] : related.indptr[leader + 1]].astype(np.int64)
        group = np.concatenate([[leader], theirs[left[theirs]][:_LEADERS_FRIENDS]])
        widths = np.cumsum(np.diff(related.indptr)[group] + 1)
        group = group[: max(1, int(np.searchsorted(widths, _WIDEST_BLOCK, side="right")))]
        left[group] = False
        yield group
