"""The bench of offers and none: waves parted by time, blind to what followed, and a difference that is found."""

import json

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks import run
from experiments.benchmarks.offer_response import choose
from experiments.benchmarks.offer_response_cases import held_offers, read_offer_waves, wave_features
from recsys.errors import InputError, NotEnoughDataError, SourceError
from tests.experiments.benchmarks.offer_waves import END, HOURS, N_MEMBERS, log, write_waves

LEARNERS = ("s",)
"""Enough where it is not asked which learner is best."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("app")
    write_waves(path, log())
    return path


@pytest.fixture(scope="module")
def waves(folder):
    return read_offer_waves(folder)


@pytest.fixture(scope="module")
def facts(folder):
    return json.loads(json.dumps(run("offer_response", {"data": folder, "resamples": 60}).facts, allow_nan=False))


@pytest.fixture(scope="module")
def chosen(waves):
    return choose(waves, 1, learners=LEARNERS)


def test_it_needs_a_folder():
    with pytest.raises(InputError, match="offer_response needs --data DIR"):
        run("offer_response", {})


def test_a_folder_without_the_log_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"transcript\.parquet cannot be read"):
        run("offer_response", {"data": tmp_path})


def test_too_few_waves_are_refused(tmp_path):
    write_waves(tmp_path, log(n_members=40).filter(pl.col("time") < HOURS[4]), n_members=40)
    with pytest.raises(NotEnoughDataError, match="4 waves; 5 are needed"):
        read_offer_waves(tmp_path)


def test_two_offers_in_one_wave_are_refused(tmp_path):
    events = log(n_members=40)
    twice = events.filter((pl.col("event") == "offer received") & (pl.col("time") == 168)).head(1)
    write_waves(tmp_path, pl.concat([events, twice]), n_members=40)
    with pytest.raises(SourceError, match="the wave of hour 168 gives a member two offers"):
        read_offer_waves(tmp_path)


def test_the_last_two_waves_judge_and_outcomes_of_training_end_before_them(waves):
    assert [waves.hours[one] for one in waves.train] == [0, 168, 336, 408]
    assert [waves.hours[one] for one in waves.test] == [504, 576]
    assert waves.window == 504 - 408
    assert max(waves.hours[one] + waves.window for one in waves.train) <= waves.hours[waves.test[0]]
    assert waves.whole_window == END + 6 - 576


def test_arms_are_those_of_the_log(waves):
    received = log().filter((pl.col("event") == "offer received") & (pl.col("time") == 336))
    expected = np.zeros(N_MEMBERS, dtype=int)
    expected[received["person_idx"].to_numpy()] = received["offer_idx"].to_numpy() + 1
    np.testing.assert_array_equal(waves.arm[2], expected)
    assert waves.shares(2).sum() == pytest.approx(1.0)
    assert waves.kind == ("discount", "bogo", "bogo")
    assert waves.duration.tolist() == [168, 240, 120]


def small(tmp_path, rows):
    """Waves of 40 members with the events of member 5 replaced."""
    events = log(n_members=40).filter(pl.col("person_idx") != 5)
    mine = pl.DataFrame(rows, schema=events.schema, orient="row")
    write_waves(tmp_path, pl.concat([events, mine]), n_members=40)
    return read_offer_waves(tmp_path)


def test_an_outcome_is_spend_less_rewards_within_the_window(tmp_path):
    read = small(
        tmp_path,
        [
            (330, 5, "transaction", None, 100.0, None),
            (336, 5, "transaction", None, 7.5, None),
            (426, 5, "transaction", None, 300.0, None),
            (426, 5, "offer completed", 1, None, 2),
            (426, 5, "offer completed", 1, None, 2),
            (432, 5, "transaction", None, 50.0, None),
        ],
    )
    assert read.outcome(2, hours=96)[5] == pytest.approx(7.5 + 300.0 - 4.0)
    assert read.outcome(2, hours=96, cap=20.0)[5] == pytest.approx(7.5 + 20.0 - 4.0)
    assert read.outcome(2, hours=102)[5] == pytest.approx(7.5 + 300.0 + 50.0 - 4.0)


def test_an_offer_is_held_until_it_is_completed_or_runs_out(tmp_path):
    received = [(336, 5, "offer received", 2, None, None), (168, 5, "offer received", 1, None, None)]
    read = small(tmp_path, [*received, (400, 5, "offer viewed", 2, None, None)])
    # Offer 1 lasts ten days, offer 2 five: both are live at hour 406, and at 504 neither is.
    assert held_offers(read, 3).live[5].tolist() == [0, 0, 1]
    assert held_offers(read, 2).live[5].tolist() == [0, 1, 0]
    assert held_offers(read, 3).viewed[5].tolist() == [0, 0, 1]
    assert held_offers(read, 4).live[5].tolist() == [0, 0, 0]
    completed = small(tmp_path, [*received, (402, 5, "offer completed", 2, None, 5)])
    assert held_offers(completed, 3).live[5].tolist() == [0, 0, 0]


def test_features_are_of_what_came_before_the_wave(waves, folder, tmp_path):
    write_waves(tmp_path, log().filter((pl.col("time") < 504) | (pl.col("event") == "offer received")))
    cut = read_offer_waves(tmp_path)
    before, after = wave_features(waves, 4), wave_features(cut, 4)
    assert "income" not in before
    assert not {"age", "gender"} & set(before)
    for name, column in before.items():
        np.testing.assert_allclose(column, after[name], err_msg=name)


def test_what_follows_the_test_waves_changes_no_choice(waves, tmp_path):
    events = log()
    after = (pl.col("time") >= 576) & (pl.col("event") != "offer received")
    changed = events.with_columns(
        amount=pl.when(after).then(900.0 - pl.col("amount")).otherwise(pl.col("amount")),
        reward=pl.when(after).then(1).otherwise(pl.col("reward")),
    )
    write_waves(tmp_path, changed)
    other = read_offer_waves(tmp_path)
    assert not np.allclose(waves.outcome(5, hours=96), other.outcome(5, hours=96))
    first, second = (choose(one, 2, learners=LEARNERS) for one in (waves, other))
    assert (first.way, first.best, first.tried) == (second.way, second.best, second.tried)
    for name, policy in first.policies.items():
        np.testing.assert_array_equal(policy, second.policies[name], err_msg=name)


def test_the_wave_of_504_is_chosen_for_by_what_came_before_it(waves, tmp_path):
    events = log()
    after = (pl.col("time") >= 504) & (pl.col("event") == "transaction")
    write_waves(tmp_path, events.with_columns(amount=pl.when(after).then(500.0).otherwise(pl.col("amount"))))
    first, second = (choose(one, 2, learners=LEARNERS) for one in (waves, read_offer_waves(tmp_path)))
    assert first.tried == second.tried
    np.testing.assert_array_equal(first.policies["ours"][:N_MEMBERS], second.policies["ours"][:N_MEMBERS])


def test_who_answers_which_offer_is_found(chosen, facts):
    arm = chosen.policies["ours"].argmax(axis=1)
    right = np.tile(np.where(np.arange(N_MEMBERS) % 2 == 0, 2, 1), 2)
    assert (arm == right).mean() > 0.9
    assert facts["way"] != "best_single"
    assert facts["gain"]["over"] == "best_single"
    assert facts["gain"]["low"] > 1.0


def test_an_offer_that_is_completed_and_causes_nothing_does_not_win_but_by_propensity(facts, chosen):
    assert (chosen.policies["propensity"].argmax(axis=1) == 3).mean() > 0.9
    assert facts["value"]["propensity"]["mean"] < facts["value"]["ours"]["mean"] - 2
    assert facts["value"]["none"]["mean"] < facts["value"]["ours"]["mean"] - 2


def test_every_way_to_judge_says_the_same_of_a_large_effect(facts):
    assert set(facts["otherwise"]) == {"winsorised", "self_normalised", "whole_window"}
    for one in facts["otherwise"].values():
        assert one["gain_over"]["best_single"]["mean"] > 1.0
    assert {"fit_cpu_s", "peak_rss_mb", "window_hours", "tried"} <= set(facts)


def test_where_nothing_is_caused_nothing_is_claimed(tmp_path):
    write_waves(tmp_path, log(effect=1.0, seed=9, n_members=400), n_members=400)
    facts = run("offer_response", {"data": tmp_path, "resamples": 60}).facts
    # Half of those who answer are paid 2 for spending 1 more.
    assert facts["gain_over"]["none"]["low"] < 0.5
    assert facts["gain"]["low"] <= 0.5


def test_income_is_looked_at_only_where_asked_for(waves):
    assert "income" in wave_features(waves, 1, income=True)
    assert np.isnan(wave_features(waves, 1, income=True)["income"][3])
