"""What offers are believed to add, measured or not: a hierarchical prior that every outcome updates."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.offers.prior.factors import Factors
from recsys.offers.prior.mixed import Common, Posterior, Scales, moved, rescaled, solve
from recsys.offers.prior.traits import OfferTraits

Floats = NDArray[np.float64]
Cells = tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]
"""Stage, tier and offer of each of n outcomes, shape (n,) each."""

_STEPS = 100
_STILL = 1e-3


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Mean and standard deviation of each cell's effect, shape (n_stages, n_tiers, n_offers) each."""

    mean: Floats
    sd: Floats


@dataclass(frozen=True, slots=True)
class OfferPrior:
    """
    A hierarchical normal model of uplift by kind, depth, threshold, category, trigger, tier, stage and offer.

    Levels of a factor are pooled as far as they turn out alike: scales are estimated with the estimates (empirical
    Bayes), and stay as stated where nothing tells them. An offer never shown gets what its traits suggest, with the
    spread between offers that are alike in all of them.

    Attributes:
        factors: Of the cells.
        scales: How much each factor matters.
        precision: Shape (n_cells,): what is known of each cell, as one over a variance; 0 for nothing.
        weighted: Same shape: the estimate times its precision.
        compared, contrast: Same shape: the parts of both that come from estimates with a common error.
        common: Shape (n_stages x n_tiers,): variance of that error; 0 for none.

    Example:
        >>> import numpy as np
        >>> from scipy.sparse import csr_array
        >>> same, none = np.zeros(2, np.int8), np.zeros(2)
        >>> traits = OfferTraits(same, none + 0.1, none, same, csr_array([[1], [1]]))
        >>> estimate = np.full((1, 1, 2), np.nan)
        >>> estimate[0, 0, 0] = 0.05
        >>> prior = OfferPrior.fit(traits, estimate, np.full((1, 1, 2), 1e-4), mean=0.01, sd=0.02)
        >>> prior.predict().mean.round(3).tolist()
        [[[0.043, 0.038]]]
    """

    factors: Factors
    scales: Scales
    precision: Floats
    weighted: Floats
    compared: Floats
    contrast: Floats
    common: Floats

    @classmethod
    def fit(
        cls,
        traits: OfferTraits,
        estimate: Floats,
        variance: Floats,
        *,
        mean: float,
        sd: float,
        common: Floats | None = None,
    ) -> "OfferPrior":
        """
        Estimate the scales and take in the estimates.

        Args:
            traits: Of the offers.
            estimate: Shape (n_stages, n_tiers, n_offers): measured uplift; NaN where none was. Where tiers were not
                told apart, a line can be given for the tiers together by n_tiers = 1.
            variance: Same shape: of the estimates' own errors, above 0 where there is one.
            mean, sd: Assumed of an offer of usual depth without a threshold where nothing was measured.
            common: Shape (n_stages, n_tiers): variance of an error that all estimates of a stage and tier have in
                common, such as that of the mean of the members without an offer with whom all were compared, which is
                then no part of *variance*. Absent means that each errs by itself: with one comparison group for many
                offers that would make a stage look surely better or worse by the luck of that group.

        Raises:
            InputError: Shapes differ, a variance is not above 0, or the standard deviation is not.
        """
        known = np.isfinite(estimate)
        _check(traits, estimate, variance, sd)
        _check_common(common, estimate.shape[:2])
        precision = np.where(known, 1.0 / np.where(known, variance, 1.0), 0.0).ravel()
        factors = Factors.of(traits, n_stages=estimate.shape[0], n_tiers=estimate.shape[1])
        stated = Scales.stated(mean, sd)
        errors = np.zeros(estimate.shape[:2]) if common is None else common
        weighted = np.where(known, estimate, 0.0).ravel() * precision
        prior = cls(factors, stated, precision, weighted, precision, weighted, errors.ravel())
        if not known.any():
            return prior
        for _ in range(_STEPS):
            scales = rescaled(factors, stated, prior.scales, prior.posterior(), precision)
            change, prior = moved(prior.scales, scales), replace(prior, scales=scales)
            if change < _STILL:
                break
        return prior

    def posterior(self) -> Posterior:
        """The effects and cells, given all that was taken in."""
        known = np.where(self.precision > 0, self.precision, 1.0)
        common = Common(self.compared / known, self.common, *self._told_of_errors())
        return solve(self.factors, self.scales, self.weighted / known, self.precision, common)

    def predict(self) -> Beliefs:
        """What each cell's uplift is believed to be."""
        found = self.posterior()
        shape = self.factors.shape
        return Beliefs(found.mean.reshape(shape), np.sqrt(found.variance).reshape(shape))

    def updated(self, cells: Cells, outcome: Floats, variance: Floats) -> "OfferPrior":
        """
        Take in outcomes, with the scales as they are: the conjugate update, in whatever order outcomes come.

        Args:
            cells: Where each was seen.
            outcome: Shape (n,): unbiased for the cell's uplift, such as the difference of two arms or an outcome
                weighted by one over its logging propensity.
            variance: Shape (n,): of each, above 0.

        Raises:
            InputError: A cell does not exist, or a variance is not above 0.
        """
        place = place_of(cells, self.factors.shape)
        if not (np.all(np.isfinite(outcome)) and np.all(np.isfinite(variance)) and np.all(variance > 0)):
            raise InputError("an outcome or its variance is not finite, or a variance is not above 0; leave it out")
        precision, weighted = self.precision.copy(), self.weighted.copy()
        np.add.at(precision, place, 1.0 / variance)
        np.add.at(weighted, place, outcome / variance)
        return replace(self, precision=precision, weighted=weighted)

    def _told_of_errors(self) -> tuple[Floats, Floats]:
        """Differences of outcomes with and without the common error in one cell, as `Common` has them."""
        apart = self.precision - self.compared
        both = (apart > 0) & (self.compared > 0)
        one, other = np.where(both, self.compared, 1.0), np.where(both, apart, 1.0)
        precision = np.where(both, one * other / (one + other), 0.0)
        difference = self.contrast / one - (self.weighted - self.contrast) / other
        lines = len(self.common), self.factors.shape[2]
        return precision.reshape(lines).sum(axis=1), (precision * difference).reshape(lines).sum(axis=1)


