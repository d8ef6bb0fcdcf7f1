"""What a number of orders is worth, with an interval in closed form: the same for a member whoever else is there."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from features.lifetime.summary import Figures, PurchaseSummary

_LEAST_SHAPE = 0.5


@dataclass(frozen=True, slots=True)
class OrderWorth:
    """
    The Gamma-Gamma model's view of a member's paid orders (Fader and Hardie 2013).

    With p = 1 it is a shrunken mean: as if every member had q - 1 more orders of v_minor / (q - 1).

    Attributes:
        p, q: Shapes, q above 1.
        v_minor: At least 0.
    """

    p: float
    q: float
    v_minor: float

    def mean(self, seen: PurchaseSummary) -> Figures:
        """Shape (n,): expected value of a paid order, minor units (eq. 5)."""
        shape, rate = self._posterior(seen)
        return self.p * rate / (shape - 1)

    def squares(self, seen: PurchaseSummary) -> Figures:
        """
        Shape (n,): mean of 1 / nu^2 over the member's posterior of nu, which orders are Gamma(p, nu) given.

        Infinite by the model where the prior is flat and orders are few; then as large as at half a degree above.
        """
        shape, rate = self._posterior(seen)
        return rate**2 / ((shape - 1) * np.maximum(shape - 2, _LEAST_SHAPE))

    def _posterior(self, seen: PurchaseSummary) -> tuple[Figures, Figures]:
        shape = np.asarray(self.q + self.p * seen.n_valued, dtype=np.float64)
        return shape, np.asarray(self.v_minor + seen.n_valued * seen.mean_value_minor)


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """
    The distribution of each member's number of orders, in short; all of shape (n,), float64.

    Attributes:
        mean: Of the number.
        low, high: Its central interval.
        paid_share: Share of orders that are worth anything.
    """

    mean: Figures
    low: Figures
    high: Figures
    paid_share: Figures


def worth_interval(
    worth: OrderWorth, counts: OrderCounts, seen: PurchaseSummary, coverage: float
) -> tuple[Figures, Figures]:
    """
    Central interval of the value of all orders of each member together, in closed form.

    Each end is as far from the mean as the two distances together, at right angles: that of the exact interval of the
    number of orders at the mean value of one, and that of a normal distribution with the exact variance of the value
    given the mean number. So nothing is drawn, and nothing depends on other members. Beside draws from the posterior
    each tail of an 80 % interval holds its tenth to within two hundredths, whether orders are few or many, or may end.

    Args:
        worth: Of a paid order.
        counts: Numbers, their interval of the same coverage.
        seen: The members.
        coverage: Of the interval.

    Returns:
        Low and high, shape (n,), minor units; low is at least 0.
    """
    share, paid = counts.paid_share, counts.paid_share * counts.mean
    each = worth.mean(seen)
    mean = paid * each
    squares = worth.p * paid + worth.p**2 * (paid**2 + paid * (1 - share))
    reach = norm.ppf((1 + coverage) / 2) * np.sqrt(np.maximum(squares * worth.squares(seen) - mean**2, 0.0))
    low = mean - np.hypot(mean - np.minimum(counts.low * share * each, mean), reach)
    high = mean + np.hypot(np.maximum(counts.high * share * each, mean) - mean, reach)
    return np.maximum(low, 0.0), high
