"""Many small noisy estimates lean on each other, so that the luckiest one is not taken for the best."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE_WEIGHT = 20.0
"""A group's rate counts as this many observations of each member of the group."""


@dataclass(frozen=True, slots=True)
class Normal:
    """Means and variances, shape (n,) each, or (1,) for one."""

    mean: Floats
    variance: Floats


def shrink_means(
    estimate: Floats, variance: Floats, group: NDArray[np.integer], n_groups: int, prior: tuple[float, float]
) -> Normal:
    """
    Posterior of each estimate, shrunk towards its group's mean, which is shrunk towards the mean of all groups.

    Normal-normal empirical Bayes (Efron and Morris 1975); the variances between estimates of a group and between groups
    are DerSimonian-Laird moments (1986), pooled over groups, because a group often has one estimate only.

    Args:
        estimate: Shape (n,); NaN where nothing was measured.
        variance: Shape (n,): of the estimates, above 0 where measured.
        group: Shape (n,): group of each.
        n_groups: How many groups there are.
        prior: Mean and standard deviation assumed where nothing at all was measured.

    Returns:
        Shape (n,) each: of a measured one its posterior; otherwise what its group, or all groups, or the prior say of
        a new one.
    """
    prior_mean, prior_variance = prior[0], prior[1] ** 2
    known = np.isfinite(estimate)
    if not known.any():
        return Normal(np.full(len(estimate), prior_mean), np.full(len(estimate), prior_variance))
    d, v, g = estimate[known], variance[known], group[known]
    fixed = _precision_means(d, v, g, n_groups)
    within = _excess_variance(d, v, fixed.mean[g], g, n_groups, fallback=prior_variance)
    groups = _precision_means(d, v + within, g, n_groups)
    seen = np.isfinite(groups.mean)
    one = np.zeros(int(seen.sum()), dtype=np.int64)
    level = _precision_means(groups.mean[seen], groups.variance[seen], one, 1)
    between = _excess_variance(
        groups.mean[seen], groups.variance[seen], level.mean[one], one, 1, fallback=prior_variance
    )
    overall = _precision_means(groups.mean[seen], groups.variance[seen] + between, one, 1)
    parent = Normal(np.full(n_groups, overall.mean[0]), np.full(n_groups, between + overall.variance[0]))
    centre = _posterior(groups, parent)
    return _posterior(Normal(estimate, variance), Normal(centre.mean[group], centre.variance[group] + within))


def shrink_rates(successes: Floats, trials: Floats, group: NDArray[np.integer], n_groups: int, prior: float) -> Floats:
    """
    Shape (n,): rates shrunk towards their group's, the group's towards that of all, that of all towards *prior*.

    Each level counts as RATE_WEIGHT observations of the next: the mean of a Beta posterior.
    """
    overall = (successes.sum() + RATE_WEIGHT * prior) / (trials.sum() + RATE_WEIGHT)
    in_group = np.bincount(group, successes, n_groups), np.bincount(group, trials, n_groups)
    of_group = (in_group[0] + RATE_WEIGHT * overall) / (in_group[1] + RATE_WEIGHT)
    return np.asarray((successes + RATE_WEIGHT * of_group[group]) / (trials + RATE_WEIGHT))


def _precision_means(d: Floats, v: Floats, group: NDArray[np.integer], n_groups: int) -> Normal:
    """Precision-weighted mean of each group and its variance; NaN and infinite for groups without estimates."""
    precision = np.bincount(group, 1.0 / v, n_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Normal(np.bincount(group, d / v, n_groups) / precision, 1.0 / precision)


def _excess_variance(
    d: Floats, v: Floats, centre: Floats, group: NDArray[np.integer], n_groups: int, *, fallback: float
) -> float:
    """How much the estimates of a group differ beyond their own noise; *fallback* where no group has two."""
    precision = np.bincount(group, 1.0 / v, n_groups)
    squares = np.bincount(group, 1.0 / v**2, n_groups)
    present = precision > 0
    freedom = len(d) - int(present.sum())
    if freedom < 1:
        return fallback
    heterogeneity = float(((d - centre) ** 2 / v).sum())
    scale = float((precision[present] - squares[present] / precision[present]).sum())
    return max(0.0, (heterogeneity - freedom) / scale)


def _posterior(observed: Normal, prior: Normal) -> Normal:
    """Combine by precision; where nothing was observed the prior stays."""
    known = np.isfinite(observed.mean)
    precision = np.where(known, 1.0 / np.where(known, observed.variance, 1.0), 0.0)
    own = 1.0 / np.maximum(prior.variance, 1e-12)
    total = precision + own
    mean = (np.where(known, observed.mean, 0.0) * precision + prior.mean * own) / total
    return Normal(mean, 1.0 / total)
