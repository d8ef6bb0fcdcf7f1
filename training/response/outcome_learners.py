"""Learners that foretell the outcome twice, with the offer and without it: S and T."""

from dataclasses import dataclass, field

import numpy as np

from training.response.base import BaseConfig, Boosted, fit_base, outcome_kind
from training.response.nuisance import fit_arm
from training.response.trial import Floats, Trial


@dataclass(frozen=True, slots=True)
class OneModel:
    """
    One model asked twice.

    Attributes:
        model: Of the outcome, the last feature being the arm.
        starts: Where those without the offer begin, and those shown it; near their mean outcomes.
    """

    model: Boosted
    starts: tuple[float, float]

    def effect(self, features: Floats) -> Floats:
        """Shape (n,)."""
        without, shown = (
            self.model.predict(np.column_stack([features, np.full(len(features), arm)]), start=self.starts[arm])
            for arm in (0, 1)
        )
        return shown - without


@dataclass(frozen=True, slots=True)
class SLearner:
    """
    One model with the arm as a feature (Kuenzel et al. 2019, section 2).

    Rows begin at the mean of their own arm: so trees that never look at the arm leave the mean effect (on the scale
    of the loss), where a plain S learner would leave none.
    """

    config: BaseConfig = field(default_factory=BaseConfig)
    name: str = "s"

    def fit(self, trial: Trial, *, seed: int) -> OneModel:
        """See `Learner.fit`."""
        arms = (~trial.treated, trial.treated)
        means = [float(np.average(trial.outcome[rows], weights=trial.weight[rows])) for rows in arms]
        columns = np.column_stack([trial.features, trial.treated])
        model = fit_base(
            columns,
            trial.outcome,
            weight=trial.weight,
            config=self.config,
            seed=seed,
            kind=outcome_kind(trial.outcome),
            start=np.where(trial.treated, means[1], means[0]),
        )
        starts = [
            model.levelled(columns[rows], trial.outcome[rows], trial.weight[rows], start=mean)
            for rows, mean in zip(arms, means, strict=True)
        ]
        return OneModel(model, (starts[0], starts[1]))


@dataclass(frozen=True, slots=True)
class TwoModels:
    """
    A model an arm.

    Attributes:
        without, shown: Of those not shown the offer, and of those shown it.
    """

    without: Boosted
    shown: Boosted

    def effect(self, features: Floats) -> Floats:
        """Shape (n,)."""
        return self.shown.predict(features) - self.without.predict(features)


@dataclass(frozen=True, slots=True)
class TLearner:
    """Two models, one an arm (Kuenzel et al. 2019, section 2)."""

    config: BaseConfig = field(default_factory=BaseConfig)
    name: str = "t"

    def fit(self, trial: Trial, *, seed: int) -> TwoModels:
        """See `Learner.fit`."""
        kind = outcome_kind(trial.outcome)
        arms = (fit_arm(trial, treated, config=self.config, kind=kind, seed=seed) for treated in (False, True))
        return TwoModels(*arms)
