"""Judges several training configurations on one split, each alone in a process, and compares them member by member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from experiments.measure import measured
from features.dataset import LeftOut
from features.workspace import Workspace
from recsys.errors import InputError
from recsys.report import SILENT, Progress
from serving.export.pool import map_spawned
from training.bootstrap import Interval, paired_gain
from training.config import TrainConfig
from training.evaluate import BLEND, CaseResult
from training.memory import peak_rss_mb
from training.pipeline import Judgement, judge


@dataclass(frozen=True, slots=True)
class Judged:
    """
    One configuration on the test window.

    Attributes:
        name: As the tables call it.
        config: As read.
        judgement: What the test window says.
        cpu_s: CPU-seconds of the whole judgement: reading, two fits, choosing the blend, ranking.
        peak_rss_mb: Highest memory of its process, MB (10^6 bytes).
    """

    name: str
    config: TrainConfig
    judgement: Judgement
    cpu_s: float
    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class Difference:
    """
    How much one configuration's blend ranks better than another's, on the same members.

    Attributes:
        case: ``all`` or ``explore``.
        name, other: The configurations.
        gain: In NDCG@10, ``name`` less ``other``, with its interval.
        confidence: Of that interval, after the correction for several comparisons.
    """

    case: str
    name: str
    other: str
    gain: Interval
    confidence: float

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, or ``undecided`` where the interval holds zero."""
        return "better" if self.gain.low > 0 else "worse" if self.gain.high < 0 else "undecided"


def judge_all(
    workspace: Workspace,
    configs: Mapping[str, TrainConfig],
    *,
    seed: int,
    progress: Progress,
    left_out: LeftOut | None = None,
) -> list[Judged]:
    """
    Judge configurations one after the other, each in a fresh process with one thread, so that costs compare.

    Args:
        workspace: What they learn from.
        configs: By name.
        seed: Of all randomness, the same for every configuration.
        progress: Told of each configuration.
        left_out: As `features.dataset.Dataset.read` takes it; it is pickled to the processes.

    Raises:
        InputError: They would be judged on different windows or members, or fewer than two are given.
        NotEnoughDataError: The history is too short.
    """
    _check_comparable(configs)
    judged: list[Judged] = []
    for name, config in configs.items():
        progress.step(f"train and score {name}")
        judged += map_spawned(_judge_one, (workspace, seed, left_out), [(name, config)], workers=1)
    return judged


def differences(judged: Sequence[Judged], *, seed: int) -> list[Difference]:
    """
    Every pair of configurations in every case, the later one less the earlier one.

    Members are resampled, the same for both sides (Efron and Tibshirani 1993); with k pairs each interval holds with
    1 - (1 - confidence) / k, so that all of a case hold together (Bonferroni).
    """
    settings = judged[0].config.evaluation
    pairs = list(combinations(judged, 2))
    confidence = 1 - (1 - settings.confidence) / len(pairs)
    found = []
    for other, one in pairs:
        for case, mine, theirs in _shared_cases(one, other):
            gain = paired_gain(
                mine.per_member[BLEND],
                theirs.per_member[BLEND],
                n_resamples=settings.n_resamples,
                confidence=confidence,
                rng=np.random.default_rng(seed),
            )
            found.append(Difference(case, one.name, other.name, gain, confidence))
    return found


def names_of(paths: Sequence[Path]) -> list[str]:
    """A short name for each file: its stem, or the whole path where stems repeat."""
    stems = [path.stem for path in paths]
    names = [path.stem if stems.count(path.stem) == 1 else str(path) for path in paths]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise InputError(f"{', '.join(sorted(repeated))} is given more than once; give different configurations")
    return names


def _judge_one(settings: tuple[Workspace, int, LeftOut | None]) -> "_JudgeOne":
    return _JudgeOne(*settings)


@dataclass(frozen=True, slots=True)
class _JudgeOne:
    workspace: Workspace
    seed: int
    left_out: LeftOut | None

    def __call__(self, task: tuple[str, TrainConfig]) -> Judged:
        name, config = task
        done = measured(lambda: judge(self.workspace, config, seed=self.seed, progress=SILENT, left_out=self.left_out))
        return Judged(name, config, done.result, done.cpu_s, peak_rss_mb())


def _check_comparable(configs: Mapping[str, TrainConfig]) -> None:
    if len(configs) < 2:
        raise InputError(f"a comparison needs two configurations or more, {len(configs)} given; give another file")
    (first, reference), *others = configs.items()
    for name, config in others:
        if config.evaluation != reference.evaluation:
            raise InputError(
                f"{name} and {first} have different evaluation settings; they must be judged on one split: "
                "give both the same `evaluation` section"
            )


def _shared_cases(one: Judged, other: Judged) -> list[tuple[str, CaseResult, CaseResult]]:
    theirs = {case.name: case for case in other.judgement.cases}
    shared = [(case.name, case, theirs[case.name]) for case in one.judgement.cases if case.name in theirs]
    # One seed, one split and one sample size draw the same members.
    assert all(np.array_equal(mine.members, same.members) for _, mine, same in shared)
    return shared
