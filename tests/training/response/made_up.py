"""Exposures of a made-up campaign, with what followed as planted."""

import numpy as np

from training.exposures import Outcomes
from training.response.deviations import Known


def outcomes_of(offer, *, probability, ordered, campaign=None, member=None, redeemed=None, ordered_after=None):
    """Exposures of *offer*, shape (n,), everything not named being the same for all."""
    n = len(offer)
    nothing = np.zeros(n, dtype=np.int64)
    return Outcomes(
        member=np.arange(n) if member is None else np.asarray(member),
        at=nothing,
        stage=np.full(n, 2, dtype=np.int8),
        tier=np.full(n, -1, dtype=np.int8),
        offer=np.asarray(offer, dtype=np.int32),
        campaign=np.zeros(n, dtype=np.int32) if campaign is None else np.asarray(campaign, dtype=np.int32),
        probability=np.broadcast_to(np.asarray(probability, dtype=np.float64), (n,)),
        ordered=np.asarray(ordered, dtype=np.bool_),
        redeemed=np.zeros(n, dtype=np.bool_) if redeemed is None else np.asarray(redeemed, dtype=np.bool_),
        spend_minor=nothing,
        margin_minor=nothing,
        followed=np.ones(n, dtype=np.bool_),
        ordered_after=np.zeros(n, dtype=np.bool_) if ordered_after is None else np.asarray(ordered_after),
    )


def planted(n=6_000, *, seed=0):
    """
    Half are shown offer 0; it adds 0.4 to the chance of members with a positive first column, and nothing to others.

    Returns:
        The exposures, what is known of their members, who are also those of today, in two cells by the second column.
    """
    rng = np.random.default_rng(seed)
    known = rng.normal(size=(n, 3))
    offer = np.where(rng.random(n) < 0.5, 0, -1)
    chance = 0.3 + 0.4 * (offer == 0) * (known[:, 0] > 0)
    ordered = rng.random(n) < chance
    redeemed = ordered & (offer == 0) & (rng.random(n) < np.where(known[:, 1] > 0, 0.6, 0.1))
    outcomes = outcomes_of(offer, probability=0.5, ordered=ordered, redeemed=redeemed)
    return outcomes, Known(("one", "two", "three"), known, known, (known[:, 2] > 0).astype(np.int64))
