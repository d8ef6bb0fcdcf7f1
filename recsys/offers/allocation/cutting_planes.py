"""The dual of many shared rows: cutting planes within a box that follows the best prices so far."""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog

from recsys.offers.allocation.dual import Dual
from recsys.offers.allocation.oracle import best_at
from recsys.offers.allocation.problem import Columns, Limits, Values

_DEAREST = 1e4
"""Highest price of a row, as a share of the value of everything: a row that is dearer cannot be met."""

_FIRST_RADIUS = 0.3
_SAMPLED = 4_000
_COARSER = 8
_MOST_STEPS = 400
_SERIOUS = 0.1


def solve_many_rows(columns: Columns, limits: Limits, *, tolerance: float = 1e-6) -> Dual:
    """
    Prices at which the Lagrangian dual is within *tolerance* of its least, relative to it.

    Each look at all members gives a plane below the dual; a small linear program finds the lowest point of all planes
    within a box around the best prices so far (Marsten, Hogan, Blankenship 1975, "boxstep"), until the lowest point
    without the box is as low. Many members start from the prices of a sample, an eighth of them, and so on down.

    Args:
        columns: The members.
        limits: The rows.
        tolerance: Relative.
    """
    start, radius = np.zeros(len(limits)), _FIRST_RADIUS
    n_members = columns.n_members
    if n_members > _SAMPLED:
        sample = np.arange(0, n_members, _COARSER)
        coarse = solve_many_rows(columns.only(sample), limits.shrunk(len(sample) / n_members), tolerance=tolerance)
        start, radius = coarse.price, min(_FIRST_RADIUS, 2 / np.sqrt(len(sample)))
    return _Planes(columns, limits).solve(start, radius, tolerance)


@dataclass(slots=True)
class _Planes:
    """The planes found so far; values are shares of what all members' best choices are worth."""

    columns: Columns
    limits: Limits
    unit: float = 1.0
    value: list[float] = field(default_factory=list)
    slope: list[Values] = field(default_factory=list)
    price: list[Values] = field(default_factory=list)

    def look(self, price: Values) -> float:
        """The dual at these prices; adds its plane."""
        answer = best_at(self.columns, self.limits, price * self.unit)
        self.value.append(answer.value / self.unit)
        self.slope.append(self.limits.bound - answer.activity)
        self.price.append(price)
        return self.value[-1] + float(self.slope[-1] @ price)

    def lowest(self, centre: Values, radius: float) -> tuple[float, Values, Values]:
        """Value and prices of the lowest point within the box, and what each plane counts there."""
        n = len(self.limits)
        least = np.maximum(centre - radius, 0.0)
        most = np.minimum(centre + radius, _DEAREST)
        found = linprog(
            np.concatenate(([1.0], np.zeros(n))),
            A_ub=np.column_stack((-np.ones(len(self.value)), np.array(self.slope))),
            b_ub=-np.array(self.value),
            bounds=[(None, None), *zip(least, most, strict=True)],
            method="highs-ds",
        )
        assert found.status == 0, found.message  # there is always a lowest point of planes within a box
        return float(found.x[0]), found.x[1:], -found.ineqlin.marginals

    def solve(self, start: Values, radius: float, tolerance: float) -> Dual:
        n = len(self.limits)
        everything = best_at(self.columns, self.limits, np.zeros(n))
        self.unit = everything.value or float(np.abs(self.columns.values[self.columns.values > -np.inf]).sum()) or 1.0
        start = start / self.unit
        # Giving nothing is an answer, too, at any price.
        self.value.append(0.0)
        self.slope.append(self.limits.bound.copy())
        self.price.append(np.full(n, np.inf))
        self.look(np.zeros(n))
        centre, best = start, self.look(start)
        share = np.empty(0)
        for _ in range(_MOST_STEPS):
            floor, price, share = self.lowest(centre, radius)
            inside = bool(np.all((np.abs(price - centre) < radius * (1 - 1e-9)) | (price <= 0)))
            if best - floor <= tolerance * max(abs(best), 1e-12):
                if inside:
                    break
                radius *= 4
                continue
            at = self.look(price)
            if at < best - _SERIOUS * (best - floor):
                centre, best = price, at
                radius *= 1.0 if inside else 2.0
            elif at < best:
                centre, best = price, at
            else:
                radius *= 0.7
        used = np.flatnonzero(share > 1e-9)
        meets = bool(np.all(centre < 0.999 * _DEAREST))
        mixed = np.array([self.price[one] for one in used]) * self.unit
        weight = share[used] / share[used].sum()
        return Dual(
            centre * self.unit, best * self.unit, steps=len(self.value) - 1, meets=meets, mixed=mixed, share=weight
        )
