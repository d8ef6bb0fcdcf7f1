"""What every learner of uplift is: fit a trial, then give the effect of any features."""

from typing import Protocol

from training.response.trial import Floats, Trial


class FittedLearner(Protocol):
    """What a trial taught."""

    def effect(self, features: Floats) -> Floats:
        """
        Shape (n,): how much the offer changes the expected outcome of each row, in the outcome's unit.

        Args:
            features: Shape (n, k), as in the trial; NaN where nothing is known.
        """
        ...


class Learner(Protocol):
    """A way to learn an effect."""

    @property
    def name(self) -> str:
        """Stable, snake_case; the bundle and tables say it."""
        ...

    def fit(self, trial: Trial, *, seed: int) -> FittedLearner:
        """Learn from a trial that `check_trial` let pass; same trial and seed, same effects."""
        ...
