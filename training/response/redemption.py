"""The chance that a member redeems a coupon: learnt from earlier campaigns, calibrated on campaigns it had not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from recsys.errors import InputError, NotEnoughDataError
from training.response.base import BaseConfig, Boosted, Kind, fit_base
from training.response.trial import Bools, Floats, Numbers

_TREES = BaseConfig(
    n_trees=150, learning_rate=0.04, n_leaves=6, min_leaf_rows=100, min_leaf_share=0.0, l2=20.0, feature_share=0.3
)
_N_SEEDS = 3
_RIDGE, _CURVE_RIDGE = 1_000.0, 5.0
_FURTHEST = 4.0
_MOST_QUIET_ROWS = 40_000
_LEAST = 1e-6
_WIDEST = 50.0
_STEPS = 30


class Learner(StrEnum):
    """What a chance is made of, the simplest first."""

    LOGISTIC = "logistic"
    TREES = "trees"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class PastCampaign:
    """
    A campaign that is over, or whose outcome is asked for.

    Attributes:
        features: Shape (n, k): one row an offer, as of the first day.
        redeemed: Shape (n,).
        starts, ends: First and last day.
    """

    features: Floats
    redeemed: Bools
    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class RedemptionModel:
    """
    Calibrated chances of a redemption. Propensity, not uplift: who redeems may have bought anyway.

    Attributes:
        mean, scale: Shape (k,): features are taken as distances from the mean in scales, unknown ones as 0.
        weights: Shape (k + 1,): of the logistic regression, constant last; absent where it has no part.
        trees: Boosted trees of several seeds; empty where they have no part.
        centre: What is added to the mean of the parts, so that the mean chance over what was learnt from is the share
            that was redeemed.
        curve: Constant and slope on the log-odds (Platt 2000); 0 and 1 change nothing.
    """

    mean: Floats
    scale: Floats
    weights: Floats | None
    trees: tuple[Boosted, ...]
    centre: float = 0.0
    curve: tuple[float, float] = (0.0, 1.0)

    def log_odds(self, features: Floats) -> Floats:
        """Shape (n,): before the curve, the mean of the parts and the centre."""
        parts: list[Floats] = []
        if self.weights is not None:
            parts.append(_standard(features, self.mean, self.scale) @ self.weights)
        if self.trees:
            chance = np.mean([one.predict(features) for one in self.trees], axis=0)
            parts.append(logit(np.clip(chance, _LEAST, 1 - _LEAST)))
        return np.asarray(np.mean(parts, axis=0) + self.centre)

    def chance(self, features: Floats) -> Floats:
        """Shape (n,), above 0 and below 1; *features* as the model learnt them."""
        constant, slope = self.curve
        return np.asarray(np.clip(expit(constant + slope * self.log_odds(features)), _LEAST, 1 - _LEAST))

    def facts(self, names: Sequence[str], n: int = 10) -> Mapping[str, Any]:
        """JSON-able: the curve, and the *n* largest weights of the logistic part by feature."""
        facts: dict[str, Any] = {"curve": dict(zip(("constant", "slope"), self.curve, strict=True))}
        if self.weights is not None:
            largest = np.argsort(-np.abs(self.weights[:-1]), kind="stable")[:n]
            facts["weights"] = {names[one]: float(self.weights[one]) for one in largest}
        return facts


def fit_redemption(campaigns: Sequence[PastCampaign], *, learner: Learner = Learner.BOTH, seed: int) -> RedemptionModel:
    """
    Learn from whole campaigns; of many offers that nobody redeemed a sample stands for all, with its weight.

    Redemptions are few and most coupons new, so: a ridge, features cut at 4 scales, and small trees.

    Args:
        campaigns: All of them over before the day the model is for.
        learner: Its parts.
        seed: Same campaigns and seed, same model.

    Raises:
        InputError: Campaigns of different features.
        NotEnoughDataError: There are no offers, nobody redeemed, or everybody.
    """
    if len({one.features.shape[1] for one in campaigns}) > 1:
        raise InputError("campaigns have different numbers of features; build all by one function")
    features, redeemed = _joined(campaigns)
    n_used = int(redeemed.sum())
    if n_used in {0, len(redeemed)}:
        raise NotEnoughDataError(
            f"{n_used} of {len(redeemed)} offers were redeemed; a chance needs both, give more campaigns"
        )
    rows, weight = _sample(redeemed, seed)
    x, y = features[rows], redeemed[rows].astype(np.float64)
    mean, scale = _moments(x, weight)
    weights = None
    if learner is not Learner.TREES:
        start = np.zeros(x.shape[1] + 1)
        start[-1] = logit(np.average(y, weights=weight))
        ridge = np.full(len(start), _RIDGE)
        ridge[-1] = 0.0
        weights = _logistic(_standard(x, mean, scale), y, weight, ridge=ridge, start=start)
    trees: tuple[Boosted, ...] = ()
    if learner is not Learner.LOGISTIC:
        trees = tuple(
            fit_base(x, y, weight=weight, config=_TREES, seed=seed + one, kind=Kind.CHANCE) for one in range(_N_SEEDS)
        )
    model = RedemptionModel(mean, scale, weights, trees)
    return replace(model, centre=_centre(model.log_odds(x), y, weight))


def walk(campaigns: Sequence[PastCampaign], *, learner: Learner, seed: int) -> tuple[Floats, ...]:
    """
    Log-odds of every campaign's offers by models fitted on the campaigns that were over before it began.

    Returns:
        One array a campaign, in the order given; empty where no earlier campaign has both outcomes.
    """
    models: dict[tuple[int, ...], RedemptionModel | None] = {}
    foretold = []
    for asked in campaigns:
        before = tuple(number for number, one in enumerate(campaigns) if one.ends < asked.starts)
        if before not in models:
            known = [campaigns[number] for number in before]
            both = bool(known) and any(one.redeemed.any() for one in known)
            models[before] = fit_redemption(known, learner=learner, seed=seed) if both else None
        model = models[before]
        foretold.append(np.empty(0) if model is None else model.log_odds(asked.features))
    return tuple(foretold)


def fit_platt(campaigns: Sequence[PastCampaign], foretold: Sequence[Floats]) -> tuple[float, float]:
    """
    Constant and slope that make foretold log-odds fit what happened (Platt 2000), held towards 0 and 1 by a ridge.

    Raises:
        InputError: A campaign's log-odds are neither empty nor one a row.
    """
    told = [(one.redeemed, odds) for one, odds in zip(campaigns, foretold, strict=True) if len(odds)]
    if any(len(redeemed) != len(odds) for redeemed, odds in told):
        raise InputError("a campaign has other than one log-odds an offer; take what walk gave for these campaigns")
    if not told:
        return (0.0, 1.0)
    odds = np.concatenate([one for _, one in told])
    y = np.concatenate([one for one, _ in told]).astype(np.float64)
    centre = np.array([1.0, 0.0])
    columns = np.stack([odds, np.ones(len(odds))], axis=1)
    slope, constant = _logistic(columns, y, np.ones(len(y)), ridge=np.full(2, _CURVE_RIDGE), start=centre)
    return float(constant), float(max(slope, 0.0))


def _logistic(columns: Floats, y: Floats, weight: Floats, *, ridge: Floats, start: Floats) -> Floats:
    """Weights that minimise the log-loss plus half the ridge times their squared distance from *start* (Newton)."""
    weights = start.copy()

    def loss(at: Floats) -> float:
        odds = columns @ at
        return float(weight @ (np.logaddexp(0.0, odds) - y * odds) + 0.5 * ridge @ (at - start) ** 2)

    now = loss(weights)
    for _ in range(_STEPS):
        chance = expit(columns @ weights)
        slope = columns.T @ (weight * (chance - y)) + ridge * (weights - start)
        bend = (columns * (weight * chance * (1 - chance))[:, None]).T @ columns + np.diag(ridge)
        step = np.linalg.solve(bend + 1e-9 * np.eye(len(bend)), slope)
        size = 1.0
        while (then := loss(weights - size * step)) > now and size > 1e-6:  # a step that rounds to none
            size /= 2
        if now - then < 1e-9 * max(1.0, abs(now)):
            break
        weights, now = weights - size * step, then
    return weights


def _centre(log_odds: Floats, y: Floats, weight: Floats) -> float:
    """What must be added for the mean chance to be the share of *y*."""
    share = float(np.average(y, weights=weight))

    def excess(added: float) -> float:
        return float(np.average(expit(log_odds + added), weights=weight)) - share

    return float(brentq(excess, -_WIDEST, _WIDEST))


def _standard(features: Floats, mean: Floats, scale: Floats) -> Floats:
    """Shape (n, k + 1): distances in scales, cut where they are further than those that were learnt from, and ones."""
    distance = np.clip((features - mean) / scale, -_FURTHEST, _FURTHEST)
    return np.hstack([np.nan_to_num(distance, nan=0.0), np.ones((len(features), 1))])


def _moments(features: Floats, weight: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(features)
    share = weight @ known
    total = np.maximum(share, 1e-12)
    mean = weight @ np.where(known, features, 0.0) / total
    spread = np.sqrt(weight @ np.where(known, (features - mean) ** 2, 0.0) / total)
    return mean, np.where(spread > 1e-9, spread, 1.0)  # a column without spread tells nothing


def _sample(redeemed: Bools, seed: int) -> tuple[Numbers, Floats]:
    """Rows to learn from and what each counts: all redeemed ones, and of the others no more than a bound."""
    used, quiet = np.flatnonzero(redeemed), np.flatnonzero(~redeemed)
    if len(quiet) <= _MOST_QUIET_ROWS:
        return np.arange(len(redeemed)), np.ones(len(redeemed))
    drawn = np.sort(np.random.default_rng(seed).choice(quiet, _MOST_QUIET_ROWS, replace=False))
    rows = np.concatenate([used, drawn])
    weight = np.concatenate([np.ones(len(used)), np.full(len(drawn), len(quiet) / len(drawn))])
    return rows, weight


def _joined(campaigns: Sequence[PastCampaign]) -> tuple[Floats, Bools]:
    if not campaigns:
        raise NotEnoughDataError("there is no campaign to learn from; give at least one that is over")
    return np.concatenate([one.features for one in campaigns]), np.concatenate([one.redeemed for one in campaigns])
