"""What a member was expected to do whatever was shown: it takes noise out of effects, and explains some of them."""

from dataclasses import dataclass

import numpy as np

from training.exposures import Outcomes
from training.response.base import BaseConfig, Kind, fit_base
from training.response.trial import Floats

FORETOLD = ("foretold", "foretold_room")
"""Columns beside what is known: the chance p of an order, and p (1 - p), which an effect on the odds is times."""

_FOLDS = 3
_BLOCK = 100_000


@dataclass(frozen=True, slots=True)
class Foretold:
    """
    Chances of an order within the horizon, offers shown as they were; 0 for all with too few members to learn from.

    Attributes:
        then: Shape (n_exposures,): at each exposure; of those that chance decided, by trees that never saw the member.
        now: Shape (n_members,): at the cut-off, the mean of all trees.
    """

    then: Floats
    now: Floats

    def beside(self, then: Floats, now: Floats) -> tuple[Floats, Floats]:
        """What was known at the exposures and at the cut-off, with the columns FORETOLD."""
        pairs = ((then, self.then), (now, self.now))
        before, after = (np.column_stack([known, p, p * (1 - p)]) for known, p in pairs)
        return before, after


def fit_foretold(outcomes: Outcomes, then: Floats, now: Floats, *, seed: int) -> Foretold:
    """
    Learn from all arms of the exposures that chance decided.

    What was known before a draw does not depend on it; so an outcome less this keeps differences of arms unbiased and
    loses noise (CUPED, Deng et al. 2013).

    Args:
        outcomes: Exposures.
        then: Shape (n_exposures, k): what was known at them.
        now: Shape (n_members, k): what is known at the cut-off.
        seed: Same exposures and seed, same chances.
    """
    found, after = np.zeros(len(outcomes)), np.zeros(len(now))
    rows, others = np.flatnonzero(outcomes.random), np.flatnonzero(~outcomes.random)
    owners, owner = np.unique(outcomes.member[rows], return_inverse=True)
    if len(owners) < _FOLDS:
        return Foretold(found, after)
    fold_of = np.random.default_rng(seed).permutation(np.arange(len(owners)) % _FOLDS)
    for one in range(_FOLDS):
        learn = rows[fold_of[owner] != one]
        model = fit_base(
            then[learn],
            outcomes.ordered[learn].astype(np.float64),
            weight=np.ones(len(learn)),
            config=BaseConfig(),
            seed=seed + one,
            kind=Kind.CHANCE,
        )
        told = rows[fold_of[owner] == one]
        found[told] = model.predict(then[told])
        if len(others):
            found[others] += model.predict(then[others]) / _FOLDS
        for start in range(0, len(now), _BLOCK):
            after[start : start + _BLOCK] += model.predict(now[start : start + _BLOCK]) / _FOLDS
    return Foretold(found, after)
