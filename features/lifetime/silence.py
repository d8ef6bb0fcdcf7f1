"""The chance that a member buys nothing for a while, which dormancy is judged by, learnt from earlier days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.lifetime.counts import CountParameters, Leaving
from features.lifetime.fit import fit_regularity
from features.lifetime.forecast import purchase_probability
from features.lifetime.likelihood import MIN_REPEATERS
from features.lifetime.stored import STRICT, read, written
from features.lifetime.summary import Figures, PurchaseSummary, summarise
from recsys.errors import NotEnoughDataError

_N_ORIGINS = 4
_RIDGE = 1.0
_ITERATIONS = 50
_LEAST = 1e-9
_LEAST_SPREAD = 0.1
"""Figures that varied less weigh as if by this: what was learnt on cents would decide of all on the first pound."""

_PRIOR_GAPS = 2
_PRIOR_LENGTH = 2.0

FEATURES = ("log (1 + days idle / own gap)", "log (1 + repeats)", "log (1 + mean value)")
"""What members are ordered by; each less its mean over the members of the day."""


@dataclass(frozen=True, slots=True)
class OrderDays:
    """
    Dated orders of many members.

    Attributes:
        member: Shape (m,): rows of members.
        day: Shape (m,): whole days since any origin.
        value_minor: Shape (m,), minor units; None where values are not known.
        n_members: More than any row.
    """

    member: NDArray[np.integer]
    day: NDArray[np.integer]
    value_minor: NDArray[np.integer] | None
    n_members: int

    def summary(self, until_day: int) -> PurchaseSummary:
        """What was known on a day."""
        return summarise(self.member, self.day, self.value_minor, n_members=self.n_members, until_day=until_day)

    def came(self, after_day: int, until_day: int) -> NDArray[np.bool_]:
        """Shape (n_members,): there is an order in (after, until]."""
        came = np.zeros(self.n_members, dtype=np.bool_)
        came[self.member[(self.day > after_day) & (self.day <= until_day)]] = True
        return came


@dataclass(frozen=True, slots=True)
class SilenceModel:
    """
    Chance of no order within a horizon: how many come is a count model's, who they are is a regression's.

    A count model knows neither spend nor that its assumptions may fail, and it is sure of members it thinks have left.
    So who comes is learnt by a logistic regression over earlier days of the same history, from the time idle in units
    of the own shrunken gap, repeats, and spend. How many come within this horizon, which may be longer than any that
    has been seen, is the count model's, but for what it was wrong by on the earlier days.

    Attributes:
        horizon_days: Of the chance.
        counts: The count model, fitted up to the last day.
        gap_days: Mean days between two orders of one member; own gaps are shrunk towards twice as many, as if the
            member had two such gaps: long ones are those that a history cuts off.
        level: Log odds of an order of a member whose figures are all at their means.
        means, weights: One for each of FEATURES.
        n_origins: Earlier days that were learnt from; 0 where the history was too short, and then the chance is the
            count model's own.
    """

    __pydantic_config__ = STRICT

    horizon_days: int
    counts: CountParameters
    gap_days: float
    level: float
    means: tuple[float, ...]
    weights: tuple[float, ...]
    n_origins: int

    def silence_probability(self, summary: PurchaseSummary) -> Figures:
        """Shape (n,), float64, 0 to 1: the chance of no order within the horizon; 1 without any order so far."""
        if not self.n_origins:
            return 1.0 - purchase_probability(self.counts, summary, self.horizon_days)
        figures = _figures(summary, self.gap_days) - np.array(self.means)
        come = expit(self.level + figures @ np.array(self.weights))
        return np.where(summary.bought(), 1.0 - come, 1.0)

    def to_settings(self) -> dict[str, Any]:
        """The model as JSON-able figures."""
        return written(self)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """
        The model that `to_settings` wrote, to the last bit.

        Raises:
            InputError: The settings are of another form.
        """
        return read(cls, settings)


def fit_silence(
    orders: OrderDays,
    *,
    until_day: int,
    horizon_days: int,
    leaving: Leaving = Leaving.MBG,
    ks: Sequence[int] = (1,),
    penalty: float = 0.0,
) -> SilenceModel:
    """
    Learn on earlier days what the members of those days did next; nothing after *until_day* is looked at.

    The four last days with an outcome, a tenth of its length apart, each with a count model fitted up to it. An outcome
    is as long as the horizon, or half of the history where that is shorter. Days with fewer than MIN_REPEATERS members
    who had a repeat are left out; `n_origins` says how many remain.

    Args:
        orders: The history.
        until_day: The day of the forecast.
        horizon_days: How long a silence is meant, at least 1.
        leaving, ks, penalty: Of the count models, see `fit_regularity`.

    Raises:
        NotEnoughDataError: A count model cannot be fitted, or all or none of the members came back.
    """
    summary = orders.summary(until_day)
    counts = fit_regularity(summary, leaving, ks=ks, penalty=penalty)
    repeated = summary.repeats > 0
    gap_days = float(summary.last_days[repeated].sum() / summary.repeats[repeated].sum())
    history = int(summary.watched_days.max())
    outcome_days = min(horizon_days, history // 2)
    figures, comes, levels = [], [], []
    for back in range(_N_ORIGINS):
        origin = until_day - outcome_days - back * max(1, outcome_days // 10)
        known = orders.summary(origin)
        if int((known.repeats > 0).sum()) < MIN_REPEATERS:
            break
        bought = known.bought()
        earlier = fit_regularity(known, leaving, ks=(counts.k,), penalty=penalty)
        here = _figures(known, gap_days)[bought]
        chance = purchase_probability(earlier, known, outcome_days)[bought]
        figures.append(here - here.mean(axis=0))
        levels.append(np.full(len(here), _log_odds(chance)))
        comes.append(orders.came(origin, origin + outcome_days)[bought])
    bought = summary.bought()
    now = _figures(summary, gap_days)[bought].mean(axis=0)
    level = _log_odds(purchase_probability(counts, summary, horizon_days)[bought])
    if not figures:
        return SilenceModel(horizon_days, counts, gap_days, level, tuple(now.tolist()), (0.0,) * len(FEATURES), 0)
    weights = _logistic(np.concatenate(figures), np.concatenate(levels), np.concatenate(comes).astype(np.float64))
    return SilenceModel(
        horizon_days,
        counts,
        gap_days,
        level + float(weights[0]),
        tuple(now.tolist()),
        tuple(weights[1:].tolist()),
        len(figures),
    )


def _log_odds(chance: Figures) -> float:
    return float(logit(np.clip(chance.mean(), _LEAST, 1 - _LEAST)))


def _figures(summary: PurchaseSummary, gap_days: float) -> Figures:
    """Shape (n, len(FEATURES))."""
    repeats = np.maximum(summary.repeats, 0)
    own_gap = (summary.last_days + _PRIOR_GAPS * _PRIOR_LENGTH * gap_days) / (repeats + _PRIOR_GAPS)
    idle = (summary.watched_days - summary.last_days) / own_gap
    return np.stack([np.log1p(idle), np.log1p(repeats), np.log1p(summary.mean_value_minor)], axis=1)


def _logistic(figures: Figures, offset: Figures, came: Figures) -> Figures:
    """
    Intercept and weights of a ridge logistic regression with an offset, by Newton's method.

    The ridge counts a figure's weight in units of its spread, at least _LEAST_SPREAD; the intercept is free.

    Raises:
        NotEnoughDataError: It does not converge, as where all or none came back.
    """
    spread = np.maximum(figures.std(axis=0), _LEAST_SPREAD)
    columns = np.column_stack([np.ones(len(figures)), figures / spread])
    ridge = np.diag([0.0, *[_RIDGE] * figures.shape[1]])
    weights = np.zeros(columns.shape[1])
    for _ in range(_ITERATIONS):
        chance = expit(offset + columns @ weights)
        slope = columns.T @ (came - chance) - ridge @ weights
        hessian = (columns * (chance * (1 - chance))[:, None]).T @ columns + ridge
        try:
            step = np.linalg.solve(hessian, slope)
        except np.linalg.LinAlgError:  # every chance is 0 or 1: there is nothing to weigh
            break
        weights += step
        if np.abs(step).max() < 1e-10:
            return np.concatenate([weights[:1], weights[1:] / spread])
    raise NotEnoughDataError(
        f"the chance of silence did not converge after {_ITERATIONS} steps: {int(came.sum())} of {len(came)} members "
        "came back; give a longer history or another horizon"
    )
