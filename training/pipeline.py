"""The order of training until a bundle may be built: choose on the validation window, judge once on the test window."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from features.dataset import LeftOut
from features.purchases import instant
from features.workspace import Workspace
from recsys.report import Progress
from recsys.types import EpochSeconds
from training.as_of_ingest import AsOfIngest
from training.calibrate import Outcomes
from training.calibration import (
    Checked,
    Correction,
    check_corrections,
    choose_corrections,
    money_outcomes,
)
from training.cases import Case, build_cases
from training.config import TrainConfig
from training.evaluate import CaseResult, Measured, measure_case, summarise
from training.fit import Fitted, fit_models
from training.leaks import read_before
from training.models.reranker import Reranker
from training.rankings import lists_of_case
from training.second_stage import NOT_JUDGED, SecondStage, StageFinding, weights_behind
from training.split import Split
from training.weights import choose_weights

_SAMPLE, _BOOTSTRAP = 1, 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What the test window says of a configuration.

    Attributes:
        split: Where time was cut.
        weights: Of the blend, chosen on the validation window.
        cases: The cases ``all`` and ``explore`` on the test window; a case that no member has is left out.
        dataset_digest: Of what the judged models learnt from.
        n_left_out: Members known before the test window who withdrew or were erased since the ingest.
        n_pairs: Distinct pairs of member and product that the judged models could learn from.
        folds: Each test window's own judgement, the earliest first, where there are several; empty for one. Then
            ``cases`` is about all of them, and everything else is the last one's.
        finding: What the validation window says of the second stage.
        second: What is to be served of it; absent where it is not.
        corrections: Of the chances that meet money, chosen on the validation window.
        checked: Those chances on the test window.
        programme_id: Of the rules by which the judged models know tiers; empty where they know none.
    """

    split: Split
    weights: Mapping[str, float]
    cases: tuple[CaseResult, ...]
    dataset_digest: str
    n_left_out: int
    n_pairs: int
    folds: tuple["Judgement", ...] = ()
    finding: StageFinding = NOT_JUDGED
    second: Reranker | None = None
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    checked: Mapping[str, Checked] = field(default_factory=dict)
    programme_id: str = ""


def judge(
    workspace: Workspace,
    config: TrainConfig,
    *,
    seed: int,
    progress: Progress,
    left_out: LeftOut | None = None,
    n_folds: int = 1,
) -> Judgement:
    """
    Fit before the validation window, choose the blend there, fit again before the test window and score once.

    With several folds this is done for each, and nothing is learnt from the window that is judged or from later ones.
    The window before a fold is the test window of the fold before, so that each cut-off is fitted once. The second
    stage learns from weeks before the window that it is asked about.

    Args:
        workspace: Whose facts.
        config: What is fitted and how it is compared.
        seed: Of all randomness.
        progress: Told of every step.
        left_out: As `Dataset.read` takes it.
        n_folds: Test windows, one after another, the last ending where the facts end.

    Raises:
        NotEnoughDataError: The history is too short or a window is empty.
        LeakError: What a model would learn from is not before its cut-off.
    """
    splits = splits_of(workspace, config, n_folds)
    stage = SecondStage(workspace, config, seed, left_out)
    stage.prepare(splits[0].validation_at, progress)
    fitted = _fit_before(workspace, splits[0].validation_at, config, seed=seed, progress=progress, left_out=left_out)
    folds: list[Judgement] = []
    measured: dict[str, list[Measured]] = {}
    for split in splits:
        weights, finding = _chosen_weights(workspace, fitted, split, config, stage=stage, seed=seed, progress=progress)
        corrections = _corrections(workspace, fitted, split.test_at, config, seed=seed, left_out=left_out)
        stage.take(fitted)
        del fitted  # the models of two cut-offs need not be held at once
        fitted = _fit_before(workspace, split.test_at, config, seed=seed, progress=progress, left_out=left_out)
        known = AsOfIngest.read(workspace, fitted.dataset)
        asked = [case for case in cases_of_window(workspace, fitted, split.end, config, seed) if len(case.members)]
        again = stage.model(split.test_at, progress)
        mine = [
            measure_case(fitted, weights, case, config, known=known, progress=progress, second=again) for case in asked
        ]
        for one in mine:
            measured.setdefault(one.case.name, []).append(one)
        results = tuple(_summary([one], config, seed) for one in mine)
        dataset, n_pairs = fitted.dataset, len(fitted.members.purchased.values)
        checked = _checked(workspace, fitted, split.end, config, corrections=corrections, left_out=left_out)
        stage.take(fitted)
        folds.append(
            Judgement(
                split,
                weights,
                results,
                dataset.digest,
                dataset.n_left_out,
                n_pairs,
                finding=finding,
                second=stage.model(split.end, progress) if finding.shipped else None,
                corrections=corrections,
                checked=checked,
                programme_id="" if dataset.programme is None else dataset.programme.programme_id,
            )
        )
    if n_folds == 1:
        return folds[0]
    pooled = tuple(_summary(ones, config, seed) for ones in measured.values())
    return replace(folds[-1], cases=pooled, folds=tuple(folds))


