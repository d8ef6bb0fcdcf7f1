"""The order of training: choose on validation, judge once on test, learn again from everything, write the bundle."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from features.dataset import Dataset, LeftOut
from features.members import build_stranger
from features.offers import build_offers
from features.purchases import instant
from features.workspace import Workspace
from recsys.bundle import Manifest, write_bundle
from recsys.knowledge import Knowledge, RankedProducts, as_arrays
from recsys.report import Progress
from recsys.types import EpochSeconds
from training.as_of_ingest import AsOfIngest
from training.cases import Case, build_cases
from training.config import TrainConfig
from training.evaluate import CaseResult, Measured, measure_case, summarise
from training.fit import Fitted, fit_models
from training.leaks import read_before
from training.nightly import candidate_lists
from training.related import fit_related
from training.response import fit_response
from training.split import Split
from training.weights import choose_weights

_SAMPLE, _BOOTSTRAP = 1, 2
N_SHOWN_NEIGHBOURS = 30


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
    """

    split: Split
    weights: Mapping[str, float]
    cases: tuple[CaseResult, ...]
    dataset_digest: str
    n_left_out: int
    n_pairs: int
    folds: tuple["Judgement", ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """A written bundle: where it lies, what it says of itself, and how much is in it and left out of it."""

    path: Path
    manifest: Manifest
    n_offers: int
    n_measured: int
    n_members: int
    n_products: int
    n_left_out: int


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
    The window before a fold is the test window of the fold before, so that each cut-off is fitted once.

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
    fitted = _fit_before(workspace, splits[0].validation_at, config, seed=seed, progress=progress, left_out=left_out)
    folds: list[Judgement] = []
    measured: dict[str, list[Measured]] = {}
    for split in splits:
        weights = _chosen_weights(workspace, fitted, split, config, seed=seed, progress=progress)
        del fitted  # the models of two cut-offs need not be held at once
        fitted = _fit_before(workspace, split.test_at, config, seed=seed, progress=progress, left_out=left_out)
        known = AsOfIngest.read(workspace, fitted.dataset)
        asked = [case for case in cases_of_window(workspace, fitted, split.end, config, seed) if len(case.members)]
        mine = [measure_case(fitted, weights, case, config, known=known, progress=progress) for case in asked]
        for one in mine:
            measured.setdefault(one.case.name, []).append(one)
        results = tuple(_summary([one], config, seed) for one in mine)
        dataset, n_pairs = fitted.dataset, len(fitted.members.purchased.values)
        folds.append(Judgement(split, weights, results, dataset.digest, dataset.n_left_out, n_pairs))
    if n_folds == 1:
        return folds[0]
    pooled = tuple(_summary(ones, config, seed) for ones in measured.values())
    return replace(folds[-1], cases=pooled, folds=tuple(folds))


def build_bundle(
    workspace: Workspace,
    config: TrainConfig,
    weights: Mapping[str, float],
    *,
    seed: int,
    run_id: str,
    git_sha: str,
    progress: Progress,
    left_out: LeftOut | None = None,
) -> Built:
    """Learn from everything before ``workspace.now`` and write the bundle under its own id."""
    progress.step("read all purchases")
    dataset = read_before(workspace, workspace.now, left_out=left_out)
    knowledge = build_knowledge(dataset, config, weights, seed=seed, progress=progress)
    progress.step("write the bundle")
    arrays, settings = as_arrays(knowledge)
    aside = workspace.bundles / f".training.{os.getpid()}.tmp"
    manifest = write_bundle(
        aside,
        arrays,
        cut_off=dataset.cut_off,
        dataset_digest=dataset.digest,
        currency=dataset.currency,
        settings=settings,
        run_id=run_id,
        git_sha=git_sha,
    )
    path = workspace.bundles / manifest.bundle_id[:16]
    shutil.rmtree(path, ignore_errors=True)
    aside.rename(path)
    return Built(
        path,
        manifest,
        n_offers=len(knowledge.offers),
        n_measured=int(knowledge.response.measured.sum()),
        n_members=len(knowledge.members),
        n_products=len(knowledge.catalogue),
        n_left_out=dataset.n_left_out,
    )


def build_knowledge(
    dataset: Dataset, config: TrainConfig, weights: Mapping[str, float], *, seed: int, progress: Progress
) -> Knowledge:
    """Everything that a decision may use, from one dataset."""
    fitted = fit_models(dataset, config, seed, progress)
    offers, stranger = build_offers(dataset), build_stranger(dataset)
    keep = fitted.catalogue.on_sale(dataset.cut_off)
    everybody = np.arange(len(fitted.members), dtype=np.int32)
    sources = candidate_lists(fitted.scorers, everybody, keep=keep, k=config.n_candidates, progress=progress)
    progress.step("relate products")
    related = fit_related(
        dataset.purchases,
        fitted.catalogue,
        fitted.neighbours.similarity,
        fitted.popularity.scores[0],
        keep=fitted.catalogue.sale_until > dataset.cut_off,
        config=config.related,
    )
    progress.step("measure offers")
    return Knowledge(
        bundle_id="",
        cut_off=dataset.cut_off,
        currency=dataset.currency,
        tiers=dataset.tiers,
        catalogue=fitted.catalogue,
        members=fitted.members,
        offers=offers,
        sources=sources,
        source_weights=dict(weights),
        neighbours=RankedProducts(*fitted.neighbours.nearest(min(N_SHOWN_NEIGHBOURS, config.neighbours.n_neighbours))),
        related=related,
        popular=RankedProducts(*fitted.popularity.ranked(keep, config.popularity.n_listed)),
        response=fit_response(dataset, offers, config.response),
        stranger_orders_per_day=stranger.orders_per_day,
        stranger_basket_minor=stranger.basket_minor,
        stranger_margin_rate=stranger.margin_rate,
    )


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
    workspace: Workspace, fitted: Fitted, split: Split, config: TrainConfig, *, seed: int, progress: Progress
) -> dict[str, float]:
    case, _ = cases_of_window(workspace, fitted, split.test_at, config, seed)
    lists = candidate_lists(fitted.scorers, case.members, keep=case.keep, k=config.n_candidates, progress=progress)
    progress.step("choose the blend")
    return choose_weights(lists, case)


def _summary(folds: list[Measured], config: TrainConfig, seed: int) -> CaseResult:
    return summarise(folds, config.evaluation, np.random.default_rng([seed, _BOOTSTRAP]))
