"""Several test windows: each judged as if it were the last, and their mean."""

import json
from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import InputError, NotEnoughDataError
from recsys.report import SILENT
from tests.training.shop import QUICK
from training import commands
from training.bootstrap import paired_gain, paired_gain_over_folds
from training.config import TrainConfig
from training.evaluate import BLEND, METRIC, METRICS
from training.pipeline import judge

N_FOLDS = 3


@pytest.fixture(scope="module")
def light(quick) -> TrainConfig:
    return TrainConfig.model_validate(quick.model_dump() | {"als": {"enabled": False}, "lightfm": {"enabled": False}})


@pytest.fixture(scope="module")
def folded(shop, light):
    return judge(shop, light, seed=0, progress=SILENT, n_folds=N_FOLDS)


@pytest.fixture(scope="module")
def report(shop, tmp_path_factory):
    path = tmp_path_factory.mktemp("folds") / "q.yaml"
    path.write_text(QUICK + "\nfrequency: {half_life_days: 60}\n")
    return commands.evaluate(shop.path, config=path, folds=2)


def rows_of(case):
    return {row.name: row for row in case.rows}


def test_every_fold_is_what_one_judgement_would_say_if_the_facts_ended_there(shop, light, folded):
    assert len(folded.folds) == N_FOLDS
    for fold in folded.folds:
        alone = judge(replace(shop, now=fold.split.end), light, seed=0, progress=SILENT)
        assert (fold.split, fold.dataset_digest, fold.weights) == (alone.split, alone.dataset_digest, alone.weights)
        for mine, same in zip(fold.cases, alone.cases, strict=True):
            assert [(row.name, row.metrics, row.gain) for row in mine.rows] == [
                (row.name, row.metrics, row.gain) for row in same.rows
            ]


def test_folds_differ(folded):
    quality = {round(rows_of(fold.cases[0])[BLEND].metrics[METRIC], 9) for fold in folded.folds}
    assert len(quality) == N_FOLDS


def test_figures_are_means_over_folds_whatever_their_sizes(folded):
    for place, case in enumerate(folded.cases):
        of_folds = [fold.cases[place] for fold in folded.folds]
        assert len({one.n_members for one in of_folds}) > 1
        assert case.n_members == sum(one.n_members for one in of_folds) == len(case.members)
        for name, row in rows_of(case).items():
            theirs = [rows_of(one)[name] for one in of_folds]
            for metric in METRICS:
                assert row.metrics[metric] == pytest.approx(np.mean([one.metrics[metric] for one in theirs]))
            coverage = [one.shown["coverage_at_10"] for one in theirs]
            assert row.shown["coverage_at_10"] == pytest.approx(np.mean(coverage))


def test_the_gain_is_over_the_one_floor_that_is_best_on_the_mean(folded):
    for case in folded.cases:
        rows = rows_of(case)
        expected = rows[BLEND].metrics[METRIC] - rows[case.best_floor].metrics[METRIC]
        assert rows[BLEND].gain.mean == pytest.approx(expected)
        assert rows[BLEND].gain.low < expected < rows[BLEND].gain.high
        assert rows[case.best_floor].gain.mean == 0.0


def test_weights_and_split_are_the_last_folds(folded):
    last = folded.folds[-1]
    assert (folded.weights, folded.split, folded.dataset_digest) == (last.weights, last.split, last.dataset_digest)


def test_one_fold_has_no_list_of_folds(shop, light, folded):
    one = judge(shop, light, seed=0, progress=SILENT)
    assert one.folds == ()
    assert one.weights == folded.folds[-1].weights


def test_the_facts_list_every_fold_and_are_json(report):
    facts = json.loads(json.dumps(report.facts, allow_nan=False))
    first, second = facts["folds"]
    assert first["split"]["end"] == second["split"]["test_at"]
    assert second["split"] == facts["split"]
    mean = np.mean([one["cases"]["all"]["rows"]["blend"]["metrics"]["ndcg_at_10"] for one in facts["folds"]])
    assert facts["cases"]["all"]["rows"]["blend"]["metrics"]["ndcg_at_10"] == pytest.approx(mean)


def test_the_tables_show_the_mean_and_each_fold(report):
    titles = [table.title for table in report.tables]
    assert titles[0].startswith("Mean of 2 test windows of 14 days, repeats allowed")
    (each,) = (table for table in report.tables if table.title == "ndcg_at_10 in each fold")
    assert [row[:3] for row in each.rows] == [
        ("2024-07-01", "2024-07-15", "with repeats"),
        ("2024-07-01", "2024-07-15", "new products"),
        ("2024-07-15", "2024-07-29", "with repeats"),
        ("2024-07-15", "2024-07-29", "new products"),
    ]
    assert any("resample members within folds" in note for note in report.notes)


def test_the_configuration_may_ask_for_folds_and_one_more_than_fit_are_refused(shop, tmp_path):
    path = tmp_path / "q.yaml"
    path.write_text("evaluation: {holdout_days: 14, folds: 8}")
    with pytest.raises(NotEnoughDataError, match=r"8 folds .* \(7 folds fit\)"):
        commands.evaluate(shop.path, config=path)
    with pytest.raises(InputError, match="0 folds"):
        commands.evaluate(shop.path, config=path, folds=0)


class TestBootstrap:
    def test_one_fold_is_the_paired_gain(self):
        rng = np.random.default_rng(3)
        ours, other = rng.normal(0.2, 1, 70), rng.normal(0, 1, 70)
        settings = {"n_resamples": 300, "confidence": 0.9}
        one = paired_gain_over_folds([ours - other], **settings, rng=np.random.default_rng(1))
        assert one == paired_gain(ours, other, **settings, rng=np.random.default_rng(1))

    def test_a_small_fold_counts_as_much_as_a_large_one(self):
        folds = [np.full(3, 0.4), np.full(900, 0.1)]
        gain = paired_gain_over_folds(folds, n_resamples=100, confidence=0.9, rng=np.random.default_rng(1))
        assert (gain.mean, gain.low, gain.high) == pytest.approx((0.25, 0.25, 0.25))

    def test_the_interval_is_that_of_independent_folds(self):
        rng = np.random.default_rng(2)
        folds = [rng.normal(0, 1, 400), rng.normal(5, 3, 900)]
        gain = paired_gain_over_folds(folds, n_resamples=4_000, confidence=0.95, rng=rng)
        error = np.sqrt(folds[0].var() / 400 + folds[1].var() / 900) / 2
        assert gain.high - gain.low == pytest.approx(2 * 1.96 * error, rel=0.08)
