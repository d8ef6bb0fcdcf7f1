"""The judgement: every model and every floor on the same members of windows that nothing was tuned on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from recsys import metrics
from recsys.ragged import Ragged
from recsys.report import Progress
from recsys.types import Rows
from training.as_of_ingest import AsOfIngest
from training.beyond_accuracy import SHOWN, product_facts, shown_figures
from training.bootstrap import Interval, paired_gain_over_folds
from training.cases import Case
from training.config import EvaluationConfig, TrainConfig
from training.fit import Cost, Fitted
from training.models.reranker import Reranker
from training.rankings import BLEND, FLOORS, ranked_lists
from training.second_stage import RRF, WEIGHTED
from training.slices import MIN_MEMBERS, Slice, member_groupings, slices_of_members, slices_of_products, temperatures

__all__ = ["BLEND", "FLOORS", "METRIC", "METRICS", "CaseResult", "Measured", "Row", "measure_case", "summarise"]

METRIC = "ndcg_at_10"
METRICS = (
    "ndcg_at_10",
    "recall_at_10",
    "recall_at_20",
    "hit_rate_at_10",
    "mrr_at_10",
    "map_at_10",
    "ndcg_full_at_10",
)
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Row:
    """
    One ranker in one case.

    Attributes:
        name: A floor, a source, ``rrf``, ``reranked``, ``weighted_blend`` where that is not served, or ``blend``: what
            is served.
        metrics: Means over members, by name in METRICS.
        shown: What the lists show, by name in `beyond_accuracy.SHOWN`; None where there is nothing to take a mean of.
        gain: In NDCG@10 over the best floor, paired over members.
        cpu_s, peak_rss_mb: Of the fit; of fusions the sum and the highest; absent for floors and the second stage.

    Over several folds: means over folds, of the memory the highest.
    """

    name: str
    metrics: Mapping[str, float]
    shown: Mapping[str, float | None]
    gain: Interval
    cpu_s: float | None
    peak_rss_mb: float | None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """
    One case: ``all`` (repeats allowed) or ``explore``, over one fold or several.

    Attributes:
        n_members, n_eligible: Members judged, and those who could have been: fewer are judged where they were sampled.
            Over several folds the sums: a member counts in each.
        best_floor: The floor with the highest NDCG@10 on these very members.
        rows: Floors first, then sources, then what is made of them, the blend last.
        slices: Groups of members or of bought products: ``by``, ``group``, ``metric``, ``n_members``, the blend's
            figure, the best floor's, and the gain.
        per_member: NDCG@10 of each ranker, shape (m,); for comparisons between configurations.
        members: Rows of the members that ``per_member`` is about, fold after fold.
        n_small_slices: Groups left out because no fold has MIN_MEMBERS of their members.
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
    n_small_slices: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """
    One case of one fold, member by member.

    Attributes:
        case: The question.
        figures: By ranker and metric, shape (m,).
        shown: By ranker, as `beyond_accuracy.shown_figures` gives it.
        slices: Every group, empty ones too.
        costs: By ranker; floors have none.
    """

    case: Case
    figures: Mapping[str, Mapping[str, NDArray[np.float64]]]
    shown: Mapping[str, Mapping[str, float | None]]
    slices: tuple[Slice, ...]
    costs: Mapping[str, Cost]


def measure_case(
    fitted: Fitted,
    weights: Mapping[str, float],
    case: Case,
    config: TrainConfig,
    *,
    known: AsOfIngest,
    progress: Progress,
    second: Reranker | None = None,
) -> Measured:
    """
    Rank for every member of the case and compare with what they bought.

    Args:
        fitted: Models that saw nothing from the window on.
        weights: Of the blend, by source.
        case: The question.
        config: Length of lists.
        known: Tiers and costs, for slices and money only.
        progress: Told of every list.
        second: The second stage, as `ranked_lists` takes it.
    """
    depth = max(config.n_candidates, _DEPTH)
    ranked = ranked_lists(fitted, weights, case, depth=depth, progress=progress, second=second)
    n_true, n_products = case.truth.lengths(), len(case.keep)
    figures = {name: _scored(lists[:, :_DEPTH], case.truth, n_true, n_products) for name, lists in ranked.items()}
    facts = product_facts(fitted.dataset, fitted.members, case.keep, known.cost_minor)
    per_member = {name: figure[METRIC] for name, figure in figures.items()}
    groupings = member_groupings(fitted.dataset, fitted.members, known)
    slices = slices_of_members(groupings, case, per_member, METRIC)
    slices += slices_of_products(temperatures(fitted.members, n_products), case, ranked)
    costs = {name: cost for name, cost in fitted.costs.items() if name in fitted.scorers}
    together = Cost(
        sum(cost.cpu_s for cost in costs.values()), max((cost.peak_rss_mb for cost in costs.values()), default=0.0)
    )
    costs |= {RRF: together, WEIGHTED: together, BLEND: together}
    shown = {name: shown_figures(lists, facts) for name, lists in ranked.items()}
    return Measured(case, figures, shown, tuple(slices), costs)


