"""Figures of one scorer on one case, a member at a time, so that scorers can be compared in pairs."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.basket_cases import Case
from recsys.metrics import PerMember, hit_rate, hits, ndcg, ndcg_full, recall
from recsys.ragged import Ragged
from recsys.scorers.base import Scorer

CUTS = (10, 20)
FIGURES = ("recall", "ndcg", "ndcg_full", "hit_rate", "repeat_recall", "explore_recall")

Judged = Mapping[str, PerMember]


def judge(scorer: Scorer, case: Case) -> dict[str, PerMember]:
    """
    Every figure at every cut: shape (m,) each, NaN for members whom a figure does not concern.

    Repeat recall counts the products of the basket that the member had bought before, explore recall the others; a
    member whose basket holds none of them is left out of that mean (Li et al. 2023, TOIS).
    """
    n_products, truth = case.baskets.n_products, case.judged.truth
    keep = np.ones(n_products, dtype=np.bool_)
    lists, _ = scorer.best(case.judged.members, keep=keep, k=max(CUTS))
    past = case.baskets.lists().take(case.judged.members)
    known = np.isin(
        truth.owners() * n_products + truth.values, past.owners() * n_products + past.values, assume_unique=True
    )
    figures: dict[str, PerMember] = {}
    for part, which in (("", np.ones(len(known), dtype=np.bool_)), ("repeat_", known), ("explore_", ~known)):
        asked = _part(truth, which)
        hit, n_true = hits(lists, asked, n_products), asked.lengths()
        for k in CUTS:
            figures[f"{part}recall_at_{k}"] = recall(hit, n_true, k)
            if not part:
                figures[f"ndcg_at_{k}"] = ndcg(hit, n_true, k)
                figures[f"ndcg_full_at_{k}"] = ndcg_full(hit, n_true, k)
                figures[f"hit_rate_at_{k}"] = hit_rate(hit, n_true, k)
    return figures


def mean_over_folds(judged: Sequence[Judged]) -> dict[str, float]:
    """The mean over members of each fold, then over folds; NaN where a figure concerns nobody."""
    return {name: float(np.mean([_mean(one[name]) for one in judged])) for name in judged[0]}


def by_member(judged: Sequence[Judged], cases: Sequence[Case], figure: str) -> PerMember:
    """Shape (distinct members judged,), by member row: the figure's mean over the folds that judge the member."""
    rows = np.concatenate([case.judged.members for case in cases])
    total = np.bincount(rows, np.concatenate([one[figure] for one in judged]))
    times = np.bincount(rows)
    return np.asarray(total[times > 0] / times[times > 0])


def _mean(figure: PerMember) -> float:
    known = figure[~np.isnan(figure)]
    return float(known.mean()) if len(known) else float("nan")


def _part(truth: Ragged, which: NDArray[np.bool_]) -> Ragged:
    indptr = np.concatenate([[0], np.cumsum(which)])[truth.indptr].astype(np.int64)
    return Ragged(indptr, truth.values[which])
