"""One effect on the odds: found where it was planted, and largest where an order is undecided."""

import numpy as np
import pytest
from scipy.special import expit, logit

from training.response.room import RoomLearner
from training.response.trial import Trial


def odds_trial(shift, n=60_000, seed=0, share=0.7):
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.02, 0.98, n)
    treated = rng.random(n) < share
    ordered = rng.random(n) < expit(logit(chance) + shift * treated)
    features = np.column_stack([rng.normal(size=n), chance, chance * (1 - chance)])
    return Trial(features, ("noise", "foretold", "foretold_room"), treated, np.full(n, share), ordered.astype(float))


@pytest.mark.parametrize("shift", [0.25, -0.25])
def test_the_planted_change_of_the_odds_is_found(shift):
    fitted = RoomLearner().fit(odds_trial(shift), seed=0)
    assert abs(fitted.share - shift) < 0.06
    effect = fitted.effect(np.array([[0, 0.5, 0.25], [0, 0.9, 0.09], [0, 0.0, 0.0]]))
    assert abs(effect[0]) > abs(effect[1]) > abs(effect[2]) == 0


def test_without_any_room_the_effect_is_zero():
    trial = odds_trial(0.2, n=500)
    nothing = RoomLearner().fit(
        Trial(trial.features * 0, trial.names, trial.treated, trial.probability, trial.outcome), seed=0
    )
    assert nothing.effect(np.full((3, 3), np.nan)).tolist() == [0, 0, 0]
