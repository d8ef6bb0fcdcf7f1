"""The factors behind the effect of an offer in a cell, as columns of a sparse matrix that is never multiplied out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, kron

from recsys.offers.prior.traits import OfferTraits

Floats = NDArray[np.float64]

DEPTH_KNOTS = (0.0, 0.05, 0.10, 0.15, 0.25, 0.50)
USUAL_DEPTH = 0.10
THRESHOLD_KNOTS = (0.0, 0.5, 1.0, 1.5, 3.0)

SHARES = {
    "level": 0.30,
    "kind": 0.15,
    "depth": 0.05,
    "threshold": 0.05,
    "category": 0.10,
    "trigger": 0.05,
    "tier": 0.05,
    "stage": 0.15,
    "kind_stage": 0.05,
    "offer": 0.10,
    "cell": 0.05,
}
"""
Of the variance that is assumed where nothing was measured, by factor; offer and cell are what no trait explains.

All but depth and threshold add up to 1. Those are assumed of each step of a ramp, on top: an offer of the usual depth
without a threshold is as uncertain as was configured, one far from it more so.
"""

FACTORS = tuple(name for name in SHARES if name not in ("offer", "cell"))


@dataclass(frozen=True, slots=True)
class Factors:
    """
    How the cells of all offers depend on effects that they share.

    A cell is a stage, a tier and an offer, in the order of an array of shape (n_stages, n_tiers, n_offers).

    Attributes:
        columns: Shape (n_cells, n_effects), sparse: weight of each effect in each cell.
        factor: Shape (n_effects,): position in `FACTORS` of the factor that the effect is a level of.
        offer: Shape (n_cells,): the offer of each cell, which has an effect of its own besides.
        shape: (n_stages, n_tiers, n_offers).
    """

    columns: csr_array
    factor: NDArray[np.int64]
    offer: NDArray[np.int64]
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, traits: OfferTraits, *, n_stages: int, n_tiers: int) -> "Factors":
        """Lay out the columns; levels that no offer has get none."""
        n_offers = len(traits)
        kind, trigger = _levels(traits.kind), _levels(traits.trigger)
        category = traits.category[:, np.flatnonzero(traits.category.sum(axis=0))]
        blocks: dict[str, csr_array] = {
            "level": _everywhere(np.ones((n_offers, 1)), n_stages * n_tiers),
            "kind": _everywhere(kind, n_stages * n_tiers),
            "depth": _everywhere(ramps(traits.depth, DEPTH_KNOTS, USUAL_DEPTH), n_stages * n_tiers),
            "threshold": _everywhere(ramps(traits.threshold, THRESHOLD_KNOTS, 0.0), n_stages * n_tiers),
            "category": _everywhere(category, n_stages * n_tiers),
            "trigger": _everywhere(trigger, n_stages * n_tiers),
            "tier": kron(kron(np.ones((n_stages, 1)), np.eye(n_tiers)), np.ones((n_offers, 1)), format="csr"),
            "stage": kron(np.eye(n_stages), np.ones((n_tiers * n_offers, 1)), format="csr"),
            "kind_stage": kron(np.eye(n_stages), _everywhere(kind, n_tiers), format="csr"),
        }
        return cls(
            columns=csr_array(hstack([blocks[name] for name in FACTORS], format="csr")),
            factor=np.repeat(np.arange(len(FACTORS)), [blocks[name].shape[1] for name in FACTORS]),
            offer=np.tile(np.arange(n_offers), n_stages * n_tiers),
            shape=(n_stages, n_tiers, n_offers),
        )


def ramps(value: Floats, knots: tuple[float, ...], usual: float) -> Floats:
    """
    Shape (n, len(knots) - 1): how far each value has climbed between two knots, less what the usual one has.

    A sum of such steps with effects of one sign is monotone (I-splines of order 1, Ramsay 1988).
    """
    low, high = np.array(knots[:-1]), np.array(knots[1:])
    climbed: Floats = np.clip((np.asarray(value, dtype=np.float64)[:, None] - low) / (high - low), 0.0, 1.0)
    usually: Floats = np.clip((usual - low) / (high - low), 0.0, 1.0)
    return climbed - usually


def _levels(code: NDArray[np.int8]) -> Floats:
    """Shape (n, n_levels): 1 in the column of each one's code; a column a code that occurs."""
    return np.asarray(code[:, None] == np.unique(code), dtype=np.float64)


def _everywhere(block: Floats | csr_array, times: int) -> csr_array:
    """The lines of offers, once for each of the stages and tiers."""
    return csr_array(kron(np.ones((times, 1)), block, format="csr"))
