"""How sure a figure is: Poisson resamples of owners, and the interval that they give."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.response.trial import Floats, Trial

_CELLS = 1 << 21


@dataclass(frozen=True, slots=True)
class Estimate:
    """
    A figure and how sure it is.

    Attributes:
        value: On the rows as they are.
        low, high: Percentile interval of the bootstrap.
        sd: Its standard deviation: the standard error.
    """

    value: float
    low: float
    high: float
    sd: float

    @classmethod
    def of(cls, value: float, resampled: Floats, confidence: float) -> "Estimate":
        """From the figures of the resamples, shape (r,)."""
        tail = (1 - confidence) / 2
        low, high = np.quantile(resampled, [tail, 1 - tail])
        return cls(value, float(low), float(high), float(resampled.std(ddof=1)))


def poisson_counts(trial: Trial, *, n_resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """
    How often every row counts in each resample, in chunks of shape (r, n), together n_resamples.

    Poisson bootstrap (Chamandy et al. 2012, "Estimating uncertainty for massive data streams"): every owner counts a
    Poisson(1) number of times, all rows of one alike. Same trial and seed, same counts.
    """
    rng = np.random.default_rng(seed)
    number, n_owners = None, len(trial)
    if trial.owner is not None:
        owners, number = np.unique(trial.owner, return_inverse=True)
        n_owners = len(owners)
    step = max(1, _CELLS // max(1, len(trial)))
    for start in range(0, n_resamples, step):
        counts = rng.poisson(1.0, (min(step, n_resamples - start), n_owners))
        yield counts if number is None else counts[:, number]
