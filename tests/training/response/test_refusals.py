"""What is not called uplift, and what is said then."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import InputError, NotEnoughDataError
from tests.training.response.trials import planted
from training.response.choose import choose
from training.response.intervals import fit_effects
from training.response.learners import LEARNERS
from training.response.refusals import MIN_ARM, check_trial

TRIAL, _ = planted(400)


def test_a_proper_trial_passes():
    check_trial(TRIAL)


def test_without_randomisation_it_is_propensity_and_the_message_says_what_to_log():
    observed = replace(TRIAL, probability=np.full(400, np.nan))
    with pytest.raises(InputError, match=r"propensity, not uplift.*no_offer arm, and log the probability"):
        choose(observed, seed=1)


def test_some_rows_without_a_probability_are_to_be_left_out_by_the_caller():
    probability = TRIAL.probability.copy()
    probability[3] = np.nan
    with pytest.raises(InputError, match=r"1 of 400 exposures.*randomised\(\)"):
        check_trial(replace(TRIAL, probability=probability))


@pytest.mark.parametrize("certain", [0.0, 1.0, -0.1, 1.5])
def test_chance_must_decide(certain):
    probability = TRIAL.probability.copy()
    probability[0] = certain
    with pytest.raises(InputError, match=f"the first is {certain:g}"):
        check_trial(replace(TRIAL, probability=probability))


@pytest.mark.parametrize(("arm", "words"), [(True, "shown the offer and none"), (False, "without the offer and none")])
def test_one_arm_only_is_refused(arm, words):
    with pytest.raises(InputError, match=words):
        fit_effects(replace(TRIAL, treated=np.full(400, arm)), LEARNERS["mean"], seed=1)


def test_a_few_rows_are_not_enough():
    rows = np.concatenate([np.flatnonzero(TRIAL.treated)[: MIN_ARM - 1], np.flatnonzero(~TRIAL.treated)[:MIN_ARM]])
    with pytest.raises(NotEnoughDataError, match=f"at least {MIN_ARM}"):
        check_trial(TRIAL.take(rows))


@pytest.mark.parametrize("arm", [True, False])
def test_many_rows_of_a_few_owners_are_not_enough(arm):
    owner = np.arange(400)
    rows = np.flatnonzero(TRIAL.treated == arm)
    owner[rows] = rows % (MIN_ARM - 1)
    with pytest.raises(NotEnoughDataError, match=f"belong to .*{MIN_ARM - 1}.*at least {MIN_ARM} different"):
        check_trial(replace(TRIAL, owner=owner))
    owner[rows] = rows % MIN_ARM
    check_trial(replace(TRIAL, owner=owner))


def test_one_draw_for_all_rows_of_an_owner_is_no_mismatch():
    # 255 of 400 owners at 1/2: p = 4e-8. Counted row by row p is below 1e-100.
    owner = np.repeat(np.arange(400), 20)
    trial = planted(8_000)[0]
    check_trial(replace(trial, treated=owner < 255, owner=owner))
    with pytest.raises(InputError, match="the log and the draw disagree"):
        check_trial(replace(trial, treated=owner < 255))
    with pytest.raises(InputError, match="the log and the draw disagree"):
        check_trial(replace(trial, treated=owner < 300, owner=owner))


@pytest.mark.parametrize("outcome", [0.0, 1.0, 12.5])
def test_equal_outcomes_teach_nothing(outcome):
    with pytest.raises(NotEnoughDataError, match=f"outcomes are {outcome:g}"):
        check_trial(TRIAL.with_outcome(np.full(400, outcome)))


def test_shares_that_contradict_the_logged_probability_are_refused():
    with pytest.raises(InputError, match="the log and the draw disagree"):
        check_trial(replace(TRIAL, probability=np.full(400, 0.1)))


def test_no_finite_outcome_is_refused():
    outcome = TRIAL.outcome.copy()
    outcome[5] = np.nan
    with pytest.raises(InputError, match="1 outcomes are no finite numbers"):
        check_trial(TRIAL.with_outcome(outcome))


def test_arms_that_are_numbers_are_refused():
    with pytest.raises(InputError, match="treated is of type int64; it must be bool"):
        check_trial(replace(TRIAL, treated=TRIAL.treated.astype(np.int64)))


def test_an_infinite_feature_is_refused():
    features = TRIAL.features.copy()
    features[2, 1] = np.inf
    with pytest.raises(InputError, match="infinite"):
        check_trial(replace(TRIAL, features=features))


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InputError, match=r"outcome has the shape \(399,\)"):
        check_trial(replace(TRIAL, outcome=TRIAL.outcome[1:]))
    with pytest.raises(InputError, match="4 names"):
        check_trial(replace(TRIAL, features=TRIAL.features[:, :2]))
