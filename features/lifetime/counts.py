"""Purchase-count models: while a member stays, orders come at an own rate; after each, the member may leave unseen."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, gammaln, logsumexp, xlogy

from features.lifetime.likelihood import FitFacts
from features.lifetime.stored import STRICT
from features.lifetime.summary import Figures, PurchaseSummary


class Leaving(StrEnum):
    """When a member may leave: after repeats alone (BG), or after the first order already (MBG)."""

    BG = "bg"
    MBG = "mbg"


@dataclass(frozen=True, slots=True)
class CountParameters:
    """
    A fitted (M)BG/CNBD-k model (Platzer and Reutterer 2016); k = 1 is (M)BG/NBD.

    BG/NBD is of Fader, Hardie and Lee (2005), MBG/NBD of Batislam, Denizel and Filiztekin (2007). Rates are
    Gamma(r, alpha) over members, chances to leave after an order Beta(a, b); the time between orders is Erlang-k, so
    that k > 1 is more regular than chance.

    Attributes:
        leaving: Which of the two.
        k: Regularity, at least 1.
        r, alpha_days: Shape, and rate in days; with k > 1 the rate is that of the stages, k of which make an order.
        a, b: Of the Beta distribution.
        facts: How the fit went; its parameters are these four, in this order.
    """

    __pydantic_config__ = STRICT

    leaving: Leaving
    k: int
    r: float
    alpha_days: float
    a: float
    b: float
    facts: FitFacts

    @property
    def name(self) -> str:
        """As the literature has it."""
        return f"{self.leaving.upper()}/{'NBD' if self.k == 1 else f'CNBD-{self.k}'}"

    def values(self) -> Figures:
        """Shape (4,): r, alpha_days, a, b."""
        return np.array([self.r, self.alpha_days, self.a, self.b])

    def moved(self, values: Figures) -> Self:
        """The same model with other `values`: what would follow if they were the true ones."""
        r, alpha_days, a, b = values.tolist()
        return replace(self, r=r, alpha_days=alpha_days, a=a, b=b)


@dataclass(frozen=True, slots=True)
class CountRows:
    """
    The rows of a summary that differ, each with how many members have it: the sufficient statistics of every model.

    Attributes:
        levels: The numbers of repeats that occur, ascending, float64, so that gamma functions are taken once a level.
        level: Shape (m,): position of the row's repeats in `levels`.
        last, watched: Shape (m,), float64: days.
        weight: Shape (m,), float64: members.
        row: Shape (n,): of each member of the summary, the row it is.
    """

    levels: Figures
    level: NDArray[np.int64]
    last: Figures
    watched: Figures
    weight: Figures
    row: NDArray[np.int64]

    def scaled(self, days: float) -> Self:
        """The same rows with *days* as the unit of time."""
        return replace(self, last=self.last / days, watched=self.watched / days)


def count_rows(summary: PurchaseSummary) -> CountRows:
    """Count equal rows once. Members without an order must have been left out."""
    levels, level = _distinct(summary.repeats)
    span = int(summary.watched_days.max(initial=0)) + 1
    keys, row = _distinct((level * span + summary.watched_days) * span + summary.last_days)
    return CountRows(
        levels=levels.astype(np.float64),
        level=keys // (span * span),
        last=(keys % span).astype(np.float64),
        watched=(keys // span % span).astype(np.float64),
        weight=np.bincount(row, minlength=len(keys)).astype(np.float64),
        row=row,
    )


def _distinct(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The keys that differ, ascending, and of each key its position among them."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new = np.diff(ordered, prepend=ordered[:1] - 1) != 0
    row = np.empty(len(keys), dtype=np.int64)
    row[order] = np.cumsum(new) - 1
    return ordered[new], row


def log_states(values: Figures, leaving: Leaving, k: int, rows: CountRows) -> Figures:
    """
    Logarithm of the joint density of a row and of each state that the member may be in now.

    State j < k: still there, j stages of the next order passed; state k: left after the last order. For k = 1 these
    are the two terms of Fader, Hardie and Lee (2005), eq. 6; the survival of an Erlang-k gap is a sum of k terms.
    What depends on neither the parameters nor the state (`log_timing`) is left out.

    Args:
        values: r, alpha, a, b; alpha in the unit of the rows' times.

    Returns:
        Shape (k + 1, m); -inf where a state is impossible. Its `logsumexp` is the row's log-likelihood, its softmax the
        chance of each state.
    """
    r, alpha, a, b = values
    chances = k * rows.levels
    staying, left = _leaving(a, b, rows.levels, leaving)
    states = np.empty((k + 1, len(rows.last)))
    log_watched, idle = np.log(alpha + rows.watched), rows.watched - rows.last
    for stage in range(k):
        at_level = gammaln(r + chances + stage) - gammaln(stage + 1) + staying
        states[stage] = at_level[rows.level] - (r + chances + stage)[rows.level] * log_watched + xlogy(stage, idle)
    at_level = gammaln(r + chances) + left
    states[k] = at_level[rows.level] - (r + chances)[rows.level] * np.log(alpha + rows.last)
    states += r * np.log(alpha) - gammaln(r)
    return states


def state_chances(values: Figures, leaving: Leaving, k: int, rows: CountRows) -> Figures:
    """Shape (k + 1, m): the chance of each state of `log_states`; columns sum to 1."""
    states = log_states(values, leaving, k, rows)
    return np.asarray(np.exp(states - logsumexp(states, axis=0)))


def log_likelihood(values: Figures, leaving: Leaving, k: int, rows: CountRows) -> tuple[float, Figures]:
    """Sum over members of the log-likelihood without `log_timing`, and its gradient in r, alpha, a, b."""
    r, alpha, a, b = values
    states = log_states(values, leaving, k, rows)
    top = states.max(axis=0)
    chance = np.exp(states - top)
    total = chance.sum(axis=0)
    chance *= rows.weight / total
    alive, gone = chance[:k].sum(axis=0), chance[k]
    alive_at = np.bincount(rows.level, alive, len(rows.levels))
    gone_at = np.bincount(rows.level, gone, len(rows.levels))
    n, x = k * rows.levels, rows.levels
    d_r = -float(alive @ np.log(alpha + rows.watched) + gone @ np.log(alpha + rows.last))
    d_alpha = -float(gone @ ((r + n)[rows.level] / (alpha + rows.last)))
    for stage in range(k):
        stage_at = np.bincount(rows.level, chance[stage], len(rows.levels))
        d_r += float(stage_at @ digamma(r + n + stage))
        d_alpha -= float(chance[stage] @ ((r + n + stage)[rows.level] / (alpha + rows.watched)))
    weight = float(rows.weight.sum())
    d_r += float(gone_at @ digamma(r + n)) + weight * (np.log(alpha) - digamma(r))
    d_alpha += weight * r / alpha
    tries = x + (leaving is Leaving.MBG)
    both = alive_at + gone_at
    shared = float(both @ digamma(a + b + tries)) - weight * digamma(a + b)
    some = tries > 0
    d_a = float(gone_at.sum() * (digamma(a + 1) - digamma(a))) - shared
    d_b = float(alive_at @ digamma(b + tries)) - weight * digamma(b) - shared
    d_b += float(gone_at[some] @ digamma(b + tries[some] - 1))
    value = float(rows.weight @ (top + np.log(total)))
    return value, np.array([d_r, d_alpha, d_a, d_b])


def log_timing(summary: PurchaseSummary, k: int) -> float:
    """What Erlang-k timing adds to the log-likelihood besides: (k - 1) sum ln gap - repeats ln (k - 1)!, days."""
    if k == 1:
        return 0.0
    return float((k - 1) * summary.log_gaps.sum() - gammaln(k) * summary.repeats.sum())


def _leaving(a: float, b: float, repeats: Figures, leaving: Leaving) -> tuple[Figures, Figures]:
    """By level: log chance to have stayed at every order, and to have left at the last one alone."""
    tries = repeats + (leaving is Leaving.MBG)
    staying = betaln(a, b + tries) - betaln(a, b)
    left = np.full(len(repeats), -np.inf)
    some = tries > 0
    left[some] = betaln(a + 1, b + tries[some] - 1) - betaln(a, b)
    return staying, left
