"""Products by their attributes: a space in which rare ones count, and a map from it into the product graph."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.types import KeepMask
from training.models.item_graph import scaled, unit_rows


def attribute_space(attributes: sparse.csr_array, sold: KeepMask, *, power: float = 1.0) -> sparse.csr_array:
    """
    Rows of unit length in which attribute t counts log(n_sold / n_t)^power, over products that were sold.

    Args:
        attributes: Shape (n_products, n_attributes), ones; an empty row where nothing is known.
        sold: Shape (n_products,); at least one is.
        power: 1 is TF-IDF; 2 listens to rare attributes more.

    Returns:
        Same shape, CSR float32. Products without attributes stay empty: they are like nothing.
    """
    frequency = np.asarray(attributes[np.flatnonzero(sold)].sum(axis=0)).ravel()
    rarity = np.log(sold.sum() / np.maximum(frequency, 1)).astype(np.float32)
    return unit_rows(scaled(attributes, columns=np.maximum(rarity, 0) ** np.float32(power)))


def ridge_map(graph: sparse.csr_array, space: sparse.csr_array, sold: KeepMask, *, ridge: float) -> NDArray[np.float32]:
    """
    B that minimises |graph - B space'|^2 + ridge |B|^2 over the sold columns: B = graph S (S'S + ridge)^-1.

    Hoerl and Kennard 1970. A product that was never sold then has a place in the graph through its attributes alone:
    the score of q after p is B_p . space_q. Dense: memory is n_products x n_attributes.

    Args:
        graph: Shape (n_products, n_products).
        space: Shape (n_products, n_attributes).
        sold: Shape (n_products,).
        ridge: Above 0.

    Returns:
        Shape (n_products, n_attributes), float32.
    """
    columns = np.flatnonzero(sold)
    known = space[columns]
    gram = (known.T @ known).toarray().astype(np.float64)
    gram[np.diag_indices(len(gram))] += ridge
    related = (graph[:, columns] @ known).toarray().astype(np.float64)
    return np.ascontiguousarray(np.linalg.solve(gram, related.T).T, dtype=np.float32)
