"""What somebody who approves B must not overlook."""

from collections.abc import Iterator, Sequence

from experiments.policy_diff.result import BudgetDiff, PlacementDiff
from experiments.profile_report.money import Money


def warnings_of(placements: Sequence[PlacementDiff], budgets: Sequence[BudgetDiff], money: Money) -> tuple[str, ...]:
    """Sentences, the gravest first; none where nothing is wrong."""
    return (*_over_budget(budgets, money), *_nothing(placements))


def _over_budget(budgets: Sequence[BudgetDiff], money: Money) -> Iterator[str]:
    for budget in budgets:
        if budget.exceeded_b and budget.amount_b is not None:
            too = ", as does A" if budget.exceeded_a else ""
            spent, left = money.text(budget.spend.b), money.text(budget.amount_b)
            over = money.text(budget.spend.b - budget.amount_b)
            yield (
                f"Budget of {budget.kind} {budget.budget_id!r}: under B {spent} are expected to be spent, {over} above "
                f"the {left} there are{too}."
            )


def _nothing(placements: Sequence[PlacementDiff]) -> Iterator[str]:
    for one in placements:
        if one.lost.members:
            reason, members = next(iter(one.lost.reasons.items()))
            yield (
                f"In {one.placement!r} {one.lost.members:,} of the members decided for have something under A and "
                f"nothing under B; most often ({members:,}) because of {reason!r}."
            )
