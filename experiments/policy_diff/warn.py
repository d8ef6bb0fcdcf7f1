"""What somebody who approves B must not overlook."""

from collections.abc import Iterator, Sequence

from experiments.policy_diff.result import BudgetDiff, PlacementDiff
from experiments.policy_diff.whom import Whom
from experiments.profile_report.money import Money
from recsys.policy.file.schema import Policy


def warnings_of(placements: Sequence[PlacementDiff], budgets: Sequence[BudgetDiff], money: Money) -> tuple[str, ...]:
    """Sentences, the gravest first; none where nothing is wrong."""
    return (*_over_budget(budgets, money), *_nothing(placements))


def warnings_before(a: Policy, b: Policy, whom: Whom) -> tuple[str, ...]:
    """Sentences about what was not compared, or not as somebody may think."""
    return (*_not_compared(a, b), *_unknown(whom))


def _not_compared(a: Policy, b: Policy) -> Iterator[str]:
    for name in a.placements:
        if name not in b.placements:
            yield (
                f"B has no placement {name!r}: nothing was compared there, and who asks for it gets B's default "
                f"placement {b.default_placement!r}."
            )
    for name in b.placements:
        if name not in a.placements:
            yield f"Only B has the placement {name!r}: nothing was compared there."


def _unknown(whom: Whom) -> Iterator[str]:
    if whom.n_unknown:
        yield (
            f"{whom.n_unknown:,} of the {len(whom):,} members of {whom.source} are not known here: they are decided "
            "for as strangers."
        )


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
