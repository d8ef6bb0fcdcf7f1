"""How much of a budget today may spend, and how its shadow price follows the spending."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recsys.errors import InputError

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Period:
    """
    A budget and the days that it is for.

    Attributes:
        budget_minor: Of the whole period, 0 or more.
        profile: One weight a day, 0 or more: the volume that is expected, in any unit. Its length is the period's.
    """

    budget_minor: int
    profile: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.budget_minor < 0 or not self.profile:
            n_days = len(self.profile)
            raise InputError(f"a budget of {self.budget_minor} over {n_days} days; it needs 0 or more, over 1 or more")
        if any(not (math.isfinite(day) and day >= 0) for day in self.profile):
            raise InputError(f"the profile {self.profile} has a day that is negative or no number")


def allowance(period: Period, *, day: int, spent_minor: int) -> int:
    """
    What may be spent on a day: what is left, in proportion to the day's expected volume among the days that are left.

    What a slow day did not use is shared out over all days that follow; what was overspent is taken back from them.
    Where no volume is expected on any day that is left, they share equally. The last day may use all that is left.

    Args:
        period: The budget.
        day: From 0, the first of the period.
        spent_minor: On the days before.

    Returns:
        Minor units, rounded down; 0 before and after the period, or where nothing is left.

    >>> allowance(Period(1_000, (1.0, 1.0, 2.0)), day=0, spent_minor=0)
    250
    >>> allowance(Period(1_000, (1.0, 1.0, 2.0)), day=1, spent_minor=100)
    300
    """
    if not 0 <= day < len(period.profile):
        return 0
    left = max(period.budget_minor - spent_minor, 0)
    ahead = period.profile[day:]
    expected = sum(ahead)
    if len(ahead) == 1:
        return left
    return math.floor(left * ahead[0] / expected) if expected > 0 else left // len(ahead)


@dataclass(frozen=True, slots=True)
class PacedPrice:
    """
    The shadow price of a budget while it is spent, decision by decision.

    Multiplicative dual descent: after every decision or batch the price rises by the factor
    ``exp(step x (spent / target - 1))`` where more was spent than the target, and falls where less was; so spending
    follows the target without a forecast (Balseiro, Gur 2019, "adaptive pacing"; the multiplicative form: Balseiro, Lu,
    Mirrokni 2023, dual mirror descent with entropy). It stays within its limits, and never lets the budget be exceeded:
    who spends asks `affords` first.

    Attributes:
        price: Worth of one more minor unit, above 0.
        left_minor: Of the allowance.
        step: Size of a step, above 0; smaller follows more slowly and swings less.
        least, most: Limits of the price.
    """

    price: float
    left_minor: float
    step: float = 0.05
    least: float = 1e-4
    most: float = 100.0

    def affords(self, cost_minor: float) -> bool:
        """Whether so much is left."""
        return cost_minor <= self.left_minor

    def after(self, spent_minor: float, *, target_minor: float) -> "PacedPrice":
        """
        The price after a batch of decisions.

        Args:
            spent_minor: By the batch, at most what was left.
            target_minor: What the batch should have spent: the allowance times the batch's share of the day.

        Raises:
            InputError: More was spent than was left.
        """
        if spent_minor > self.left_minor:
            raise InputError(
                f"{spent_minor} minor units were spent where {self.left_minor} were left; ask affords first"
            )
        ahead = spent_minor / max(target_minor, _NOTHING) - 1.0
        # One wild batch moves the price by at most the factor e.
        factor = math.exp(min(max(self.step * ahead, -1.0), 1.0))
        price = min(max(self.price * factor, self.least), self.most)
        return replace(self, price=price, left_minor=self.left_minor - spent_minor)


def even(n_days: int, budget_minor: int) -> Period:
    """A period whose days are all alike."""
    return Period(budget_minor, (1.0,) * n_days)


def weekly(weights: Sequence[float], *, n_days: int, first_weekday: int, budget_minor: int) -> Period:
    """
    A period whose days repeat by weekday.

    Args:
        weights: Shape (7,): from Monday.
        n_days: Length.
        first_weekday: Of the first day; Monday is 0.
        budget_minor: Of the period.

    Raises:
        InputError: There are not seven weights.
    """
    if len(weights) != 7:
        raise InputError(f"a week has 7 weights, from Monday; there are {len(weights)}")
    return Period(budget_minor, tuple(float(weights[(first_weekday + day) % 7]) for day in range(n_days)))
