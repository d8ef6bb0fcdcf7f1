"""Paired intervals: the same resampled members for both sides, so that what they share cancels out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CELLS = 1 << 22


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over members and the percentile interval of its bootstrap distribution."""

    mean: float
    low: float
    high: float


def paired_gain(
    ours: NDArray[np.float64],
    other: NDArray[np.float64],
    *,
    n_resamples: int,
    confidence: float,
    rng: np.random.Generator,
) -> Interval:
    """
    The mean of ``ours - other`` over members, with the interval of resampling members (Efron and Tibshirani 1993).

    Args:
        ours, other: Shape (m,), one figure a member in the same order; at least one member, no NaN.
        n_resamples: Bootstrap samples.
        confidence: Share of them inside the interval.
        rng: Same generator, same interval.
    """
    return paired_gain_over_folds([ours - other], n_resamples=n_resamples, confidence=confidence, rng=rng)


def paired_gain_over_folds(
    differences: Sequence[NDArray[np.float64]], *, n_resamples: int, confidence: float, rng: np.random.Generator
) -> Interval:
    """
    The mean over folds of each fold's mean difference, with the interval of resampling members within each fold.

    A stratified bootstrap (Davison and Hinkley 1997, section 3.2): the folds are fixed, each counts the same whatever
    its size, and its members are drawn anew independently of the other folds'. So the interval speaks of other members
    in these very windows; how much windows differ is what the figures of each fold show.

    Args:
        differences: One array a fold, shape (m_fold,), at least one member each, no NaN; at least one fold.
        n_resamples: Bootstrap samples.
        confidence: Share of them inside the interval.
        rng: Same generator, same interval.
    """
    means = np.mean([_resampled_means(one, n_resamples, rng) for one in differences], axis=0)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(np.mean([one.mean() for one in differences])), float(low), float(high))


def _resampled_means(
    difference: NDArray[np.float64], n_resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    n = len(difference)
    step = max(1, _CELLS // n)
    return np.concatenate(
        [
            difference[rng.integers(0, n, (min(step, n_resamples - start), n))].mean(axis=1)
            for start in range(0, n_resamples, step)
        ]
    )
