"""What every ranker shows to the members of one case: the floors, each source, and what is made of them."""

from collections.abc import Mapping

import numpy as np

from recsys.knowledge import CandidateList
from recsys.ragged import Ragged
from recsys.reasons import RERANKED_SOURCE
from recsys.report import Progress
from recsys.scorers.base import Scorer
from recsys.scorers.blend import fuse
from recsys.types import Rows
from training.cases import Case
from training.fit import Fitted
from training.models import frequency, popularity
from training.models.reranker import Reranker
from training.nightly import candidate_lists
from training.second_stage import RRF, WEIGHTED, rank_again
from training.source_config import PopularityConfig
from training.weights import blend, plain_fusion

BLEND = "blend"
FLOORS = ("popular_7_days", "popular_28_days", "own_frequency_then_popular")


def ranked_lists(
    fitted: Fitted,
    weights: Mapping[str, float],
    case: Case,
    *,
    depth: int,
    progress: Progress,
    second: Reranker | None = None,
) -> dict[str, Rows]:
    """
    The lists of every ranker, by name: floors first, then sources, then what is made of them.

    Args:
        fitted: Models that saw nothing from the window on.
        weights: Of the blend, by source.
        case: Whose members, products on sale, and products left out.
        depth: Length of the lists of floors and sources.
        progress: Told of every list.
        second: The second stage, which is ranked whether the weights hold it or not; it must where they do.

    Returns:
        Shape (m, at most what the blend gives) each; UNKNOWN_ROW pads.
    """
    ranked = _floor_lists(fitted, case, depth)
    sources = lists_of_case(fitted.scorers, case, k=depth, progress=progress)
    ranked |= {name: one.products for name, one in sources.items()}
    ranked[RRF] = plain_fusion(sources)
    if second is not None:
        again = rank_again(second, fitted, sources, case.members, k=depth, progress=progress)
        ranked[RERANKED_SOURCE] = again.products
        sources |= {RERANKED_SOURCE: again}
    if RERANKED_SOURCE in weights:
        ranked[WEIGHTED] = blend(sources, {name: one for name, one in weights.items() if name != RERANKED_SOURCE})
    ranked[BLEND] = blend(sources, weights)
    return ranked


def lists_of_case(scorers: Mapping[str, Scorer], case: Case, *, k: int, progress: Progress) -> dict[str, CandidateList]:
    """The list of every scorer for the members of a case, without the products that the case leaves out."""
    return candidate_lists(scorers, case.members, keep=case.keep, k=k, progress=progress, without=_left_out(case))


def _left_out(case: Case) -> Ragged | None:
    return case.without if len(case.without.values) else None


def _floor_lists(fitted: Fitted, case: Case, k: int) -> dict[str, Rows]:
    """The floors of law 9: what sold in one week, in four, and own frequency filled up with the latter."""
    without = _left_out(case)
    lists: dict[str, Rows] = {}
    segment = np.full(len(fitted.members), -1, dtype=np.int16)
    for days, name in ((7.0, FLOORS[0]), (28.0, FLOORS[1])):
        scorer: Scorer = popularity.fit(fitted.dataset, PopularityConfig(window_days=days), segment)
        lists[name], _ = scorer.best(case.members, keep=case.keep, k=k, without=without)
    own, _ = frequency.fit_plain(fitted.dataset).best(case.members, keep=case.keep, k=k, without=without)
    # So small a weight never changes the order of what the member bought.
    lists[FLOORS[2]] = fuse([own, lists[FLOORS[1]]], [1.0, 1e-6])[0]
    return lists
