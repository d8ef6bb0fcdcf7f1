"""The budgets that both policies spend from: each offer's own, and those that a policy file sets for several offers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.policy_diff.sides import Side, naming
from recsys.knowledge import Knowledge
from recsys.offers.definitions import UNLIMITED_MINOR
from recsys.policy.evaluate import ErrorCounter, Named
from recsys.policy.file.guardrails import Budget as PolicyBudget
from recsys.policy.file.rule import Effect, Rule
from recsys.policy.rules import read_expressions
from recsys.types import EpochSeconds, ItemKind, KeepMask


@dataclass(frozen=True, slots=True)
class Budget:
    """
    A budget of a policy file.

    Attributes:
        budget_id: Its id.
        amount_a, amount_b: Minor units under each policy; absent where it has no such budget, or not at this instant.
    """

    budget_id: str
    amount_a: int | None
    amount_b: int | None


@dataclass(frozen=True, slots=True)
class Budgets:
    """
    The budgets of both policy files.

    Attributes:
        budgets: By id, those of A first.
        cover_a, cover_b: Shape (n_offers, len(budgets)), bool: which offers spend from which, under each policy.
    """

    budgets: tuple[Budget, ...]
    cover_a: NDArray[np.bool_]
    cover_b: NDArray[np.bool_]

    @classmethod
    def of(cls, a: Side, b: Side, knowledge: Knowledge, *, now: EpochSeconds) -> "Budgets":
        """
        Read them from both policies; where one lacks a budget, its spend is counted over the other's offers.

        Raises:
            PolicyError: The offers of one cannot be told; the message says in which of the two.
        """
        of_a, of_b = (_in_force(side, now) for side in (a, b))
        ids = tuple(dict.fromkeys((*of_a, *of_b)))
        covers_a = [_cover(a, of_a[one], knowledge) if one in of_a else _cover(b, of_b[one], knowledge) for one in ids]
        covers_b = [_cover(b, of_b[one], knowledge) if one in of_b else _cover(a, of_a[one], knowledge) for one in ids]
        none = np.zeros((len(knowledge.offers), 0), dtype=np.bool_)
        return cls(
            tuple(Budget(one, _amount(of_a.get(one)), _amount(of_b.get(one))) for one in ids),
            np.stack(covers_a, axis=1) if ids else none,
            np.stack(covers_b, axis=1) if ids else none,
        )


def offer_budgets(knowledge: Knowledge) -> list[int | None]:
    """Each offer's own, minor units; absent where there is none."""
    return [None if amount == UNLIMITED_MINOR else amount for amount in knowledge.offers.budget_minor.tolist()]


def _in_force(side: Side, now: EpochSeconds) -> Mapping[str, PolicyBudget]:
    return {
        budget.id: budget
        for budget in side.policy.guardrails.budgets
        if (budget.from_at is None or budget.from_at <= now) and (budget.until_at is None or now < budget.until_at)
    }


def _amount(budget: PolicyBudget | None) -> int | None:
    return None if budget is None else budget.amount_minor


def _cover(side: Side, budget: PolicyBudget, knowledge: Knowledge) -> KeepMask:
    if budget.what is None:
        return np.ones(len(knowledge.offers), dtype=np.bool_)
    named = {"id": budget.id, "owner": "budget", "applies_to": ItemKind.OFFER, "what": budget.what}
    rule = Rule.model_validate({**named, "effect": Effect.EXCLUDE})
    with naming(side.letter, side.given):
        _, formula = read_expressions(rule, side.policy)
    assert formula is not None
    offers = Named.of(ItemKind.OFFER, knowledge, default_margin_rate=side.policy.economics.default_margin_rate)
    return offers.by(formula, on_error=True, errors=ErrorCounter(), rule_id=budget.id)
