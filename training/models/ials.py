"""Implicit ALS with a weight for what was not bought and regularisation by frequency; exact, in NumPy alone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.dataset import Dataset
from recsys.errors import InputError, NotEnoughDataError
from recsys.scorers.factors import FactorScorer
from training.collaborative_config import FactorisationConfig, IalsConfig
from training.pairs import build_pairs

_BLOCK_CELLS = 1 << 22

Vectors = NDArray[np.float32]


def fit(dataset: Dataset, config: IalsConfig, rng: np.random.Generator) -> FactorScorer:
    """
    `factorise` who bought what; a pair counts log2(1 + faded orders), so that one order of today counts 1.

    Members and products without a purchase have vectors of NaN: they cannot be ranked.

    Raises:
        NotEnoughDataError: There is no purchase, or no finite solution was found.
    """
    pairs = build_pairs(dataset, config.half_life_days)
    shape = (len(dataset.member_ids), len(dataset.product_ids))
    weight = np.log2(1.0 + pairs.strength).astype(np.float32)
    members, products = factorise(sparse.csr_array((weight, (pairs.member, pairs.product)), shape=shape), config, rng)
    return FactorScorer(members, products, np.zeros(shape[1], dtype=np.float32))


def factorise(
    observed: sparse.csr_array, config: FactorisationConfig, rng: np.random.Generator
) -> tuple[Vectors, Vectors]:
    """
    Vectors w of members and h of products that make this loss small.

    sum_S c_up (w_u h_p - 1)^2 + alpha0 sum_all (w_u h_p)^2 + lambda sum_u (|S_u| + alpha0 n_products)^nu |w_u|^2
    + lambda sum_p (|S_p| + alpha0 n_members)^nu |h_p|^2, with S the pairs bought, c their weights, and the sizes those
    of who bought and what was bought (Rendle, Krichene, Zhang, Koren 2021, "Revisiting the performance of iALS on item
    recommendation benchmarks", eq. 2 to 4; Hu, Koren, Volinsky 2008). Each iteration solves for all members exactly,
    then for all products.

    Args:
        observed: Shape (n_members, n_products), the weights c; absent or zero where nothing was bought.
        config: Names are explained there.
        rng: Same generator, same vectors to the byte with one BLAS thread.

    Returns:
        Shapes (n_members, factors) and (n_products, factors); rows of NaN where nothing was bought.

    Raises:
        InputError: A weight is below zero or not finite.
        NotEnoughDataError: Nothing was bought, or the vectors are not finite.
    """
    if not (np.isfinite(observed.data).all() and (observed.data >= 0).all()):
        raise InputError("a weight of a purchase is below zero or not finite; give finite weights of at least 0")
    by_member = sparse.csr_array(observed, dtype=np.float32, copy=True)
    by_member.sum_duplicates()
    by_member.eliminate_zeros()
    if not by_member.nnz:
        raise NotEnoughDataError("iALS needs purchases before the cut-off and found none; ingest more history")
    by_product = sparse.csr_array(by_member.T)
    members, products = (np.full((n, config.factors), np.nan, dtype=np.float32) for n in observed.shape)
    buyers, sold = (np.flatnonzero(np.diff(rows.indptr)) for rows in (by_member, by_product))
    deviation = config.initial_deviation / np.sqrt(config.factors)
    products[sold] = rng.normal(0.0, deviation, (len(sold), config.factors))
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # `_solved` refuses what is not finite
            for _ in range(config.iterations):
                members[buyers] = _solved(by_member[buyers][:, sold], products[sold], config)
                products[sold] = _solved(by_product[sold][:, buyers], members[buyers], config)
    except np.linalg.LinAlgError as error:
        raise NotEnoughDataError(
            f"iALS found no finite solution with {config.factors} factors on {by_member.nnz} pairs of member and "
            "product; raise ials.regularization or ials.unobserved_weight, or lower ials.factors"
        ) from error
    return members, products


def _solved(observed: sparse.csr_array, fixed: Vectors, config: FactorisationConfig) -> Vectors:
    """
    The best vector of each row while those of the columns stay.

    With r the roots of the weights of the row's columns, B their vectors times r, and D = alpha0 fixed' fixed
    + lambda (...)^nu I, the vector is (D + B' B)^-1 B' r. In the axes of the eigenvectors of fixed' fixed every D is
    diagonal, so a row with fewer columns than factors takes the same vector from a smaller system, D^-1 B'
    (I + B D^-1 B')^-1 r.

    Raises:
        LinAlgError: A vector is not finite.
    """
    spread, axes = np.linalg.eigh(fixed.T.astype(np.float64) @ fixed)
    turned = fixed @ axes.astype(np.float32)
    alpha0, n_columns = config.unobserved_weight, observed.shape[1]
    solved = np.zeros((observed.shape[0], fixed.shape[1]), dtype=np.float32)
    for rows, n_bought in _rows_of_one_length(observed, fixed.shape[1]):
        held_back = config.regularization * (n_bought + alpha0 * n_columns) ** config.frequency_power
        diagonal = (alpha0 * np.maximum(spread, 0.0) + held_back).astype(np.float32)
        places = observed.indptr[rows][:, None] + np.arange(n_bought)
        root = np.sqrt(observed.data[places])[:, :, None]
        bought = turned[observed.indices[places]] * root
        if n_bought < fixed.shape[1]:
            eased = bought / diagonal
            small = eased @ bought.transpose(0, 2, 1) + np.eye(n_bought, dtype=np.float32)
            solved[rows] = (np.linalg.solve(small, root).transpose(0, 2, 1) @ eased)[:, 0]
        else:
            whole = bought.transpose(0, 2, 1) @ bought + np.diag(diagonal)
            solved[rows] = np.linalg.solve(whole, bought.transpose(0, 2, 1) @ root)[:, :, 0]
    vectors: Vectors = solved @ axes.T.astype(np.float32)
    if not np.isfinite(vectors).all():
        raise np.linalg.LinAlgError("a vector is not finite")
    return vectors


def _rows_of_one_length(observed: sparse.csr_array, n_factors: int) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Rows with equally many entries, at most so many at once that their stacked matrices stay small."""
    lengths = np.diff(observed.indptr)
    order = np.argsort(lengths, kind="stable")
    for n_bought in np.unique(lengths):
        start, stop = np.searchsorted(lengths[order], [n_bought, n_bought + 1])
        step = max(1, _BLOCK_CELLS // int(n_bought * max(n_bought, n_factors)))
        for first in range(start, stop, step):
            yield order[first : min(first + step, stop)], int(n_bought)
