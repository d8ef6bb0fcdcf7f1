"""The next product of short histories: a graph of what follows what, attributes, and a little popularity."""

import numpy as np
from scipy import sparse

from recsys.errors import InputError, NotEnoughDataError
from recsys.ragged import Ragged
from recsys.scorers.next_product import NextProductScorer, SourceWeights
from training.models.attribute_map import attribute_space, ridge_map
from training.models.item_graph import best_of_product
from training.models.recency_graph import following, second_step
from training.sequence_config import NextProductConfig


def fit(histories: Ragged, attributes: sparse.csr_array, config: NextProductConfig) -> NextProductScorer:
    """
    Learn what follows what, and what the attributes say of it.

    Args:
        histories: Ragged (n_members,): product rows, oldest first. To rank for longer histories of the same or of
            other members without learning from them, give them to `NextProductScorer.with_histories`.
        attributes: Shape (n_products, n_attributes), ones; no columns, or empty rows, where nothing is known.
        config: Decays, sizes and weights.

    Raises:
        NotEnoughDataError: The histories hold no purchase.
        InputError: A history holds a product row that *attributes* has no row for.
    """
    n_products = attributes.shape[0]
    if not len(histories.values):
        raise NotEnoughDataError("the next product needs purchases and found none; add history")
    if histories.values.max() >= n_products or histories.values.min() < 0:
        raise InputError(
            f"histories hold product rows {histories.values.min()} to {histories.values.max()}; "
            f"the attributes have rows 0 to {n_products - 1}"
        )
    n_bought = np.bincount(histories.values, minlength=n_products).astype(np.float32)
    sold = n_bought > 0
    graph = following(histories, n_products, config.graph)
    space = attribute_space(attributes, sold)
    return NextProductScorer(
        histories=histories,
        decay=config.decay,
        attribute_decay=config.attribute_decay,
        following=graph,
        second=second_step(graph, config.n_second),
        alike=best_of_product(space, space.T.tocsr(), config.n_alike),
        profile=attribute_space(attributes, sold, power=2.0),
        space=space,
        mapped=ridge_map(graph, space, sold, ridge=config.ridge),
        popular=np.log1p(n_bought),
        weights=SourceWeights(**config.weights.model_dump()),
    )
