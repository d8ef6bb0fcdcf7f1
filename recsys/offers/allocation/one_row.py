"""The exact dual of one shared row: bisection on its price, with members whose choice is settled left out."""

import numpy as np

from recsys.offers.allocation.dual import Dual
from recsys.offers.allocation.oracle import Answer, best_at, totals
from recsys.offers.allocation.problem import Choice, Columns, Limits

_MOST_STEPS = 200
_EXACT = 1e-14
_TINY = 1e-300


def solve_one_row(columns: Columns, limits: Limits) -> tuple[Dual, Choice]:
    """
    The price at which the row's bound is met, and choices just on the allowed side of it.

    The dual of one row is convex and piecewise linear in the price. A member who chooses the same at two prices does so
    at all between, so each step looks at the undecided only. Steps alternate between the middle of the interval and the
    price at which the lines of its two ends cross: where the dual lies on that crossing, the price is exact.

    Args:
        columns: The members.
        limits: One row, a limit.

    Returns:
        The dual, and choices that keep the row; who would choose otherwise at a price a little lower is not filled up.
    """
    low, low_price = best_at(columns, limits, np.zeros(1)), 0.0
    bound = float(limits.bound[0])
    if _use(low) <= bound:
        return Dual(np.zeros(1), low.value, steps=1, meets=True), low.choice
    high_price = 1e-2 * low.value / _use(low) or 1.0
    high = best_at(columns, limits, np.array([high_price]))
    steps = 2
    while _use(high) > bound:
        low, low_price, high_price = high, high_price, 4 * high_price
        high = best_at(columns, limits, np.array([high_price]))
        steps += 1
    choice = high.choice.copy()
    undecided, part = np.arange(columns.n_members), columns
    while high_price - low_price > _EXACT * high_price and steps < _MOST_STEPS:
        kept = np.flatnonzero((low.choice != high.choice).any(axis=0))
        if 2 * len(kept) < len(undecided):
            before, undecided, part = _use(high), undecided[kept], part.only(kept)
            low, high = _of(part, limits, low.choice[:, kept]), _of(part, limits, high.choice[:, kept])
            bound -= before - _use(high)
        crossing = (low.value - high.value) / max(_use(low) - _use(high), _TINY)
        cross = steps % 2 == 0 and low_price < crossing < high_price
        price = crossing if cross else 0.5 * (low_price + high_price)
        at = best_at(part, limits, np.array([price]))
        steps += 1
        if cross and _reduced(at, price) <= _reduced(high, price) * (1 + _EXACT):
            low_price = high_price = price
        elif _use(at) <= bound:
            high, high_price = at, price
            choice[:, undecided] = at.choice
        else:
            low, low_price = at, price
    value, activity = totals(columns, limits, choice)
    dual = value + high_price * float(limits.bound[0] - activity[0])
    return Dual(np.array([high_price]), dual, steps=steps, meets=True), choice


def _use(answer: Answer) -> float:
    return float(answer.activity[0])


def _reduced(answer: Answer, price: float) -> float:
    return answer.value - price * _use(answer)


def _of(part: Columns, limits: Limits, choice: Choice) -> Answer:
    value, activity = totals(part, limits, choice)
    return Answer(choice, value, activity)
