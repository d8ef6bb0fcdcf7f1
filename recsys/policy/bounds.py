"""The guardrails and objectives of a policy over a bundle: bounds on depth, what budgets pay for, worth of margin."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.policy.attributes import OFFER_ATTRIBUTES, margin_rate
from recsys.policy.evaluate import ErrorCounter, Named
from recsys.policy.expressions.formula import compile_formula
from recsys.policy.file.guardrails import Objective
from recsys.policy.file.schema import Policy
from recsys.policy.guardrails import DepthLimit, banded_offers
from recsys.policy.native import Code, NativeRule
from recsys.types import KeepMask

_THINNEST_MARGIN = 0.01


def depth_limits(policy: Policy, knowledge: Knowledge, codes: Mapping[str, Code]) -> tuple[DepthLimit, ...]:
    """The bound on all offers, and the bands in the order of the file."""
    n_tiers, n_offers, limits = len(policy.tiers), len(knowledge.offers), []
    if policy.guardrails.max_depth < 1:
        every_tier, every_offer = np.ones(n_tiers, dtype=np.bool_), np.ones(n_offers, dtype=np.bool_)
        limits.append(
            DepthLimit(codes[NativeRule.MAX_DEPTH], every_tier, every_offer, 0.0, policy.guardrails.max_depth)
        )
    for band in policy.guardrails.depth_bands:
        tiers = np.array([band.tier in (None, tier) for tier in policy.tiers])
        about = banded_offers(band, knowledge.offers, knowledge.catalogue)
        limits.append(DepthLimit(codes[band.id], tiers, about, band.min_depth, band.max_depth))
    return tuple(limits)


def paid_by(policy: Policy, offers: Named, errors: ErrorCounter) -> dict[str, KeepMask]:
    """
    Shape (n_offers,) each, by id of the budget: the offers that it pays for; those that it cannot judge too.

    Raises:
        PolicyError: An expression is wrong; the message names the budget.
    """
    paid = {}
    for budget in policy.guardrails.budgets:
        paid[budget.id] = np.ones(offers.n, dtype=np.bool_)
        if budget.what is not None:
            formula = compile_formula(budget.what, OFFER_ATTRIBUTES, where=f"budget {budget.id!r}, what")
            paid[budget.id] = offers.by(formula, on_error=True, errors=errors, rule_id=budget.id)
    return paid


def worth_of_margin(objective: Objective, policy: Policy, knowledge: Knowledge) -> NDArray[np.float32] | None:
    """Shape (n_products + 1,): what an objective multiplies scores by, see `Objective`; absent where that is 1."""
    if objective.margin == 0:
        return None
    rate = margin_rate(knowledge.catalogue, policy.economics.default_margin_rate)
    worth = np.maximum(rate, _THINNEST_MARGIN) ** objective.margin
    return np.append(worth, 1.0).astype(np.float32)
