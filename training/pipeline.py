"""The order of training: choose on validation, judge once on test, learn again from everything, write the bundle."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset, LeftOut
from features.members import build_stranger
from features.offers import build_offers
from features.workspace import Workspace
from recsys.bundle import Manifest, write_bundle
from recsys.knowledge import Knowledge, RankedProducts, as_arrays
from recsys.report import Progress
from recsys.vocabulary import Vocabulary
from training.cases import Case, build_cases
from training.config import TrainConfig
from training.evaluate import CaseResult, evaluate_case
from training.fit import Fitted, fit_models
from training.nightly import candidate_lists
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
    """

    split: Split
    weights: Mapping[str, float]
    cases: tuple[CaseResult, ...]
    dataset_digest: str
    n_left_out: int
    n_pairs: int


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
    workspace: Workspace, config: TrainConfig, *, seed: int, progress: Progress, left_out: LeftOut | None = None
) -> Judgement:
    """
    Fit before the validation window, choose the blend there, fit again before the test window and score once.

    Args:
        workspace: Whose facts.
        config: What is fitted and how it is compared.
        seed: Of all randomness.
        progress: Told of every step.
        left_out: As `Dataset.read` takes it.

    Raises:
        NotEnoughDataError: The history is too short or a window is empty.
    """
    progress.step("read purchases before the validation window")
    split = _split(workspace, config)
    weights = _chosen_weights(workspace, split, config, seed, progress, left_out)
    progress.step("read purchases before the test window")
    dataset = Dataset.read(workspace, split.test_at, left_out=left_out)
    fitted = fit_models(dataset, config, seed, progress)
    tier = _tiers_of(workspace, dataset.member_ids)
    results = tuple(
        evaluate_case(
            fitted,
            weights,
            case,
            config,
            tier=tier,
            tiers=workspace.tiers,
            rng=np.random.default_rng([seed, _BOOTSTRAP]),
            progress=progress,
        )
        for case in _cases(workspace, fitted, split.end, config, seed)
        if len(case.members)
    )
    n_pairs = len(fitted.members.purchased.values)
    return Judgement(split, weights, results, dataset.digest, dataset.n_left_out, n_pairs)


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
    dataset = Dataset.read(workspace, workspace.now, left_out=left_out)
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
        popular=RankedProducts(*fitted.popularity.ranked(keep, config.popularity.n_listed)),
        response=fit_response(dataset, offers, config.response),
        stranger_orders_per_day=stranger.orders_per_day,
        stranger_basket_minor=stranger.basket_minor,
        stranger_margin_rate=stranger.margin_rate,
    )


def _chosen_weights(
    workspace: Workspace,
    split: Split,
    config: TrainConfig,
    seed: int,
    progress: Progress,
    left_out: LeftOut | None,
) -> dict[str, float]:
    dataset = Dataset.read(workspace, split.validation_at, left_out=left_out)
    fitted = fit_models(dataset, config, seed, progress)
    case, _ = _cases(workspace, fitted, split.test_at, config, seed)
    lists = candidate_lists(fitted.scorers, case.members, keep=case.keep, k=config.n_candidates, progress=progress)
    progress.step("choose the blend")
    return choose_weights(lists, case)


def _split(workspace: Workspace, config: TrainConfig) -> Split:
    first = workspace.read_table("purchases", ["purchased_at"]).select(pl.col("purchased_at").min().dt.epoch("s"))
    with workspace.reading():
        first_at = first.collect().item()
    return Split.of(
        first_at=workspace.now if first_at is None else int(first_at),
        end=workspace.now,
        holdout_days=config.evaluation.holdout_days,
    )


def _cases(workspace: Workspace, fitted: Fitted, stop: int, config: TrainConfig, seed: int) -> tuple[Case, Case]:
    return build_cases(
        workspace,
        fitted.dataset,
        fitted.members,
        fitted.catalogue,
        stop=stop,
        max_members=config.evaluation.max_members,
        rng=np.random.default_rng([seed, _SAMPLE]),
    )


def _tiers_of(workspace: Workspace, member_ids: Vocabulary) -> NDArray[np.int8]:
    """Shape (n_members,): today's tier, for slices of the evaluation only; the lowest where there is none."""
    with workspace.reading():
        table = workspace.read_table("members", ["member_id", "tier"]).collect()
    row_of = {name: row for row, name in enumerate(workspace.tiers)}
    tier = np.zeros(len(member_ids), dtype=np.int8)
    rows = member_ids.rows(table["member_id"].to_list())
    codes = np.array([row_of.get(name, 0) for name in table["tier"].to_list()], dtype=np.int8)
    tier[rows[rows >= 0]] = codes[rows >= 0]
    return tier
