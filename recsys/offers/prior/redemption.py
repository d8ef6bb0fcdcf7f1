"""How often offers are believed to be redeemed: the same factors, on logits, from counts."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from recsys.errors import InputError
from recsys.offers.prior.factors import Factors
from recsys.offers.prior.mixed import Common, Posterior, Scales, moved, rescaled, solve
from recsys.offers.prior.traits import OfferTraits
from recsys.offers.prior.uplift import Beliefs, Cells, place_of

Floats = NDArray[np.float64]
Counts = NDArray[np.integer] | NDArray[np.floating]

_STEPS = 100
_STILL = 1e-3
_EXACT = 1e-9
_LONGEST_STEP = 2.0
_NODES, _WEIGHTS = np.polynomial.hermite.hermgauss(16)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class RedemptionPrior:
    """
    A hierarchical model of redemption rates, with the factors of `OfferPrior`.

    Effects add up on logits rather than as pseudo-counts of a Beta: rates lie between one in a hundred and most, where
    a kind or a stage multiplies the odds, and no sum of effects leaves (0, 1). So none redeemed of five, or all of
    five, is a little evidence and no certainty. Counts enter by their binomial likelihood at its mode (penalised
    quasi-likelihood, Breslow and Clayton 1993).

    Attributes:
        factors: Of the cells.
        scales: How much each factor matters, on logits.
        redeemed, ordered: Shape (n_cells,): counts.
        rough: Shape (n_cells,): logits that the mode is searched from.
    """

    factors: Factors
    scales: Scales
    redeemed: Floats
    ordered: Floats
    rough: Floats

    @classmethod
    def fit(
        cls, traits: OfferTraits, redeemed: Counts, ordered: Counts, *, rate: float, sd: float = 1.0
    ) -> "RedemptionPrior":
        """
        Estimate the scales and take in the counts.

        Args:
            traits: Of the offers.
            redeemed: Shape (n_stages, n_tiers, n_offers): how many redeemed.
            ordered: Same shape: of how many; 0 where nobody was seen.
            rate: Assumed of an offer of usual depth without a threshold where nothing was seen, within (0, 1).
            sd: How uncertain its logit is.

        Raises:
            InputError: Shapes differ, a count is impossible, or the rate is not within (0, 1).
        """
        if redeemed.ndim != 3 or redeemed.shape[2] != len(traits) or redeemed.shape != ordered.shape:
            raise InputError(
                f"redeemed has shape {redeemed.shape} and ordered {ordered.shape}; give (n_stages, n_tiers, "
                f"{len(traits)}), the last being the offers"
            )
        if not 0 < rate < 1 or not sd > 0:
            raise InputError(
                f"the prior rate is {rate} and its standard deviation {sd}; give a rate within (0, 1) and an sd above 0"
            )
        _check(redeemed, ordered)
        factors = Factors.of(traits, n_stages=redeemed.shape[0], n_tiers=redeemed.shape[1])
        stated = Scales.stated(float(logit(rate)), sd)
        start = np.full(redeemed.size, stated.mean)
        prior = cls(factors, stated, _floats(redeemed).ravel(), _floats(ordered).ravel(), start)
        if not np.any(prior.ordered > 0):
            return prior
        for _ in range(_STEPS):
            found, precision = prior._step()
            scales = rescaled(factors, stated, prior.scales, found, precision)
            change = max(moved(prior.scales, scales), float(np.max(np.abs(found.mean - prior.rough))))
            prior = replace(prior, scales=scales, rough=prior._towards(found.mean))
            if change < _STILL:
                break
        return prior

    def posterior(self) -> Posterior:
        """The effects and cells on logits, given all that was taken in."""
        prior = self
        for _ in range(_STEPS):
            found, _ = prior._step()
            if float(np.max(np.abs(found.mean - prior.rough), initial=0.0)) < _EXACT:
                break
            prior = replace(prior, rough=prior._towards(found.mean))
        return found

    def predict(self) -> Beliefs:
        """What each cell's rate is believed to be, within (0, 1): moments of the logistic normal (Gauss-Hermite)."""
        found = self.posterior()
        rate = expit(found.mean[:, None] + np.sqrt(2.0 * found.variance)[:, None] * _NODES)
        mean = rate @ _WEIGHTS
        variance = (rate - mean[:, None]) ** 2 @ _WEIGHTS
        shape = self.factors.shape
        return Beliefs(mean.reshape(shape), np.sqrt(variance).reshape(shape))

    def updated(self, cells: Cells, redeemed: Counts, ordered: Counts) -> "RedemptionPrior":
        """
        Take in more counts, with the scales as they are; shape (n,) each, as many cells.

        Raises:
            InputError: A cell does not exist, or a count is impossible.
        """
        place = place_of(cells, self.factors.shape)
        _check(redeemed, ordered)
        more, of = self.redeemed.copy(), self.ordered.copy()
        np.add.at(more, place, redeemed)
        np.add.at(of, place, ordered)
        return replace(self, redeemed=more, ordered=of)

    def _step(self) -> tuple[Posterior, Floats]:
        """One step of Newton: the normal likelihood that touches the binomial where the search has come to."""
        rate = expit(self.rough)
        precision = self.ordered * rate * (1 - rate)
        surplus = self.redeemed - self.ordered * rate
        working = self.rough + surplus / np.where(precision > 0, precision, 1.0)
        return solve(self.factors, self.scales, working, precision, Common.none(self.factors)), precision

    def _towards(self, mean: Floats) -> Floats:
        return self.rough + np.clip(mean - self.rough, -_LONGEST_STEP, _LONGEST_STEP)


def _check(redeemed: Counts, ordered: Counts) -> None:
    wrong = ~((redeemed >= 0) & (redeemed <= ordered) & np.isfinite(ordered))
    if np.any(wrong):
        raise InputError(
            f"{np.asarray(redeemed)[wrong][0]} of {np.asarray(ordered)[wrong][0]} redeemed; give counts of at least 0, "
            "and no more redeemed than ordered"
        )


def _floats(counts: Counts) -> Floats:
    return np.asarray(counts, dtype=np.float64)
