"""The smallest sufficient depth: of the steps of a ladder, the one after which a deeper one does not pay."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from recsys.offers.definitions import NO_GROUP, OfferDefinitions
from recsys.types import KeepMask

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ladders:
    """
    Offers that are the same thing at several depths.

    Attributes:
        steps: One array a ladder of at least two steps: rows of its offers, shallow to deep.
    """

    steps: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, offers: OfferDefinitions) -> "Ladders":
        """
        Read them out of the definitions.

        Steps are of one kind, so they are told apart by what that kind gives; of two that give the same, the one with
        the higher minimum spend is the shallower.
        """
        order = np.lexsort(
            (
                np.arange(len(offers)),
                -offers.min_spend_minor,
                offers.get_quantity,
                offers.multiplier_bp,
                offers.percent_bp,
                offers.amount_minor,
            )
        )
        number = offers.ladder[order]
        ladders = (order[number == one] for one in np.unique(number) if one != NO_GROUP)
        return cls(tuple(steps for steps in ladders if len(steps) > 1))

    def monotone(self, estimate: Floats, sd: Floats) -> Floats:
        """
        Make estimates of a response rise with depth: a deeper step never works less than a shallower one.

        Isotonic regression by least squares, each estimate weighted by one over its variance (Barlow and others 1972,
        min-max formula: the largest over j <= i of the smallest over k >= i of the weighted mean of steps j to k).

        Args:
            estimate: Shape (m, n_offers).
            sd: Same shape: standard deviations.

        Returns:
            Same shape, new where there are ladders: offers on none stay as they are.
        """
        if not self.steps:
            return estimate
        risen = estimate.copy()
        for steps in self.steps:
            risen[:, steps] = _isotonic(estimate[:, steps], 1.0 / np.maximum(sd[:, steps], 1e-9) ** 2)
        return risen

    def too_deep(self, mean: Floats, sd: Floats, keep: KeepMask, risk_aversion: float) -> KeepMask:
        """
        Say which steps are deeper than they need to be.

        Of the kept steps whose worth is surely above zero (``mean - risk_aversion x sd``), the smallest sufficient one
        is the first, i, that no deeper kept step j surely beats: ``mean_j - mean_i - risk_aversion x sd(difference)``
        is not above zero. Doubts about two steps count as independent, which is on the side of the
        smaller one.

        Args:
            mean: Shape (m, n_offers), minor units: worth, less what budgets cost.
            sd: Same shape.
            keep: Same shape: steps that may be shown.
            risk_aversion: Standard deviations, at least 0.

        Returns:
            Same shape: steps deeper than the smallest sufficient one of their ladder.
        """
        deep = np.zeros_like(keep)
        if not self.steps:
            return deep
        every_paying = keep & (mean - risk_aversion * sd > 0)
        for steps in self.steps:
            paying = every_paying.take(steps, axis=1)
            # Nothing is deeper than the deepest.
            if not paying[:, :-1].any():
                continue
            worth, doubt, open_to = mean.take(steps, axis=1), sd.take(steps, axis=1), keep.take(steps, axis=1)
            gain = worth[:, None, :] - worth[:, :, None]
            surely = gain > risk_aversion * np.hypot(doubt[:, None, :], doubt[:, :, None])
            beaten = (surely & open_to[:, None, :] & _deeper(len(steps))).any(axis=2)
            enough = np.logical_or.accumulate(paying & ~beaten, axis=1)
            deep[:, steps[1:]] = enough[:, :-1] & open_to[:, 1:]
        return deep

    def best_steps(self, ranked: Floats, discount: Floats) -> Floats:
        """
        Leave one step of each ladder: two on one slate would give who takes the deeper what the smaller was to save.

        Args:
            ranked: Shape (m, n_offers): what offers are compared by.
            discount: Same shape: parts equals, of which the smallest is left, and then the first row.

        Returns:
            Same shape, new where there are ladders: 0 for every step but the highest of its ladder.
        """
        if not self.steps:
            return ranked
        left = ranked.copy()
        for steps in map(np.sort, self.steps):
            level = ranked[:, steps]
            highest = level == level.max(axis=1, keepdims=True)
            first = np.where(highest, discount[:, steps], np.inf).argmin(axis=1)
            left[:, steps] = np.where(np.arange(len(steps)) == first[:, None], level, 0.0)
        return left

    def beside(self, offer: int) -> frozenset[int]:
        """Rows of the offer's ladder, its own among them; of an offer on none, its own alone."""
        return frozenset(next((steps.tolist() for steps in self.steps if offer in steps), [offer]))


NO_LADDERS = Ladders(())
"""Of offers that each stand for themselves."""


@cache
def _deeper(n: int) -> KeepMask:
    """Shape (n, n): the second of two steps is the deeper."""
    return ~np.tri(n, dtype=np.bool_)


def _isotonic(estimate: Floats, weight: Floats) -> Floats:
    """Shape (m, steps): the non-decreasing sequence nearest to each line."""
    falls = np.flatnonzero((estimate[:, 1:] < estimate[:, :-1]).any(axis=1))
    if not len(falls):
        return estimate
    # The others stay as they are to the last bit, whoever else is asked about.
    some, heavy = estimate[falls], weight[falls] / weight[falls].max(axis=1, keepdims=True)
    best = np.full(some.shape, -np.inf)
    for first in range(some.shape[1]):
        # Summed from each first step on, because a difference of sums forgets the light beside the heavy.
        means = np.cumsum((some * heavy)[:, first:], axis=1) / np.cumsum(heavy[:, first:], axis=1)
        least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        best[:, first:] = np.maximum(best[:, first:], least)
    risen = estimate.copy()
    risen[falls] = best
    return risen
