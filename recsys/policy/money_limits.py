"""What one decision can hold of the policy's bounds on money: rates of discount, budgets, and who gets no discount."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.assignment import hash_units
from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL
from recsys.knowledge import Knowledge
from recsys.offers.definitions import OfferDefinitions
from recsys.offers.economics import OfferValues
from recsys.policy.calendar.times import local_day
from recsys.policy.file.schema import Policy
from recsys.policy.native import Code, Codes, NativeRule, remove
from recsys.types import OFFER_KINDS, EpochSeconds, KeepMask, MoneyMinor, OfferKind

DISCOUNT_KINDS = (OfferKind.AMOUNT_OFF, OfferKind.PERCENT_OFF, OfferKind.FREE_SHIPPING, OfferKind.BUY_X_GET_Y)
"""Kinds that lower what a member pays; points and gifts do not."""

_SEED = "no_discount"
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class BudgetLimit:
    """
    A budget of the policy for some offers together.

    Attributes:
        code: Of the budget.
        offers: Shape (n_offers,): what it pays for.
        amount_minor: All of it; what was spent is not known.
        starts, ends: First instant, and first instant after.
    """

    code: Code
    offers: KeepMask
    amount_minor: int
    starts: EpochSeconds
    ends: EpochSeconds

    def breaks(self, redemption: MoneyMinor, *, now: EpochSeconds) -> KeepMask:
        """Shape of *redemption*, (m, n_offers): the offers of which it could not pay a single redemption."""
        if not self.starts <= now < self.ends:
            return np.zeros(redemption.shape, dtype=np.bool_)
        return self.offers & overdraws(redemption, np.int64(self.amount_minor))


@dataclass(frozen=True, slots=True)
class MoneyLimits:
    """
    Every bound on money that depends on the member.

    Attributes:
        max_discount_rate: And its code; None for no bound.
        no_discount_share: And its code; 0 for nobody.
        discounts: Shape (n_offers,): offers that lower what a member pays (`lowers_price`).
        budget_minor: Shape (n_offers,): of each offer, and the code of the rule that none may be overdrawn.
        budgets: Of the policy.
        zone: Of calendar months.
    """

    max_discount_rate: float | None
    max_discount_rate_code: Code
    no_discount_share: float
    no_discount_code: Code
    discounts: KeepMask
    budget_minor: MoneyMinor
    out_of_budget_code: Code
    budgets: tuple[BudgetLimit, ...]
    zone: str

    @classmethod
    def of(
        cls,
        policy: Policy,
        knowledge: Knowledge,
        *,
        code_of: Mapping[str, Code],
        paid_by: Mapping[str, KeepMask],
    ) -> "MoneyLimits":
        """
        The bounds of a policy over a bundle.

        Args:
            policy: Its guardrails.
            knowledge: The bundle.
            code_of: By id of the rule, built in or a budget.
            paid_by: Shape (n_offers,) each, by id of the budget: what its ``what`` names; what it cannot judge too.
        """
        guardrails = policy.guardrails
        return cls(
            max_discount_rate=guardrails.max_discount_rate,
            max_discount_rate_code=code_of[NativeRule.MAX_DISCOUNT_RATE],
            no_discount_share=guardrails.min_no_discount_share,
            no_discount_code=code_of[NativeRule.NO_DISCOUNT],
            discounts=lowers_price(knowledge.offers),
            budget_minor=knowledge.offers.budget_minor,
            out_of_budget_code=code_of[NativeRule.OUT_OF_BUDGET],
            budgets=tuple(
                BudgetLimit(
                    code=code_of[budget.id],
                    offers=paid_by[budget.id],
                    amount_minor=budget.amount_minor,
                    starts=ALWAYS_FROM if budget.from_at is None else budget.from_at,
                    ends=ALWAYS_UNTIL if budget.until_at is None else budget.until_at,
                )
                for budget in guardrails.budgets
            ),
            zone=policy.time_zone,
        )

    def remove_from(self, codes: Codes, ids: NDArray[np.bytes_], values: OfferValues, *, now: EpochSeconds) -> None:
        """
        Note what the bounds remove, in place.

        Args:
            codes: Shape (m, n_offers).
            ids: Shape (m,): the members, as `hash_units` takes them.
            values: Of the same members and offers.
            now: Instant of the decision.
        """
        if (self.budget_minor >= 0).any():
            remove(codes, overdraws(values.redemption, self.budget_minor), self.out_of_budget_code)
        if self.max_discount_rate is not None:
            remove(codes, discount_rate_breaks(values, self.max_discount_rate), self.max_discount_rate_code)
        if self.no_discount_share > 0:
            without = no_discount(ids, month=month_of(now, self.zone), share=self.no_discount_share)
            remove(codes, without[:, None] & self.discounts, self.no_discount_code)
        for budget in self.budgets:
            remove(codes, budget.breaks(values.redemption, now=now), budget.code)


def lowers_price(offers: OfferDefinitions) -> KeepMask:
    """Shape (n_offers,): offers of a kind that lowers what a member pays."""
    return np.isin(offers.kind, [OFFER_KINDS.index(kind) for kind in DISCOUNT_KINDS])


def month_of(now: EpochSeconds, zone: str) -> str:
    """The calendar month of an instant: 2026-11."""
    return f"{local_day(now, zone):%Y-%m}"


def no_discount(ids: NDArray[np.bytes_], *, month: str, share: float) -> KeepMask:
    """
    Who gets no discount for a calendar month, so that nobody learns to wait for one and its worth can be measured.

    Each member is among them with this probability, by a hash of the id and the month: the same all month long,
    whatever else is decided, and independent of the arms of experiments and of the month before. So the share of n
    members is the share asked for give or take ``sqrt(share (1 - share) / n)``; those who get no discount for other
    reasons come on top.

    Args:
        ids: Shape (m,), UTF-8 in an array of dtype ``S``; one that is empty is nobody in particular, who stays.
        month: As `month_of` writes it.
        share: 0 to 1; rounded up to a whole 1/10,000.

    Returns:
        Shape (m,).
    """
    return np.asarray((hash_units(f"{_SEED} {month}", ids) < share) & (ids != b""))


def discount_rate_breaks(values: OfferValues, max_rate: float) -> KeepMask:
    """
    Where an offer costs too large a share of what it is given on.

    The rate is the expected discount over the expected revenue with the offer: ``p1 r d / (p1 b)`` in the words of
    `recsys.offers.economics.offer_values`, so a deep coupon that hardly anybody redeems may stay. The basket b is the
    member's usual one, before the discount.

    Returns:
        Shape (m, n_offers).
    """
    broken: KeepMask = values.discount > max_rate * values.revenue * (1 + _ROUNDING)
    return broken


def overdraws(redemption: MoneyMinor, budget_minor: MoneyMinor | np.int64) -> KeepMask:
    """
    Where one redemption would cost more than a budget holds, and every offer whose budget is 0.

    Args:
        redemption: Shape (m, n_offers).
        budget_minor: Shape (n_offers,) or one for all; below zero where there is none.

    Returns:
        Shape (m, n_offers).
    """
    limited, nothing = budget_minor >= 0, budget_minor == 0
    too_much: KeepMask = limited & ((redemption > budget_minor) | nothing)
    return too_much
