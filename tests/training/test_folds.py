"""Several test windows: each judged as if it were the last, and their mean."""

import json
from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import InputError, NotEnoughDataError
from recsys.ragged import Ragged
from recsys.report import SILENT
from tests.training.shop import QUICK
from training import commands
from training.beyond_accuracy import SHOWN
from training.bootstrap import paired_gain, paired_gain_over_folds
from training.cases import Case
from training.config import EvaluationConfig, TrainConfig
from training.evaluate import BLEND, FLOORS, METRIC, METRICS, Measured, summarise
from training.fit import Cost
from training.pipeline import judge
from training.slices import Slice

N_FOLDS = 3


@pytest.fixture(scope="module")
def light(quick) -> TrainConfig:
    off = {name: {"enabled": False} for name in ("als", "lightfm")}
    return TrainConfig.model_validate(quick.model_dump() | off)


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


class TestSummary:
    """Folds made by hand: what is pooled, and what cannot be."""

    N_LISTED = 40

    def fold(self, rankers, seed, *, n_active):
        rng = np.random.default_rng(seed)
        members = np.arange(self.N_LISTED, dtype=np.int32)
        case = Case(
            "all", members, Ragged.of([[0]] * self.N_LISTED), np.ones(3, dtype=bool), Ragged.of([[]] * self.N_LISTED),
            share_reachable=1.0, n_eligible=self.N_LISTED + 5,
        )  # fmt: skip
        figures = {name: {metric: rng.random(self.N_LISTED) for metric in METRICS} for name in rankers}
        shown = {name: dict.fromkeys(SHOWN) | {"coverage_at_10": 0.25 * (seed + 1)} for name in rankers}
        slices = (Slice("stage", "active", METRIC, {name: figures[name][METRIC][:n_active] for name in rankers}),)
        return Measured(case, figures, shown, slices, {BLEND: Cost(float(seed), 100.0 - seed)})

    def summary(self, *folds):
        return summarise(folds, EvaluationConfig(n_resamples=100), np.random.default_rng(0))

    def test_a_ranker_that_some_fold_lacks_has_no_row(self):
        first = self.fold((*FLOORS, "als", "lately_served", BLEND), 1, n_active=40)
        second = self.fold((*FLOORS, "als", BLEND), 2, n_active=40)
        assert list(rows_of(self.summary(first, second))) == [*FLOORS, "als", BLEND]
        assert list(rows_of(self.summary(second, first))) == [*FLOORS, "als", BLEND]

    def test_costs_are_the_mean_and_memory_the_highest(self):
        folds = (self.fold((*FLOORS, BLEND), seed, n_active=40) for seed in (1, 2))
        blend = rows_of(self.summary(*folds))[BLEND]
        assert (blend.cpu_s, blend.peak_rss_mb) == (1.5, 99.0)
        assert blend.shown["coverage_at_10"] == pytest.approx((0.5 + 0.75) / 2)
        assert blend.shown["price_minor_at_10"] is None

    def test_a_slice_is_the_mean_over_the_folds_in_which_it_is_large_enough(self):
        large, small = (self.fold((*FLOORS, BLEND), seed, n_active=n) for seed, n in ((1, 31), (2, 29)))
        result = self.summary(large, small)
        (active,) = result.slices
        assert active["n_members"] == 31
        assert active["blend"] == pytest.approx(large.figures[BLEND][METRIC][:31].mean())
        assert active["floor"] == pytest.approx(large.figures[result.best_floor][METRIC][:31].mean())
        assert active["mean"] == pytest.approx(active["blend"] - active["floor"])
        assert result.n_small_slices == 0

    @pytest.mark.parametrize(("n_active", "n_small"), [(29, 1), (0, 0)])
    def test_a_small_slice_is_counted_and_an_empty_one_is_none(self, n_active, n_small):
        result = self.summary(self.fold((*FLOORS, BLEND), 1, n_active=n_active))
        assert (result.slices, result.n_small_slices) == ((), n_small)
