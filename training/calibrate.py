"""Predicted chances against what happened: a monotone curve that corrects them, and how far off they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from recsys.errors import InputError

Values = NDArray[np.float64]
_Z = 1.959963984540054
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """
    Chances as predicted and what happened, one line a case.

    Attributes:
        predicted: Shape (n,), 0 to 1.
        happened: Shape (n,), 0 to 1: the share of the line's trials in which it happened.
        trials: Shape (n,), at least 1: how often it could have happened.
        owner: Shape (n,), int64: whose line it is; lines of one owner are not independent and stay together.
    """

    predicted: Values
    happened: Values
    trials: Values
    owner: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def n_trials(self) -> float:
        """All lines' trials together."""
        return float(self.trials.sum())

    def take(self, chosen: NDArray[np.bool_]) -> "Outcomes":
        """Some of the lines."""
        return Outcomes(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Curve:
    """
    A monotone correction of a chance, linear between its knots and constant outside them.

    Attributes:
        predicted: Shape (n_knots,), ascending.
        chance: Shape (n_knots,), not descending, 0 to 1.

    Example:
        >>> Curve(np.array([0.2, 0.6]), np.array([0.1, 0.5])).correct(np.array([0.0, 0.4, 0.9])).round(3).tolist()
        [0.1, 0.3, 0.5]
    """

    predicted: Values
    chance: Values

    def correct(self, predicted: NDArray[np.floating]) -> Values:
        """The corrected chances, in the shape of *predicted*."""
        return np.asarray(np.interp(predicted, self.predicted, self.chance))


UNCHANGED = Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]))


def fit_curve(outcomes: Outcomes) -> Curve:
    """
    The monotone curve nearest to what happened (isotonic regression, Zadrozny and Elkan 2002, KDD).

    Equal predictions are one point. Each block of equal values becomes a knot at its mean prediction, and between
    knots the curve is straight, so that members keep their order. With n trials in all no chance is below
    1 / (n + 2) or above (n + 1) / (n + 2), the rule of succession's bounds: certainty is more than n trials can give.
    Where all predictions are equal the curve is one value, where it always or never happened one of those bounds, and
    without outcomes nothing is changed.

    Raises:
        InputError: A prediction is no number.
    """
    if not np.isfinite(outcomes.predicted).all():
        raise InputError("a predicted chance is no number; give finite chances between 0 and 1")
    if not len(outcomes):
        return UNCHANGED
    points, of_point = np.unique(outcomes.predicted, return_inverse=True)
    trials = np.bincount(of_point, outcomes.trials)
    happened = np.bincount(of_point, outcomes.trials * outcomes.happened) / trials
    fitted = isotonic_regression(happened, weights=trials)
    starts = fitted.blocks[:-1]
    weight = np.add.reduceat(trials, starts)
    knots = np.add.reduceat(trials * points, starts) / weight
    least = 1.0 / (outcomes.n_trials + 2)
    return Curve(knots, np.clip(fitted.x[starts], least, 1 - least))


def brier(predicted: Values, outcomes: Outcomes) -> float:
    """
    Mean squared distance of the chances from what happened, trial by trial (Brier 1950); lower is better, 0 is best.

    NaN without outcomes.
    """
    happened = outcomes.happened
    # A line with the share s of its trials has s of them at distance (1 - p) and 1 - s of them at distance p.
    each = happened * (1 - predicted) ** 2 + (1 - happened) * predicted**2
    return _mean(each, outcomes.trials)


def improves(outcomes: Outcomes, *, seed: int) -> bool:
    """
    Whether a curve fitted on half of the owners brings a lower Brier score on the other half, both ways together.

    The curve's own half would always say yes.
    """
    owners = np.unique(outcomes.owner)
    first = np.isin(outcomes.owner, np.random.default_rng(seed).permutation(owners)[: len(owners) // 2])
    if first.all() or not first.any():
        return False
    corrected = outcomes.predicted.copy()
    for half in (first, ~first):
        corrected[~half] = fit_curve(outcomes.take(half)).correct(outcomes.predicted[~half])
    return brier(corrected, outcomes) < brier(outcomes.predicted, outcomes)


@dataclass(frozen=True, slots=True)
class Bin:
    """
    Lines with similar predictions.

    Attributes:
        n_trials: How often it could have happened.
        predicted: Mean chance.
        happened: Share of the trials in which it did.
        low, high: 95 % interval of that share (Wilson 1927), trials taken as independent.
    """

    n_trials: float
    predicted: float
    happened: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """
    How far predictions are from what happened.

    Attributes:
        bins: Lowest predictions first, about as many trials in each; fewer where many predictions are equal.
        calibration_error: Mean distance of prediction and share over the bins, weighed by trials (expected calibration
            error, Naeini et al. 2015); NaN without outcomes.
        brier: See `brier`.
    """

    bins: tuple[Bin, ...]
    calibration_error: float
    brier: float


def reliability(predicted: Values, outcomes: Outcomes, n_bins: int) -> Reliability:
    """
    Compare predictions and what happened, bin by bin.

    Args:
        predicted: Shape (n,): chances to judge, such as the corrected ones.
        outcomes: What happened, same lines; its own predictions are not looked at.
        n_bins: The most bins.
    """
    order = np.argsort(predicted, kind="stable")
    value, trials = predicted[order], outcomes.trials[order]
    happened = outcomes.happened[order] * trials
    before = np.cumsum(trials) - trials
    number = np.minimum((before * n_bins / max(outcomes.n_trials, 1.0)).astype(np.int64), n_bins - 1)
    # Equal predictions are never torn apart: all go to the bin of the first.
    new = np.diff(value, prepend=np.nan) != 0
    number = number[np.maximum.accumulate(np.where(new, np.arange(len(value)), 0))]
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    if not len(starts):
        return Reliability((), float("nan"), float("nan"))
    n = np.add.reduceat(trials, starts)
    mean, share = np.add.reduceat(value * trials, starts) / n, np.add.reduceat(happened, starts) / n
    low, high = _wilson(share, n)
    bins = tuple(Bin(*map(float, one)) for one in zip(n, mean, share, low, high, strict=True))
    return Reliability(bins, _mean(np.abs(mean - share), n), brier(predicted, outcomes))


def _wilson(share: Values, n: Values) -> tuple[Values, Values]:
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def _mean(value: Values, weight: Values) -> float:
    return float(value @ weight / weight.sum()) if len(value) else float("nan")