def splits_of(workspace: Workspace, config: TrainConfig, n_folds: int) -> tuple[Split, ...]:
    """
    Where time is cut for the facts of a workspace, the earliest fold first.

    Raises:
        NotEnoughDataError: The history is too short.
    """
    first = workspace.read_table("purchases", ["purchased_at"]).select(pl.col("purchased_at").min().dt.epoch("s"))
    with workspace.reading():
        first_at = first.collect().item()
    return Split.rolling(
        first_at=workspace.now if first_at is None else int(first_at),
        end=workspace.now,
        holdout_days=config.evaluation.holdout_days,
        n_folds=n_folds,
    )


def cases_of_window(
    workspace: Workspace, fitted: Fitted, stop: EpochSeconds, config: TrainConfig, seed: int
) -> tuple[Case, Case]:
    """
    The cases ``all`` and ``explore`` from the models' cut-off to *stop*; one seed draws the same members everywhere.

    Raises:
        NotEnoughDataError: No member bought anything on sale in the window.
    """
    return build_cases(
        workspace,
        fitted.dataset,
        fitted.members,
        fitted.catalogue,
        stop=stop,
        max_members=config.evaluation.max_members,
        rng=np.random.default_rng([seed, _SAMPLE]),
    )


def _fit_before(
    workspace: Workspace,
    cut_off: EpochSeconds,
    config: TrainConfig,
    *,
    seed: int,
    progress: Progress,
    left_out: LeftOut | None,
) -> Fitted:
    progress.step(f"read purchases before {instant(cut_off):%Y-%m-%d}")
    return fit_models(read_before(workspace, cut_off, left_out=left_out), config, seed, progress)


def _chosen_weights(
    workspace: Workspace,
    fitted: Fitted,
    split: Split,
    config: TrainConfig,
    *,
    stage: SecondStage,
    seed: int,
    progress: Progress,
) -> tuple[dict[str, float], StageFinding]:
    cases = cases_of_window(workspace, fitted, split.test_at, config, seed)
    asked = [(case, lists_of_case(fitted.scorers, case, k=config.n_candidates, progress=progress)) for case in cases]
    progress.step("choose the blend")
    weights = choose_weights(asked)
    case, lists = asked[0]
    finding = stage.judge(fitted, lists, weights, case, progress)
    return (weights_behind(weights, config.n_candidates) if finding.shipped else weights), finding


def _corrections(
    workspace: Workspace,
    fitted: Fitted,
    stop: EpochSeconds,
    config: TrainConfig,
    *,
    seed: int,
    left_out: LeftOut | None,
) -> dict[str, Correction]:
    if not config.calibration.enabled:
        return {}
    outcomes = _outcomes(workspace, fitted, stop, config, left_out=left_out)
    return choose_corrections(outcomes, config.calibration, seed=seed)


def _checked(
    workspace: Workspace,
    fitted: Fitted,
    stop: EpochSeconds,
    config: TrainConfig,
    *,
    corrections: Mapping[str, Correction],
    left_out: LeftOut | None,
) -> dict[str, Checked]:
    if not config.calibration.enabled:
        return {}
    outcomes = _outcomes(workspace, fitted, stop, config, left_out=left_out)
    return check_corrections(outcomes, corrections, config.calibration)


def _outcomes(
    workspace: Workspace, fitted: Fitted, stop: EpochSeconds, config: TrainConfig, *, left_out: LeftOut | None
) -> Mapping[str, Outcomes]:
    """What became of the chances that meet money, from the cut-off of the models to *stop*."""
    return money_outcomes(
        workspace,
        fitted.dataset,
        fitted.members,
        config.response,
        stop=stop,
        left_out=left_out,
        profile=fitted.profile,
    )


def _summary(folds: list[Measured], config: TrainConfig, seed: int) -> CaseResult:
    return summarise(folds, config.evaluation, np.random.default_rng([seed, _BOOTSTRAP]))
