"""How well a score ranks members by what the offer changes: the Qini curve, its area, and uplift among the first."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.response.resampling import poisson_counts
from training.response.trial import Floats, Trial

N_POINTS = 1_000
"""The most points of a curve; more rows than that share points."""


@dataclass(frozen=True, slots=True)
class QiniCurve:
    """
    What treating the first share of members would gain.

    Attributes:
        share: Shape (m,), 0 to 1, ascending: who is treated, the highest scores first.
        gain: Shape (m,), outcome per member of all: extra outcome if exactly these were treated.
    """

    share: Floats
    gain: Floats

    @property
    def area(self) -> float:
        """AUUC: the area under the curve, outcome per member."""
        return float(np.trapezoid(self.gain, self.share))

    @property
    def coefficient(self) -> float:
        """
        Area between the curve and the straight line of treating at random, outcome per member; 0 for a constant score.

        Q of Radcliffe (2007, "Using control groups to target on predicted lift") before any division: other packages
        divide by the area of a perfect ranking or by the gain of treating all, so figures of different packages cannot
        be compared.
        """
        return self.area - 0.5 * float(self.gain[-1])


def qini_curve(trial: Trial, score: Floats) -> QiniCurve:
    """
    Gain by share: the share of rows up to a point times the difference of the arms' means among them.

    Radcliffe (2007), eq. 2, per member instead of in sum, rows weighted by one over the probability of their arm
    (Hajek), so that probabilities may differ. Rows of equal score are one step, straight within.

    Args:
        trial: Rows that the score was not learnt from.
        score: Shape (n,), higher is treated earlier; no NaN.
    """
    ordered = _Ordered.of(trial, score)
    gain, share = ordered.gains(np.ones((1, len(trial))))
    return QiniCurve(np.concatenate([[0.0], share[0]]), np.concatenate([[0.0], gain[0]]))


def qini_resampled(trial: Trial, scores: Mapping[str, Floats], *, n_resamples: int, seed: int) -> dict[str, Floats]:
    """
    The Qini coefficient of every score over the same resamples, so that differences are paired.

    Poisson bootstrap: every owner counts a Poisson(1) number of times (Chamandy et al. 2012).

    Returns:
        By name, shape (n_resamples,).
    """
    ordered = {name: _Ordered.of(trial, score) for name, score in scores.items()}
    parts: dict[str, list[Floats]] = {name: [] for name in scores}
    for counts in poisson_counts(trial, n_resamples=n_resamples, seed=seed):
        for name, one in ordered.items():
            gain, share = one.gains(counts)
            parts[name].append(_coefficients(gain, share))
    return {name: np.concatenate(several) for name, several in parts.items()}


def uplift_at(trial: Trial, score: Floats, share: float) -> float:
    """
    The effect among the highest-scored share of rows: difference of the arms' weighted means (Hajek).

    Of the rows that share the score at the border each counts in part. NaN where one arm is not among them.
    """
    asked = share * len(score)
    border = np.sort(score)[::-1][max(0, min(len(score), int(np.ceil(asked))) - 1)]
    above, level = score > border, score == border
    counted = trial.weight * np.where(level, max(0.0, asked - int(above.sum())) / int(level.sum()), above)
    shown, without = counted * trial.treated, counted * ~trial.treated
    if not (shown.any() and without.any()):
        return float("nan")
    return float(shown @ trial.outcome / shown.sum() - without @ trial.outcome / without.sum())


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Rows by falling score, and where their steps begin."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    columns: Floats

    @classmethod
    def of(cls, trial: Trial, score: Floats) -> "_Ordered":
        order = np.argsort(-score, kind="stable")
        n = len(order)
        new = np.concatenate([[True], np.diff(score[order]) != 0])
        step = np.maximum.accumulate(np.where(new, np.arange(n) * N_POINTS // n, 0))
        starts = np.flatnonzero(np.concatenate([[True], np.diff(step) > 0]) & new)
        shown = trial.weight * trial.treated
        without = trial.weight - shown
        columns = np.stack([np.ones(n), shown, shown * trial.outcome, without, without * trial.outcome])
        return cls(order, starts, columns[:, order])

    def gains(self, counts: NDArray[np.number]) -> tuple[Floats, Floats]:
        """Shape (r, m) each: gain and share after every step, rows counting as *counts*, shape (r, n), says."""
        ordered = counts[:, self.order]
        n, shown, shown_sum, without, without_sum = (
            np.cumsum(np.add.reduceat(ordered * column, self.starts, axis=1), axis=1) for column in self.columns
        )
        compared = (shown > 0) & (without > 0)
        effect = shown_sum / np.where(compared, shown, 1.0) - without_sum / np.where(compared, without, 1.0)
        share = n / n[:, -1:]
        return share * np.where(compared, effect, 0.0), share


def _coefficients(gain: Floats, share: Floats) -> Floats:
    before = np.zeros((len(gain), 1))
    gain, share = np.hstack([before, gain]), np.hstack([before, share])
    return np.trapezoid(gain, share, axis=1) - 0.5 * gain[:, -1]
