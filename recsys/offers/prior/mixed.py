"""Estimates that share effects lean on each other: a Gaussian mixed model, solved in the space of effects."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array, hstack

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


@dataclass(frozen=True, slots=True)
class Common:
    """
    An error that all estimates of a stage and tier have in common, because they were compared with the same members.

    Attributes:
        weight: Shape (n_cells,): how much of it is in each estimate, 0 to 1.
        variance: Shape (n_stages x n_tiers,): of the errors; 0 where there is none.
        precision, weighted: Same shape: what estimates of one cell with and without the error tell of it by their
            differences, as precisions and differences times precisions.
    """

    weight: Floats
    variance: Floats
    precision: Floats
    weighted: Floats

    @classmethod
    def none(cls, factors: Factors) -> "Common":
        """Estimates that err each by itself."""
        n_stages, n_tiers, n_offers = factors.shape
        nothing = np.zeros(n_stages * n_tiers)
        return cls(np.zeros(n_stages * n_tiers * n_offers), nothing, nothing, nothing)

    def columns(self, n_offers: int) -> csr_array:
        """Shape (n_cells, n_errors), sparse: a column an error that there is."""
        n_cells, there = len(self.weight), np.flatnonzero(self.variance > 0)
        block = np.arange(n_cells) // max(n_offers, 1)
        every = csr_array((self.weight, (np.arange(n_cells), block)), shape=(n_cells, len(self.variance)))
        return every[:, there]


def solve(factors: Factors, scales: Scales, estimate: Floats, precision: Floats, common: Common) -> Posterior:
    """
    Condition the effects on estimates of cells, at fixed scales.

    ``estimate_c ~ N(x_c beta + offer + own_c + common error, 1 / precision_c)``, all effects independent normals
    (Lindley and Smith 1972). Own deviations are integrated out of the cells and offers out of the equations (Schur
    complement, or Woodbury), so the largest system is one of the factors' levels.

    Args:
        factors: Of the cells.
        scales: Variances, all above 0.
        estimate: Shape (n_cells,); anything finite where there is no precision.
        precision: Shape (n_cells,): one over the variance of each estimate's own error; 0 where nothing was measured.
        common: The errors that estimates have in common.
    """
    n_offers, n_effects = factors.shape[2], factors.columns.shape[1]
    errors = common.columns(n_offers)
    x = csr_array(hstack([factors.columns, errors], format="csr"))
    there, nothing = common.variance > 0, np.zeros(n_effects)
    prior = np.concatenate(
        [1.0 / scales.factor[factors.factor], 1.0 / common.variance[there] + common.precision[there]]
    )
    told = np.concatenate([nothing, common.weighted[there]])
    weight = precision / (1.0 + precision * scales.cell)
    surplus = estimate - scales.mean
    system = _System.of(
        x, factors.offer, weight, surplus, prior=prior, told=told, of_offer=np.full(n_offers, scales.offer)
    )

    explained = x @ system.effect + system.offer[factors.offer]
    # The share of what is left that is the cell's own rather than noise.
    share = precision * scales.cell / (1.0 + precision * scales.cell)
    own, left = share * (surplus - explained), (1.0 - share) * scales.cell
    true = factors.columns @ system.effect[:n_effects] + system.offer[factors.offer]
    rest = (1.0 - share)[:, None]
    believed = hstack([factors.columns.multiply(rest), errors.multiply(-share[:, None])], format="csr")
    return Posterior(
        mean=scales.mean + true + own,
        variance=system.spread(csr_array(believed), 1.0 - share, factors.offer) + left,
        effect=system.effect[:n_effects],
        effect_variance=np.diag(system.covariance)[:n_effects].copy(),
        offer=system.offer,
        offer_variance=system.offer_variance,
        own=own,
        own_variance=share**2 * system.spread(x, np.ones(len(share)), factors.offer) + left,
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


@dataclass(frozen=True, slots=True)
class _System:
    """Posterior of effects and offers: means, the effects' covariance, and minus that of effects with offers."""

    effect: Floats
    covariance: Floats
    offer: Floats
    offer_variance: Floats
    crossed: Floats

    @classmethod
    def of(
        cls,
        x: csr_array,
        offer: NDArray[np.int64],
        weight: Floats,
        surplus: Floats,
        *,
        prior: Floats,
        told: Floats,
        of_offer: Floats,
    ) -> "_System":
        """Solve for effects of precision *prior* and offers of variance *of_offer*, given weighted surpluses."""
        n_offers = len(of_offer)
        seen = csr_array(x.multiply(weight[:, None]))
        entries = seen.tocoo()
        place = entries.col.astype(np.int64) * n_offers + offer[entries.row]
        between = np.bincount(place, entries.data, x.shape[1] * n_offers).reshape(x.shape[1], n_offers)
        diagonal = np.bincount(offer, weight, n_offers) + 1.0 / of_offer
        right, right_offer = seen.T @ surplus + told, np.bincount(offer, weight * surplus, n_offers)
        carried = between / diagonal
        lower = cho_factor((seen.T @ x).toarray() + np.diag(prior) - carried @ between.T, lower=True)
        effect = cho_solve(lower, right - carried @ right_offer)
        covariance = cho_solve(lower, np.eye(len(effect)))
        crossed = covariance @ carried
        return cls(
            effect=effect,
            covariance=covariance,
            offer=right_offer / diagonal - carried.T @ effect,
            offer_variance=1.0 / diagonal + np.einsum("en,en->n", carried, crossed),
            crossed=crossed,
        )

    def spread(self, x: csr_array, of_offer: Floats, offer: NDArray[np.int64]) -> Floats:
        """Shape (n_cells,): variance of ``x effects + of_offer x offer``."""
        entries = x.tocoo()
        variance = np.asarray(x.multiply(x @ self.covariance).sum(axis=1)).ravel()
        pair = entries.data * of_offer[entries.row] * self.crossed[entries.col, offer[entries.row]]
        variance += of_offer**2 * self.offer_variance[offer] - 2.0 * np.bincount(entries.row, pair, len(variance))
        return np.asarray(np.maximum(variance, 0.0))
