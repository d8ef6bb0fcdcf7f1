"""What is usual in a member's segment: the prior that a short past is shrunken to, itself leaning on everybody."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.profile.facts import MemberFacts
from recsys.types import Rows

Figures = NDArray[np.float64]

SEGMENT_WEIGHT = 50.0
"""Everybody's figure counts as this much evidence of a segment's own."""
_MOST_MEMBERS = 200_000


def sample_of(facts: MemberFacts, most: int = _MOST_MEMBERS) -> MemberFacts:
    """The facts of at most so many members, evenly spread over the rows: enough for figures of segments."""
    if facts.n_members <= most:
        return facts
    return facts.of_members(np.arange(most, dtype=np.int64) * facts.n_members // most)


def segment_rows(segment: Rows, n_segments: int) -> Rows:
    """Rows of figures that have one entry a segment and then everybody's: that last one where there is no segment."""
    return np.where((segment >= 0) & (segment < n_segments), segment, n_segments).astype(np.int32)


def by_segment(facts: MemberFacts, values: NDArray[Any]) -> Figures:
    """Shape (n_segments + 1,): the sums of one value a member by segment; members without one come last."""
    rows = segment_rows(facts.segment, facts.n_segments)
    return np.bincount(rows, values, facts.n_segments + 1).astype(np.float64)


def leaning(part: Figures, whole: Figures, weight: float = SEGMENT_WEIGHT) -> list[float | None]:
    """
    The ratio of sums in each segment: (part + weight x everybody's ratio) / (whole + weight).

    Args:
        part, whole: Shape (n_segments + 1,), as `by_segment` gives them.
        weight: In the unit of *whole*.

    Returns:
        One entry a segment, then everybody's; None throughout where nobody has any of *whole*.
    """
    total = float(whole.sum())
    if total <= 0:
        return [None] * len(whole)
    everybody = float(part.sum()) / total
    return [*((part + weight * everybody) / (whole + weight))[:-1].tolist(), everybody]


def prior_of(figures: list[float | None], segment: Rows) -> Figures:
    """Each member's entry of such figures, NaN where there is none; segments that are new since have everybody's."""
    return np.asarray(figures, dtype=np.float64)[segment_rows(segment, len(figures) - 1)]


def posterior(part: NDArray[Any], whole: NDArray[Any], prior: Figures, weight: float | Figures) -> Figures:
    """
    (part + weight x prior) / (whole + weight): the posterior mean of a Beta-binomial or a Gamma-Poisson model.

    Where the prior is NaN nothing is known of anybody, and the answer is NaN.
    """
    return np.asarray((part + weight * prior) / (whole + weight))
