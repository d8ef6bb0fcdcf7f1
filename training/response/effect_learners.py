"""Learners that turn every row into a noisy effect and regress that: class transformation, X and DR."""

from dataclasses import dataclass, field

import numpy as np

from training.response.base import EFFECT_CONFIG, BaseConfig, Boosted, Kind, fit_base
from training.response.nuisance import cross_fitted_arms, doubly_robust_scores
from training.response.trial import Bools, Floats, Trial


@dataclass(frozen=True, slots=True)
class RegressedEffect:
    """
    One regression of noisy effects.

    Attributes:
        model: Of the effect.
    """

    model: Boosted

    def effect(self, features: Floats) -> Floats:
        """Shape (n,)."""
        return self.model.predict(features)


@dataclass(frozen=True, slots=True)
class ClassTransformation:
    """
    Regress the transformed outcome, which is on average the effect.

    Jaskowski and Jaroszewicz (2012) learn whether a row was shown the offer and bought, or neither; with arms of any
    size it takes inverse probabilities (Athey and Imbens 2016, eq. 2.3): ``(y - c) (t - p) / (p (1 - p))``. Their class
    is the case of c = 1/2. Here c is the mean outcome, because rare outcomes are then far less noisy.
    """

    config: BaseConfig = EFFECT_CONFIG
    name: str = "class_transformation"

    def fit(self, trial: Trial, *, seed: int) -> RegressedEffect:
        """See `Learner.fit`."""
        sign = np.where(trial.treated, 1.0, -1.0)
        centre = float(np.average(trial.outcome, weights=trial.weight))
        return _regressed(trial.features, (trial.outcome - centre) * sign * trial.weight, self.config, seed)


@dataclass(frozen=True, slots=True)
class CrossedEffect:
    """
    Two regressions and how much either counts.

    Attributes:
        from_without, from_shown: Learnt from the rows without the offer, and from those shown it.
        chance: The probability to be treated, by features.
    """

    from_without: Boosted
    from_shown: Boosted
    chance: Boosted

    def effect(self, features: Floats) -> Floats:
        """Shape (n,): tau = e tau_0 + (1 - e) tau_1."""
        e = self.chance.predict(features)
        return e * self.from_without.predict(features) + (1 - e) * self.from_shown.predict(features)


@dataclass(frozen=True, slots=True)
class XLearner:
    """
    Impute the arm that was not seen, regress the differences in each arm, join by propensity.

    Kuenzel et al. (2019), eq. 9. The imputing models have not seen the rows they impute.
    """

    config: BaseConfig = EFFECT_CONFIG
    arms: BaseConfig = field(default_factory=BaseConfig)
    name: str = "x"

    def fit(self, trial: Trial, *, seed: int) -> CrossedEffect:
        """See `Learner.fit`."""
        arms = cross_fitted_arms(trial, config=self.arms, seed=seed)
        shown, without = trial.treated, ~trial.treated
        imputed = np.where(shown, trial.outcome - arms.without, arms.shown - trial.outcome)
        every = np.ones(len(trial))
        return CrossedEffect(
            self._of(trial, imputed, rows=without, seed=seed),
            self._of(trial, imputed, rows=shown, seed=seed),
            fit_base(trial.features, trial.probability, weight=every, config=self.config, seed=seed, kind=Kind.AMOUNT),
        )

    def _of(self, trial: Trial, imputed: Floats, *, rows: Bools, seed: int) -> Boosted:
        weight = trial.weight[rows]
        return fit_base(
            trial.features[rows], imputed[rows], weight=weight, config=self.config, seed=seed, kind=Kind.AMOUNT
        )


@dataclass(frozen=True, slots=True)
class DrLearner:
    """Regress doubly robust scores (Kennedy 2020, arXiv 2004.14497, algorithm 1), the arms foretold by other rows."""

    config: BaseConfig = EFFECT_CONFIG
    arms: BaseConfig = field(default_factory=BaseConfig)
    name: str = "dr"

    def fit(self, trial: Trial, *, seed: int) -> RegressedEffect:
        """See `Learner.fit`."""
        arms = cross_fitted_arms(trial, config=self.arms, seed=seed)
        return _regressed(trial.features, doubly_robust_scores(trial, arms), self.config, seed)


def _regressed(features: Floats, noisy: Floats, config: BaseConfig, seed: int) -> RegressedEffect:
    """Scores carry the inverse probabilities in them, so rows count the same."""
    every = np.ones(len(noisy))
    return RegressedEffect(fit_base(features, noisy, weight=every, config=config, seed=seed, kind=Kind.AMOUNT))
