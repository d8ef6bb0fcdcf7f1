"""How often a member's orders hold something that an offer is valid for."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.dataset import Dataset
from recsys.offers.definitions import OfferDefinitions
from recsys.ragged import Ragged

PRIOR_ORDERS = 1.0
"""All members' share counts as this many orders of the member's own, so that no share is 0 or 1 by chance."""
_BLOCK_LINES = 2_000_000


def scope_affinity(dataset: Dataset, offers: OfferDefinitions) -> NDArray[np.float16]:
    """
    Shape (n_members, n_offers): share of orders that hold a product of the scope; 1 for offers on the whole basket.

    (orders with one + PRIOR_ORDERS x share of all orders) / (orders + PRIOR_ORDERS). Worked out block by block of
    members, so memory is that of the answer.
    """
    purchases, n_members = dataset.purchases, len(dataset.member_ids)
    affinity = np.ones((n_members, len(offers)), dtype=np.float16)
    limited = np.flatnonzero(offers.scope.lengths() > 0)
    if not len(limited) or not n_members:
        return affinity
    in_scope = scope_matrix(offers.scope.take(limited), len(dataset.product_ids))
    # Lines are sorted by member, so a block of members is a slice of lines.
    ends = np.searchsorted(purchases.member, np.arange(n_members), side="right")
    n_orders = np.zeros(n_members, dtype=np.int64)
    blocks: list[tuple[int, sparse.csr_array]] = []
    start_member = 0
    while start_member < n_members:
        first = int(ends[start_member - 1]) if start_member else 0
        stop_member = max(start_member + 1, int(np.searchsorted(ends, first + _BLOCK_LINES, side="right")))
        lines = slice(first, int(ends[stop_member - 1]))
        holding, orders = orders_in_scope(
            purchases.member[lines] - start_member,
            purchases.order[lines],
            purchases.product[lines],
            in_scope,
            stop_member - start_member,
        )
        n_orders[start_member:stop_member] = orders
        blocks.append((start_member, holding))
        start_member = stop_member
    total = sum(np.asarray(holding.sum(axis=0)).ravel() for _, holding in blocks)
    overall = total / max(int(n_orders.sum()), 1)
    for start, holding in blocks:
        rows = slice(start, start + holding.shape[0])
        shares = (holding.toarray() + PRIOR_ORDERS * overall) / (n_orders[rows, None] + PRIOR_ORDERS)
        affinity[rows, limited] = shares
    return affinity


def scope_matrix(scope: Ragged, n_products: int) -> sparse.csr_array:
    """Shape (n_products, n_offers): 1 where the offer is valid for the product."""
    return sparse.csr_array(
        (np.ones(len(scope.values), dtype=np.float32), (scope.values, scope.owners())), shape=(n_products, len(scope))
    )


def orders_in_scope(
    member: NDArray[np.int32],
    order: NDArray[np.int32],
    product: NDArray[np.int32],
    in_scope: sparse.csr_array,
    n_members: int,
) -> tuple[sparse.csr_array, NDArray[np.int64]]:
    """Shape (n_members, n_offers): orders that hold a product of each scope; and shape (n_members,): all orders."""
    numbers, first, row = np.unique(order, return_index=True, return_inverse=True)
    held = sparse.csr_array(
        (np.ones(len(row), dtype=np.float32), (row, product)), shape=(len(numbers), in_scope.shape[0])
    )
    touched = sparse.csr_array(held @ in_scope)
    touched.data = np.ones_like(touched.data)
    owner = member[first].astype(np.int64)
    of_member = sparse.csr_array(
        (np.ones(len(owner), dtype=np.float32), (owner, np.arange(len(owner)))), shape=(n_members, len(numbers))
    )
    return sparse.csr_array(of_member @ touched), np.bincount(owner, minlength=n_members)
