"""Products that follow products in members' histories, the nearer the more, backwards less than forwards."""

import numpy as np
from scipy import sparse

from recsys.ragged import Ragged
from training.models.item_graph import best_of_product, scaled, to_power
from training.sequence_config import RecencyGraphConfig


def following(histories: Ragged, n_products: int, config: RecencyGraphConfig) -> sparse.csr_array:
    """
    How much product q is to be expected after product p.

    For each two places s < t of a history of length L with t - s <= window: 1 / ((t - s)^distance_power
    L^length_power) from the earlier product to the later, and *backward* times that the other way. The sum is divided
    by (n_p n_q)^popularity_power + 1, with n the places that hold a product. Session kNN with decays of order
    (Ludewig and Jannach 2018), summed over all sessions into one graph. A product does not follow itself.

    Memory grows with the places of all histories times the window, or times their length where that is less.

    Args:
        histories: Ragged (n_members,): product rows, oldest first.
        n_products: More than any product row.
        config: The weights.

    Returns:
        Shape (n_products, n_products), CSR float32.
    """
    product, owner = histories.values, histories.owners()
    length = histories.lengths().astype(np.float32)
    source, target = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int32)]
    weight = [np.empty(0, dtype=np.float32)]
    for gap in range(1, min(config.window, len(product) - 1) + 1):
        earlier = np.flatnonzero(owner[:-gap] == owner[gap:])
        if not len(earlier):
            break
        earlier = earlier[product[earlier] != product[earlier + gap]]
        near = np.float32(gap) ** config.distance_power * length[owner[earlier]] ** config.length_power
        forward = (1 / near).astype(np.float32)
        source += [product[earlier], product[earlier + gap]]
        target += [product[earlier + gap], product[earlier]]
        weight += [forward, forward * np.float32(config.backward)]
    places = (np.concatenate(source), np.concatenate(target))
    graph = sparse.csr_array((np.concatenate(weight), places), shape=(n_products, n_products), dtype=np.float32)
    popular = np.bincount(product, minlength=n_products).astype(np.float32) ** np.float32(config.popularity_power)
    line = np.repeat(np.arange(n_products), np.diff(graph.indptr))
    graph.data /= popular[line] * popular[graph.indices] + 1
    return graph


def second_step(graph: sparse.csr_array, k: int) -> sparse.csr_array:
    """Where two steps lead, the k best of each product: the rows of the first step sum to one, the second is as is."""
    onward = to_power(graph.sum(axis=1), -1.0)
    return best_of_product(scaled(graph, rows=onward), graph, k)
