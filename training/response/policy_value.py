"""What a way to choose would have earned, told from exposures that were drawn at random."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from training.response.trial import Floats, Numbers


@dataclass(frozen=True, slots=True)
class Log:
    """
    What was shown at random, and what it earned.

    Attributes:
        shown: Shape (n,): number of the arm.
        probability: Shape (n,): with which that arm was shown, above 0.
        reward: Shape (n,): what followed, costs taken off, in one unit.
    """

    shown: Numbers
    probability: Floats
    reward: Floats


@dataclass(frozen=True, slots=True)
class Value:
    """
    A mean reward a row.

    Attributes:
        mean: In the reward's unit.
        sd: Its standard error, rows independent.
        matched: Rows in which the shown arm was the chosen one.
    """

    mean: float
    sd: float
    matched: int


def ips(log: Log, chosen: NDArray[np.integer]) -> Value:
    """Inverse propensity score (Horvitz and Thompson 1952): unbiased; *chosen* is the arm a row would get, (n,)."""
    weight = _weights(log, chosen)
    return _value(weight * log.reward, weight)


def snips(log: Log, chosen: NDArray[np.integer]) -> Value:
    """
    Self-normalised inverse propensity score (Swaminathan and Joachims 2015): less noise, bias of order 1 / n.

    NaN where no row was shown what would be chosen.
    """
    weight = _weights(log, chosen)
    total = float(weight.sum())
    if not total:
        return Value(float("nan"), float("nan"), 0)
    mean = float(weight @ log.reward) / total
    left = weight * (log.reward - mean) * len(weight) / total
    return Value(mean, float(np.sqrt((left**2).sum())) / len(weight), int((weight > 0).sum()))


def doubly_robust(log: Log, chosen: NDArray[np.integer], expected: Floats) -> Value:
    """
    Expected rewards, put right by what rows showed otherwise (Dudik, Langford and Li 2011, eq. 4).

    Args:
        log: What was shown.
        chosen: Shape (n,): the arm a row would get.
        expected: Shape (n, n_arms): foretold reward of each arm, by models that did not see the row.
    """
    weight = _weights(log, chosen)
    rows = np.arange(len(weight))
    return _value(expected[rows, chosen] + weight * (log.reward - expected[rows, log.shown]), weight)


def paired_gain(log: Log, ours: NDArray[np.integer], other: NDArray[np.integer]) -> Value:
    """
    How much more *ours* earns than *other*, self-normalised each: rows that both treat alike cancel out.

    NaN where no row was shown what one of them would choose.
    """
    mine, theirs = snips(log, ours), snips(log, other)
    if not (mine.matched and theirs.matched):
        return Value(float("nan"), float("nan"), mine.matched)
    left = np.zeros(len(log.reward))
    for sign, value, chosen in ((1.0, mine, ours), (-1.0, theirs, other)):
        weight = _weights(log, chosen)
        left += sign * weight * (log.reward - value.mean) * len(weight) / weight.sum()
    return Value(mine.mean - theirs.mean, float(np.sqrt((left**2).sum())) / len(left), mine.matched)


def _weights(log: Log, chosen: NDArray[np.integer]) -> Floats:
    if not ((log.probability > 0) & (log.probability <= 1)).all():
        raise InputError("a row's arm was shown with a probability of 0, above 1 or unknown; leave those rows out")
    return np.where(chosen == log.shown, 1.0 / log.probability, 0.0)


def _value(each: Floats, weight: Floats) -> Value:
    spread = float(each.std(ddof=1)) if len(each) > 1 else float("nan")
    return Value(float(each.mean()), spread / float(np.sqrt(len(each))), int((weight > 0).sum()))
