"""HiGHS on the whole linear program of an allocation: the judge of its bound, and the rival of its speed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix, vstack

from recsys.offers.allocation.problem import Columns, Limits, Problem, lay_out
from recsys.offers.allocation.rows import COUNT, Row


def linear_optimum(problem: Problem, rows: Sequence[Row]) -> float | None:
    """The most that fractions of offers could be worth; None: no fractions keep all rows."""
    columns, limits = lay_out(problem, rows)
    return _optimum(columns, limits, integral=False)


def whole_optimum(problem: Problem, rows: Sequence[Row]) -> float | None:
    """The most that whole offers could be worth, by branch and bound; None: nothing keeps all rows."""
    columns, limits = lay_out(problem, rows)
    return _optimum(columns, limits, integral=True)


def _optimum(columns: Columns, limits: Limits, *, integral: bool) -> float | None:
    eligible = columns.values > -np.inf
    if not eligible.any():
        return 0.0 if not limits.demands.any() else None
    offer, member = np.nonzero(eligible)
    caps = csr_matrix((np.ones(len(member)), (member, np.arange(len(member)))), (columns.n_members, len(member)))
    matrix = vstack([csr_matrix(_dense(columns, limits, offer, member)), caps]).tocsr()
    most = np.concatenate((limits.bound, columns.cap))
    worth = -columns.values[offer, member]
    if integral:
        kept = LinearConstraint(matrix, -np.inf, most)
        found = milp(worth, constraints=kept, bounds=Bounds(0, 1), integrality=np.ones(len(worth)))
    else:
        found = linprog(worth, A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs")
    return -float(found.fun) if found.status == 0 else None


def _dense(
    columns: Columns, limits: Limits, offer: NDArray[np.int64], member: NDArray[np.int64]
) -> NDArray[np.float64]:
    uses = np.empty((len(limits), len(offer)))
    for row, name in enumerate(limits.measure):
        uses[row] = limits.weights[row, columns.tier[member], offer]
        if name != COUNT:
            uses[row] *= columns.measures[name][offer, member]
    return uses
