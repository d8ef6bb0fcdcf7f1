"""What would have happened in either arm, foretold for rows that the forecast has not seen."""

from dataclasses import dataclass

import numpy as np

from training.response.base import BaseConfig, Boosted, Kind, fit_base, outcome_kind
from training.response.folds import stratified_folds
from training.response.trial import Floats, Trial

_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Arms:
    """
    Expected outcomes.

    Attributes:
        without: Shape (n,): if not shown the offer.
        shown: Shape (n,): if shown.
    """

    without: Floats
    shown: Floats


def fit_arm(trial: Trial, treated: bool, *, config: BaseConfig, kind: Kind, seed: int) -> Boosted:
    """The expected outcome in one arm, from its rows alone, each weighted by one over the chance to be in it."""
    rows = trial.treated == treated
    return fit_base(
        trial.features[rows], trial.outcome[rows], weight=trial.weight[rows], config=config, seed=seed, kind=kind
    )


def cross_fitted_arms(trial: Trial, *, config: BaseConfig, seed: int) -> Arms:
    """Both arms, each row foretold by models of other rows only (Chernozhukov et al. 2018, section 3)."""
    kind = outcome_kind(trial.outcome)
    fold = stratified_folds(trial, _FOLDS, seed)
    arms = {treated: np.empty(len(trial)) for treated in (False, True)}
    for one in range(_FOLDS):
        rows = fold == one
        others = trial.take(~rows)
        for treated, foretold in arms.items():
            model = fit_arm(others, treated, config=config, kind=kind, seed=seed + one)
            foretold[rows] = model.predict(trial.features[rows])
    return Arms(arms[False], arms[True])


def doubly_robust_scores(trial: Trial, arms: Arms) -> Floats:
    """
    Shape (n,): noisy effects of single rows, whose mean over any rows is unbiased as the probabilities are known.

    The augmented inverse propensity score (Robins, Rotnitzky and Zhao 1994; Kennedy 2020, arXiv 2004.14497, eq. 1).
    """
    foretold = np.where(trial.treated, arms.shown, arms.without)
    sign = np.where(trial.treated, 1.0, -1.0)
    return np.asarray(arms.shown - arms.without + sign * (trial.outcome - foretold) * trial.weight)
