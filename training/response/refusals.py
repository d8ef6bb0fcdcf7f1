"""What cannot be called uplift, said before anything is fitted."""

import numpy as np

from recsys.errors import InputError, NotEnoughDataError
from training.randomisation import MISMATCH, mismatch_p_value
from training.response.trial import Numbers, Trial

MIN_ARM = 20
"""Rows, of as many owners, that each arm needs: below this not even a mean effect means anything."""


def check_trial(trial: Trial) -> None:
    """
    Refuse what no learner can make uplift of.

    Perfect separation and an arm without any positive outcome are no reason to refuse: answers stay finite.

    Raises:
        InputError: Columns do not fit together, a number is not finite, the rows were not drawn at random, a
            probability is 0 or 1, there is one arm only, or the shares of the arms contradict the probabilities.
        NotEnoughDataError: An arm has fewer than MIN_ARM rows or owners, or all outcomes are equal.
    """
    _check_columns(trial)
    _check_randomisation(trial)
    n_treated = int(trial.treated.sum())
    n_control = len(trial) - n_treated
    if 0 in {n_treated, n_control}:
        only, other = ("shown the offer", "without it") if n_treated else ("without the offer", "shown it")
        raise InputError(
            f"all {len(trial)} rows were {only} and none {other}; uplift is a difference of two arms: keep a "
            "share of the members in a no_offer arm drawn at random, and log it"
        )
    if min(n_treated, n_control) < MIN_ARM:
        raise NotEnoughDataError(
            f"{n_treated} rows were shown the offer and {n_control} were not; each arm needs at least {MIN_ARM}"
        )
    if trial.owner is not None:
        _check_owners(trial.owner, trial)
    if np.ptp(trial.outcome) == 0:
        raise NotEnoughDataError(
            f"all {len(trial)} outcomes are {trial.outcome[0]:g}; nothing can be learnt until some differ: "
            "wait longer, or ask for an outcome that is less rare"
        )
    _check_shares(trial)


def _check_columns(trial: Trial) -> None:
    n = len(trial)
    if trial.treated.dtype != np.bool_:
        raise InputError(f"treated is of type {trial.treated.dtype}; it must be bool, true for rows shown the offer")
    if trial.features.ndim != 2 or trial.features.shape != (n, len(trial.names)) or not trial.names:
        raise InputError(
            f"features have the shape {trial.features.shape}; {n} rows and {len(trial.names)} names ask for "
            f"({n}, {len(trial.names)}), with one column at least"
        )
    for name in ("probability", "outcome", "owner"):
        column = getattr(trial, name)
        if column is not None and column.shape != (n,):
            raise InputError(f"{name} has the shape {column.shape}; it must be ({n},), one for every row")
    if not np.isfinite(trial.outcome).all():
        raise InputError(
            f"{int((~np.isfinite(trial.outcome)).sum())} outcomes are no finite numbers; leave those rows out"
        )
    if np.isinf(trial.features).any():
        raise InputError("a feature is infinite; give finite numbers, and NaN for what is not known")


def _check_randomisation(trial: Trial) -> None:
    unknown = int(np.isnan(trial.probability).sum())
    if unknown == len(trial):
        raise InputError(
            f"none of the {unknown} exposures was drawn at random: what they teach is propensity, not uplift. "
            "Show offers at random to some members, keep a no_offer arm, and log the probability of what was shown"
        )
    if unknown:
        raise InputError(
            f"{unknown} of {len(trial)} exposures have no known probability; leave them out with Trial.randomised()"
        )
    outside = (trial.probability <= 0) | (trial.probability >= 1)
    if outside.any():
        raise InputError(
            f"{int(outside.sum())} probabilities of being shown the offer are not between 0 and 1, the first is "
            f"{trial.probability[outside][0]:g}; where chance decides nothing there is no comparison: leave those rows "
            "out, and keep a floor when offers are drawn"
        )


def _check_owners(owner: Numbers, trial: Trial) -> None:
    """Rows of one owner stay together, so folds and halves of a few owners have no rows of one arm."""
    shown, without = (len(np.unique(owner[rows])) for rows in (trial.treated, ~trial.treated))
    if min(shown, without) < MIN_ARM:
        raise NotEnoughDataError(
            f"rows shown the offer belong to {shown} owners and the others to {without}; each arm needs rows of at "
            f"least {MIN_ARM} different ones"
        )


def _check_shares(trial: Trial) -> None:
    """
    Sample ratio mismatch (Fabijan et al. 2019): more or fewer were treated than the probabilities allow.

    One draw may have decided about all rows of an owner, so their distances from the expected are added up first.
    """
    expected = float(trial.probability.sum())
    variance = float((trial.probability * (1 - trial.probability)).sum())
    owner = None if trial.owner is None else np.unique(trial.owner, return_inverse=True)[1]
    n_treated = int(trial.treated.sum())
    away = trial.treated - trial.probability
    p_value = mismatch_p_value(abs(n_treated - expected), variance, away, owner)
    if p_value < MISMATCH:
        raise InputError(
            f"{n_treated} of {len(trial)} rows were shown the offer, the logged probabilities expect {expected:.0f} "
            f"(p = {p_value:.1g}); the log and the draw disagree: find out which rows are missing, or how p was logged"
        )
