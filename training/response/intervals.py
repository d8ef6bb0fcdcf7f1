"""Effects with their uncertainty: refits on random halves, pulled towards the mean as far as they are noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from training.response.base import BaseConfig
from training.response.folds import halves
from training.response.learner import FittedLearner, Learner
from training.response.nuisance import cross_fitted_arms, doubly_robust_scores
from training.response.refusals import check_trial
from training.response.trial import Floats, Numbers, Trial


@dataclass(frozen=True, slots=True)
class Effects:
    """
    A normal distribution for the effect of each row.

    Attributes:
        mean, sd: Shape (n,), in the outcome's unit.
    """

    mean: Floats
    sd: Floats

    def lower(self, confidence: float = 0.9) -> Floats:
        """Shape (n,): the effect is above it with this probability."""
        return self.mean - float(norm.ppf(confidence)) * self.sd

    def interval(self, confidence: float = 0.9) -> tuple[Floats, Floats]:
        """Shape (n,) each: the effect is between them with this probability."""
        half = float(norm.ppf(0.5 + confidence / 2)) * self.sd
        return self.mean - half, self.mean + half


@dataclass(frozen=True, slots=True)
class FittedEffects:
    """
    A learner refitted many times.

    Attributes:
        name: Of the learner.
        level, level_sd: The mean effect and its standard error.
        slope, slope_sd: How much of a foretold difference from the mean is true, 0 to 1, and its standard error.
        refits: Each of a random half of the trial.
        centres: Each refit's mean effect over the trial.
    """

    name: str
    level: float
    level_sd: float
    slope: float
    slope_sd: float
    refits: tuple[FittedLearner, ...]
    centres: tuple[float, ...]

    def effects(self, features: Floats) -> Effects:
        """
        The effect of each row, features of shape (n, k) as in the trial.

        The variance has three parts: that of the mean effect, that between refits (each saw half of the rows, which
        makes it the sampling variance of a fit to all: Politis, Romano and Wolf 1999, chapter 2) as far as it is
        believed, and that of the slope, which grows with the distance from the mean.
        """
        total, squares = np.zeros(len(features)), np.zeros(len(features))
        for refit, centre in zip(self.refits, self.centres, strict=True):
            away = refit.effect(features) - centre
            total += away
            squares += away**2
        n = len(self.refits)
        away = total / n
        between = np.maximum(squares / n - away**2, 0.0) * n / (n - 1)
        variance = self.level_sd**2 + self.slope * between + (self.slope_sd * away) ** 2
        return Effects(self.level + self.slope * away, np.sqrt(variance))

    def effect(self, features: Floats) -> Floats:
        """Shape (n,): the means alone, as `FittedLearner.effect`."""
        return self.effects(features).mean

    def facts(self) -> dict[str, Any]:
        """JSON-able."""
        named: Mapping[str, float] = {
            name: float(getattr(self, name)) for name in ("level", "level_sd", "slope", "slope_sd")
        }
        return {"learner": self.name, "n_refits": len(self.refits), **named}


def fit_effects(trial: Trial, learner: Learner, *, n_refits: int = 20, seed: int) -> FittedEffects:
    """
    Refit a learner on halves and learn how far its differences between members are to be believed.

    Every split gives two refits, each foretelling the half it has not seen. The slope of doubly robust scores on these
    forecasts (the best linear predictor of Chernozhukov et al. 2018) is what a difference is multiplied with, never
    more than 1 and never less than 0: so a learner that sees patterns in noise gives everybody the mean effect.

    Args:
        trial: What to learn from.
        learner: For example ``LEARNERS[choose(trial, seed=seed).name]``.
        n_refits: An even number of at least 4.
        seed: Same trial and seed, same effects.

    Raises:
        InputError, NotEnoughDataError: See `check_trial`.
    """
    check_trial(trial)
    unseen = np.zeros(len(trial))
    refits: list[FittedLearner] = []
    centres = []
    for split in range(max(2, n_refits // 2)):
        first = halves(trial, seed + split)
        for half in (first, ~first):
            refit = learner.fit(trial.take(half), seed=seed + len(refits))
            effect = refit.effect(trial.features)
            refits.append(refit)
            centres.append(float(effect.mean()))
            unseen[~half] += effect[~half] - effect[~half].mean()
    unseen /= len(refits) / 2
    noisy = doubly_robust_scores(trial, cross_fitted_arms(trial, config=BaseConfig(), seed=seed))
    level, level_sd = _mean(noisy, trial.owner)
    slope, slope_sd = _slope(unseen, noisy - level, trial.owner)
    return FittedEffects(learner.name, level, level_sd, slope, slope_sd, tuple(refits), tuple(centres))


def _mean(noisy: Floats, owner: Numbers | None) -> tuple[float, float]:
    level = float(noisy.mean())
    return level, float(np.sqrt((_sums(noisy - level, owner) ** 2).sum())) / len(noisy)


def _slope(unseen: Floats, noisy: Floats, owner: Numbers | None) -> tuple[float, float]:
    """Least squares through the mean, its variance robust to unequal noise and to rows of one owner."""
    spread = float(unseen @ unseen)
    if spread <= len(unseen) * (1e-9 * float(np.abs(noisy).max())) ** 2:
        return 0.0, 0.0
    slope = float(unseen @ noisy) / spread
    sd = float(np.sqrt((_sums(unseen * (noisy - slope * unseen), owner) ** 2).sum())) / spread
    return min(max(slope, 0.0), 1.0), sd


def _sums(each: Floats, owner: Numbers | None) -> Floats:
    if owner is None:
        return each
    _, number = np.unique(owner, return_inverse=True)
    return np.asarray(np.bincount(number, each), dtype=np.float64)
