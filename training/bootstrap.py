"""Paired intervals: the same resampled members for both sides, so that what they share cancels out."""

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
    difference = ours - other
    n = len(difference)
    step = max(1, _CELLS // n)
    means = np.concatenate(
        [
            difference[rng.integers(0, n, (min(step, n_resamples - start), n))].mean(axis=1)
            for start in range(0, n_resamples, step)
        ]
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(difference.mean()), float(low), float(high))
