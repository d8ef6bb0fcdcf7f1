"""The judgement: every model and every floor on the same members of a window that nothing was tuned on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from recsys import metrics
from recsys.ragged import Ragged
from recsys.report import Progress
from recsys.scorers.base import Scorer
from recsys.scorers.blend import fuse
from recsys.types import Rows
from training.bootstrap import Interval, paired_gain
from training.cases import Case
from training.config import TrainConfig
from training.fit import Fitted
from training.models import frequency, popularity
from training.nightly import candidate_lists
from training.source_config import PopularityConfig
from training.weights import blend

BLEND = "blend"
FLOORS = ("popular_7_days", "popular_28_days", "own_frequency_then_popular")
METRIC = "ndcg_at_10"
METRICS = ("ndcg_at_10", "recall_at_10", "recall_at_20", "hit_rate_at_10", "mrr_at_10", "map_at_10")
_DEPTH = 20
_MIN_SLICE = 30


@dataclass(frozen=True, slots=True)
class Row:
    """
    One ranker in one case.

    Attributes:
        name: A floor, a source, or ``blend``.
        metrics: Means over members, by name.
        coverage_at_10: Share of the products on sale that some member's first ten hold.
        gain: In NDCG@10 over the best floor, paired over members.
        cpu_s, peak_rss_mb: Of the fit; of the blend the sum and the highest; absent for floors.
    """

    name: str
    metrics: Mapping[str, float]
    coverage_at_10: float
    gain: Interval
    cpu_s: float | None
    peak_rss_mb: float | None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """
    One case: ``all`` (repeats allowed) or ``explore``.

    Attributes:
        n_members, n_eligible: Members judged, and those who could have been: fewer are judged where they were sampled.
        best_floor: The floor with the highest NDCG@10 on these very members.
        rows: Floors first, then sources, then the blend.
        slices: Per tier: members, blend's NDCG@10, best floor's, and the gain.
        per_member: NDCG@10 of each ranker, shape (m,); for comparisons between configurations.
        members: Rows of the members that ``per_member`` is about.
    """

    name: str
    n_members: int
    n_eligible: int
    share_reachable: float
    best_floor: str
    rows: tuple[Row, ...]
    slices: tuple[Mapping[str, object], ...]
    per_member: Mapping[str, NDArray[np.float64]]
    members: Rows


def evaluate_case(
    fitted: Fitted,
    weights: Mapping[str, float],
    case: Case,
    config: TrainConfig,
    *,
    tier: NDArray[np.int8],
    tiers: tuple[str, ...],
    rng: np.random.Generator,
    progress: Progress,
) -> CaseResult:
    """
    Rank for every member of the case and compare with what they bought.

    Args:
        fitted: Models that saw nothing from the window on.
        weights: Of the blend, by source.
        case: The question.
        config: Length of lists and intervals.
        tier: Shape (n_members,): the tier used for slices only.
        tiers: Tier names.
        rng: Of the bootstrap.
        progress: Told of every list.
    """
    without = case.without if len(case.without.values) else None
    depth = max(config.n_candidates, _DEPTH)
    sources = candidate_lists(fitted.scorers, case.members, keep=case.keep, k=depth, progress=progress, without=without)
    ranked = _floor_lists(fitted, case, depth, without)
    ranked |= {name: one.products for name, one in sources.items()}
    ranked[BLEND] = blend(sources, weights)
    n_true = case.truth.lengths()
    scored = {name: _scored(lists[:, :_DEPTH], case.truth, n_true, len(case.keep)) for name, lists in ranked.items()}
    per_member = {name: figures[METRIC] for name, figures in scored.items()}
    best_floor = max(FLOORS, key=lambda name: float(per_member[name].mean()))
    seed = int(rng.integers(2**31))

    def gain(name: str, chosen: NDArray[np.bool_] | slice = slice(None)) -> Interval:
        ours, floor = per_member[name][chosen], per_member[best_floor][chosen]
        return paired_gain(
            ours,
            floor,
            n_resamples=config.evaluation.n_resamples,
            confidence=config.evaluation.confidence,
            rng=np.random.default_rng(seed),
        )

    n_on_sale = int(case.keep.sum())
    rows = tuple(
        Row(
            name=name,
            metrics={metric: float(figure.mean()) for metric, figure in scored[name].items()},
            coverage_at_10=metrics.coverage(lists, 10, n_on_sale),
            gain=gain(name),
            cpu_s=_cost(fitted, name, "cpu_s"),
            peak_rss_mb=_cost(fitted, name, "peak_rss_mb"),
        )
        for name, lists in ranked.items()
    )
    slices = []
    for code, label in enumerate(tiers):
        chosen = tier[case.members] == code
        if chosen.sum() >= _MIN_SLICE:
            means = {
                "blend": float(per_member[BLEND][chosen].mean()),
                "floor": float(per_member[best_floor][chosen].mean()),
            }
            slices.append({"tier": label, "n_members": int(chosen.sum())} | means | asdict(gain(BLEND, chosen)))
    return CaseResult(
        case.name,
        len(case.members),
        case.n_eligible,
        case.share_reachable,
        best_floor,
        rows,
        tuple(slices),
        per_member,
        case.members,
    )


def _floor_lists(fitted: Fitted, case: Case, k: int, without: Ragged | None) -> dict[str, Rows]:
    """The floors of law 9: what sold in one week, in four, and own frequency filled up with the latter."""
    lists: dict[str, Rows] = {}
    segment = np.full(len(fitted.members), -1, dtype=np.int16)
    for days, name in ((7.0, FLOORS[0]), (28.0, FLOORS[1])):
        scorer: Scorer = popularity.fit(fitted.dataset, PopularityConfig(window_days=days), segment)
        lists[name], _ = scorer.best(case.members, keep=case.keep, k=k, without=without)
    own, _ = frequency.fit_plain(fitted.dataset).best(case.members, keep=case.keep, k=k, without=without)
    # So small a weight never changes the order of what the member bought.
    lists[FLOORS[2]] = fuse([own, lists[FLOORS[1]]], [1.0, 1e-6])[0]
    return lists


def _scored(lists: Rows, truth: Ragged, n_true: NDArray[np.int64], n_products: int) -> dict[str, NDArray[np.float64]]:
    hit = metrics.hits(lists, truth, n_products)
    return {
        "ndcg_at_10": metrics.ndcg(hit, n_true, 10),
        "recall_at_10": metrics.recall(hit, n_true, 10),
        "recall_at_20": metrics.recall(hit, n_true, 20),
        "hit_rate_at_10": metrics.hit_rate(hit, n_true, 10),
        "mrr_at_10": metrics.reciprocal_rank(hit, n_true, 10),
        "map_at_10": metrics.average_precision(hit, n_true, 10),
    }


def _cost(fitted: Fitted, name: str, field: str) -> float | None:
    if name == BLEND:
        figures = [float(getattr(cost, field)) for source, cost in fitted.costs.items() if source in fitted.scorers]
        return sum(figures) if field == "cpu_s" else max(figures, default=0.0)
    return float(getattr(fitted.costs[name], field)) if name in fitted.costs else None
