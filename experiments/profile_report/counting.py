"""Counts over members: classes of size, cross tables that hide the few, shares of the whole."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from features.profile.facts import MemberFacts
from recsys.loyalty.calendar import Period

FEWEST = 5
"""A cell of a cross table with fewer members than this is not shown: somebody might be recognised in it."""

_AT_ONCE = 100_000

Counts = tuple[int, ...]
Cells = tuple[tuple[int | None, ...], ...]
"""By row, then column; None where there are 1 to FEWEST - 1 members."""


def log_edges(values: NDArray[np.number], most: int = 18) -> tuple[int, ...]:
    """
    Ascending class limits 1, 2, 5, 10, ... that hold all values, at most so many classes; 0 begins the first.

    Values are at least 0; the last limit is above all of them.

    >>> log_edges(np.array([3, 40, 160]))
    (0, 1, 2, 5, 10, 20, 50, 100, 200)
    """
    highest = float(values.max()) if values.size else 0.0
    limits = [0, 1]
    while limits[-1] <= highest:
        limits.append(limits[-1] * 5 // 2 if str(limits[-1])[0] == "2" else limits[-1] * 2)
    return (0, *limits[-most:]) if len(limits) > most + 1 else tuple(limits)


def in_classes(values: NDArray[np.number], edges: Sequence[float]) -> Counts:
    """How many values are in each [edge, next edge); the edges hold all of them; NaN is in none."""
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    counts = np.bincount(np.searchsorted(edges, known, side="right") - 1, minlength=len(edges) - 1)
    return tuple(counts.tolist())


def by_code(codes: NDArray[np.integer], n: int, weights: NDArray[np.number] | None = None) -> NDArray[np.float64]:
    """Shape (n,): members, or the sum of their *weights*, by code; codes below 0 count nowhere."""
    known = codes >= 0
    summed = np.bincount(codes[known], None if weights is None else weights[known], minlength=n)
    return summed.astype(np.float64)


def crossed(
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
    shape: tuple[int, int],
    weights: NDArray[np.number] | None = None,
) -> NDArray[np.float64]:
    """Members, or the sum of their *weights*, by two codes; shape *shape*; a code below 0 counts nowhere."""
    known = (rows >= 0) & (columns >= 0)
    cell = np.where(known, rows.astype(np.int64) * shape[1] + columns, -1)
    return by_code(cell, shape[0] * shape[1], weights).reshape(shape)


def hidden(counts: NDArray[np.float64]) -> Cells:
    """Counts of members as whole numbers, the few left out."""
    return tuple(tuple(None if 0 < n < FEWEST else int(n) for n in row) for row in counts)


def unless_few(n: float, figure: float) -> float | None:
    """A sum over so many members; None where it would be that of somebody who might be recognised."""
    return None if 0 < n < FEWEST else figure


def means(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[tuple[float | None, ...], ...]:
    """Mean a member by cell; None where there are fewer than FEWEST members."""
    return tuple(
        tuple(float(total / n) if n >= FEWEST else None for total, n in zip(row, of, strict=True))
        for row, of in zip(sums, counts, strict=True)
    )


def shown(cell: int | None) -> str:
    """A cell of a cross table as text."""
    return f"<{FEWEST}" if cell is None else f"{cell:,}"


def several(n: int, noun: str) -> str:
    """
    A number with its noun.

    >>> several(1, "member"), several(2_000, "member"), several(1, "family"), several(0, "family")
    ('1 member', '2,000 members', '1 family', '0 families')
    """
    if n != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{n:,} {noun}"


def share(part: float, whole: float) -> float:
    """A share from 0 to 1; 0 where there is no whole."""
    return float(part) / float(whole) if whole else 0.0


def month_of(day: int) -> str:
    """The month of a day since 1970, for example ``2026-03``."""
    return str(np.datetime64(int(day), "D").astype("datetime64[M]"))


def ends_with_a_month(facts: MemberFacts) -> bool:
    """Whether the as-of instant is the beginning of a local month, so that the month before is whole."""
    day = np.array([facts.as_of_day])
    first = int(facts.calendar.period_starts(day, Period.MONTH)[0])
    return facts.calendar.start_of(first) == facts.as_of


def blocks_of(facts: MemberFacts) -> Iterator[MemberFacts]:
    """The facts of all members in the order of their rows, a hundred thousand members at a time."""
    if facts.n_members <= _AT_ONCE:
        yield facts
        return
    for start in range(0, facts.n_members, _AT_ONCE):
        yield facts.of_members(np.arange(start, min(start + _AT_ONCE, facts.n_members)))
