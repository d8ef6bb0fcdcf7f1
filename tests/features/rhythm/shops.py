"""Made-up histories of known rhythm, for the tests of this folder."""

import numpy as np

from features.rhythm.gaps import History


def log_normal(
    n_members: int, *, typical: float, spread: float, n_days: int, seed: int, between: float = 0.0
) -> History:
    """
    Members who begin within the first gap and buy family 0 after log-normal gaps until the last day.

    Their own typical gaps differ by the factor exp(*between* x normal).
    """
    rng = np.random.default_rng(seed)
    n_gaps = int(8 * n_days / typical) + 8
    own = np.log(typical) + between * rng.standard_normal((n_members, 1))
    gaps = np.exp(own + spread * rng.standard_normal((n_members, n_gaps)))
    day = np.floor(rng.random((n_members, 1)) * typical + np.cumsum(gaps, axis=1))
    member = np.repeat(np.arange(n_members), n_gaps)
    keep = day.ravel() < n_days
    return History.of(member[keep], np.zeros(int(keep.sum()), dtype=int), day.ravel()[keep].astype(int))


def every(days: int, n: int, *, member: int, family: int = 0, first: int = 0) -> list[tuple[int, int, int]]:
    """*n* purchases of one member, so many days apart."""
    return [(member, family, first + days * step) for step in range(n)]


def history_of(*parts: list[tuple[int, int, int]]) -> History:
    """All parts as one history."""
    rows = np.array([row for part in parts for row in part], dtype=np.int64).reshape(-1, 3)
    return History.of(rows[:, 0], rows[:, 1], rows[:, 2])
