"""How much each source counts in the blend, chosen on the validation window and nowhere else."""

from collections.abc import Mapping

import numpy as np

from recsys import metrics
from recsys.knowledge import CandidateList
from recsys.scorers.blend import fuse
from recsys.types import Rows
from training.cases import Case

GRID = (0.01, 0.03, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Relative weights that are tried. None is zero: a weak source still serves those of whom the others say nothing."""
TOP = 10
_ROUNDS = 3
_MAX_MEMBERS = 4_000


def blend(lists: Mapping[str, CandidateList], weights: Mapping[str, float]) -> Rows:
    """The blended list of each member, as the engine blends before policy."""
    return fuse([lists[name].products for name in weights], list(weights.values()))[0]


def plain_fusion(lists: Mapping[str, CandidateList]) -> Rows:
    """All lists with one weight each: what needs no choice, and what every choice must beat."""
    return blend(lists, dict.fromkeys(lists, 1.0))


def choose_weights(lists: Mapping[str, CandidateList], case: Case) -> dict[str, float]:
    """
    Coordinate ascent on NDCG@10 over GRID, from equal weights, at most a few rounds.

    Deterministic: sources in the order given, the first of equals stays. With many members the first few thousand by
    row are used: nine numbers need no more.

    Returns:
        One weight a source, the largest 1.
    """
    n = min(len(case.members), _MAX_MEMBERS)
    products = {name: CandidateList(one.products[:n], one.scores[:n]) for name, one in lists.items()}
    weights = dict.fromkeys(lists, 1.0)
    best = _quality(products, weights, case, n)
    for _ in range(_ROUNDS):
        before = dict(weights)
        for name in weights:
            for value in GRID:
                tried = weights | {name: value}
                quality = _quality(products, tried, case, n)
                if quality > best:
                    best, weights = quality, tried
        if weights == before:
            break
    largest = max(weights.values())
    return {name: weight / largest for name, weight in weights.items()}


def _quality(lists: Mapping[str, CandidateList], weights: Mapping[str, float], case: Case, n: int) -> float:
    truth = case.truth.take(np.arange(n))
    hit = metrics.hits(blend(lists, weights)[:, :TOP], truth, len(case.keep))
    return float(metrics.ndcg(hit, truth.lengths(), TOP).mean())
