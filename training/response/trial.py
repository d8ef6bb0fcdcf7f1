"""A randomised comparison as arrays: the only thing that uplift can be learnt from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trial:
    """
    Exposures of which chance decided, with known probabilities, who was shown the offer.

    Attributes:
        features: Shape (n, k), what was known before the exposure; NaN is unknown, infinite is refused.
        names: Of the k features.
        treated: Shape (n,): shown the offer, or one of the offers; False is the no_offer arm.
        probability: Shape (n,): that this row is treated, by design, above 0 and below 1; NaN: not drawn at random.
        outcome: Shape (n,), finite: 0 or 1, or money in any one unit.
        owner: Shape (n,): whose row it is; rows of one owner stay in one fold and are resampled together. None: every
            row is somebody else's.

    Example:
        >>> treated, outcome = np.array([True, False]), np.array([1.0, 0.0])
        >>> trial = Trial(np.zeros((2, 1)), ("recency",), treated, np.full(2, 0.25), outcome)
        >>> trial.weight.round(2).tolist()
        [4.0, 1.33]
    """

    features: Floats
    names: tuple[str, ...]
    treated: Bools
    probability: Floats
    outcome: Floats
    owner: Numbers | None = None

    def __len__(self) -> int:
        return len(self.treated)

    @property
    def weight(self) -> Floats:
        """Shape (n,): one over the probability of the arm that the row was in (Horvitz and Thompson 1952)."""
        return np.asarray(1.0 / np.where(self.treated, self.probability, 1.0 - self.probability))

    def take(self, rows: NDArray[np.bool_] | NDArray[np.integer]) -> "Trial":
        """Some of the rows, by mask or number."""
        columns = {name: getattr(self, name) for name in ("features", "treated", "probability", "outcome")}
        owner = {} if self.owner is None else {"owner": self.owner}
        return replace(self, **{name: column[rows] for name, column in (columns | owner).items()})

    def with_outcome(self, outcome: Floats) -> "Trial":
        """The same exposures with another thing that followed, shape (n,)."""
        return replace(self, outcome=outcome)

    def randomised(self) -> "Trial":
        """Only the rows whose probability is known."""
        return self.take(np.isfinite(self.probability))


def two_arm_trial(
    features: Floats,
    names: tuple[str, ...],
    *,
    shown: NDArray[np.integer],
    chances: Mapping[int, Floats | float],
    outcome: Floats,
    control: int = 0,
    arm: int = 1,
    owner: Numbers | None = None,
) -> tuple[Trial, Bools]:
    """
    One arm of several against the control: the rows of these two, with the chance of the one given either.

    Args:
        features: Shape (n, k), of all arms.
        names: Of the k features.
        shown: Shape (n,): number of the arm that each row was in.
        chances: By arm, at least *control* and *arm*: the probability of being shown it, one number or shape (n,).
        outcome: Shape (n,).
        control: The no_offer arm, or any other to compare with.
        arm: The arm to measure.
        owner: As in `Trial`.

    Returns:
        The trial, and the mask over the n rows that it consists of.
    """
    rows = np.isin(shown, (control, arm))
    chance = np.asarray(chances[arm], dtype=np.float64)
    probability = np.broadcast_to(chance / (chance + chances[control]), shown.shape)
    trial = Trial(
        features=features[rows],
        names=names,
        treated=shown[rows] == arm,
        probability=np.asarray(probability[rows], dtype=np.float64),
        outcome=np.asarray(outcome[rows], dtype=np.float64),
        owner=None if owner is None else owner[rows],
    )
    return trial, rows
