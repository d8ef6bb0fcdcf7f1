"""What a return takes back: the points its part of a line earned, and in the end all of them and no more."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.exact import running_sums, times_over
from recsys.loyalty.points_facts import PointAmounts
from recsys.types import Instants, MoneyMinor


@dataclass(frozen=True, slots=True)
class ReturnedParts:
    """
    Amounts given back, each of one line.

    Attributes:
        line: Shape (n,), int64: row among the lines that earned.
        at: Shape (n,), int64 epoch seconds; of one instant, the earlier row comes first.
        amount_minor: Shape (n,), at least 0: of the line's amount as it was bought.
    """

    line: NDArray[np.int64]
    at: Instants
    amount_minor: MoneyMinor


def points_clawed(returned: ReturnedParts, *, line_points: PointAmounts, amount_minor: MoneyMinor) -> PointAmounts:
    """
    The points that each return takes back.

    After each return a line has given back its points times the share of its amount returned so far, rounded down, in
    the member's favour; with the last part all of it. So the order of parts moves single points between them, and
    their sum is what was earned.

    Args:
        returned: In any order.
        line_points: Shape (n_lines,): what lines earned; see `earning.Earned`.
        amount_minor: Shape (n_lines,): what was paid for them.

    Returns:
        Shape (n,), int64, at least 0.

    Raises:
        InputError: More of a line is returned than was bought, or a line is not there.

    Example:
        >>> parts = ReturnedParts(np.array([0, 0]), np.array([5, 6]), np.array([250, 250]))
        >>> points_clawed(parts, line_points=np.array([5]), amount_minor=np.array([500])).tolist()
        [2, 3]
    """
    if not len(returned.line):
        return np.empty(0, dtype=np.int64)
    if returned.line.min() < 0 or returned.line.max() >= len(line_points):
        wrong = returned.line.min() if returned.line.min() < 0 else returned.line.max()
        raise InputError(f"a return is of line {wrong}; there are lines 0 to {len(line_points) - 1}; correct it")
    if returned.amount_minor.min() < 0:
        raise InputError(f"a return is of {returned.amount_minor.min()} minor units; it may be 0 or more")
    order = np.lexsort((returned.at, returned.line))
    line = returned.line[order]
    first = np.append(True, line[1:] != line[:-1])
    so_far = running_sums(returned.amount_minor[order], first)
    for row in np.flatnonzero(so_far > amount_minor[line])[:1]:
        raise InputError(
            f"returns of line {line[row]} add up to {so_far[row]} minor units and it was bought for "
            f"{amount_minor[line[row]]}; a line is returned at most once"
        )
    upto = times_over(line_points[line], so_far, np.maximum(amount_minor[line], 1))
    clawed = np.empty(len(line), dtype=np.int64)
    clawed[order] = upto - np.where(first, 0, np.append(0, upto[:-1]))
    return clawed
