"""The end of training: learn again from everything before today, and write the bundle."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from features.dataset import Dataset, LeftOut
from features.members import build_stranger, with_profile
from features.offers import build_offers
from features.profile.build import AllNorms
from features.profile.known import know_members
from features.workspace import Workspace
from recsys.bundle import Manifest, write_bundle
from recsys.errors import InputError
from recsys.knowledge import Knowledge, RankedProducts, as_arrays
from recsys.loyalty.worth import TierWorth, point_worth_minor
from recsys.profile import MemberProfile
from recsys.reasons import RERANKED_SOURCE
from recsys.report import Progress
from training.calibration import Correction, corrected_members, corrected_rate, corrected_response, curves_of
from training.config import TrainConfig
from training.fit import fit_models
from training.leaks import read_before
from training.models.reranker import Reranker
from training.nightly import candidate_lists
from training.profile_record import ProfileRecord, record_profile
from training.related import fit_related
from training.response.fit import fit_response
from training.second_stage import rank_again

N_SHOWN_NEIGHBOURS = 30


@dataclass(frozen=True, slots=True)
class Built:
    """
    A written bundle: where it lies, what it says of itself, and how much is in it and left out of it.

    Attributes:
        profile: What is known of its members, in short.
        response: How what offers cause was learnt: facts of `training.response.fit.Learnt`.
    """

    path: Path
    manifest: Manifest
    n_offers: int
    n_measured: int
    n_members: int
    n_products: int
    n_left_out: int
    profile: ProfileRecord
    response: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Learnt:
    """Knowledge, what was learnt of all members together, and how what offers cause was learnt."""

    knowledge: Knowledge
    norms: AllNorms
    response: dict[str, Any]


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
    second: Reranker | None = None,
    corrections: Mapping[str, Correction] = MappingProxyType({}),
) -> Built:
    """
    Learn from everything before ``workspace.now`` and write the bundle under its own id.

    Args:
        workspace: Whose facts.
        config: What is fitted.
        weights: Of the sources, and of the second stage where it is served.
        seed: Of all randomness.
        run_id, git_sha: For the manifest.
        progress: Told of every step.
        left_out: As `Dataset.read` takes it.
        second: The second stage, where the weights hold it.
        corrections: Of the chances that meet money.
    """
    progress.step("read all purchases")
    dataset = read_before(workspace, workspace.now, left_out=left_out)
    learnt = _learn(dataset, config, weights, seed=seed, progress=progress, second=second, corrections=corrections)
    knowledge = learnt.knowledge
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
        profile=record_profile(
            knowledge.members, learnt.norms, programme=dataset.programme, tiers=dataset.tiers, as_of=dataset.cut_off
        ),
        response=learnt.response,
    )


def build_knowledge(
    dataset: Dataset,
    config: TrainConfig,
    weights: Mapping[str, float],
    *,
    seed: int,
    progress: Progress,
    second: Reranker | None = None,
    corrections: Mapping[str, Correction] = MappingProxyType({}),
) -> Knowledge:
    """Everything that a decision may use, from one dataset; arguments as those of `build_bundle`."""
    return _learn(
        dataset, config, weights, seed=seed, progress=progress, second=second, corrections=corrections
    ).knowledge


def _learn(
    dataset: Dataset,
    config: TrainConfig,
    weights: Mapping[str, float],
    *,
    seed: int,
    progress: Progress,
    second: Reranker | None,
    corrections: Mapping[str, Correction],
) -> _Learnt:
    profile, norms = _profile_and_norms(dataset, config, progress)
    fitted = fit_models(dataset, config, seed, progress, known=profile.columns)
    offers, stranger = build_offers(dataset), build_stranger(dataset)
    keep = fitted.catalogue.on_sale(dataset.cut_off)
    everybody = np.arange(len(fitted.members), dtype=np.int32)
    sources = candidate_lists(fitted.scorers, everybody, keep=keep, k=config.n_candidates, progress=progress)
    if (second is not None) != (RERANKED_SOURCE in weights):
        raise InputError(
            f"the weights {'hold' if RERANKED_SOURCE in weights else 'do not hold'} the second stage "
            f"({RERANKED_SOURCE}) and its trees are {'given' if second else 'not given'}; give what `judge` answered"
        )
    if second is not None:
        again = rank_again(second, fitted, sources, everybody, k=config.n_candidates, progress=progress)
        sources = {RERANKED_SOURCE: again} | sources
    curves = curves_of(corrections)
    horizon_days = config.response.horizon_days
    progress.step("relate products")
    related = fit_related(
        dataset.purchases,
        fitted.catalogue,
        fitted.neighbours.similarity,
        fitted.popularity.scores[0],
        keep=fitted.catalogue.sale_until > dataset.cut_off,
        config=config.related,
    )
    members = with_profile(fitted.members, profile)
    progress.step("measure offers")
    learnt = fit_response(
        dataset, offers, fitted.catalogue, members, config=config.response, profile=config.profile, seed=seed
    )
    knowledge = Knowledge(
        bundle_id="",
        cut_off=dataset.cut_off,
        currency=dataset.currency,
        tiers=dataset.tiers,
        catalogue=fitted.catalogue,
        members=corrected_members(members, curves, horizon_days),
        offers=offers,
        sources=sources,
        source_weights=dict(weights),
        neighbours=RankedProducts(*fitted.neighbours.nearest(min(N_SHOWN_NEIGHBOURS, config.neighbours.n_neighbours))),
        related=related,
        popular=RankedProducts(*fitted.popularity.ranked(keep, config.popularity.n_listed)),
        response=corrected_response(learnt.response, offers, curves),
        stranger_orders_per_day=corrected_rate(stranger.orders_per_day, curves, horizon_days),
        stranger_basket_minor=stranger.basket_minor,
        stranger_margin_rate=stranger.margin_rate,
        point_worth_minor=point_worth_minor(dataset.programme, dataset.cut_off),
        tier_worth=TierWorth.of(dataset.programme, dataset.tiers, dataset.cut_off),
    )
    return _Learnt(knowledge, norms, learnt.facts)


def _profile_and_norms(dataset: Dataset, config: TrainConfig, progress: Progress) -> tuple[MemberProfile, AllNorms]:
    """Every feature of the members; what it was made from is let go before models are fitted."""
    known = know_members(dataset, config.profile, progress=progress)
    return known.profile.member_profile(), known.norms
