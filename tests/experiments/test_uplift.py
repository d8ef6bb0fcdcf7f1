"""The benchmark of uplift on small made-up folders of the same form as the public ones."""

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks import run
from experiments.benchmarks.uplift_cases import ARMS, read_mail_test, read_promotion_test
from experiments.benchmarks.uplift_mail import corrected_interval, stratified_half
from experiments.benchmarks.uplift_promotion import count_sent
from recsys.errors import InputError, SourceError
from training.response.trial import Trial


def mail_frame(n=2_400, seed=0):
    rng = np.random.default_rng(seed)
    womens, arm = rng.integers(0, 2, n), rng.integers(0, 3, n)
    # Each e-mail brings those of its own department.
    chance = 0.2 + 0.5 * np.where(womens == 1, arm == 2, arm == 1)
    visit = rng.random(n) < chance
    return pl.DataFrame(
        {
            "recency": rng.integers(1, 13, n),
            "history": rng.gamma(2.0, 100.0, n),
            "mens": 1 - womens,
            "womens": womens,
            "newbie": rng.integers(0, 2, n),
            "zip_code": rng.choice(["Urban", "Surburban", "Rural"], n),
            "channel": rng.choice(["Phone", "Web", "Multichannel"], n),
            "segment": np.array(ARMS)[arm],
            "visit": visit.astype(np.int64),
            "conversion": visit.astype(np.int64),
            "spend": np.where(visit, rng.gamma(2.0, 10.0, n), 0.0),
        }
    )


