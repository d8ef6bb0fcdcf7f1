"""How much each source counts in the blend, chosen on the validation window and nowhere else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys import metrics
from recsys.knowledge import CandidateList
from recsys.ragged import Ragged
from recsys.scorers.blend import fuse
from recsys.types import Rows
from training.cases import Case

GRID = (0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Weights that are tried, relative to that of the best single source."""
BEHIND = 0.001
"""Relative weight of a source that does not prove its worth: it still serves those of whom the others say nothing."""
TOP = 10
_SURE = 2.0
"""A gain counts where it is above so many of its standard errors."""
_DEPTH = 30
_MAX_MEMBERS = 3_000


def blend(lists: Mapping[str, CandidateList], weights: Mapping[str, float]) -> Rows:
    """The blended list of each member, as the engine blends before policy."""
    return fuse([lists[name].products for name in weights], list(weights.values()))[0]


def plain_fusion(lists: Mapping[str, CandidateList]) -> Rows:
    """All lists with one weight each: what needs no choice, and what every choice must beat."""
    return blend(lists, dict.fromkeys(lists, 1.0))


def choose_weights(questions: Sequence[tuple[Case, Mapping[str, CandidateList]]]) -> dict[str, float]:
    """
    Forward selection on NDCG@10: the best single source, then one weight after the other that surely helps.

    What is made as high as possible is the mean over the questions of NDCG@10 relative to the best single source's, so
    that repeats do not drown what is new to the member. A change counts where its gain, paired over members, is above
    two standard errors, and where no question is answered worse: on a thousand members, weights that are chosen freely
    fit noise, and the more sources there are, the more. All others stay BEHIND.

    Deterministic: sources in the order given, the first of equals stays. With many members the first few thousand by
    row are used, and of each list the first few dozen: weights need no more.

    Args:
        questions: Cases of one window, each with the lists of all sources, the same sources in each. One without
            members, or where no source is ever right, is left out.

    Returns:
        One weight a source, the largest 1; where nothing can be told, 1 each.
    """
    names = list(questions[0][1])
    asked = [one for one in (_asked(case, lists) for case, lists in questions) if one is not None]
    if not asked:
        return dict.fromkeys(names, 1.0)
    alone = {name: float(_merit(asked, [one.ndcg({name: 1.0}) for one in asked]).mean()) for name in names}
    best = max(names, key=lambda name: alone[name])
    chosen = {best: 1.0}
    ndcg = [one.ndcg(_with_all(chosen, names)) for one in asked]
    for _ in range(2 * len(names)):
        found = None
        for name in names:
            for value in GRID:
                tried = chosen | {name: value}
                gains = [one.ndcg(_with_all(tried, names)) - before for one, before in zip(asked, ndcg, strict=True)]
                merit = _merit(asked, gains)
                mean = float(merit.mean())
                sure = mean > _SURE * _standard_error(merit)
                if sure and min(gain.mean() for gain in gains) >= 0 and (found is None or mean > found[0]):
                    found = mean, tried
        if found is None:
            break
        chosen = found[1]
        ndcg = [one.ndcg(_with_all(chosen, names)) for one in asked]
    return _with_all(chosen, names)


@dataclass(frozen=True, slots=True)
class _Asked:
    """
    A question, cut to what choosing needs.

    Attributes:
        lists: By source, shape (m, _DEPTH).
        truth: Ragged (m,).
        members: Shape (m,): rows of the members.
        n_products: Of the catalogue.
        scale: NDCG@10 of the best single source.
    """

    lists: Mapping[str, Rows]
    truth: Ragged
    members: Rows
    n_products: int
    scale: float = 1.0

    def ndcg(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        rows = fuse([self.lists[name] for name in weights], list(weights.values()))[0]
        hit = metrics.hits(rows[:, :TOP], self.truth, self.n_products)
        return metrics.ndcg(hit, self.truth.lengths(), TOP)


def _asked(case: Case, lists: Mapping[str, CandidateList]) -> _Asked | None:
    n = min(len(case.members), _MAX_MEMBERS)
    if not n:
        return None
    cut = {name: one.products[:n, :_DEPTH] for name, one in lists.items()}
    asked = _Asked(cut, case.truth.take(np.arange(n)), case.members[:n], len(case.keep))
    scale = max(float(asked.ndcg({name: 1.0}).mean()) for name in lists)
    return replace(asked, scale=scale) if scale > 0 else None


def _merit(asked: Sequence[_Asked], figures: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Shape (members of any question,): what each adds to the mean over questions of the relative figure."""
    members = np.unique(np.concatenate([one.members for one in asked]))
    merit = np.zeros(len(members))
    for one, figure in zip(asked, figures, strict=True):
        merit[np.searchsorted(members, one.members)] += figure * (
            len(members) / (len(one.members) * one.scale * len(asked))
        )
    return merit


def _standard_error(merit: NDArray[np.float64]) -> float:
    """Of the mean; of one member alone nothing is sure."""
    return float(merit.std(ddof=1)) / math.sqrt(len(merit)) if len(merit) > 1 else math.inf


def _with_all(chosen: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """One weight a source: those chosen, scaled to 1 at most, and BEHIND for the others."""
    largest = max(chosen.values())
    return {name: chosen[name] / largest if name in chosen else BEHIND for name in names}
