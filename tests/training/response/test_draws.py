"""Who counts in a comparison, and with which probability."""

import numpy as np

from tests.training.response.made_up import outcomes_of
from training.response.draws import Draws, group_rows, trial_of

OFFERS = np.array([0, 1, 2, -1, 0, 1, -1, 0, -1, -1])
CAMPAIGN = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, -1])
PROBABILITY = np.array([0.1, 0.3, 0.2, 0.4, 0.5, 0.25, 0.25, 0.9, 0.1, 0.1])


def drawn(probability=PROBABILITY, campaign=CAMPAIGN):
    outcomes = outcomes_of(OFFERS, probability=probability, campaign=campaign, ordered=OFFERS > 0)
    return outcomes, Draws.of(outcomes, 3)


def test_the_probability_is_that_of_any_of_the_offers_against_none():
    outcomes, draws = drawn()
    rows, chance = group_rows(outcomes, draws, np.array([True, True, False]))
    assert rows.tolist() == [0, 1, 3, 4, 5, 6, 7, 8]
    np.testing.assert_allclose(chance, [0.5, 0.5, 0.5, 0.75, 0.75, 0.75, 0.9, 0.9])


def test_a_campaign_without_the_offers_says_nothing_of_them():
    outcomes, draws = drawn()
    rows, chance = group_rows(outcomes, draws, np.array([False, False, True]))
    assert rows.tolist() == [2, 3]
    np.testing.assert_allclose(chance, [1 / 3, 1 / 3])


def test_campaigns_without_a_control_arm_and_with_varying_probabilities_are_left_out_and_counted():
    varying = PROBABILITY.copy()
    varying[[4, 8]] = 0.4, 0.2
    campaign = np.append(CAMPAIGN[:4], [1, 1, 1, 3, 3, -1])
    outcomes = outcomes_of(np.append(OFFERS[:4], [0, 0, -1, 0, 1, -1]), probability=varying, campaign=campaign,
                           ordered=OFFERS > 0)  # fmt: skip
    draws = Draws.of(outcomes, 3)
    assert draws.usable.tolist() == [True, False, False, False]
    assert (draws.n_varying, draws.n_without_control) == (1, 1)


def test_where_chance_decided_nothing_there_is_no_comparison():
    for certain in (1.0, np.nan, 0.0):
        outcomes, draws = drawn(np.full(10, certain))
        assert not outcomes.random.any()
        assert not draws.usable.any()
        assert not len(group_rows(outcomes, draws, np.array([True, True, True]))[0])


def test_a_trial_has_the_rows_and_their_owners():
    outcomes, draws = drawn()
    features = np.arange(20.0).reshape(10, 2)
    rows, chance = group_rows(outcomes, draws, np.array([False, True, False]))
    trial = trial_of(outcomes, features, ("a", "b"), rows=rows, chance=chance)
    assert trial.treated.tolist() == [True, False, True, False]
    assert trial.outcome.tolist() == [1, 0, 1, 0]
    assert trial.owner.tolist() == rows.tolist() == [1, 3, 5, 6]
    np.testing.assert_array_equal(trial.features, features[rows])
