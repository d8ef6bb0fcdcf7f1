"""How good ranked lists are against what members then bought: every figure per member, so that it can be paired."""

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.ragged import Ragged
from recsys.types import KeepMask, Rows

PerMember = NDArray[np.float64]
"""Shape (m,): one figure a member; NaN for a member of whom there is none, whom a mean must leave out."""


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


def self_information(n_buyers: NDArray[np.integer], n_members: int) -> NDArray[np.float64]:
    """
    Shape (n_products,), bits: how little known each product is, -log2 of the share of members who bought it.

    Self-information (Zhou et al. 2010, PNAS 107(10), "surprisal"). A product that nobody bought has no such figure;
    it counts as if one member had bought it, so that it is as surprising as any product can be, and finite.

    Args:
        n_buyers: Shape (n_products,): distinct members who bought the product.
        n_members: Members who bought anything.
    """
    return np.asarray(np.log2(max(n_members, 1)) - np.log2(np.maximum(n_buyers, 1)))


def novelty(lists: Rows, k: int, bits: NDArray[np.float64]) -> PerMember:
    """
    Mean self-information of the first k, in bits; NaN for a member whose list is empty (Zhou et al. 2010).

    Args:
        lists: Shape (m, at least k where there is so much to show), best first; UNKNOWN_ROW pads.
        k: Places looked at.
        bits: Shape (n_products,), as `self_information` gives them.
    """
    cut = lists[:, :k]
    shown = cut >= 0
    total = np.where(shown, bits[cut], 0.0).sum(axis=1) if len(bits) else np.zeros(len(cut))
    return _per_true(total, shown.sum(axis=1))


def gini(lists: Rows, k: int, keep: KeepMask) -> float:
    """
    How unequally the first k places are shared out among the products that could be shown, 0 to 1.

    G = sum over j of (2 j - n - 1) p_j / (n - 1), with p_j the shares of exposures in ascending order over all n
    products that could be shown, those never shown included (Shani and Gunawardana 2011, Recommender Systems Handbook,
    section 8.3.3). 0 where all are shown equally often or only one could be, 1 where one product has every place; NaN
    where none was shown.
    """
    cut = lists[:, :k]
    exposures = np.sort(np.bincount(cut[cut >= 0], minlength=len(keep))[keep])
    n, total = len(exposures), int(exposures.sum())
    if not total:
        return float("nan")
    if n < 2:
        return 0.0
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float(weights @ exposures) / (total * (n - 1))


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
