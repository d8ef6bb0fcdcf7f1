"""How much each offer adds, and what in the log makes that hard to believe: figures for people."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.types import NO_OFFER
from training.exposures import Outcomes
from training.randomisation import Contradiction

Numbers = NDArray[np.floating]

IMPLAUSIBLE = 0.15
"""Added probability of an order from which on an effect is rather a flaw of the log."""

_EXPECTED_ORDERS = 10.0
"""An arm of which so many orders were to be expected has some: none is a chance of less than 1 in 20,000."""
_Z = 1.959963984540054


def added_facts(
    mean: Numbers, sd: Numbers, cell: NDArray[np.int64], outcomes: Outcomes, *, offer_ids: list[str], **columns: Any
) -> list[dict[str, Any]]:
    """
    What every offer adds to the chance of an order, the mean over all members, the largest first.

    Members' own deviations are zero on average in every cell, so the mean is that of the cells. Cells are taken to err
    together, which makes the interval rather too wide than too narrow.

    Args:
        mean, sd: Shape (n_stages, n_tiers, n_offers): added probability of an order.
        cell: Shape (n_members,), int64: stage times n_tiers plus tier.
        outcomes: Exposures; ``n_drawn`` are those that chance decided, ``redeemed`` is a share of all that were shown.
        offer_ids: Of the n_offers.
        columns: ``measured`` and ``borrowed``, shape (n_offers,).

    Returns:
        JSON-able, one entry an offer: its name, counts, mean, sd, and low and high of the 95 % interval.
    """
    n_offers = mean.shape[2]
    n_members = np.bincount(cell, minlength=mean.shape[0] * mean.shape[1])
    weight = n_members / max(int(n_members.sum()), 1)
    level, spread = (weight @ of.reshape(len(n_members), n_offers).astype(np.float64) for of in (mean, sd))
    shown = outcomes.offer >= 0
    n_shown, n_drawn, n_redeemed = (
        np.bincount(outcomes.offer[rows], minlength=n_offers)
        for rows in (shown, shown & outcomes.random, shown & outcomes.redeemed)
    )
    return [
        {
            "offer": offer_ids[one],
            "n_drawn": int(n_drawn[one]),
            "n_shown": int(n_shown[one]),
            "mean": float(level[one]),
            "sd": float(spread[one]),
            "low": float(level[one] - _Z * spread[one]),
            "high": float(level[one] + _Z * spread[one]),
            "redeemed": float(n_redeemed[one] / n_shown[one]) if n_shown[one] else None,
            "measured": bool(columns["measured"][one]),
            "borrowed": float(columns["borrowed"][one]),
        }
        for one in np.argsort(-level, kind="stable").tolist()
    ]


def silent_arms(outcomes: Outcomes, offer_ids: list[str]) -> list[dict[str, Any]]:
    """Drawn arms that nobody ordered in, though the rate of the rest of the campaign says that some would have."""
    rows = np.flatnonzero(outcomes.random)
    n_arms = len(offer_ids) + 1
    place = outcomes.campaign[rows].astype(np.int64) * n_arms + outcomes.offer[rows] + 1
    size = (int(outcomes.campaign[rows].max(initial=-1)) + 1) * n_arms
    n = np.bincount(place, minlength=size).reshape(-1, n_arms)
    ordered = np.bincount(place, outcomes.ordered[rows], size).reshape(-1, n_arms)
    others = n.sum(axis=1, keepdims=True) - n
    rate = ordered.sum(axis=1, keepdims=True) / np.maximum(others, 1)
    return [
        {
            "campaign": outcomes.campaigns[campaign],
            "arm": _arm(arm, offer_ids),
            "n": int(n[campaign, arm]),
            "rate_of_others": float(rate[campaign, arm]),
        }
        for campaign, arm in np.argwhere((ordered == 0) & (n * rate >= _EXPECTED_ORDERS)).tolist()
    ]


def contradiction_facts(
    found: tuple[Contradiction, ...], campaigns: tuple[str, ...], offer_ids: list[str]
) -> list[dict[str, Any]]:
    """JSON-able: campaigns and arms by name."""
    return [
        {
            "campaign": campaigns[one.campaign],
            "arm": _arm(one.arm, offer_ids),
            "n": one.n,
            "expected": one.expected,
            "share": one.share,
            "p_value": one.p_value,
        }
        for one in found
    ]


def _arm(arm: int, offer_ids: list[str]) -> str:
    return offer_ids[arm - 1] if arm else NO_OFFER
