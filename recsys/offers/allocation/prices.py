"""What limits alone are worth: prices for decisions made one at a time, which cannot keep what is asked of tiers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.offers.allocation.cutting_planes import solve_many_rows
from recsys.offers.allocation.one_row import solve_one_row
from recsys.offers.allocation.problem import Problem, Values, lay_out
from recsys.offers.allocation.rows import Row, Sense
from recsys.types import KeepMask


@dataclass(frozen=True, slots=True)
class LimitPrices:
    """
    Prices of the rows, as given.

    Attributes:
        price: Shape (n_rows,), 0 or more: worth of one unit more of each limit; 0 of floors, parity and other demands.
        closed: Shape (n_rows,): limits with a bound of 0, or with room for no offer of anybody; at *price* none of
            these members takes from them.
    """

    price: Values
    closed: KeepMask


def limit_prices(problem: Problem, rows: Sequence[Row], *, tolerance: float = 1e-6) -> LimitPrices:
    """
    Solve the dual of the limits, without the rows that are there for fairness and without demands.

    A floor is met by some members' getting more than they are worth, which no price that all pay can bring about: its
    price would only take from everybody. Offers that alone are more than a limit stay in, as a decision does not know
    what is left: the price has to keep them back.

    Args:
        problem: The members and offers; not changed.
        rows: All rows.
        tolerance: Of the dual, relative.

    Raises:
        InputError: As `lay_out`.

    >>> three = np.array([[90.0], [60.0], [40.0]])
    >>> one = Problem(three, np.ones((3, 1), dtype=bool), np.full((3, 1), 10.0))
    >>> limit_prices(one, [Row("nothing left", "discount", 0.0)])
    LimitPrices(price=array([9.]), closed=array([ True]))
    """
    alone = [number for number, row in enumerate(rows) if not row.fairness and _is_limit(row)]
    price, closed = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.bool_)
    columns, limits = lay_out(problem, [rows[number] for number in alone], whole=False)
    if len(limits) == 1:
        dual, _ = solve_one_row(columns, limits)
    elif alone:
        dual = solve_many_rows(columns, limits, tolerance=tolerance)
    else:
        return LimitPrices(price, closed)
    price[alone] = np.maximum(dual.price, limits.closing) / limits.scale
    nothing = (limits.bound == 0) & (limits.weights >= 0).all(axis=(1, 2))
    closed[alone] = (limits.closing > 0) | nothing
    return LimitPrices(price, closed)


def _is_limit(row: Row) -> bool:
    return row.bound >= 0 if row.sense is Sense.AT_MOST else row.bound <= 0
