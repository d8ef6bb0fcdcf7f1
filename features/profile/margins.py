"""Margin over value of what each member buys, shrunk to that of all, or assumed where costs are not known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.profile.facts import MemberFacts
from features.value import DEFAULT_MARGIN_RATE
from recsys.types import MoneyMinor


@dataclass(frozen=True, slots=True)
class KnownMargins:
    """
    What each member paid for products whose cost is known, and what of it is margin.

    Attributes:
        paid_minor: Shape (n_members,), int64.
        margin_minor: Shape (n_members,), int64; negative where more was given away than earned.
    """

    paid_minor: MoneyMinor
    margin_minor: MoneyMinor

    @classmethod
    def of(cls, facts: MemberFacts) -> "KnownMargins":
        """From all order lines; costs are those that the facts know."""
        purchases, n_members = facts.purchases, facts.n_members
        paid, margin = np.zeros(n_members, dtype=np.int64), np.zeros(n_members, dtype=np.int64)
        starts = np.flatnonzero(np.diff(purchases.member, prepend=-1))
        if len(starts):
            unit_cost = facts.products.cost_minor[purchases.product]
            line_paid = np.where(unit_cost >= 0, purchases.paid_minor, 0)
            line_cost = np.where(unit_cost >= 0, unit_cost * purchases.quantity, 0)
            paid[purchases.member[starts]] = np.add.reduceat(line_paid, starts)
            margin[purchases.member[starts]] = np.add.reduceat(line_paid - line_cost, starts)
        return cls(paid, margin)

    def population(self) -> tuple[float, bool]:
        """The rate of all together, 0 to 1, and whether it was measured; the default where no cost is known."""
        paid = int(self.paid_minor.sum())
        if not paid:
            return DEFAULT_MARGIN_RATE, False
        return float(np.clip(int(self.margin_minor.sum()) / paid, 0.0, 1.0)), True

    def shrunken(self, population: float, prior_minor: float) -> NDArray[np.float64]:
        """Shape (n_members,), 0 to 1: as if *prior_minor* more had been paid at the population's rate."""
        prior = max(prior_minor, 1.0)
        return np.clip((prior * population + self.margin_minor) / (prior + self.paid_minor), 0.0, 1.0)
