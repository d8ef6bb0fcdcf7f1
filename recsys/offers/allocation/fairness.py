"""What fairness rows cost, and what they change for each tier."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.offers.allocation.allocate import Allocation, allocate
from recsys.offers.allocation.problem import Problem, Values
from recsys.offers.allocation.rows import COUNT, DISCOUNT, Row
from recsys.types import UNKNOWN_ROW, Rows


@dataclass(frozen=True, slots=True)
class Fairness:
    """
    An allocation with its fairness rows, and one without.

    Attributes:
        fair: With all rows.
        unfair: Without those for fairness.
        mean_fair, mean_unfair: Shape (n_tiers,): mean benefit of all members of a tier, given something or not; NaN
            where a tier has none.
    """

    fair: Allocation
    unfair: Allocation
    mean_fair: Values
    mean_unfair: Values

    @property
    def price(self) -> float:
        """
        Price of fairness: ``(OPT - OPT_fair) / OPT`` (Bertsimas, Farias, Trichakis 2011), of what was reached.

        0 where there is nothing to lose; above 1 where the fair answer is a loss. Noise of rounding, which either
        allocation's `Allocation.gap` bounds, may put it a little below 0.
        """
        return (self.unfair.value - self.fair.value) / self.unfair.value if self.unfair.value > 0 else 0.0


def price_of_fairness(problem: Problem, rows: Sequence[Row], *, benefit: str = DISCOUNT) -> Fairness:
    """
    Allocate with and without the rows that are there for fairness.

    Args:
        problem: The members and offers.
        rows: All rows; those with `Row.fairness` are left out once.
        benefit: The measure that tiers are compared by.

    Raises:
        InputError: As `allocate`.
    """
    fair = allocate(problem, rows)
    others = [row for row in rows if not row.fairness]
    unfair = fair if len(others) == len(rows) else allocate(problem, others)
    return Fairness(
        fair=fair,
        unfair=unfair,
        mean_fair=tier_means(problem, fair.offers, benefit),
        mean_unfair=tier_means(problem, unfair.offers, benefit),
    )


def tier_means(problem: Problem, offers: Rows, benefit: str = DISCOUNT) -> Values:
    """
    Shape (n_tiers,): mean of a measure over all members of each tier; NaN where a tier has no members.

    Args:
        problem: The members.
        offers: Shape (n_members, n_slots): as `Allocation.offers`.
        benefit: The measure.
    """
    got = np.zeros(len(offers))
    member = np.arange(len(offers))
    for slot in offers.T:
        given = slot != UNKNOWN_ROW
        got[given] += _measured(problem, benefit, member[given], slot[given])
    tier = problem.tier if len(problem.tier) else np.zeros(len(offers), dtype=np.int64)
    size = np.bincount(tier).astype(np.float64)
    means: Values = np.divide(np.bincount(tier, weights=got), size, out=np.full(len(size), np.nan), where=size > 0)
    return means


def _measured(problem: Problem, benefit: str, member: Rows, offer: Rows) -> Values:
    if benefit == COUNT:
        return np.ones(len(member))
    matrix = problem.discount if benefit == DISCOUNT else problem.measures[benefit]
    return matrix[member, offer].astype(np.float64)
