"""Estimates that share effects lean on each other: a Gaussian mixed model, solved in the space of effects."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from recsys.offers.prior.factors import FACTORS, SHARES, Factors

Floats = NDArray[np.float64]

PRIOR_LEVELS = 1.0
"""The stated scale of a factor counts as so many of its levels when the scale is estimated."""

_LEVEL = FACTORS.index("level")


@dataclass(frozen=True, slots=True)
class Scales:
    """
    How much of the differences between cells each factor makes.

    Attributes:
        mean: Of the level, before anything is measured.
        factor: Shape (len(FACTORS),): variance of the effects of each factor.
        offer: Variance between offers that are alike in everything.
        cell: Variance between the cells of an offer that no factor explains.
    """

    mean: float
    factor: Floats
    offer: float
    cell: float

    @classmethod
    def stated(cls, mean: float, sd: float) -> "Scales":
        """Those assumed where nothing was measured, of a total standard deviation."""
        factor = np.array([SHARES[name] for name in FACTORS]) * sd**2
        return cls(mean, factor, SHARES["offer"] * sd**2, SHARES["cell"] * sd**2)


@dataclass(frozen=True, slots=True)
class Posterior:
    """
    Effects and cells given the estimates, jointly normal.

    Attributes:
        mean, variance: Shape (n_cells,): of the effect in each cell.
        effect, effect_variance: Shape (n_effects,): of the factors' levels, besides the level's stated mean.
        offer, offer_variance: Shape (n_offers,): what is peculiar to each offer.
        own, own_variance: Shape (n_cells,): what is peculiar to each cell; prior where it was not measured.
    """

    mean: Floats
    variance: Floats
    effect: Floats
    effect_variance: Floats
    offer: Floats
    offer_variance: Floats
    own: Floats
    own_variance: Floats


def solve(factors: Factors, scales: Scales, estimate: Floats, precision: Floats) -> Posterior:
    """
    Condition the effects on estimates of cells, at fixed scales.

    ``estimate_c ~ N(x_c beta + offer + own_c, 1 / precision_c)`` with independent normal effects (Lindley and Smith
    1972). Own deviations are integrated out of the cells and offers out of the equations (Schur complement, or
    Woodbury), so the largest system is one of the factors' levels.

    Args:
        factors: Of the cells.
        scales: Variances, all above 0.
        estimate: Shape (n_cells,); anything finite where there is no precision.
        precision: Shape (n_cells,): one over the variance of each estimate; 0 where nothing was measured.
    """
    x, offer, n_offers = factors.columns, factors.offer, factors.shape[2]
    weight = precision / (1.0 + precision * scales.cell)
    surplus = estimate - scales.mean
    seen = x.multiply(weight[:, None]).tocsr()
    effects = (seen.T @ x).toarray() + np.diag(1.0 / scales.factor[factors.factor])
    # Cells are stage by tier by offer, so lines that are n_offers apart are of one offer.
    between = np.zeros((x.shape[1], n_offers))
    entries = seen.tocoo()
    np.add.at(between, (entries.col, offer[entries.row]), entries.data)
    diagonal = np.bincount(offer, weight, n_offers) + 1.0 / scales.offer
    right, right_offer = seen.T @ surplus, np.bincount(offer, weight * surplus, n_offers)
    carried = between / diagonal
    lower = cho_factor(effects - carried @ between.T, lower=True)
    effect = cho_solve(lower, right - carried @ right_offer)
    peculiar = right_offer / diagonal - carried.T @ effect
    covariance = cho_solve(lower, np.eye(len(effect)))
    shared = covariance @ carried
    peculiar_variance = 1.0 / diagonal + np.einsum("en,en->n", carried, shared)

    explained = x @ effect + peculiar[offer]
    spread = x @ covariance
    explained_variance = np.asarray(x.multiply(spread).sum(axis=1)).ravel() + peculiar_variance[offer]
    crossed = x.tocoo()
    np.subtract.at(explained_variance, crossed.row, 2.0 * crossed.data * shared[crossed.col, offer[crossed.row]])
    # The share of what is left that is the cell's own rather than noise.
    share = precision * scales.cell / (1.0 + precision * scales.cell)
    own = share * (surplus - explained)
    left = (1.0 - share) * scales.cell
    return Posterior(
        mean=scales.mean + explained + own,
        variance=(1.0 - share) ** 2 * explained_variance + left,
        effect=effect,
        effect_variance=np.diag(covariance).copy(),
        offer=peculiar,
        offer_variance=peculiar_variance,
        own=own,
        own_variance=share**2 * explained_variance + left,
    )


def rescaled(factors: Factors, stated: Scales, scales: Scales, posterior: Posterior, precision: Floats) -> Scales:
    """
    One step towards scales under which the estimates are most probable.

    The fixed point of MacKay (1992) for the marginal likelihood, with `PRIOR_LEVELS` levels of the stated scale added:
    ``variance = (stated + sum of squares) / (1 + effective levels)``. Where nothing is known of a factor that is the
    stated scale; the level keeps it always, having no other to compare with.
    """

    def step(start: float, now: float, mean: Floats, variance: Floats) -> float:
        effective = float(np.clip(1.0 - variance / now, 0.0, 1.0).sum())
        return (PRIOR_LEVELS * start + float(mean @ mean)) / (PRIOR_LEVELS + effective)

    factor = scales.factor.copy()
    for number in range(len(FACTORS)):
        levels = factors.factor == number
        if number != _LEVEL and levels.any():
            mean, variance = posterior.effect[levels], posterior.effect_variance[levels]
            factor[number] = step(float(stated.factor[number]), float(scales.factor[number]), mean, variance)
    known = precision > 0
    return Scales(
        stated.mean,
        factor,
        step(stated.offer, scales.offer, posterior.offer, posterior.offer_variance),
        step(stated.cell, scales.cell, posterior.own[known], posterior.own_variance[known]),
    )


def moved(before: Scales, after: Scales) -> float:
    """The largest change of a scale, relative to the scale."""
    one = np.append(before.factor, [before.offer, before.cell])
    other = np.append(after.factor, [after.offer, after.cell])
    return float(np.max(np.abs(np.log(other / one))))
