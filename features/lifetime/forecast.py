"""What a fitted purchase-count model expects of each member: purchases, the chance of any, and how many at most."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import betainc, betaln, logsumexp

from features.lifetime.counts import CountParameters, CountRows, Leaving, count_rows, log_states, state_chances
from features.lifetime.summary import Counts, Figures, PurchaseSummary
from recsys.errors import InputError

_NODES = 48
_NEGLIGIBLE = 1e-10
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class CountForecast:
    """
    The predictive distribution of each member's number of purchases within a horizon, in short.

    Attributes:
        mean, variance: Shape (n,), float64.
        low, high: Shape (n,), int64: the central interval; at least its confidence lies within, because counts are
            whole.
    """

    mean: Figures
    variance: Figures
    low: Counts
    high: Counts


def expected_purchases(parameters: CountParameters, summary: PurchaseSummary, horizon_days: float) -> Figures:
    """
    Expected orders in the days (0, horizon] after the summary.

    For k = 1 the expectation given the chance to leave p is P(there) (1 - (1 + p h / (alpha + T))^-(r + x)) / p, whose
    mean over the Beta posterior of p is eq. 10 of Fader, Hardie and Lee (2005). It is taken by Gauss-Jacobi quadrature,
    which unlike the hypergeometric function stays exact for many repeats and at a = 1. For k > 1 it is the sum of the
    chances of at least n orders.

    Returns:
        Shape (n,), float64; 0 for members without an order: the model is of what follows the first.

    Raises:
        InputError: The horizon is negative.
    """
    _check(horizon_days)
    rows = _known_rows(summary)
    if parameters.k > 1:
        mean = np.zeros(len(rows.last))
        for _, some, chance in _at_least(parameters, rows, horizon_days):
            mean[some] += chance
        return _spread(mean, rows, summary)
    r, alpha, a, b = parameters.values()
    there = state_chances(parameters.values(), parameters.leaving, 1, rows)[0]
    tries = rows.levels + (parameters.leaving is Leaving.MBG)
    shape, ratio = r + rows.levels[rows.level], horizon_days / (alpha + rows.watched)
    mean = np.zeros(len(rows.last))
    leave, share = _beta_nodes(a, b + tries)
    for node, weight in zip(leave[:, rows.level], share[:, rows.level], strict=True):
        mean += weight * -np.expm1(-shape * np.log1p(node * ratio)) / node
    return _spread(there * mean, rows, summary)


def purchase_probability(parameters: CountParameters, summary: PurchaseSummary, horizon_days: float) -> Figures:
    """
    Chance of at least one order in the days (0, horizon] after the summary; closed form.

    One minus it is the chance of silence, whether the member has left or only waits: the quantity that dormancy is
    judged by.

    Returns:
        Shape (n,), float64, 0 to 1; 0 for members without an order.

    Raises:
        InputError: The horizon is negative.
    """
    _check(horizon_days)
    rows = _known_rows(summary)
    now = log_states(parameters.values(), parameters.leaving, parameters.k, rows)
    later = log_states(
        parameters.values(), parameters.leaving, parameters.k, replace(rows, watched=rows.watched + horizon_days)
    )
    # To be silent for longer and still there is one more state of the same history.
    order = np.exp(_sum(now[:-1]) - _sum(now)) - np.exp(_sum(later[:-1]) - _sum(now))
    return _spread(np.clip(order, 0.0, 1.0), rows, summary)


def forecast_counts(
    parameters: CountParameters, summary: PurchaseSummary, horizon_days: float, *, confidence: float = 0.9
) -> CountForecast:
    """
    Mean, variance and interval of each member's orders within the horizon, exact under the model.

    Its cost grows with the orders expected of the busiest member; `expected_purchases` is cheaper for the mean alone.

    Raises:
        InputError: The horizon is negative, or *confidence* is not between 0 and 1.
    """
    _check(horizon_days)
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; it must be between 0 and 1")
    rows = _known_rows(summary)
    n = len(rows.last)
    mean, square, low, high = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    tail = (1 - confidence) / 2
    for count, some, chance in _at_least(parameters, rows, horizon_days):
        mean[some] += chance
        square[some] += (2 * count - 1) * chance
        # The q-quantile is the number of n >= 1 with P(N >= n) > 1 - q; ties of rounding go to the wider interval.
        low[some] += chance > 1 - tail
        high[some] += chance > tail
    spread = [_spread(column, rows, summary) for column in (mean, square - mean**2, low, high)]
    return CountForecast(spread[0], spread[1], spread[2].astype(np.int64), spread[3].astype(np.int64))


def _at_least(
    parameters: CountParameters, rows: CountRows, horizon_days: float
) -> Iterator[tuple[int, NDArray[np.int64], Figures]]:
    """
    For n = 1, 2, ...: the rows where it still matters, and their chance of at least n orders within the horizon.

    Stages are Poisson given the rate, so that their number is negative binomial given the row and the stage that has
    been reached; n orders need n k stages less those passed, and a member who stayed after each of the n - 1 before.
    """
    k, (r, alpha, a, b) = parameters.k, parameters.values()
    states = state_chances(parameters.values(), parameters.leaving, k, rows)
    tries = rows.levels[rows.level] + (parameters.leaving is Leaving.MBG)
    shape = r + k * rows.levels[rows.level]
    reach = horizon_days / (alpha + rows.watched + horizon_days)
    some = np.arange(len(rows.last))
    for count in range(1, _MOST):
        stayed = np.exp(betaln(a, b + tries[some] + count - 1) - betaln(a, b + tries[some]))
        chance = np.zeros(len(some))
        for stage in range(k):
            # P(at least m events of a negative binomial) is the regularised incomplete beta function I(m, shape).
            chance += states[stage, some] * betainc(count * k - stage, shape[some] + stage, reach[some])
        chance *= stayed
        yield count, some, chance
        some = some[chance > _NEGLIGIBLE]
        if not len(some):
            return


def _sum(states: Figures) -> Figures:
    return np.asarray(logsumexp(states, axis=0))


def _beta_nodes(a: float, b: Figures) -> tuple[Figures, Figures]:
    """
    Gauss-Jacobi nodes and weights of Beta(a, b) distributions on (0, 1), by Golub and Welsch (1969).

    Returns:
        Both of shape (_NODES, len(b)); weights sum to 1. From the Jacobi matrix itself, so that no weight overflows.
    """
    nodes, weights = np.empty((_NODES, len(b))), np.empty((_NODES, len(b)))
    i = np.arange(1, _NODES)
    for column, one in enumerate(b.tolist()):
        # Jacobi weight (1 - t)^left (1 + t)^right with t = 2 p - 1.
        left, right = one - 1, a - 1
        both = left + right
        diagonal = np.empty(_NODES)
        diagonal[0] = (right - left) / (both + 2)
        diagonal[1:] = (right**2 - left**2) / ((2 * i + both) * (2 * i + both + 2))
        square = 4 * i * (i + left) * (i + right) * (i + both)
        square[1:] /= ((2 * i + both) ** 2 * ((2 * i + both) ** 2 - 1))[1:]
        square[0] = 4 * (1 + left) * (1 + right) / ((2 + both) ** 2 * (3 + both))
        at, vectors = eigh_tridiagonal(diagonal, np.sqrt(square))
        nodes[:, column], weights[:, column] = np.clip((at + 1) / 2, 1e-15, 1.0), vectors[0] ** 2
    return nodes, weights


def _known_rows(summary: PurchaseSummary) -> CountRows:
    return count_rows(summary.take(summary.bought()))


def _spread(of_rows: Figures, rows: CountRows, summary: PurchaseSummary) -> Figures:
    """From rows to members; 0 for those without an order."""
    column = np.zeros(len(summary))
    column[summary.bought()] = of_rows[rows.row]
    return column


def _check(horizon_days: float) -> None:
    if not 0 <= horizon_days < np.inf:
        raise InputError(f"horizon_days is {horizon_days}; it must be a number of days, 0 or more")
