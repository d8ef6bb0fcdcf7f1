"""The learner between one effect for all and a line: one effect on the odds, largest where an order is undecided."""

from dataclasses import dataclass

import numpy as np

from training.response.foretold import FORETOLD
from training.response.trial import Floats, Trial

_CHANCE, _ROOM = FORETOLD


@dataclass(frozen=True, slots=True)
class RoomEffect:
    """
    A share of the room that there is for an effect.

    Attributes:
        share: Change of the log-odds.
        column: Of the room p (1 - p) among the features.
    """

    share: float
    column: int

    def effect(self, features: Floats) -> Floats:
        """Shape (n,): share x p (1 - p), the first term of what a change of the log-odds does to a chance p."""
        return np.asarray(self.share * np.nan_to_num(features[:, self.column]))


@dataclass(frozen=True, slots=True)
class RoomLearner:
    """
    One number: the regression of what is left of the outcome on what is left of the treatment times the room.

    Whoever orders anyway, and whoever does not order whatever happens, is moved least. A residual regression as the R
    learner's (Nie and Wager 2021, eq. 4) with a single column. It needs the columns of `FORETOLD`.
    """

    name: str = "room"

    def fit(self, trial: Trial, *, seed: int) -> RoomEffect:
        """Needs no seed; it is there for the protocol."""
        del seed
        column = trial.names.index(_ROOM)
        drive = (trial.treated - trial.probability) * np.nan_to_num(trial.features[:, column])
        left = trial.outcome - np.nan_to_num(trial.features[:, trial.names.index(_CHANCE)])
        # Weighted, so that the number is that of all rows, not of those where the draw was nearest to even.
        weight = 1.0 / (trial.probability * (1 - trial.probability))
        spread = float(weight @ drive**2)
        return RoomEffect(float(weight @ (drive * left)) / spread if spread > 0 else 0.0, column)
