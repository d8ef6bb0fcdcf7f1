"""How good a forecast of the next purchase is: proper scores on fully known windows, intervals over members."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.timing_cases import WINDOW_DAYS, Truth
from experiments.benchmarks.timing_rivals import Forecast
from features.rhythm.gaps import Floats
from training.bootstrap import Interval

HORIZONS = (7, 14, 30)
_LEAST_CHANCE = 1e-4
_CONFIDENCE = 0.95
_CELLS = 1 << 22


@dataclass(frozen=True, slots=True)
class Judged:
    """
    One way to forecast on all as-of days of a part, a line for each case.

    Attributes:
        member: Shape (n,): whose case it is.
        losses: By name, shape (n,), lower is better: ``error_days``, and with chances ``crps_days`` and, by horizon,
            ``log_loss_<h>`` and ``brier_<h>``.
        chance: By horizon, shape (n,).
        happened: By horizon, shape (n,), bool.
        bought: Shape (n,), bool: whether the next purchase came within the window.
    """

    member: NDArray[np.int32]
    losses: dict[str, Floats]
    chance: dict[int, Floats]
    happened: dict[int, NDArray[np.bool_]]
    bought: NDArray[np.bool_]


def judge(forecast: Forecast, truth: Truth) -> Judged:
    """
    Hold a forecast against what happened.

    ``error_days``: distance of the expected wait and the true one, both cut at WINDOW_DAYS; so a purchase after the
    window, and none at all, count as one on its last day, and nothing has to be guessed of what nobody saw.
    ``crps_days``: sum over the days of the window of (chance of a purchase by then - whether it came by then)^2: the
    continuous ranked probability score of the wait cut at the window (Gneiting and Raftery 2007, eq. 20), in days.
    """
    wait = np.minimum(truth.wait_days, WINDOW_DAYS)
    losses: dict[str, Floats] = {"error_days": np.abs(forecast.wait_days - wait)}
    chance, happened = {}, {}
    if forecast.chance.shape[1]:
        crps = np.zeros(len(wait))
        for day in range(1, WINDOW_DAYS + 1):
            crps += (forecast.chance[:, day - 1] - (truth.wait_days <= day)) ** 2
        losses["crps_days"] = crps
        for horizon in HORIZONS:
            came, of = truth.wait_days <= horizon, forecast.chance[:, horizon - 1]
            safe = np.clip(of, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
            losses[f"log_loss_{horizon}"] = -np.where(came, np.log(safe), np.log1p(-safe))
            losses[f"brier_{horizon}"] = (of - came) ** 2
            chance[horizon], happened[horizon] = of, came
    return Judged(truth.member, losses, chance, happened, truth.wait_days <= WINDOW_DAYS)


def joined(judged: list[Judged]) -> Judged:
    """Several as-of days as one."""
    first = judged[0]
    return Judged(
        np.concatenate([one.member for one in judged]),
        {name: np.concatenate([one.losses[name] for one in judged]) for name in first.losses},
        {name: np.concatenate([one.chance[name] for one in judged]) for name in first.chance},
        {name: np.concatenate([one.happened[name] for one in judged]) for name in first.happened},
        np.concatenate([one.bought for one in judged]),
    )


def auc(chance: Floats, happened: NDArray[np.bool_], weight: Floats | None = None) -> float:
    """
    Chance that a case that happened is ranked above one that did not, ties half (Mann and Whitney 1947).

    NaN where all happened, or none did.
    """
    values, place = np.unique(chance, return_inverse=True)
    weight = np.ones(len(chance)) if weight is None else weight
    came = np.bincount(place, weight * happened, len(values))
    stayed = np.bincount(place, weight * ~happened, len(values))
    pairs = came.sum() * stayed.sum()
    return float((came * (np.cumsum(stayed) - stayed / 2)).sum() / pairs) if pairs > 0 else float("nan")


def gain(ours: Judged, other: Judged, loss: str, *, resamples: int, rng: np.random.Generator) -> Interval:
    """
    By how much the mean loss of a case is lower with ours, with the interval of resampling members.

    A member's cases, of all families and as-of days, are drawn together: a ratio of sums over members.
    """
    _, place = np.unique(ours.member, return_inverse=True)
    total = np.bincount(place, other.losses[loss] - ours.losses[loss])
    cases = np.bincount(place).astype(np.float64)
    means = [
        total[drawn].sum(axis=1) / cases[drawn].sum(axis=1)
        for drawn in _draws(len(cases), resamples=resamples, rng=rng)
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return Interval(float(total.sum() / cases.sum()), float(low), float(high))


def _draws(n: int, *, resamples: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    step = max(1, _CELLS // n)
    return [rng.integers(0, n, (min(step, resamples - start), n)) for start in range(0, resamples, step)]
