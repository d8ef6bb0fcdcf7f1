"""Calibrated chances of what happens of itself: an order, a redemption. Propensity, never uplift."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.errors import InputError, NotEnoughDataError
from training.calibrate import UNCHANGED, Curve, Outcomes, fit_curve, improves, reliability
from training.response.base import BaseConfig, Boosted, Kind, fit_base
from training.response.trial import Floats, Numbers

CHANCE_CONFIG = BaseConfig(n_trees=150, n_leaves=12, min_leaf_share=0.002, l2=5.0)
"""A chance is a larger signal than an effect, so the trees may be larger."""

_BINS = 10


@dataclass(frozen=True, slots=True)
class FittedChance:
    """
    Trees and the curve that makes chances of them.

    Attributes:
        model: Of what happened.
        curve: From the trees' chance to the calibrated one.
        least: No chance is below it or above one minus it.
        cross_fitted: Shape (n,): the calibrated chance of each row of the fit by models that did not see it.
        calibration_error: Of ``cross_fitted``; see `calibration_error`.
    """

    model: Boosted
    curve: Curve
    least: float
    cross_fitted: Floats
    calibration_error: float

    def chance(self, features: Floats) -> Floats:
        """Shape (n,), above 0 and below 1."""
        return np.clip(self.curve.correct(self.model.predict(features)), self.least, 1 - self.least)

    def facts(self) -> Mapping[str, Any]:
        """JSON-able."""
        return {"calibration_error": self.calibration_error, "calibrated": self.curve is not UNCHANGED}


def fit_chance(
    features: Floats,
    happened: Floats,
    *,
    owner: Numbers | None = None,
    config: BaseConfig = CHANCE_CONFIG,
    n_folds: int = 5,
    seed: int,
) -> FittedChance:
    """
    The chance that something happens, given the features.

    Every row is foretold by trees of other folds; an isotonic curve (Zadrozny and Elkan 2002) is fitted to these, and
    kept only where it brings a lower Brier score on owners it was not fitted on.

    Args:
        features: Shape (n, k); NaN where nothing is known.
        happened: Shape (n,), 0 or 1.
        owner: Shape (n,): whose row it is; rows of one owner stay in one fold. None: every row is somebody else's.
        config: Of the trees.
        n_folds: At least 2.
        seed: Same rows and seed, same chances.

    Raises:
        InputError: A label is neither 0 nor 1, or shapes do not fit together.
        NotEnoughDataError: Fewer rows or owners than folds.
    """
    n = len(happened)
    if features.ndim != 2 or len(features) != n:
        raise InputError(f"features have the shape {features.shape}; {n} labels ask for ({n}, k)")
    if not np.isin(happened, (0.0, 1.0)).all():
        raise InputError("a label is neither 0 nor 1; a chance is learnt from what happened (1) or did not (0)")
    owner = np.arange(n) if owner is None else owner
    fold = _folds(owner, n_folds, seed)
    every = np.ones(n)
    raw = np.empty(n)
    for one in range(n_folds):
        rows = fold == one
        model = fit_base(
            features[~rows], happened[~rows], weight=every[~rows], config=config, seed=seed + one, kind=Kind.CHANCE
        )
        raw[rows] = model.predict(features[rows])
    found = Outcomes(raw, happened.astype(np.float64), every, owner.astype(np.int64))
    curve = fit_curve(found) if improves(found, seed=seed) else UNCHANGED
    least = 1.0 / (n + 2)
    cross_fitted = np.clip(_corrected_elsewhere(found, fold, curve), least, 1 - least)
    model = fit_base(features, happened, weight=every, config=config, seed=seed, kind=Kind.CHANCE)
    return FittedChance(model, curve, least, cross_fitted, calibration_error(cross_fitted, happened))


def calibration_error(chance: Floats, happened: Floats, *, n_bins: int = _BINS) -> float:
    """
    Expected calibration error (Naeini, Cooper and Hauskrecht 2015): mean distance of chance and share over bins.

    Bins hold about as many rows each, equal chances stay together; NaN without rows. The one definition of the product:
    that of `training.calibrate.reliability`.
    """
    n = len(chance)
    outcomes = Outcomes(chance, happened.astype(np.float64), np.ones(n), np.arange(n, dtype=np.int64))
    return reliability(chance, outcomes, n_bins).calibration_error


def _corrected_elsewhere(found: Outcomes, fold: Numbers, curve: Curve) -> Floats:
    """Each fold by the curve of the others, so that the figure of the calibration is not the curve's own."""
    if curve is UNCHANGED:
        return found.predicted
    corrected = np.empty(len(found))
    for one in np.unique(fold):
        rows = fold == one
        corrected[rows] = fit_curve(found.take(~rows)).correct(found.predicted[rows])
    return corrected


def _folds(owner: Numbers, n_folds: int, seed: int) -> Numbers:
    owners, number = np.unique(owner, return_inverse=True)
    if len(owners) < n_folds or n_folds < 2:
        raise NotEnoughDataError(f"{len(owners)} owners of rows cannot be in {n_folds} folds; give more, or ask for 2")
    return np.random.default_rng(seed).permutation(np.arange(len(owners)) % n_folds)[number]
