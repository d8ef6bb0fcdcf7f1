"""Fit the purchase-count models: one of them, or the regularity that the history itself makes likeliest."""

from collections.abc import Sequence

import numpy as np

from features.lifetime.counts import CountParameters, Leaving, count_rows, log_likelihood, log_timing
from features.lifetime.likelihood import MIN_REPEATERS, FitFacts, maximise
from features.lifetime.summary import Figures, PurchaseSummary
from recsys.errors import InputError, NotEnoughDataError

_STARTS = ((0.5, 0.5, 0.5, 2.0), (1.5, 0.5, 0.5, 5.0))


def fit_counts(summary: PurchaseSummary, leaving: Leaving, *, k: int = 1, penalty: float = 0.0) -> CountParameters:
    """
    Maximum-likelihood parameters of one model.

    Members without an order are left out. Equal rows are counted once, so that the cost grows with the days and
    repeats that occur and hardly with members. Time is scaled to the longest watched.

    Args:
        summary: Whom to learn from.
        leaving: When members may leave.
        k: Regularity; more than 1 needs `log_gaps`.
        penalty: See `maximise`; 0 is plain maximum likelihood.

    Raises:
        InputError: *k* is below 1, or above 1 although `log_gaps` is unknown.
        NotEnoughDataError: Fewer than MIN_REPEATERS members have a repeat, or the search does not converge.
    """
    known = summary.take(summary.bought())
    n_repeaters = int((known.repeats > 0).sum())
    if n_repeaters < MIN_REPEATERS:
        raise NotEnoughDataError(
            f"{n_repeaters} members have a repeat; a purchase-count model needs at least {MIN_REPEATERS}"
        )
    if k < 1 or (k > 1 and np.isnan(known.log_gaps).any()):
        raise InputError(f"k is {k}; it must be at least 1, and more needs log_gaps of every member")
    rows = count_rows(known)
    scale = float(known.watched_days.max())
    scaled = rows.scaled(scale)

    def total(values: Figures) -> tuple[float, Figures]:
        return log_likelihood(values, leaving, k, scaled)

    starts = [(r, alpha * k, a, b) for r, alpha, a, b in _STARTS]
    what = f"{leaving.upper()} with k = {k}"
    best = maximise(total, starts, n_members=len(known), penalty=penalty, what=what)
    r, alpha, a, b = best.values.tolist()
    # A density of k x repeats times, each in the unit scale.
    unscaled = best.log_likelihood - float(k * known.repeats.sum() * np.log(scale)) + log_timing(known, k)
    facts = FitFacts(unscaled, len(known), n_repeaters, best.n_evaluations, best.gradient, best.covariance)
    return CountParameters(leaving, k, r, alpha * scale, a, b, facts)


def fit_regularity(
    summary: PurchaseSummary, leaving: Leaving, *, ks: Sequence[int] = (1, 2, 3, 4), penalty: float = 0.0
) -> CountParameters:
    """
    The model of the highest likelihood among regularities; all have four parameters, so that it may be compared.

    Raises:
        InputError: See `fit_counts`.
        NotEnoughDataError: See `fit_counts`.
    """
    fits = [fit_counts(summary, leaving, k=k, penalty=penalty) for k in ks]
    return max(fits, key=lambda one: one.facts.log_likelihood)
