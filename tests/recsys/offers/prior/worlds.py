"""Offers whose true effects are known, so that beliefs about them can be held against the truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.offers.prior import OfferTraits

N_STAGES, N_TIERS = 3, 2


def alike(n_offers: int, **changes: NDArray) -> OfferTraits:
    """Offers that have every trait in common, but for the changes."""
    columns = {
        "kind": np.zeros(n_offers, dtype=np.int8),
        "depth": np.full(n_offers, 0.10),
        "threshold": np.zeros(n_offers),
        "trigger": np.zeros(n_offers, dtype=np.int8),
        "category": csr_array(np.ones((n_offers, 1))),
    }
    return OfferTraits(**(columns | changes))


def various(rng: np.random.Generator, n_offers: int) -> OfferTraits:
    """Offers of four kinds, five depths, three categories, with and without a threshold."""
    return alike(
        n_offers,
        kind=rng.integers(0, 4, n_offers).astype(np.int8),
        depth=rng.choice([0.05, 0.10, 0.15, 0.20, 0.30], n_offers),
        threshold=rng.choice([0.0, 0.8, 1.4], n_offers),
        category=csr_array(np.eye(3)[rng.integers(0, 3, n_offers)]),
    )


@dataclass(frozen=True)
class World:
    """
    Offers and what they truly add.

    Attributes:
        truth: Shape (N_STAGES, N_TIERS, n_offers).
        estimate, variance: Same shape: what a campaign would measure of it.
    """

    traits: OfferTraits
    truth: NDArray
    estimate: NDArray
    variance: NDArray


def world(seed: int, *, n_offers: int = 40, noise: float = 0.02) -> World:
    """Kinds, depth, categories, stages and each offer matter; tiers do not."""
    rng = np.random.default_rng(seed)
    traits = various(rng, n_offers)
    of_offer = (
        rng.normal(0.0, 0.015, 4)[traits.kind]
        + 0.05 * (traits.depth - 0.10)
        + traits.category @ rng.normal(0.0, 0.006, 3)
        + rng.normal(0.0, 0.006, n_offers)
    )
    truth = 0.02 + rng.normal(0.0, 0.01, N_STAGES)[:, None, None] + np.tile(of_offer, (N_STAGES, N_TIERS, 1))
    truth = truth + rng.normal(0.0, 0.003, truth.shape)
    variance = noise**2 * rng.uniform(0.3, 3.0, truth.shape)
    return World(traits, truth, rng.normal(truth, np.sqrt(variance)), variance)
