"""Does the second stage earn its place? It learns from honest weeks, is judged on validation, and is served or not."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.dataset import LeftOut
from features.purchases import instant
from features.workspace import Workspace
from recsys import metrics
from recsys.errors import NotEnoughDataError
from recsys.knowledge import CandidateList
from recsys.reasons import RERANKED_SOURCE
from recsys.report import Progress
from recsys.scorers.blend import RANK_CONSTANT
from recsys.types import SECONDS_PER_DAY, EpochSeconds, Rows
from training.bootstrap import Interval, paired_gain
from training.cases import Case
from training.config import TrainConfig
from training.fit import Fitted, fit_models
from training.leaks import read_before
from training.models import reranker
from training.models.reranker import Reranker
from training.ranking_features import RankingFacts
from training.snapshots import Snapshot, snapshot_cut_offs, take_snapshot
from training.weights import TOP, blend, plain_fusion

RRF, WEIGHTED = "rrf", "weighted_blend"
POOL_DEPTH = 100
_BOOTSTRAP = 12


class SecondStage:
    """
    The snapshots taken so far, by their cut-off; a fit that is made anyway leaves one behind and saves another.

    With windows as long as those of the evaluation every cut-off that is judged or served is also the end of a window,
    and only the first costs fits of its own.

    Args:
        workspace: Whose facts.
        config: Of the sources and of the second stage. Where that is switched off, nothing is taken or fitted.
        seed: Of all samples.
        left_out: As `Dataset.read` takes it.
    """

    def __init__(self, workspace: Workspace, config: TrainConfig, seed: int, left_out: LeftOut | None) -> None:
        self._workspace, self._config, self._seed, self._left_out = workspace, config, seed, left_out
        self._taken: dict[EpochSeconds, Snapshot | None] = {}
        self._missing = "" if config.reranker.enabled else "reranker.enabled is false"
        self._cpu_s = 0.0

    def take(self, fitted: Fitted) -> None:
        """Keep what these models propose, where the window after their cut-off is over by the end of the facts."""
        settings, cut_off = self._config.reranker, fitted.dataset.cut_off
        ends = cut_off + round(settings.window_days * SECONDS_PER_DAY)
        if not settings.enabled or ends > self._workspace.now or cut_off in self._taken:
            return
        self._taken[cut_off] = None
        try:
            self._taken[cut_off] = take_snapshot(
                self._workspace, fitted, settings, n_candidates=self._config.n_candidates, at=ends, seed=self._seed
            )
        except NotEnoughDataError as error:
            self._missing = str(error)

    def prepare(self, at: EpochSeconds, progress: Progress) -> list[Snapshot]:
        """The windows before *at*, the earliest first, fitting the sources where no snapshot was left behind."""
        settings = self._config.reranker
        if not settings.enabled:
            return []
        started = time.process_time()
        cut_offs = snapshot_cut_offs(at, settings.n_snapshots, settings.window_days)[::-1]
        for cut_off in cut_offs:
            if cut_off not in self._taken:
                self._fit_and_take(cut_off, progress)
        self._cpu_s += time.process_time() - started
        found = [self._taken[cut_off] for cut_off in cut_offs]
        return [one for one in found if one is not None]

    def model(self, at: EpochSeconds, progress: Progress) -> Reranker | None:
        """Trees of the windows before *at*; absent where it is switched off or there is nothing to learn from."""
        found = self.prepare(at, progress)
        started, model = time.process_time(), None
        try:
            model = reranker.fit(found, self._config.reranker, at=at, seed=self._seed)
        except NotEnoughDataError as error:
            self._missing = self._missing or str(error)
        self._cpu_s += time.process_time() - started
        return model

    def judge(
        self,
        fitted: Fitted,
        lists: Mapping[str, CandidateList],
        weights: Mapping[str, float],
        case: Case,
        progress: Progress,
    ) -> "StageFinding":
        """
        What the validation window says; see `judge_second_stage`.

        Args:
            fitted: Models that know nothing from the validation window on.
            lists: What they propose to the members of the case.
            weights: Of the weighted blend.
            case: The validation window, repeats allowed.
            progress: Told of every step.
        """
        model = self.model(fitted.dataset.cut_off, progress)
        if model is None:
            return StageFinding(shipped=False, reason=self._missing)
        started = time.process_time()
        again = rank_again(model, fitted, lists, case.members, k=self._config.n_candidates, progress=progress)
        found = judge_second_stage(again, lists, weights, case, self._config, seed=self._seed)
        return replace(found, cpu_s=self._cpu_s + time.process_time() - started)

    def _fit_and_take(self, cut_off: EpochSeconds, progress: Progress) -> None:
        progress.step(f"read purchases before {instant(cut_off):%Y-%m-%d}, for the second stage")
        try:
            dataset = read_before(self._workspace, cut_off, left_out=self._left_out)
            self.take(fit_models(dataset, self._config, self._seed, progress))
        except NotEnoughDataError as error:
            self._missing = str(error)
            self._taken[cut_off] = None


@dataclass(frozen=True, slots=True)
class StageFinding:
    """
    What the validation window says of the second stage.

    Attributes:
        shipped: It is served.
        reason: Why, or why not, in words.
        n_members: Judged.
        ndcg_at_10: By ranker: every source, plain rank fusion, the weighted blend, and the second stage.
        best_source: The source with the highest of them.
        gains: Of the second stage over the best source, plain fusion and the weighted blend, paired.
        pool_recall_at_100: Mean share of what was bought that the first hundred of plain fusion hold.
        pool_recall: The same of all that the sources propose: no order of it can do better.
        cpu_s: CPU-seconds until here: fits of the weeks before the window, their snapshots, trees, ranking.
    """

    shipped: bool
    reason: str
    n_members: int = 0
    ndcg_at_10: Mapping[str, float] | None = None
    best_source: str = ""
    gains: Mapping[str, Interval] | None = None
    pool_recall_at_100: float | None = None
    pool_recall: float | None = None
    cpu_s: float = 0.0

    def facts(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


NOT_JUDGED = StageFinding(shipped=False, reason="not judged")


def rank_again(
    model: Reranker, fitted: Fitted, lists: Mapping[str, CandidateList], members: Rows, *, k: int, progress: Progress
) -> CandidateList:
    """The second stage's list of each member, from the lists of the sources at the same cut-off."""
    facts = RankingFacts.of(fitted.dataset, fitted.members, fitted.catalogue, fitted.profile)
    return model.rank(facts, lists, members, k=k, progress=progress)


