"""The life table: how the age of a gap, beyond what was expected, changes the chance that it ends now."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Baseline(Protocol):
    """The hazard without a shape."""

    def cumulated(self, age: Floats) -> Floats:
        """Shape (n,), at least 0, not falling: purchases expected until an age; row i of n is gap i's."""


@dataclass(frozen=True, slots=True)
class LifeTable:
    """
    Events over expected events in bins of age (Cutler and Ederer 1958), by stratum: it multiplies the hazard.

    Attributes:
        edges: Shape (n_bins + 1,), ascending ages in the units of the baseline; ends may be infinite.
        shape: Shape (n_strata, n_bins), above 0.
    """

    edges: Floats
    shape: Floats

    @classmethod
    def fit(
        cls,
        baseline: Baseline,
        age: Floats,
        stratum: NDArray[np.integer],
        closed: NDArray[np.bool_],
        *,
        edges: Floats,
        n_strata: int,
        prior_events: float,
        n_flat: int = 0,
    ) -> Self:
        """
        Learn from gaps.

        Args:
            baseline: Of n gaps.
            age: Shape (n,): when the gap ended, or how old it is now.
            stratum: Shape (n,).
            closed: Shape (n,): whether it ended.
            edges: See the class.
            n_strata: How many there are.
            prior_events: A stratum's cells lean on those of all strata, and those on 1, by this many events each.
            n_flat: The first strata have no shape (1), and the others do not lean on them.
        """
        n_bins = len(edges) - 1
        cell = stratum.astype(np.int64) * n_bins + np.searchsorted(edges, age, side="right") - 1
        events = np.bincount(cell[closed], minlength=n_strata * n_bins).reshape(n_strata, n_bins)
        due = np.empty((n_strata, n_bins))
        for position in range(n_bins):
            due[:, position] = np.bincount(stratum, _within(baseline, edges, age, position), n_strata)
        of_all = (events[n_flat:].sum(axis=0) + prior_events) / (due[n_flat:].sum(axis=0) + prior_events)
        shape: Floats = np.asarray((events + prior_events) / (due + prior_events / of_all), dtype=np.float64)
        shape[:n_flat] = 1.0
        return cls(edges, shape)

    def cumulated(self, baseline: Baseline, age: Floats, stratum: NDArray[np.integer]) -> Floats:
        """Shape (n,): purchases expected until an age, each bin of it times its shape."""
        total = np.zeros(len(age))
        for position in range(self.shape.shape[1]):
            total += self.shape[stratum, position] * _within(baseline, self.edges, age, position)
        return total


def shrunk_rate(repeats: NDArray[np.number], days: NDArray[np.number], above: Floats | float, prior: float) -> Floats:
    """Repeats a day, leaning on the rate of the level above by *prior* repeats: the mean of a Gamma posterior."""
    return np.asarray((repeats + prior) / (days + prior / above))


def _within(baseline: Baseline, edges: Floats, age: Floats, position: int) -> Floats:
    """Shape (n,): purchases expected in one bin, as far as the age reaches into it."""
    low, high = edges[position], np.clip(age, edges[position], edges[position + 1])
    return np.asarray(baseline.cumulated(high) - baseline.cumulated(np.full(len(age), low)))