def place_of(cells: Cells, shape: tuple[int, int, int]) -> NDArray[np.intp]:
    """
    Shape (n,): positions of cells in the flattened arrays.

    Raises:
        InputError: A cell lies outside.
    """
    try:
        return np.asarray(np.ravel_multi_index(cells, shape))
    except ValueError as error:
        raise InputError(
            f"a cell lies outside {shape[0]} stages, {shape[1]} tiers and {shape[2]} offers ({error}); give rows"
        ) from error


def _check(traits: OfferTraits, estimate: Floats, variance: Floats, sd: float) -> None:
    if estimate.ndim != 3 or estimate.shape[2] != len(traits) or estimate.shape != variance.shape:
        raise InputError(
            f"estimates have shape {estimate.shape} and variances {variance.shape}; give (n_stages, n_tiers, "
            f"{len(traits)}), the last being the offers"
        )
    if not sd > 0:
        raise InputError(f"the prior standard deviation is {sd}; it must be above 0, or nothing could be learnt")
    wrong = np.isfinite(estimate) & ~((variance > 0) & np.isfinite(variance))
    if wrong.any():
        raise InputError(
            f"the variance of an estimate is {variance[wrong][0]}; give one above 0, or NaN for the estimate"
        )


def _check_common(common: Floats | None, shape: tuple[int, ...]) -> None:
    if common is not None and (common.shape != shape or not np.all((common >= 0) & np.isfinite(common))):
        raise InputError(
            f"variances of common errors have shape {common.shape} and are not all finite and at least 0; give "
            f"{shape}, stages by tiers, with 0 where nothing is in common"
        )
