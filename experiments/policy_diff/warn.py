"""What somebody who approves B must not overlook."""

from collections.abc import Iterator, Sequence

from experiments.policy_diff.result import BudgetDiff, PlacementDiff


def warnings_of(placements: Sequence[PlacementDiff], budgets: Sequence[BudgetDiff]) -> tuple[str, ...]:
    """Sentences, the gravest first; none where nothing is wrong."""
    return (*_over_budget(budgets), *_nothing(placements))


def _over_budget(budgets: Sequence[BudgetDiff]) -> Iterator[str]:
    for budget in budgets:
        if budget.exceeded_b and budget.amount_b is not None:
            too = ", as does A" if budget.exceeded_a else ""
            yield (
                f"Budget of {budget.kind} {budget.budget_id!r}: under B {budget.spend.b:,.0f} minor units are expected "
                f"to be spent, {budget.spend.b - budget.amount_b:,.0f} above the {budget.amount_b:,} there are{too}."
            )


def _nothing(placements: Sequence[PlacementDiff]) -> Iterator[str]:
    for one in placements:
        if one.lost.members:
            reason, members = next(iter(one.lost.reasons.items()))
            yield (
                f"In {one.placement!r} {one.lost.members:,} of the members decided for have something under A and "
                f"nothing under B; most often ({members:,}) because of {reason!r}."
            )
