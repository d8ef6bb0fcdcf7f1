"""The two learners without trees: one effect for all, and an effect that is linear in the features."""

from dataclasses import dataclass

import numpy as np

from training.response.trial import Bools, Floats, Trial

_PENALTIES = np.logspace(0, 6, 13)
_MOST = 4.0
"""Standardised features are cut off here, so that no row far outside draws the line."""


@dataclass(frozen=True, slots=True)
class FlatEffect:
    """
    The same for everybody.

    Attributes:
        value: In the outcome's unit.
    """

    value: float

    def effect(self, features: Floats) -> Floats:
        """Shape (n,), all equal."""
        return np.full(len(features), self.value)


@dataclass(frozen=True, slots=True)
class MeanLearner:
    """The simplest: the difference of the arms' means, rows weighted by one over their probability (Hajek 1971)."""

    name: str = "mean"

    def fit(self, trial: Trial, *, seed: int) -> FlatEffect:
        """Needs no seed; it is there for the protocol."""
        del seed
        return FlatEffect(mean_effect(trial))


def mean_effect(trial: Trial) -> float:
    """The difference of the arms' weighted means, in the outcome's unit."""
    shown, without = trial.treated, ~trial.treated
    means = [float(np.average(trial.outcome[rows], weights=trial.weight[rows])) for rows in (shown, without)]
    return means[0] - means[1]


@dataclass(frozen=True, slots=True)
class Scaling:
    """
    Features as a line can use them: standardised, cut off at four standard deviations, missing ones marked.

    Attributes:
        centre, spread: Shape (k,), of the known values of the fit.
        gaps: Shape (k,): features with missing values, which get a column that says so.
    """

    centre: Floats
    spread: Floats
    gaps: Bools

    @classmethod
    def of(cls, features: Floats) -> "Scaling":
        """What the rows of a fit say; a feature that is constant or never known is worth nothing."""
        known = np.isfinite(features)
        n = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, features, 0.0)
        centre = filled.sum(axis=0) / n
        spread = np.sqrt((np.where(known, features - centre, 0.0) ** 2).sum(axis=0) / n)
        return cls(centre, np.where(spread > 0, spread, np.inf), np.asarray(~known.all(axis=0)))

    def columns(self, features: Floats) -> Floats:
        """Shape (n, k + gaps): no NaN."""
        known = np.isfinite(features)
        scaled = np.where(known, np.clip((features - self.centre) / self.spread, -_MOST, _MOST), 0.0)
        return np.hstack([scaled, (~known)[:, self.gaps]])


@dataclass(frozen=True, slots=True)
class LinearEffect:
    """
    An effect that is linear in the features.

    Attributes:
        scaling: Of the features.
        middle: Shape (d,), means of the columns in the fit.
        level: Effect in the middle.
        slopes: Shape (d,): change of the effect a standard deviation.
    """

    scaling: Scaling
    middle: Floats
    level: float
    slopes: Floats

    def effect(self, features: Floats) -> Floats:
        """Shape (n,)."""
        return np.asarray(self.level + (self.scaling.columns(features) - self.middle) @ self.slopes)


@dataclass(frozen=True, slots=True)
class LinearLearner:
    """
    Ridge regression of what is left of the outcome on what is left of the treatment (R-learner, Nie and Wager 2021).

    The outcome first loses what the features explain of it, both arms together (ridge). The mean effect is not
    penalised, so the more noise, the nearer to it; the penalty has the least generalised cross-validation error (Golub,
    Heath and Wahba 1979).
    """

    name: str = "linear"

    def fit(self, trial: Trial, *, seed: int) -> LinearEffect:
        """Needs no seed; it is there for the protocol."""
        del seed
        scaling = Scaling.of(trial.features)
        columns = scaling.columns(trial.features)
        middle = columns.mean(axis=0)
        columns = columns - middle
        centred = trial.treated - trial.probability
        # Weighted, so that the line fits the effect of all rows, not of those where the draw was nearest to even.
        root = np.sqrt(1.0 / (trial.probability * (1 - trial.probability)))
        left = (trial.outcome - _ridge(columns, trial.outcome)) * root
        level, slopes = _interacted(columns, centred * root, left)
        return LinearEffect(scaling, middle, level, slopes)


def _ridge(columns: Floats, outcome: Floats) -> Floats:
    """Shape (n,): what centred columns say of the outcome."""
    mean = outcome.mean()
    gram = columns.T @ columns + np.eye(columns.shape[1]) * max(1.0, len(outcome) * 1e-4)
    return np.asarray(mean + columns @ np.linalg.solve(gram, columns.T @ (outcome - mean)))


def _interacted(columns: Floats, drive: Floats, left: Floats) -> tuple[float, Floats]:
    """Regress *left* on ``drive x (1, columns)``: the first free, the others penalised by the best of a grid."""
    own = float(drive @ drive)
    effects = columns * drive[:, None]
    shared = effects.T @ drive / own
    mean = float(drive @ left) / own
    # What is left after the mean effect; k by k from here on, whatever n is.
    gram = effects.T @ effects - own * np.outer(shared, shared)
    pull = effects.T @ left - own * mean * shared
    total = float(left @ left) - own * mean**2
    value, vector = np.linalg.eigh(gram)
    value = np.maximum(value, 0.0)
    turned = vector.T @ pull
    n = len(left)
    best, slopes = np.inf, np.zeros(columns.shape[1])
    for penalty in _PENALTIES:
        shrunk = turned / (value + penalty)
        rest = total - 2 * float(shrunk @ turned) + float(shrunk**2 @ value)
        freedom = 1 + float((value / (value + penalty)).sum())
        error = n * rest / (n - freedom) ** 2
        if error < best:
            best, slopes = error, vector @ shrunk
    return mean - float(shared @ slopes), slopes
