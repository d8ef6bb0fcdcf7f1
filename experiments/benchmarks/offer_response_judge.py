"""What ways to choose would have earned in waves of random assignment, with members drawn anew for the intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.bootstrap import Interval
from training.response.policy_value import Log
from training.response.trial import Floats, Numbers


@dataclass(frozen=True, slots=True)
class Sums:
    """
    Of one way to choose, shape (n_members,) each: what its members add to an estimate.

    Attributes:
        weight, weighted: Importance weights and weighted rewards (self-normalised inverse propensity).
        robust: Doubly robust scores.
        rows: Rows.
    """

    weight: Floats
    weighted: Floats
    robust: Floats
    rows: Floats


def sums_of(log: Log, policy: Floats, expected: Floats, *, member: Numbers) -> Sums:
    """
    Add up rows by member.

    Args:
        log: Who was shown what with which probability, and the reward.
        policy: Shape (n, n_arms): with which probability the way would show each arm.
        expected: Shape (n, n_arms): foretold rewards, by models of other waves; they change the noise, not the mean.
        member: Shape (n,), from 0.
    """
    rows = np.arange(len(log.shown))
    weight = policy[rows, log.shown] / log.probability
    robust = (policy * expected).sum(axis=1) + weight * (log.reward - expected[rows, log.shown])
    n = int(member.max()) + 1
    columns = (weight, weight * log.reward, robust, np.ones(len(rows)))
    return Sums(*(np.bincount(member, one, n).astype(np.float64) for one in columns))


@dataclass(frozen=True, slots=True)
class Judged:
    """
    Values and gains of several ways on the same rows.

    Attributes:
        values: By way, mean reward a row.
        gains: By way, how much more the first way earns; the first itself is left out.
    """

    values: Mapping[str, Interval]
    gains: Mapping[str, Interval]


def judge(ways: Mapping[str, Sums], *, robust: bool, n_resamples: int, seed: int) -> Judged:
    """
    Mean reward of every way with 95 % intervals; one draw of members serves all, so that gains are paired.

    Args:
        ways: Sums on the same rows; the first is ours.
        robust: Doubly robust (Dudik, Langford and Li 2011); otherwise self-normalised (Swaminathan and Joachims 2015).
        n_resamples: Bootstrap samples.
        seed: Same sums and seed, same intervals.
    """
    names = list(ways)
    above = np.stack([one.robust if robust else one.weighted for one in ways.values()], axis=1)
    below = np.stack([one.rows if robust else one.weight for one in ways.values()], axis=1)
    rng = np.random.default_rng(seed)
    n = len(above)
    drawn = np.empty((n_resamples, len(names)))
    for at in range(n_resamples):
        counts = np.bincount(rng.integers(0, n, n), minlength=n)
        drawn[at] = (counts @ above) / (counts @ below)
    mean = above.sum(axis=0) / below.sum(axis=0)
    values = {name: _interval(mean[at], drawn[:, at]) for at, name in enumerate(names)}
    gains = {name: _interval(mean[0] - mean[at], drawn[:, 0] - drawn[:, at]) for at, name in enumerate(names) if at}
    return Judged(values, gains)


def _interval(mean: float, drawn: Floats) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(mean), float(low), float(high))


def always(arm: Numbers, n_arms: int) -> Floats:
    """Shape (n, n_arms): the policy that shows each row its arm."""
    return np.eye(n_arms)[arm]
