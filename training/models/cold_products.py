"""Products without any sale, from what their attributes share with products that have some."""

import numpy as np
from scipy import sparse

from recsys.errors import InputError
from recsys.scorers.cold_products import ColdProductsScorer
from recsys.scorers.next_product import NextProductScorer
from recsys.types import Rows
from training.models.item_graph import to_power
from training.sequence_config import ColdProductsConfig

_LEAST = 1e-6


def fit(sold: NextProductScorer, cold: Rows, config: ColdProductsConfig) -> ColdProductsScorer:
    """
    The likeness of sold product p to cold product q: cosine^likeness_power / (sum over p of these)^hub_power.

    The cosine counts the squared rarity of an attribute (`NextProductScorer.profile`). Dense while it is computed:
    n_sold x n_cold.

    Args:
        sold: Fitted by `training.models.next_product.fit`.
        cold: Shape (n_cold,): product rows, none of them sold.
        config: Powers and weights.

    Raises:
        InputError: A cold product was sold in the histories that *sold* was fitted on, or is no product row.
    """
    cold = np.unique(cold).astype(np.int32)
    n_products = len(sold.popular)
    if len(cold) and (cold[0] < 0 or cold[-1] >= n_products):
        raise InputError(f"cold products have rows {cold[0]} to {cold[-1]}; there are rows 0 to {n_products - 1}")
    bought = cold[sold.popular[cold] > 0]
    if len(bought):
        raise InputError(f"{len(bought)} cold products were sold, the first has row {bought[0]}; leave them out")
    rows = np.flatnonzero(sold.popular > 0)
    shared = (sold.profile[rows] @ sold.profile[cold].T).toarray() ** np.float32(config.likeness_power)
    shared *= to_power(np.maximum(shared.sum(axis=0), _LEAST), -config.hub_power)
    near = sparse.coo_array(shared)
    likeness = sparse.csr_array((near.data, (rows[near.row], near.col)), shape=(n_products, len(cold)))
    return ColdProductsScorer(sold, cold, likeness, config.own, config.spread, config.mapped, config.cold_weight)
