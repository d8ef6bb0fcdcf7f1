"""How much more or less than their cell each member is moved by a group of offers, as far as a comparison shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError, NotEnoughDataError
from training.exposures import Outcomes
from training.response.choose import Choice, choose
from training.response.draws import Draws, group_rows, trial_of
from training.response.groups import OfferGroups
from training.response.intervals import FittedEffects, fit_effects
from training.response.learner import Learner
from training.response.learners import LEARNERS
from training.response.room import RoomLearner
from training.response.trial import Floats, Trial
from training.response_config import DeviationConfig

SIMPLEST = "mean"
MEMBER_LEARNERS: dict[str, Learner] = {SIMPLEST: LEARNERS[SIMPLEST], "room": RoomLearner()} | dict(LEARNERS)
"""Those on arrays, and the one that knows what is among the columns; the simplest first."""

_BLOCK = 100_000


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known, as `training.response.known` gives it.

    Attributes:
        names: Of the k columns.
        then: Shape (n_exposures, k): at the exposures.
        now: Shape (n_members, k): at the cut-off.
        cell: Shape (n_members,), int64: number of each member's cell of stage and tier.
    """

    names: tuple[str, ...]
    then: Floats
    now: Floats
    cell: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """
    What was found of one group of offers.

    Attributes:
        name: Of the group.
        n_offers, n_treated, n_control: Its size.
        learner: Chosen; ``mean`` where members do not differ so that it could be shown.
        reason: In words.
        choice: All learners with their Qini coefficient; absent where nothing could be compared.
        spread: Standard deviation of the members' deviations, in probability of an order.
        fitted: Facts of the chosen learner; empty for the mean.
    """

    name: str
    n_offers: int
    n_treated: int
    n_control: int
    learner: str
    reason: str
    choice: Choice | None
    spread: float
    fitted: Mapping[str, Any]

    def facts(self) -> dict[str, Any]:
        """JSON-able."""
        names = ("name", "n_offers", "n_treated", "n_control", "learner", "reason", "spread")
        judged = {} if self.choice is None else self.choice.facts()
        return {name: getattr(self, name) for name in names} | {
            "best": judged.get("best"),
            "qini": judged.get("qini", {}),
            "fitted": dict(self.fitted),
        }


@dataclass(frozen=True, slots=True)
class Deviations:
    """
    Members' own deviations from the uplift of their cell.

    Attributes:
        mean, sd: Shape (n_members, n_groups), float16; 0 where members were not told apart.
        findings: One a group.
    """

    mean: NDArray[np.float16]
    sd: NDArray[np.float16]
    findings: tuple[GroupFinding, ...]


def fit_deviations(
    outcomes: Outcomes, known: Known, groups: OfferGroups, draws: Draws, *, config: DeviationConfig, seed: int
) -> Deviations:
    """
    Compare each group of offers with none, choose a learner by cross-fitted Qini, and keep what it says beyond cells.

    A deviation is the member's foretold effect less the mean of that over the members of the same cell, so that cells
    stay right on average. What is foretold is pulled towards the mean as far as differences proved to be noise on
    exposures that were not learnt from; see `fit_effects`.

    Args:
        outcomes: Exposures.
        known: Of the members then and now.
        groups: Of offers.
        draws: Of the exposures.
        config: Learners, and how they are judged.
        seed: Same exposures and seed, same deviations.
    """
    shape = (len(known.now), len(groups.names))
    mean, sd = np.zeros(shape, dtype=np.float16), np.zeros(shape, dtype=np.float16)
    findings = []
    for number, name in enumerate(groups.names):
        rows, chance = group_rows(outcomes, draws, groups.members_of[number])
        n_treated = int((outcomes.offer[rows] >= 0).sum())
        if len(rows) > config.max_rows:
            drawn = np.sort(np.random.default_rng([seed, number]).choice(len(rows), config.max_rows, replace=False))
            rows, chance = rows[drawn], chance[drawn]
        trial = trial_of(outcomes, known.then, known.names, rows=rows, chance=chance)
        choice, fitted, reason = _learnt(trial, config, seed)
        if fitted is not None:
            mean[:, number], sd[:, number] = _beyond_cells(fitted, known)
        findings.append(
            GroupFinding(
                name=name,
                n_offers=int(groups.members_of[number].sum()),
                n_treated=n_treated,
                n_control=int((~trial.treated).sum()),
                learner=SIMPLEST if fitted is None else fitted.name,
                reason=reason,
                choice=choice,
                spread=float(mean[:, number].astype(np.float64).std()) if len(mean) else 0.0,
                fitted={} if fitted is None else fitted.facts(),
            )
        )
    return Deviations(mean, sd, tuple(findings))


def _learnt(trial: Trial, config: DeviationConfig, seed: int) -> tuple[Choice | None, FittedEffects | None, str]:
    """The choice and what the chosen learner learnt; nothing where members are not told apart, and why."""
    learners: dict[str, Learner] = {name: MEMBER_LEARNERS[name] for name in config.learners}
    try:
        choice = choose(trial, learners, n_folds=config.n_folds, n_resamples=config.n_resamples, seed=seed)
        if choice.name == SIMPLEST:
            return choice, None, "no learner ranks members better than by more than one standard error"
        fitted = fit_effects(trial, MEMBER_LEARNERS[choice.name], n_refits=config.n_refits, seed=seed)
    except (InputError, NotEnoughDataError) as error:
        return None, None, str(error)
    if fitted.slope == 0:
        return choice, None, f"on halves not learnt from, what {choice.name} foretells is noise"
    best = "the best" if choice.name == choice.best else f"the simplest within one standard error of {choice.best}"
    return choice, fitted, best


def _beyond_cells(fitted: FittedEffects, known: Known) -> tuple[Floats, Floats]:
    effect, sd = np.empty(len(known.now)), np.empty(len(known.now))
    for start in range(0, len(known.now), _BLOCK):
        block = slice(start, start + _BLOCK)
        found = fitted.effects(known.now[block])
        effect[block], sd[block] = found.mean, found.sd
    n = np.bincount(known.cell)
    of_cell = np.bincount(known.cell, effect) / np.maximum(n, 1)
    # How sure the mean effect is, the cell says.
    own = np.sqrt(np.maximum(sd**2 - fitted.level_sd**2, 0.0))
    return effect - of_cell[known.cell], own
