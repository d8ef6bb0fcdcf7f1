"""A comparison as arrays."""

from dataclasses import replace

import numpy as np

from tests.training.response.trials import planted
from training.response.trial import Trial, two_arm_trial


def test_a_row_weighs_one_over_the_chance_of_its_own_arm():
    trial = Trial(np.zeros((2, 1)), ("a",), np.array([True, False]), np.array([0.2, 0.2]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(trial.weight, [5.0, 1.25])


def test_some_rows_keep_all_columns_together():
    trial, _ = planted(50)
    trial = replace(trial, owner=np.arange(50))
    some = trial.take(np.array([7, 3]))
    assert some.owner.tolist() == [7, 3]
    for name in ("features", "treated", "probability", "outcome"):
        np.testing.assert_array_equal(getattr(some, name), getattr(trial, name)[[7, 3]])


def test_rows_without_a_probability_are_left_out_on_request():
    trial = Trial(np.zeros((3, 1)), ("a",), np.array([True, False, True]), np.array([0.5, np.nan, 0.5]), np.arange(3.0))
    assert trial.randomised().outcome.tolist() == [0.0, 2.0]


def test_one_arm_of_several_has_its_chance_among_the_two():
    shown = np.array([0, 1, 2, 0, 2])
    trial, rows = two_arm_trial(
        np.arange(5.0)[:, None],
        ("a",),
        shown=shown,
        chances={0: 0.1, 1: 0.6, 2: 0.3},
        outcome=np.arange(5.0),
        arm=2,
    )
    assert rows.tolist() == [True, False, True, True, True]
    assert trial.treated.tolist() == [False, True, False, True]
    np.testing.assert_allclose(trial.probability, 0.75)
    assert trial.outcome.tolist() == [0.0, 2.0, 3.0, 4.0]
