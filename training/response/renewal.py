"""How much of a caused order is taken from later weeks, because the member's clock begins anew."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

Floats = NDArray[np.float64]

_GAPS = np.exp(np.linspace(np.log(1.2), np.log(40.0), 28))
_WEEKS = 60
_MOST_SHAPE = 4.0


def clock_shape(sd_of_log_gaps: float) -> float:
    """The Weibull shape under which logs of gaps have this standard deviation: pi / (sqrt(6) sd), at least 1."""
    return float(np.clip(np.pi / (np.sqrt(6.0) * max(sd_of_log_gaps, 1e-6)), 1.0, _MOST_SHAPE))


def lost_orders(gap: Floats, recency: Floats, *, shape: float, overdue: float, weeks_left: int) -> Floats:
    """
    Orders until the last week that a renewal loses if the clock begins anew now.

    ``J(t, r) = p(r) (1 + J(t + 1, 1)) + (1 - p(r)) J(t + 1, r + 1)`` with Weibull gaps whose hazard stops growing at
    *overdue* usual gaps; the loss is ``J(t + 1, r + 1) - J(t + 1, 1)``, read from a table over gaps.

    Args:
        gap: Shape (n,): usual weeks between orders.
        recency: Shape (n,): weeks since the last order, at least 1.
        shape: Of the Weibull.
        overdue: Usual gaps, above 0.
        weeks_left: After this week, that count.

    Returns:
        Shape (n,), within [0, 1].
    """
    scale = _GAPS / gamma(1 + 1 / shape)
    weeks = np.arange(1.0, _WEEKS + 1)
    until = np.minimum(weeks[None, :], np.maximum(overdue * _GAPS, 1.0)[:, None])
    hazard = (until / scale[:, None]) ** shape - ((until - 1) / scale[:, None]) ** shape
    chance = -np.expm1(-hazard)
    worth = np.zeros_like(chance)
    for _ in range(max(weeks_left, 0)):
        later = np.concatenate((worth[:, 1:], worth[:, -1:]), axis=1)
        worth = later + chance * (1 + worth[:, :1] - later)
    table = np.clip(worth - worth[:, :1], 0.0, 1.0)
    row = np.clip(np.searchsorted(_GAPS, gap), 0, len(_GAPS) - 1)
    column = np.minimum(recency.astype(np.int64), _WEEKS - 1)
    return np.asarray(table[row, column])
