"""Differences between two policies with their intervals: paired over members, exact where all members were read."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.95
_TAIL = (1 + CONFIDENCE) / 2
_NO_VARIANCE = 1e-12
"""Of the squared mean: what rounding leaves of a variance of nothing."""

Ends = tuple[float, float] | tuple[None, None]


@dataclass(frozen=True, slots=True)
class Difference:
    """
    A figure under A and under B.

    Attributes:
        a, b: Under each.
        difference: B less A.
        low, high: The interval of the difference; absent where there is none, see `Sample.around`.
    """

    a: float
    b: float
    difference: float
    low: float | None
    high: float | None

    @property
    def may_be_luck(self) -> bool:
        """The interval holds zero."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high

    def times(self, factor: float) -> "Difference":
        """The same figure in another unit, or of more members."""
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Difference(self.a * factor, self.b * factor, self.difference * factor, low, high)


@dataclass(frozen=True, slots=True)
class Sample:
    """
    How many members were decided for, of how many.

    Attributes:
        n: Decided for, drawn without replacement.
        n_all: All that they stand for.
    """

    n: int
    n_all: int

    @property
    def is_all(self) -> bool:
        """Nobody was left out, so nothing is estimated."""
        return self.n >= self.n_all

    def around(self, mean: float, variance: float, n: int) -> Ends:
        """
        Student's interval of a mean over *n* drawn members, narrowed by the share that was drawn (Cochran 1977, 2.8).

        Args:
            mean: Of the members drawn.
            variance: Of one member's figure, with n in the denominator.
            n: Members that the mean is over.

        Returns:
            Its ends; none where all members were read, so that it is exact, and none where those drawn do not tell how
            much members vary: a single one, or all the same.
        """
        if self.is_all or n < 2 or variance <= _NO_VARIANCE * mean * mean:
            return None, None
        error = sqrt(variance / (n - 1) * (1 - self.n / self.n_all))
        half = float(stdtrit(n - 1, _TAIL)) * error
        return mean - half, mean + half

    def difference(self, sum_a: float, sum_d: float, sum_d2: float, n: int) -> Difference:
        """
        The mean over *n* members, from sums of A's figures, of the differences and of their squares.

        With *n* all that were drawn, and sums over a part of them, it is the part's contribution to the mean of all.
        """
        if not n:
            return Difference(0.0, 0.0, 0.0, None, None)
        mean = sum_d / n
        low, high = self.around(mean, sum_d2 / n - mean * mean, n)
        return Difference(sum_a / n, (sum_a + sum_d) / n, mean, low, high)

    def ratio(self, part: int, whole: int, moments: NDArray[np.float64]) -> Difference:
        """
        A ratio of sums under B less that under A, with the interval of its linear form (Cochran 1977, 6.4).

        Args:
            part, whole: Positions of the figures whose sums are divided.
            moments: Products of (1, figures under A, differences), summed over members; shape (1 + 2 f, 1 + 2 f).
        """
        f = len(moments) // 2
        sums = moments[0]
        parts_a, whole_a = sums[1 + part], sums[1 + whole]
        parts_b, whole_b = parts_a + sums[1 + f + part], whole_a + sums[1 + f + whole]
        rate_a = float(parts_a / whole_a) if whole_a else 0.0
        rate_b = float(parts_b / whole_b) if whole_b else 0.0
        n = int(sums[0])
        if not n or not whole_a or not whole_b:
            return Difference(rate_a, rate_b, rate_b - rate_a, None, None)
        # One member's part in the difference, in figures under A and differences; B is A and the difference.
        mean_a, mean_b = whole_a / n, whole_b / n
        weights = np.zeros(len(moments))
        weights[1 + part] = 1 / mean_b - 1 / mean_a
        weights[1 + whole] = rate_a / mean_a - rate_b / mean_b
        weights[1 + f + part] = 1 / mean_b
        weights[1 + f + whole] = -rate_b / mean_b
        mean = float(weights @ sums) / n
        variance = float(weights @ moments @ weights) / n - mean * mean
        low, high = self.around(rate_b - rate_a, variance, n)
        return Difference(rate_a, rate_b, rate_b - rate_a, low, high)

    def share(self, count: float, n: int) -> tuple[float, float | None, float | None]:
        """A share of *n* members with Wilson's interval (1927), which is also right where the count is 0 or all."""
        if not n:
            return 0.0, None, None
        share = count / n
        if self.is_all:
            return share, None, None
        z2 = float(ndtri(_TAIL)) ** 2
        middle = (share + z2 / (2 * n)) / (1 + z2 / n)
        half = sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
        return share, max(middle - half, 0.0) if count else 0.0, min(middle + half, 1.0) if count < n else 1.0
