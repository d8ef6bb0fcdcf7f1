"""Ways to choose one of several offers or none for each member, all learnt from random assignment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments.benchmarks.offer_response_cases import NONE
from training.response.base import BaseConfig, Kind, fit_base
from training.response.learners import LEARNERS
from training.response.trial import Floats, Numbers, two_arm_trial

_OUTCOME_TREES = BaseConfig(n_trees=100, n_leaves=8, min_leaf_rows=100, min_leaf_share=0.0)
UPLIFT = ("s", "t", "x", "dr")
"""Learners of `training.response` that may choose."""

MARGINS = (0, 2)
"""USD by which a rival must be foretold to beat the best single arm."""

_N_HALVES = 2
_N_RIVALS = 3
_CELLS = 5
_LEAST_CELL = 200
_LEAST_LEAF = 1_000
_DEPTH = 2
_LEAST_SPREAD = 0.05
"""Squared USD: how much the effects of an offer differ between cells where no difference is seen."""

Choose = Callable[[Mapping[str, Floats]], Numbers]
"""Features by name to arms, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """
    Rows of random assignment, one a member and wave.

    Attributes:
        features: By name, shape (n,).
        arm: Shape (n,).
        probability: Shape (n, n_arms): that each arm was given to the row.
        outcome: Shape (n,): money.
        member: Shape (n,).
    """

    features: Mapping[str, Floats]
    arm: Numbers
    probability: Floats
    outcome: Floats
    member: Numbers

    def matrix(self) -> Floats:
        """Shape (n, k)."""
        return np.stack(list(self.features.values()), axis=1)

    def take(self, rows: Numbers | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "Lessons":
        """Some of the rows."""
        features = {name: column[rows] for name, column in self.features.items()}
        return Lessons(features, self.arm[rows], self.probability[rows], self.outcome[rows], self.member[rows])


@dataclass(frozen=True, slots=True)
class Taught:
    """
    What all choosers share.

    Attributes:
        lessons: The rows.
        left: Shape (n,): outcome less what history alone foretold of it, by a model of other members: what assignment
            can explain, without the noise that history explains (CUPED, Deng et al. 2013, trees for the covariate).
        best: The arm with the highest mean of these, each arm by its own rows.
        gain: Shape (n, n_arms): doubly robust score of each arm less that of the best arm (Athey and Wager 2021).
        seed: Of all that is drawn.
    """

    lessons: Lessons
    left: Floats
    best: int
    gain: Floats
    seed: int


def teach(lessons: Lessons, *, seed: int) -> Taught:
    """Prepare the rows once for all choosers."""
    x, rows = lessons.matrix(), np.arange(len(lessons.arm))
    half = np.random.default_rng(seed).permutation(int(lessons.member.max()) + 1)[lessons.member] % _N_HALVES
    left = lessons.outcome.copy()
    for one in range(_N_HALVES):
        judged = half == one
        model = fit_base(
            x[~judged],
            lessons.outcome[~judged],
            weight=np.ones(int((~judged).sum())),
            config=_OUTCOME_TREES,
            seed=seed + one,
            kind=Kind.AMOUNT,
        )
        left[judged] -= model.predict(x[judged])
    n_arms = lessons.probability.shape[1]
    weight = 1.0 / lessons.probability[rows, lessons.arm]
    mean = np.bincount(lessons.arm, weight * left, n_arms) / np.maximum(np.bincount(lessons.arm, weight, n_arms), 1e-12)
    score = np.tile(mean, (len(rows), 1))
    score[rows, lessons.arm] += weight * (left - mean[lessons.arm])
    best = int(np.argmax(mean))
    return Taught(lessons, left, best, score - score[:, [best]], seed)


def best_single(taught: Taught) -> Choose:
    """The same for all."""
    return lambda features: np.full(_length(features), taught.best, dtype=np.int64)


def cells(taught: Taught, columns: tuple[str, ...]) -> Choose:
    """
    In each cell of history the arm with the highest shrunk gain over the best single one.

    Cells are combinations of the columns, cut at their quantiles; an arm's gain in a cell is the normal posterior of
    the cell's mean given that of all cells (Efron and Morris 1975; spread between cells by moments).
    """
    cuts = {name: _cuts(taught.lessons.features[name]) for name in columns}
    cell = _cell_of(taught.lessons.features, cuts)
    overall = taught.gain.mean(axis=0)
    found = [one for one in np.unique(cell) if (cell == one).sum() >= _LEAST_CELL]
    mean = np.stack([taught.gain[cell == one].mean(axis=0) for one in found])
    noise = np.stack([taught.gain[cell == one].var(axis=0) / (cell == one).sum() for one in found]) + 1e-9
    spread = np.maximum(((mean - overall) ** 2 - noise).mean(axis=0), _LEAST_SPREAD)
    posterior = (mean / noise + overall / spread) / (1.0 / noise + 1.0 / spread)
    posterior[:, taught.best] = 0.0
    arm_of = dict(zip((int(one) for one in found), posterior.argmax(axis=1).tolist(), strict=True))

    def choose(features: Mapping[str, Floats]) -> Numbers:
        asked = _cell_of(features, cuts)
        return np.array([arm_of.get(int(one), taught.best) for one in asked], dtype=np.int64)

    return choose


def learner(taught: Taught, name: str) -> Mapping[str, Choose]:
    """
    None or one of the best few, where a learner of uplift foretells a gain over the best single one.

    The learner sees trials of two arms, the rival against the best single one, with the outcome less what history
    foretells of it.

    Returns:
        One way a margin of `MARGINS`: the gain must exceed it.
    """
    one, x = taught.lessons, taught.lessons.matrix()
    rivals = [arm for arm in np.argsort(-taught.gain.mean(axis=0), kind="stable") if arm not in (taught.best, NONE)]
    arms = np.array([arm for arm in (NONE, *rivals[:_N_RIVALS]) if arm != taught.best])
    fitted = []
    for arm in arms:
        trial, _ = two_arm_trial(
            x,
            tuple(one.features),
            shown=one.arm,
            chances={int(arm): one.probability[:, arm], taught.best: one.probability[:, taught.best]},
            outcome=taught.left,
            control=taught.best,
            arm=int(arm),
            owner=one.member,
        )
        fitted.append(LEARNERS[name].fit(trial, seed=taught.seed))

    def choose(features: Mapping[str, Floats], margin: float) -> Numbers:
        asked = np.stack(list(features.values()), axis=1)
        effect = np.stack([model.effect(asked) for model in fitted], axis=1)
        return np.where(effect.max(axis=1) > margin, arms[effect.argmax(axis=1)], taught.best)

    return {f"{name}_{margin}": partial(choose, margin=float(margin)) for margin in MARGINS}


def policy_tree(taught: Taught) -> Choose:
    """
    A tree of history's quantiles with an arm in each leaf, split by split the one that gains most (Zhou, Athey and
    Wager 2023, grown greedily).
    """
    grown = _grow(taught.lessons.features, taught.gain, _DEPTH)

    def choose(features: Mapping[str, Floats]) -> Numbers:
        arm = np.empty(_length(features), dtype=np.int64)
        _walk(grown, features, np.ones(len(arm), dtype=np.bool_), arm)
        return arm

    return choose


@dataclass(frozen=True, slots=True)
class _Node:
    """A leaf has an arm and no branches; unknown goes to the lower branch."""

    arm: int
    column: str = ""
    cut: float = 0.0
    branches: "tuple[_Node, _Node] | None" = None


def _grow(features: Mapping[str, Floats], gain: Floats, depth: int) -> _Node:
    total = gain.sum(axis=0)
    leaf = _Node(int(total.argmax()))
    best, found = float(total.max()), None
    if depth:
        for name, column in features.items():
            for cut in _cuts(column):
                high = column > cut
                n = int(high.sum())
                if min(n, len(high) - n) < _LEAST_LEAF:
                    continue
                above = gain[high].sum(axis=0)
                value = float(above.max() + (total - above).max())
                if value > best:
                    best, found = value, (name, float(cut), high)
    if found is None:
        return leaf
    name, cut, high = found
    branches = tuple(
        _grow({key: one[rows] for key, one in features.items()}, gain[rows], depth - 1) for rows in (~high, high)
    )
    return _Node(leaf.arm, name, cut, (branches[0], branches[1]))


def _walk(
    node: _Node, features: Mapping[str, Floats], rows: np.ndarray[tuple[int], np.dtype[np.bool_]], arm: Numbers
) -> None:
    if node.branches is None:
        arm[rows] = node.arm
        return
    high = features[node.column] > node.cut
    _walk(node.branches[0], features, rows & ~high, arm)
    _walk(node.branches[1], features, rows & high, arm)


def _cuts(column: Floats) -> Floats:
    known = column[np.isfinite(column)]
    return np.unique(np.quantile(known, np.arange(1, _CELLS) / _CELLS)) if len(known) else np.empty(0)


def _cell_of(features: Mapping[str, Floats], cuts: Mapping[str, Floats]) -> Numbers:
    cell = np.zeros(_length(features), dtype=np.int64)
    for name, edges in cuts.items():
        column = features[name]
        cell = cell * (_CELLS + 1) + np.where(np.isfinite(column), np.searchsorted(edges, column), _CELLS)
    return cell


def _length(features: Mapping[str, Floats]) -> int:
    return len(next(iter(features.values())))


def choosers(taught: Taught, learners: Sequence[str] = UPLIFT) -> Mapping[str, Choose]:
    """All ways by name, the simplest first; those of a learner end in the margin in USD."""
    held_best = "held_viewed" if taught.best == NONE else f"viewed_{taught.best - 1}"
    ways = {
        "best_single": best_single(taught),
        "cells_held_best": cells(taught, (held_best,)),
        "cells_held": cells(taught, ("held_viewed",)),
        "cells_tenure": cells(taught, ("days_a_member",)),
        "cells_spend": cells(taught, ("spent_a_day",)),
        "cells_tenure_held_best": cells(taught, ("days_a_member", held_best)),
        "policy_tree": policy_tree(taught),
    }
    for name in learners:
        ways |= learner(taught, name)
    return ways