def promotion_frame(n=6_000, seed=0):
    rng = np.random.default_rng(seed)
    frame = {f"V{number}": rng.integers(1, 5, n) for number in range(1, 8)}
    sent = rng.integers(0, 2, n)
    bought = rng.random(n) < 0.02 + 0.1 * sent * (frame["V4"] <= 2)
    return pl.DataFrame(
        frame
        | {
            "ID": np.arange(n),
            "Promotion": sent,
            "purchase": bought.astype(np.int64),
            "split": np.where(np.arange(n) < n * 2 // 3, "train", "test"),
        }
    )


@pytest.fixture(scope="module")
def mail(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail")
    mail_frame().write_parquet(folder / "hillstrom.parquet")
    return folder, run("uplift", {"data": folder, "resamples": 20, "splits": 3})


@pytest.fixture(scope="module")
def promotion(tmp_path_factory):
    folder = tmp_path_factory.mktemp("promotion")
    promotion_frame().write_parquet(folder / "experiment.parquet")
    return folder, run("uplift", {"data": folder, "resamples": 20})


def test_a_planted_difference_between_e_mails_is_a_gain_over_the_best_single_one(mail):
    facts = mail[1].facts
    assert facts["gain"]["low"] > 0
    assert facts["verdict"] == "better than the best single arm"
    assert facts["gain"]["low"] < facts["gain"]["mean"] < facts["gain"]["high"]
    assert facts["sent_share"]["Mens E-Mail"] == pytest.approx(0.5, abs=0.1)


def test_every_learner_has_its_qini_for_both_e_mails_and_outcomes(mail):
    qini = mail[1].facts["qini"]
    assert list(qini) == [f"{name}, {outcome}" for name in ARMS[1:] for outcome in ("visit", "spend")]
    for one in qini.values():
        assert list(one)[1:] == ["mean", "linear", "class_transformation", "s", "t", "x", "dr"]
        assert one["dr"]["low"] <= one["dr"]["value"] <= one["dr"]["high"]


def test_the_cost_of_an_e_mail_is_said_and_a_high_one_keeps_all_from_being_sent(mail):
    folder, report = mail
    assert "0.05 USD" in report.notes[0]
    dear = run("uplift", {"data": folder, "resamples": 20, "splits": 2, "contact_cost_minor": 100_000}).facts
    assert dear["sent_share"]["No E-Mail"] == 1.0
    assert dear["value"]["everybody: Mens E-Mail"] < -900


def test_the_promotion_goes_to_those_it_moves(promotion):
    facts = promotion[1].facts
    assert 0.3 <= facts["sent_share"] <= 0.6
    assert facts["irr"] > 1.5 * facts["everybody"]["irr"]
    assert facts["nir"] > facts["everybody"]["nir"]
    assert facts["published"] == {"nir": 189.45, "irr": 0.0188}


def test_the_test_part_has_no_say_in_what_is_chosen(promotion, tmp_path):
    frame = promotion_frame()
    other = frame.with_columns(
        pl.when(pl.col("split") == "test").then(1 - pl.col("purchase")).otherwise(pl.col("purchase")).alias("purchase")
    )
    other.write_parquet(tmp_path / "experiment.parquet")
    facts, changed = promotion[1].facts, run("uplift", {"data": tmp_path, "resamples": 20}).facts
    for name in ("share_on_train", "sent_share", "qini", "effects", "nir_on_train"):
        assert facts[name] == changed[name]
    assert facts["nir"] != changed["nir"]


def test_a_promotion_that_moves_nobody_is_sent_to_nobody(tmp_path):
    frame = promotion_frame(3_000)
    frame.with_columns((pl.col("ID") % 50 == 0).cast(pl.Int64).alias("purchase")).write_parquet(
        tmp_path / "experiment.parquet"
    )
    facts = run("uplift", {"data": tmp_path, "resamples": 20}).facts
    assert facts["sent_share"] == 0.0
    assert facts["nir"] == 0.0


def test_net_revenue_is_counted_by_hand():
    trial = Trial(
        np.zeros((5, 1)),
        ("a",),
        np.array([True, True, False, False, True]),
        np.full(5, 0.5),
        np.array([1.0, 0.0, 1.0, 0.0, 1.0]),
    )
    sent = count_sent(trial, np.array([True, True, True, True, False]))
    assert sent.nir == pytest.approx(10 - 0.30 - 10)
    assert sent.irr == pytest.approx(0.5 - 0.5)
    assert sent.share == pytest.approx(0.8)


def test_halves_hold_half_of_every_arm():
    arm = np.repeat([0, 1, 2], [10, 21, 40])
    assert np.bincount(arm[stratified_half(arm, 1)]).tolist() == [5, 10, 20]


def test_the_interval_over_splits_is_wider_than_that_of_independent_figures():
    gains = np.array([1.0, 2.0, 3.0, 4.0])
    one = corrected_interval(gains)
    assert one.mean == 2.5
    # t(3) at 97.5 % is 3.1824; the variance of the gains is 5/3.
    assert one.high - one.mean == pytest.approx(3.182446 * np.sqrt((0.25 + 1) * 5 / 3), rel=1e-5)


def test_features_are_what_is_known_before_the_e_mail(mail, promotion):
    names = read_mail_test(mail[0]).names
    assert {"recency", "history", "zip_code_rural", "channel_web"} <= set(names)
    assert not {"visit", "conversion", "spend", "segment"} & set(names)
    assert read_promotion_test(promotion[0]).train.names == tuple(f"V{number}" for number in range(1, 8))


def test_folders_of_another_form_are_refused(tmp_path):
    with pytest.raises(SourceError, match=r"none of hillstrom\.parquet"):
        run("uplift", {"data": tmp_path})
    with pytest.raises(InputError, match="--data DIR"):
        run("uplift", {})
    with pytest.raises(InputError, match="splits is 1"):
        run("uplift", {"data": tmp_path, "splits": 1})
    mail_frame(10).with_columns(pl.lit("Spam").alias("segment")).write_parquet(tmp_path / "hillstrom.parquet")
    with pytest.raises(SourceError, match="Spam"):
        run("uplift", {"data": tmp_path})
    promotion_frame(10).with_columns(pl.lit("train").alias("split")).write_parquet(tmp_path / "experiment.parquet")
    with pytest.raises(SourceError, match="split == test"):
        read_promotion_test(tmp_path)


def test_our_count_of_sending_to_everybody_is_the_one_that_the_public_set_states(public_data):
    frame = read_promotion_test(public_data / "starbucks_promo_experiment")
    everybody = count_sent(frame.test, np.ones(len(frame.test), dtype=bool))
    assert everybody.nir == pytest.approx(-1132.20)
    assert everybody.irr == pytest.approx(0.0096, abs=1e-4)