def summarise(folds: Sequence[Measured], config: EvaluationConfig, rng: np.random.Generator) -> CaseResult:
    """
    One case over its folds: every figure is the mean over folds of the fold's own.

    The best floor is the one whose mean over the folds is the highest. Gains are paired over members, who are resampled
    within folds; see `bootstrap.paired_gain_over_folds`. A slice is the mean over those folds in which it has
    MIN_MEMBERS members or more.

    Args:
        folds: At least one; a ranker that some fold lacks has no row.
        config: Of the intervals.
        rng: Of the bootstrap; every ranker gets the same resamples.
    """
    seed, cases = int(rng.integers(2**31)), [fold.case for fold in folds]

    def gain(ours: Sequence[NDArray[np.float64]], floor: Sequence[NDArray[np.float64]]) -> Interval:
        return paired_gain_over_folds(
            [mine - theirs for mine, theirs in zip(ours, floor, strict=True)],
            n_resamples=config.n_resamples,
            confidence=config.confidence,
            rng=np.random.default_rng(seed),
        )

    rankers = [name for name in folds[0].figures if all(name in fold.figures for fold in folds)]
    per_member = {name: [fold.figures[name][METRIC] for fold in folds] for name in rankers}
    best_floor = max(FLOORS, key=lambda name: _mean_of_means(per_member[name]))
    rows = tuple(_row(name, folds, gain(theirs, per_member[best_floor])) for name, theirs in per_member.items())
    slices, n_small = [], 0
    for same in zip(*(fold.slices for fold in folds), strict=True):
        large = [one for one in same if len(one.figures[BLEND]) >= MIN_MEMBERS]
        n_small += not large and any(len(one.figures[BLEND]) for one in same)
        if large:
            ours, floor = [one.figures[BLEND] for one in large], [one.figures[best_floor] for one in large]
            facts = {"by": same[0].by, "group": same[0].group, "metric": same[0].metric}
            means = {BLEND: _mean_of_means(ours), "floor": _mean_of_means(floor)}
            slices.append(facts | {"n_members": sum(map(len, ours))} | means | asdict(gain(ours, floor)))
    return CaseResult(
        name=cases[0].name,
        n_members=sum(len(case.members) for case in cases),
        n_eligible=sum(case.n_eligible for case in cases),
        share_reachable=float(np.mean([case.share_reachable for case in cases])),
        best_floor=best_floor,
        rows=rows,
        slices=tuple(slices),
        per_member={name: np.concatenate(theirs) for name, theirs in per_member.items()},
        members=np.concatenate([case.members for case in cases]),
        n_small_slices=n_small,
    )


def _row(name: str, folds: Sequence[Measured], gain: Interval) -> Row:
    costs = [fold.costs[name] for fold in folds if name in fold.costs]
    shown = {key: [fold.shown[name][key] for fold in folds] for key in SHOWN}
    known = {key: [value for value in values if value is not None] for key, values in shown.items()}
    return Row(
        name=name,
        metrics={metric: _mean_of_means([fold.figures[name][metric] for fold in folds]) for metric in METRICS},
        shown={key: float(np.mean(values)) if values else None for key, values in known.items()},
        gain=gain,
        cpu_s=float(np.mean([cost.cpu_s for cost in costs])) if costs else None,
        peak_rss_mb=max((cost.peak_rss_mb for cost in costs), default=None),
    )


def _mean_of_means(folds: Sequence[NDArray[np.float64]]) -> float:
    return float(np.mean([figures.mean() for figures in folds]))


def _scored(lists: Rows, truth: Ragged, n_true: NDArray[np.int64], n_products: int) -> dict[str, NDArray[np.float64]]:
    hit = metrics.hits(lists, truth, n_products)
    return {
        "ndcg_at_10": metrics.ndcg(hit, n_true, 10),
        "recall_at_10": metrics.recall(hit, n_true, 10),
        "recall_at_20": metrics.recall(hit, n_true, 20),
        "hit_rate_at_10": metrics.hit_rate(hit, n_true, 10),
        "mrr_at_10": metrics.reciprocal_rank(hit, n_true, 10),
        "map_at_10": metrics.average_precision(hit, n_true, 10),
        "ndcg_full_at_10": metrics.ndcg_full(hit, n_true, 10),
    }
