"""Differences between configurations: their direction, their intervals, and what may not be compared."""

import numpy as np
import pytest

from experiments.offline import Judged, differences, judge_all, names_of
from recsys.errors import InputError
from recsys.report import SILENT
from training.config import EvaluationConfig, TrainConfig
from training.evaluate import BLEND, CaseResult
from training.pipeline import Judgement
from training.split import Split

CONFIG = TrainConfig(evaluation=EvaluationConfig(n_resamples=400))


def judged(name: str, **figures: list[float]) -> Judged:
    cases = tuple(
        CaseResult(
            name=case,
            n_members=len(values),
            n_eligible=len(values),
            share_reachable=1.0,
            best_floor="popular_7_days",
            rows=(),
            slices=(),
            per_member={BLEND: np.array(values)},
            members=np.arange(len(values), dtype=np.int32),
        )
        for case, values in figures.items()
    )
    return Judged(
        name, CONFIG, Judgement(Split(0, 1, 2), {}, cases, "d", n_left_out=0, n_pairs=9), cpu_s=1.0, peak_rss_mb=1.0
    )


def test_a_difference_is_the_later_less_the_earlier():
    base = np.linspace(0, 0.5, 50)
    (found,) = differences([judged("a", all=base.tolist()), judged("b", all=(base + 0.1).tolist())], seed=0)
    assert (found.name, found.other, found.verdict) == ("b", "a", "better")
    assert (found.gain.mean, found.gain.low, found.gain.high) == pytest.approx((0.1, 0.1, 0.1))


def test_what_members_share_cancels_out():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1, 400)
    better = noise + 0.02 + rng.normal(0, 0.01, 400)
    (found,) = differences([judged("a", all=noise.tolist()), judged("b", all=better.tolist())], seed=0)
    assert found.verdict == "better"
    assert found.gain.high - found.gain.low < 0.01


def test_noise_is_undecided_and_the_interval_is_the_normal_one():
    rng = np.random.default_rng(2)
    gain = rng.normal(0, 1, 900)
    (found,) = differences([judged("a", all=[0.0] * 900), judged("b", all=gain.tolist())], seed=0)
    error = gain.std() / 30
    assert found.verdict == "undecided"
    assert found.gain.high - found.gain.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_three_configurations_are_three_pairs_with_wider_intervals():
    rng = np.random.default_rng(3)
    values = [rng.normal(size=200).tolist() for _ in range(3)]
    three = differences([judged(name, all=one) for name, one in zip("abc", values, strict=True)], seed=0)
    two = differences([judged(name, all=one) for name, one in zip("ab", values[:2], strict=True)], seed=0)
    assert [(one.name, one.other) for one in three] == [("b", "a"), ("c", "a"), ("c", "b")]
    assert three[0].confidence == pytest.approx(1 - 0.05 / 3)
    assert three[0].gain.high - three[0].gain.low > two[0].gain.high - two[0].gain.low


def test_only_cases_that_both_have_are_compared():
    found = differences([judged("a", all=[0.1] * 5, explore=[0.1] * 3), judged("b", all=[0.2] * 5)], seed=0)
    assert [one.case for one in found] == ["all"]


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(4)
    pair = [judged("a", all=[0.0] * 80), judged("b", all=rng.normal(size=80).tolist())]
    assert differences(pair, seed=7) == differences(pair, seed=7)
    assert differences(pair, seed=7) != differences(pair, seed=8)


def test_names_are_stems_unless_stems_repeat(tmp_path):
    assert names_of([tmp_path / "small.yaml", tmp_path / "large.yaml"]) == ["small", "large"]
    one, two = tmp_path / "x" / "a.yaml", tmp_path / "y" / "a.yaml"
    assert names_of([one, two]) == [str(one), str(two)]
    with pytest.raises(InputError, match="more than once"):
        names_of([one, one])


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ({"a": CONFIG}, "two configurations or more, 1 given"),
        ({"a": CONFIG, "b": TrainConfig(evaluation=EvaluationConfig(holdout_days=7))}, "same `evaluation` section"),
    ],
    ids=["one", "two splits"],
)
def test_what_cannot_be_compared_is_refused_before_any_work(configs, message):
    with pytest.raises(InputError, match=message):
        judge_all(None, configs, seed=0, progress=SILENT)
