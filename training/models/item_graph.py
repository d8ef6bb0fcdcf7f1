"""Products related to products: one sparse kernel, and the weights that make it cosine, TF-IDF, BM25 or RP3beta."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from recsys.errors import InputError

_BLOCK_ROWS = 1_024

Weights = NDArray[np.float32]


def best_of_product(
    left: sparse.csr_array,
    right: sparse.csr_array,
    k: int,
    *,
    rows: ArrayLike | None = None,
    columns: ArrayLike | None = None,
    shrink: float = 0.0,
    with_itself: bool = False,
    block_rows: int = _BLOCK_ROWS,
) -> sparse.csr_array:
    """
    The k largest entries of each row of diag(rows) left right diag(columns).

    Computed a block of rows at a time and cut at once, so that memory grows with k and with one block, not with the
    number of related pairs.

    Args:
        left: Shape (n, m).
        right: Shape (m, p).
        k: Entries kept a row, at least 1.
        rows: Shape (n,), or nothing for ones.
        columns: Shape (p,), or nothing for ones.
        shrink: At least 0: an entry v of left right, not negative, counts v / (v + shrink) of itself.
        with_itself: Keep entry (i, i) of row i too.
        block_rows: Rows at once, at least 1; the answer does not depend on it.

    Returns:
        Shape (n, p), CSR float32, columns ascending. Equal values by the smaller column; zeros are absent.

    Raises:
        InputError: k is below 1, or the inner sizes differ.
    """
    if k < 1:
        raise InputError(f"k is {k}; keep at least 1 related product a product")
    if left.shape[1] != right.shape[0]:
        raise InputError(f"the factors have shapes {left.shape} and {right.shape}; the inner sizes must be equal")
    left, right = left.tocsr(), right.tocsr()
    scale = None if columns is None else np.asarray(columns, dtype=np.float32)
    lengths = np.zeros(left.shape[0], dtype=np.int64)
    kept_columns, kept_values = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.float32)]
    for start in range(0, left.shape[0], block_rows):
        block = sparse.csr_array(left[start : start + block_rows] @ right)
        line = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        values = block.data.astype(np.float32)
        if shrink:
            values *= values / (values + np.float32(shrink))
        if scale is not None:
            values *= scale[block.indices]
        if rows is not None:
            values *= np.asarray(rows, dtype=np.float32)[start + line]
        stays = values != 0
        if not with_itself:
            stays &= block.indices != start + line
        counts, column, value = _cut_rows(line[stays], block.indices[stays], values[stays], block.shape[0], k)
        lengths[start : start + block_rows] = counts
        kept_columns.append(column.astype(np.int32))
        kept_values.append(value)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    shape = (left.shape[0], right.shape[1])
    best = sparse.csr_array((np.concatenate(kept_values), np.concatenate(kept_columns), indptr), shape=shape)
    best.sort_indices()
    return best


def cosine(traits: sparse.csr_array, k: int, *, shrink: float = 0.0) -> sparse.csr_array:
    """
    <p, q> / (|p| |q|) of the rows, the k best of each (Deshpande and Karypis 2004).

    Args:
        traits: Shape (n_products, n_traits): a trait is a member who bought the product, or an attribute of it.
        k, shrink: As in `best_of_product`.
    """
    norm = to_power(np.sqrt(traits.multiply(traits).sum(axis=1)), -1.0)
    return best_of_product(traits, traits.T.tocsr(), k, rows=norm, columns=norm, shrink=shrink)


def tf_idf(traits: sparse.csr_array, k: int, *, shrink: float = 0.0) -> sparse.csr_array:
    """
    `cosine` after each trait t counts log(n_products / n_t), with n_t the products that have it.

    Salton and Buckley 1988. A trait that every product has says nothing and weighs 0.
    """
    frequency = np.maximum(_products_with(traits), 1.0)
    return cosine(scaled(traits, columns=np.log(traits.shape[0] / frequency)), k, shrink=shrink)


def bm25(
    traits: sparse.csr_array, k: int, *, saturation: float = 1.2, length_share: float = 0.75, shrink: float = 0.0
) -> sparse.csr_array:
    """
    `cosine` of BM25 weights (Robertson and Zaragoza 2009, eq. 3.15), with an inverse frequency that stays above zero.

    x (s + 1) / (x + s (1 - b + b L_p / mean L)) log(1 + (n - n_t + 0.5) / (n_t + 0.5)), where L_p is the sum of row p.

    Args:
        traits: Shape (n_products, n_traits), not negative.
        k: As in `best_of_product`.
        saturation: s, at least 0; with 0 only presence counts.
        length_share: b, 0 to 1: how far products with many traits are held back.
        shrink: As in `best_of_product`, of the dot products of weighted rows.
    """
    n_products, frequency = traits.shape[0], _products_with(traits)
    length = np.asarray(traits.sum(axis=1), dtype=np.float64).ravel()
    mean = length.mean() if length.any() else 1.0
    held_back = saturation * (1 - length_share + length_share * length / mean)
    weighted = traits.tocsr().astype(np.float32)
    weighted.eliminate_zeros()
    x = weighted.data.astype(np.float64)
    weighted.data = (x * (saturation + 1) / (x + np.repeat(held_back, np.diff(weighted.indptr)))).astype(np.float32)
    rarity = np.log1p((n_products - frequency + 0.5) / (frequency + 0.5))
    return cosine(scaled(weighted, columns=rarity), k, shrink=shrink)


def rp3beta(bought: sparse.csr_array, k: int, *, alpha: float, beta: float, shrink: float = 0.0) -> sparse.csr_array:
    """
    Sum over members u of (x_pu / x_p)^alpha (x_uq / x_u)^alpha / x_q^beta: two steps of a walk, popular ends held back.

    RP3beta (Paudel, Christoffel, Newell, Bernstein 2017, eq. 4); beta 0 is P3alpha (Cooper et al. 2014).

    Args:
        bought: Shape (n_products, n_members), not negative.
        k: As in `best_of_product`.
        alpha, beta: At least 0.
        shrink: At least 0: purchases that every product with one has besides, so that a product which two members
            bought neither leads straight to what else they bought nor is led to by it.
    """
    of_product = np.asarray(bought.sum(axis=1)).ravel()
    of_product = np.where(of_product > 0, of_product + shrink, 0.0)
    of_member = np.asarray(bought.sum(axis=0)).ravel()
    powered = bought.tocsr().astype(np.float32)
    powered.eliminate_zeros()
    powered.data **= np.float32(alpha)
    onward = scaled(powered.T.tocsr(), rows=to_power(of_member, -alpha))
    return best_of_product(powered, onward, k, rows=to_power(of_product, -alpha), columns=to_power(of_product, -beta))


def best_of_rows(graph: sparse.csr_array, k: int) -> sparse.csr_array:
    """
    The k largest entries of each row, at least 1; equal ones by the smaller column.

    Returns:
        CSR float32, columns ascending.
    """
    line = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    counts, column, value = _cut_rows(line, graph.indices, graph.data.astype(np.float32), graph.shape[0], k)
    return sparse.csr_array((value, column, np.concatenate([[0], np.cumsum(counts)])), shape=graph.shape)


def scaled(
    matrix: sparse.csr_array, *, rows: ArrayLike | None = None, columns: ArrayLike | None = None
) -> sparse.csr_array:
    """diag(rows) matrix diag(columns), CSR float32; the matrix itself stays as it is."""
    matrix = matrix.tocsr()
    values = matrix.data.astype(np.float32)
    if rows is not None:
        values *= np.repeat(np.asarray(rows, dtype=np.float32), np.diff(matrix.indptr))
    if columns is not None:
        values *= np.asarray(columns, dtype=np.float32)[matrix.indices]
    return sparse.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def to_power(base: ArrayLike, exponent: float) -> Weights:
    """Elementwise, float32, but 0 stays 0 whatever the exponent: products that nobody bought relate to nothing."""
    values = np.asarray(base, dtype=np.float32).ravel()
    powered = np.zeros_like(values)
    positive = values > 0
    powered[positive] = values[positive] ** np.float32(exponent)
    return powered


def unit_rows(matrix: sparse.csr_array) -> sparse.csr_array:
    """Each row divided by its length; empty rows stay empty."""
    return scaled(matrix, rows=to_power(np.sqrt(matrix.multiply(matrix).sum(axis=1)), -1.0))


def _products_with(traits: sparse.csr_array) -> NDArray[np.float64]:
    """Shape (n_traits,): rows with an entry other than zero."""
    held = traits.tocsr()
    return np.bincount(held.indices[held.data != 0], minlength=held.shape[1]).astype(np.float64)


def _cut_rows(
    line: NDArray[np.integer], column: NDArray[np.integer], value: Weights, n_rows: int, k: int
) -> tuple[NDArray[np.int64], NDArray[np.integer], Weights]:
    """How many entries each row keeps, and the columns and values of those; *line* ascends."""
    counts = np.bincount(line, minlength=n_rows)
    ends = np.cumsum(counts)
    stays = np.ones(len(line), dtype=np.bool_)
    for row in np.flatnonzero(counts > k):
        start, stop = ends[row] - counts[row], ends[row]
        of_row = value[start:stop]
        bar = np.partition(of_row, len(of_row) - k)[len(of_row) - k]
        above = of_row > bar
        equal = np.flatnonzero(of_row == bar)
        first = np.argsort(column[start + equal], kind="stable")[: k - int(above.sum())]
        above[equal[first]] = True
        stays[start:stop] = above
    return np.minimum(counts, k), column[stays], value[stays]
