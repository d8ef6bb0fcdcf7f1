"""How open a member is to products not bought before, against what is usual after as many orders."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.profile.evidence import Faded, Figures
from features.profile.facts import MemberFacts
from features.profile.group import Norms, Summary
from features.profile.segment_norms import by_segment, leaning

_MOST_ORDERS = 50
"""From this order on, what is usual is taken as the same."""


@dataclass(frozen=True, slots=True)
class _Tries:
    """Products of orders, each once an order: whose, the order's row, the member's how-manieth order, a first time."""

    member: NDArray[np.int32]
    order: NDArray[np.int32]
    nth: NDArray[np.int64]
    new: NDArray[np.bool_]


def fit_openness(facts: MemberFacts, half_life_days: float) -> dict[str, Any]:
    """
    The share of first-time products by how-manieth order, and each segment's openness against it; JSON-able.

    Histories that begin before the facts do make everything look new at first, for everybody alike.
    """
    tries = _tries(facts)
    n = np.bincount(tries.nth, minlength=_MOST_ORDERS + 1)[1:]
    new = np.bincount(tries.nth[tries.new], minlength=_MOST_ORDERS + 1)[1:]
    usual, curve = 1.0, []
    for tried, first in zip(n.tolist(), new.tolist(), strict=True):
        usual = first / tried if tried else usual
        curve.append(usual)
    found = summarise_openness(facts, {"curve": curve}, Faded.of(facts, half_life_days))
    now = Faded.of(facts, half_life_days).since(facts.as_of)
    return {
        "curve": curve,
        "openness": leaning(by_segment(facts, found["new"] * now), by_segment(facts, found["usual"] * now)),
    }


def summarise_openness(facts: MemberFacts, norms: Norms, faded: Faded) -> Summary:
    """
    Weights of first-time products, of what is usual, and how many orders; the first order tells nothing and is out.

    Returns:
        ``new``, ``usual`` (float32) and ``orders`` (int32), shape (n_members,).
    """
    tries, n_members = _tries(facts), facts.n_members
    later = np.flatnonzero(tries.nth > 1)
    member, weight = tries.member[later], faded.weight[tries.order[later]]
    usual = np.asarray(norms["curve"], dtype=np.float64)[tries.nth[later] - 1]
    return {
        "new": np.bincount(member, weight * tries.new[later], n_members).astype(np.float32),
        "usual": np.bincount(member, weight * usual, n_members).astype(np.float32),
        "orders": np.bincount(facts.orders.member, minlength=n_members).astype(np.int32),
    }


def next_share(norms: Norms, n_orders: NDArray[np.int32], openness: Figures) -> Figures:
    """The share of first-time products expected in the next order; 1 for the first one."""
    curve = np.asarray(norms["curve"], dtype=np.float64)
    usual = curve[np.minimum(n_orders, len(curve) - 1)]
    return np.where(n_orders == 0, 1.0, np.minimum(openness * usual, 1.0))


def _tries(facts: MemberFacts) -> _Tries:
    purchases, orders = facts.purchases, facts.orders
    first_order = np.full(facts.n_members, 0, dtype=np.int64)
    first_order[orders.member[::-1]] = np.arange(len(orders.member))[::-1]
    nth = np.minimum(np.arange(len(orders.member)) - first_order[orders.member] + 1, _MOST_ORDERS)
    # Lines of one order and product lie side by side: they are sorted by instant and product.
    again = np.zeros(len(purchases), dtype=np.bool_)
    again[1:] = (purchases.order[1:] == purchases.order[:-1]) & (purchases.product[1:] == purchases.product[:-1])
    keys = purchases.member.astype(np.int64) * max(len(facts.products.category), 1) + purchases.product
    by_key = np.argsort(keys, kind="stable")
    new = np.ones(len(keys), dtype=np.bool_)
    new[by_key[1:]] = keys[by_key[1:]] != keys[by_key[:-1]]
    keep = np.flatnonzero(~again)
    order = purchases.order[keep]
    return _Tries(purchases.member[keep], order, nth[order], new[keep])