def judge_second_stage(
    reranked: CandidateList,
    lists: Mapping[str, CandidateList],
    weights: Mapping[str, float],
    case: Case,
    config: TrainConfig,
    *,
    seed: int,
) -> StageFinding:
    """
    Served only where it is surely and clearly better than what is simpler.

    NDCG@10 must be above that of the best single source and above that of plain rank fusion by the share
    ``reranker.min_gain_share`` each, both paired intervals must lie above zero, and it may not be below the weighted
    blend's, although that blend's weights were chosen on this very window.

    Args:
        reranked: Of the second stage, which learnt from nothing in the window.
        lists: Of the sources.
        weights: Of the weighted blend.
        case: The validation window, repeats allowed.
        config: The limits, and how intervals are drawn.
        seed: Of the bootstrap.
    """
    fused = plain_fusion(lists)
    ranked = {name: one.products for name, one in lists.items()}
    ranked |= {RRF: fused, WEIGHTED: blend(lists, weights), RERANKED_SOURCE: reranked.products}
    quality = {name: _ndcg(products, case) for name, products in ranked.items()}
    means = {name: float(figures.mean()) for name, figures in quality.items()}
    best = max(lists, key=lambda name: means[name])
    ours = means[RERANKED_SOURCE]
    gains = {
        name: paired_gain(
            quality[RERANKED_SOURCE],
            quality[name],
            n_resamples=config.evaluation.n_resamples,
            confidence=config.evaluation.confidence,
            rng=np.random.default_rng([seed, _BOOTSTRAP]),
        )
        for name in (best, RRF, WEIGHTED)
    }
    share = config.reranker.min_gain_share
    failures = [
        f"NDCG@10 {ours:.4f} is {ours / max(means[name], 1e-9) - 1:+.1%} against {name}'s {means[name]:.4f} (gain "
        f"{gains[name].low:+.4f} to {gains[name].high:+.4f}); {share:+.0%} or more and a gain surely above zero are due"
        for name in (best, RRF)
        if not (ours >= (1 + share) * means[name] and gains[name].low > 0)
    ]
    if ours < means[WEIGHTED]:
        failures.append(f"NDCG@10 {ours:.4f} is below the weighted blend's {means[WEIGHTED]:.4f}")
    reason = "; ".join(failures) or (
        f"NDCG@10 {ours:.4f} is {ours / max(means[best], 1e-9) - 1:.1%} above {best}'s and "
        f"{ours / max(means[RRF], 1e-9) - 1:.1%} above plain rank fusion's, both beyond luck, and not below the "
        "weighted blend's"
    )
    return StageFinding(
        shipped=not failures,
        reason=reason,
        n_members=len(case.members),
        ndcg_at_10=means,
        best_source=best,
        gains=gains,
        pool_recall_at_100=_recall(fused[:, :POOL_DEPTH], case),
        pool_recall=_recall(fused, case),
    )


def weights_behind(weights: Mapping[str, float], k: int) -> dict[str, float]:
    """
    The second stage first and the sources behind it, so lightly that its order stands and their coverage follows.

    Fusion adds weight / (60 + rank). All sources together add at most half of what parts the last two places of the
    second stage's list.

    Args:
        weights: Of the weighted blend, by source.
        k: Length of the second stage's list.
    """
    room = 0.5 * (RANK_CONSTANT + 1) / ((RANK_CONSTANT + k) * (RANK_CONSTANT + k - 1))
    total = sum(weights.values())
    return {RERANKED_SOURCE: 1.0} | {name: room * weight / total for name, weight in weights.items()}


def _ndcg(products: Rows, case: Case) -> NDArray[np.float64]:
    return metrics.ndcg(metrics.hits(products[:, :TOP], case.truth, len(case.keep)), case.truth.lengths(), TOP)


def _recall(products: Rows, case: Case) -> float:
    hit = metrics.hits(products, case.truth, len(case.keep))
    return float(metrics.recall(hit, case.truth.lengths(), products.shape[1]).mean())
