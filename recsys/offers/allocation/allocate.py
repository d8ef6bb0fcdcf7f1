"""Who gets which offer: the Lagrangian dual, rounded, repaired, and filled up; with what each row is worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.offers.allocation.cutting_planes import solve_many_rows
from recsys.offers.allocation.dual import Dual
from recsys.offers.allocation.moves import Standing
from recsys.offers.allocation.one_row import solve_one_row
from recsys.offers.allocation.oracle import best_at, totals
from recsys.offers.allocation.pairs import pair_up
from recsys.offers.allocation.problem import Choice, Columns, Limits, Problem, Values, lay_out
from recsys.offers.allocation.repair import fill, settle
from recsys.offers.allocation.rows import COUNT, Row, Sense
from recsys.types import UNKNOWN_ROW, Rows

_FAR = 1e-4
"""A larger gap than this share of the bound is worth looking at pairs of changes, and at other roundings."""

_PHASES = (0.0, 0.25, 0.75)
"""Where else in the sequence a rounding may begin."""

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class RowUse:
    """
    What became of one row.

    Attributes:
        row: As given.
        used: What it sums to.
        price: Shadow price, 0 or more: what one unit more of the bound (of a floor: one unit less) is worth; of a floor
            that is missed, one unit less than what it reaches; of a limit with room for nothing, what a unit is worth
            at most, at which nobody would take from it.
        missing: By how much the bound is missed, in the row's units; 0 where it holds.
        reachable: Where it is missed: what it could sum to at best if it were the only row; else as *used*.
    """

    row: Row
    used: float
    price: float
    missing: float
    reachable: float


@dataclass(frozen=True, slots=True)
class Allocation:
    """
    Who gets which offers.

    Attributes:
        offers: Shape (n_members, n_slots): offer rows, UNKNOWN_ROW for none, which is an arm like any other.
        value: Sum of the values.
        bound: Nothing that keeps the rows is worth more: the optimum of the linear program, within the tolerance. Where
            demands cannot be met, of the rows with these as far down as they were met.
        rows: What became of each row, as given.
        possible: Whether fractions of offers could meet all rows; False: some rows contradict others or the members.
        steps: Times that all members' best choices were looked for.
    """

    offers: Rows
    value: float
    bound: float
    rows: tuple[RowUse, ...]
    possible: bool
    steps: int

    @property
    def feasible(self) -> bool:
        """Every row holds."""
        return all(row.missing == 0 for row in self.rows)

    @property
    def gap(self) -> float:
        """The share of the bound that is not reached, 0 or more."""
        return max(0.0, self.bound - self.value) / max(abs(self.bound), 1e-12)


def allocate(problem: Problem, rows: Sequence[Row], *, tolerance: float = 1e-6) -> Allocation:
    """
    Choose offers for everybody at once, of nearly the highest value that the rows allow.

    A multiple-choice knapsack with several shared rows. Prices of the rows come from the Lagrangian dual (one row:
    exactly; several: cutting planes). The linear program has an answer with at most one split member a row (Sinha,
    Zoltners 1979), so rounding loses little: choices at the prices are rounded, repaired until all limits hold, and
    filled up. Limits (rows that giving nothing satisfies) always hold at the end. By how much a floor that cannot be
    met is missed stands in its `RowUse`. The same input gives the same answer.

    Args:
        problem: The members and offers; not changed.
        rows: Budgets, stocks, floors, parity; may be empty.
        tolerance: Of the dual, relative.

    Raises:
        InputError: As `lay_out`.

    >>> values = np.array([[300.0, 420.0], [200.0, 260.0], [-50.0, 10.0]])
    >>> spend = np.array([[100.0, 200.0], [100.0, 200.0], [100.0, 200.0]])
    >>> problem = Problem(values, np.ones((3, 2), dtype=bool), spend)
    >>> spring = Row("spring", "discount", 300.0)
    >>> found = allocate(problem, [spring])
    >>> found.offers.tolist(), found.value
    ([[1], [0], [-1]], 620.0)
    """
    columns, limits = lay_out(problem, rows)
    dual, standing = _solved(columns, limits, tolerance)
    possible, steps = dual.meets, dual.steps
    if not possible:
        # Floors as far down as they were met: then there are prices, and a bound.
        reached = np.where(limits.demands, np.maximum(limits.bound, standing.activity), limits.bound)
        lowered = replace(limits, bound=reached)
        dual, again = _solved(columns, lowered, tolerance)
        standing = max((again, _standing(columns, lowered, dual.price, standing.choice)), key=_worth)
        steps += dual.steps
    value, activity = totals(columns, limits, standing.choice)
    offers = np.ascontiguousarray(standing.choice[: max(columns.n_slots, 1)].T)
    return Allocation(
        offers=offers,
        value=value,
        bound=dual.value,
        rows=_row_uses(columns, limits, rows, np.maximum(dual.price, limits.closing), activity),
        possible=possible,
        steps=steps,
    )


def _solved(columns: Columns, limits: Limits, tolerance: float) -> tuple[Dual, Standing]:
    if not len(limits):
        free = best_at(columns, limits, np.empty(0))
        return Dual(np.empty(0), free.value, steps=1, meets=True), _standing(columns, limits, np.empty(0), free.choice)
    if len(limits) == 1 and not limits.demands[0]:
        dual, choice = solve_one_row(columns, limits)
        starts = [choice]
    else:
        dual = solve_many_rows(columns, limits, tolerance=tolerance)
        starts = [mixture(columns, limits, dual), best_at(columns, limits, dual.price).choice]
    best = max((_rounded(columns, limits, dual, choice) for choice in starts), key=_worth)
    if len(limits) == 1 or not _far(best, dual):
        return dual, best
    for phase in _PHASES:
        pair_up(best)
        fill(best)
        if not _far(best, dual):
            break
        another = _rounded(columns, limits, dual, mixture(columns, limits, dual, phase=phase))
        pair_up(another)
        fill(another)
        best = max((best, another), key=_worth)
    return dual, best


def _rounded(columns: Columns, limits: Limits, dual: Dual, choice: Choice) -> Standing:
    standing = _standing(columns, limits, dual.price, choice)
    settle(standing)
    fill(standing)
    return standing


def _far(standing: Standing, dual: Dual) -> bool:
    missing, value = _worth(standing)
    return missing < 0 or dual.value - value > _FAR * abs(dual.value)


def _worth(standing: Standing) -> tuple[float, float]:
    """Demands first, as far as they are met, then value."""
    limits = standing.limits
    missing = np.maximum(standing.activity - limits.bound - limits.tolerance, 0.0).sum()
    return -round(float(missing), 9), totals(standing.columns, limits, standing.choice)[0]


def _standing(columns: Columns, limits: Limits, price: Values, choice: Choice) -> Standing:
    return Standing(columns, limits, price, choice, totals(columns, limits, choice)[1])


def mixture(columns: Columns, limits: Limits, dual: Dual, *, phase: float = 0.5) -> Choice:
    """
    Whole choices in the shares of the dual's fractional answer, spread evenly over those members who are split.

    Members who choose the same at all mixed prices are not split. The others, tier by tier, follow the golden ratio's
    sequence, whose every stretch has the shares nearly right.
    """
    options = [
        best_at(columns, limits, price).choice
        if np.all(np.isfinite(price))
        else np.full((max(columns.n_slots, 1), columns.n_members), UNKNOWN_ROW, dtype=np.int32)
        for price in dual.mixed
    ]
    choice = options[0].copy()
    split = np.zeros(columns.n_members, dtype=np.bool_)
    for option in options[1:]:
        split |= (option != options[0]).any(axis=0)
    member = np.flatnonzero(split)
    member = member[np.argsort(columns.tier[member], kind="stable")]
    spread = (np.arange(len(member)) * _GOLDEN + phase) % 1
    which = np.searchsorted(np.cumsum(dual.share)[:-1], spread, side="right")
    for number, option in enumerate(options):
        here = member[which == number]
        choice[:, here] = option[:, here]
    return choice


def _row_uses(
    columns: Columns, limits: Limits, rows: Sequence[Row], price: Values, activity: Values
) -> tuple[RowUse, ...]:
    found = []
    for number, row in enumerate(rows):
        sign = 1.0 if row.sense is Sense.AT_MOST else -1.0
        scale = float(limits.scale[number])
        over = float(activity[number] - limits.bound[number])
        missing = over * scale if over > limits.tolerance[number] else 0.0
        used = sign * float(activity[number]) * scale
        reachable = sign * _least(columns, limits, number) * scale if missing else used
        found.append(RowUse(row, used, float(price[number]) / scale, missing, reachable))
    return tuple(found)


def _least(columns: Columns, limits: Limits, row: int) -> float:
    """The lowest activity that a row alone allows."""
    name = limits.measure[row]
    use = limits.weights[row].T[:, columns.tier] * (1.0 if name == COUNT else columns.measures[name])
    gain = np.sort(np.where(columns.values > -np.inf, -use, 0.0), axis=0)[::-1][: columns.n_slots]
    counted = np.arange(len(gain))[:, None] < columns.cap
    return -float(np.maximum(np.where(counted, gain, 0.0), 0.0).sum())
