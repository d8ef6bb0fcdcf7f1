"""Which learner is believed: the simplest whose Qini coefficient is within one standard error of the best."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from training.response.base import BaseConfig
from training.response.folds import stratified_folds
from training.response.learner import Learner
from training.response.learners import LEARNERS
from training.response.nuisance import cross_fitted_arms, doubly_robust_scores
from training.response.qini import qini_curve, qini_resampled, uplift_at
from training.response.refusals import check_trial
from training.response.resampling import Estimate
from training.response.trial import Floats, Numbers, Trial

_TOP = 0.3
_PARTS = 3
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Third:
    """
    A third of the rows by foretold effect.

    Attributes:
        foretold: Mean effect by models that did not see the row.
        measured: Mean doubly robust effect.
        low, high: Its 95 % interval, rows of one owner taken together.
    """

    foretold: float
    measured: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judged:
    """
    One learner on rows that it did not learn from.

    Attributes:
        qini: Coefficient, in outcome per member; see `QiniCurve.coefficient`.
        behind: The same less the best learner's, over the same resamples; zero for the best itself.
        uplift_at_30: Effect among the 30 % scored highest.
        slope: How much larger the effect really is where it is foretold one larger: 1 is right, 0 is noise.
        thirds: From the lowest foretold effect to the highest; see `measured_by_third`.
    """

    qini: Estimate
    behind: Estimate
    uplift_at_30: float
    slope: float
    thirds: tuple[Third, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """
    What was chosen, and why.

    Attributes:
        name: Of the chosen learner.
        best: Of the learner with the highest coefficient.
        judged: By name, the simplest first.
        effects: By name, shape (n,): the effect of each row as foretold by models that did not see it.
        fold: Shape (n,): the part that each row was in.
    """

    name: str
    best: str
    judged: Mapping[str, Judged]
    effects: Mapping[str, Floats]
    fold: Numbers

    def facts(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "chosen": self.name,
            "best": self.best,
            "qini": {
                name: {"value": one.qini.value, "low": one.qini.low, "high": one.qini.high, "sd": one.qini.sd}
                | {
                    "uplift_at_30": one.uplift_at_30,
                    "slope": one.slope,
                    "thirds": [asdict(third) for third in one.thirds],
                }
                for name, one in self.judged.items()
            },
        }


def cross_fitted_effects(trial: Trial, learner: Learner, fold: Numbers, *, seed: int) -> Floats:
    """Shape (n,): the effect of each row as foretold by a model of the other folds."""
    effects = np.empty(len(trial))
    for one in range(int(fold.max()) + 1):
        rows = fold == one
        effects[rows] = learner.fit(trial.take(~rows), seed=seed + one).effect(trial.features[rows])
    return effects


def choose(
    trial: Trial,
    learners: Mapping[str, Learner] = LEARNERS,
    *,
    n_folds: int = 5,
    n_resamples: int = 200,
    confidence: float = 0.95,
    seed: int,
) -> Choice:
    """
    Judge every learner on rows that it did not learn from, and take the simplest that is as good as the best.

    As good: its Qini coefficient is at most one standard error of the best's below it (Breiman et al. 1984, section
    3.4.3). Within a fold rows are ranked by one model; so the folds' ranks are joined, not the scores of different
    models.

    Args:
        trial: What to learn from.
        learners: By name, the simplest first.
        n_folds: Parts, of which each is judged by models of the others.
        n_resamples: Of the bootstrap.
        confidence: Share of the resamples inside the intervals.
        seed: Same trial and seed, same choice.

    Raises:
        InputError, NotEnoughDataError: See `check_trial`.
    """
    check_trial(trial)
    fold = stratified_folds(trial, n_folds, seed)
    effects = {name: cross_fitted_effects(trial, one, fold, seed=seed) for name, one in learners.items()}
    ranks = {name: fold_ranks(effect, fold) for name, effect in effects.items()}
    resampled = qini_resampled(trial, ranks, n_resamples=n_resamples, seed=seed)
    values = {name: qini_curve(trial, rank).coefficient for name, rank in ranks.items()}
    best = max(values, key=lambda name: values[name])
    noisy = doubly_robust_scores(trial, cross_fitted_arms(trial, config=BaseConfig(), seed=seed))
    judged = {
        name: Judged(
            qini=Estimate.of(value, resampled[name], confidence),
            behind=Estimate.of(value - values[best], resampled[name] - resampled[best], confidence),
            uplift_at_30=uplift_at(trial, ranks[name], _TOP),
            slope=calibration_slope(effects[name], noisy, fold),
            thirds=measured_by_third(effects[name], ranks[name], noisy, trial.owner),
        )
        for name, value in values.items()
    }
    enough = values[best] - judged[best].qini.sd
    name = next(one for one, value in values.items() if value >= enough)
    return Choice(name, best, judged, effects, fold)


def measured_by_third(effects: Floats, ranks: Floats, noisy: Floats, owner: Numbers | None) -> tuple[Third, ...]:
    """
    What was foretold and what was measured, by thirds of the foretold effect; empty where all ranks are equal.

    The sorted group average effects of Chernozhukov, Demirer, Duflo and Fernandez-Val (2018, section 3.2).

    Args:
        effects: Shape (n,): cross-fitted.
        ranks: Shape (n,): places of these in their fold, 0 to 1.
        noisy: Shape (n,): doubly robust effects.
        owner: As in `Trial`.
    """
    if np.ptp(ranks) == 0:
        return ()
    part = np.clip((ranks * _PARTS).astype(np.int64), 0, _PARTS - 1)
    found = []
    for one in range(_PARTS):
        rows = np.flatnonzero(part == one)
        if not len(rows):
            continue
        measured = float(noisy[rows].mean())
        left = noisy[rows] - measured
        sums = left if owner is None else np.bincount(np.unique(owner[rows], return_inverse=True)[1], left)
        half = _Z * float(np.sqrt((sums**2).sum())) / len(rows)
        found.append(Third(float(effects[rows].mean()), measured, measured - half, measured + half))
    return tuple(found)


def calibration_slope(effects: Floats, noisy: Floats, fold: Numbers) -> float:
    """
    The slope of noisy effects on cross-fitted ones, folds compared within themselves.

    The heterogeneity coefficient of the best linear predictor (Chernozhukov, Demirer, Duflo and Fernandez-Val 2018,
    eq. 3.1). 0 where all effects are equal.
    """
    n_folds = int(fold.max()) + 1
    n = np.bincount(fold, minlength=n_folds)
    centred = effects - (np.bincount(fold, effects, n_folds) / n)[fold]
    spread = float(centred @ centred)
    # Rounding leaves a constant effect a spread of its own.
    if spread <= len(effects) * (1e-9 * float(np.abs(effects).max())) ** 2:
        return 0.0
    return float(centred @ noisy) / spread


def fold_ranks(effects: Floats, fold: Numbers) -> Floats:
    """Shape (n,): place in the own fold, 0 to 1, the highest effect highest; equal effects share one."""
    ranks = np.empty(len(effects))
    for one in range(int(fold.max()) + 1):
        rows = np.flatnonzero(fold == one)
        # The middle of an equal fold is 1/2 whatever its size, so that one effect for all ranks nobody.
        ranks[rows] = (rankdata(effects[rows]) - 0.5) / len(rows)
    return ranks
