"""How good ranked lists are against what members then bought: every figure per member, so that it can be paired."""

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.ragged import Ragged
from recsys.types import Rows

PerMember = NDArray[np.float64]
"""Shape (m,), 0 to 1: one figure a member; NaN for a member who bought nothing, whom a mean must leave out."""


def hits(lists: Rows, truth: Ragged, n_products: int) -> NDArray[np.bool_]:
    """
    Shape (m, k): the product at that place of the member's list is among those the member bought.

    Args:
        lists: Shape (m, k), best first, no product twice; UNKNOWN_ROW pads.
        truth: Ragged (m,): distinct product rows.
        n_products: More than any product row.

    Raises:
        InputError: There is not one truth for each list.
    """
    if len(lists) != len(truth):
        raise InputError(f"{len(lists)} lists but {len(truth)} members with a truth; give one truth a list")
    bought = truth.owners() * n_products + truth.values
    proposed = np.arange(len(lists), dtype=np.int64)[:, None] * n_products + lists
    return np.isin(proposed, bought) & (lists >= 0)


def recall(hit: NDArray[np.bool_], n_true: NDArray[np.integer], k: int) -> PerMember:
    """Share of the bought products that are among the first k. Its most is below 1 where more than k were bought."""
    return _per_true(hit[:, :k].sum(axis=1).astype(np.float64), n_true)


def hit_rate(hit: NDArray[np.bool_], n_true: NDArray[np.integer], k: int) -> PerMember:
    """1 where at least one of the first k was bought, else 0."""
    return _where_any(np.asarray(hit[:, :k].any(axis=1), dtype=np.float64), n_true)


def ndcg(hit: NDArray[np.bool_], n_true: NDArray[np.integer], k: int) -> PerMember:
    """
    Normalised discounted cumulative gain with binary gains (Jaervelin and Kekaelaeinen 2002).

    The ideal list holds min(k, number bought) products. Some basket papers let it hold all that were bought, which
    gives figures 4 to 6 % lower: see `ndcg_full`, and never compare the two.
    """
    return _discounted(hit, n_true, k, np.minimum(n_true, k))


def ndcg_full(hit: NDArray[np.bool_], n_true: NDArray[np.integer], k: int) -> PerMember:
    """As `ndcg`, but the ideal list holds all that were bought, so that 1 is out of reach where more than k were."""
    return _discounted(hit, n_true, k, n_true)


def reciprocal_rank(hit: NDArray[np.bool_], n_true: NDArray[np.integer], k: int) -> PerMember:
    """One over the place of the first bought product among the first k; 0 where there is none. Its mean is the MRR."""
    cut = hit[:, :k]
    if not cut.shape[1]:
        return _where_any(np.zeros(len(cut)), n_true)
    return _where_any(np.where(cut.any(axis=1), 1.0 / (cut.argmax(axis=1) + 1.0), 0.0), n_true)


def average_precision(hit: NDArray[np.bool_], n_true: NDArray[np.integer], k: int) -> PerMember:
    """Mean over min(k, number bought) of the precision at each hit among the first k. Its mean is the MAP."""
    cut = hit[:, :k]
    precision = np.cumsum(cut, axis=1) / np.arange(1, cut.shape[1] + 1)
    return _per_true((precision * cut).sum(axis=1), np.minimum(n_true, k))


def coverage(lists: Rows, k: int, n_candidates: int) -> float:
    """Share of the products that could be shown that at least one member's first k hold, 0 to 1."""
    shown = np.unique(lists[:, :k])
    return float((shown >= 0).sum()) / n_candidates if n_candidates else 0.0


def _discounted(hit: NDArray[np.bool_], n_true: NDArray[np.integer], k: int, n_ideal: NDArray[np.integer]) -> PerMember:
    discount = 1.0 / np.log2(np.arange(2, max(k, int(n_ideal.max(initial=0))) + 2))
    gained = hit[:, :k] @ discount[: hit[:, :k].shape[1]]
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[n_ideal]
    with np.errstate(invalid="ignore"):
        figure: PerMember = np.divide(gained, ideal)
    return _where_any(figure, n_true)


def _per_true(figure: PerMember, n_true: NDArray[np.integer]) -> PerMember:
    return np.asarray(np.where(n_true > 0, figure / np.maximum(n_true, 1), np.nan))


def _where_any(figure: PerMember, n_true: NDArray[np.integer]) -> PerMember:
    return np.asarray(np.where(n_true > 0, figure, np.nan))
