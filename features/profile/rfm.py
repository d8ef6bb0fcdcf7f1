"""Recency, frequency and monetary value, and scores whose cut points come from the training window only."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.profile.blocks import OrderFacts
from features.profile.columns import ColumnSpec, Unit
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from recsys.types import SECONDS_PER_DAY, EpochSeconds

_MOST = 2**53
_MEASURES = ("recency", "frequency", "monetary")


class Rfm:
    """
    RFM of the members who ordered (Hughes 1994): scores 1 (worst) to n (best) by quantiles of everybody's values.

    Cut points are values, fitted once, so that a score means the same next week; equal values have equal scores. Who
    never ordered has no scores. Orders of ``window_days`` before the as-of instant count.
    """

    name = "rfm"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """Three values and three scores."""
        window, n = rules.config.rfm.window_days, rules.config.rfm.n_scores
        scores = (
            ColumnSpec(f"{measure}_score", "int8", Unit.NONE, f"Score of {measure}, {n} is best", 1, n, unknown=-1)
            for measure in _MEASURES
        )
        return (
            ColumnSpec(
                "recency_days", "int32", Unit.DAYS, "Whole days since the last order", 0, 200_000, unknown=-1, ages=1
            ),
            ColumnSpec("frequency", "int32", Unit.COUNT, f"Orders in the last {window} days", 0, 2**31 - 1),
            ColumnSpec("monetary_minor", "int64", Unit.MINOR, f"Paid in the last {window} days", 0, _MOST),
            *scores,
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:
        """Cut points of each measure over the members who ordered."""
        summary = self.summarise(facts, Fitted({}, rules))
        ordered = summary["last_at"] >= 0
        shares = np.arange(1, rules.config.rfm.n_scores) / rules.config.rfm.n_scores
        recency = _days(summary["last_at"][ordered], facts.as_of)
        values = {"recency": -recency, "frequency": summary["frequency"][ordered], "monetary": summary["paid"][ordered]}
        return {
            name: np.quantile(one, shares, method="inverted_cdf").tolist() if len(one) else [0] * len(shares)
            for name, one in values.items()
        }

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """Count the window's orders, and when the oldest of them falls out of it."""
        orders, window_s = facts.orders, fitted.rules.config.rfm.window_days * SECONDS_PER_DAY
        last_at = np.full(facts.n_members, -1, dtype=np.int64)
        last_at[orders.member] = orders.at  # sorted by instant: the last one stays
        inside = orders.at >= facts.as_of - window_s
        oldest = np.full(facts.n_members, NEVER, dtype=np.int64)
        oldest[orders.member[inside][::-1]] = orders.at[inside][::-1]
        return {
            "last_at": last_at,
            "frequency": np.bincount(orders.member[inside], minlength=facts.n_members).astype(np.int32),
            "paid": _paid(orders, inside, facts.n_members),
            NEXT_CHANGE_AT: np.where(oldest < NEVER, oldest + window_s + 1, NEVER),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """Days since the last order, and the scores of the three."""
        ordered = summary["last_at"] >= 0
        recency = np.where(ordered, _days(summary["last_at"], as_of), -1)
        values = {"recency": -recency, "frequency": summary["frequency"], "monetary": summary["paid"]}
        scores = {
            f"{name}_score": np.where(ordered, _score(values[name], fitted.norms[name]), -1).astype(np.int8)
            for name in _MEASURES
        }
        return {
            "recency_days": recency.astype(np.int32),
            "frequency": summary["frequency"],
            "monetary_minor": summary["paid"],
            **scores,
        }


def _days(at: NDArray[np.int64], as_of: EpochSeconds) -> NDArray[np.int64]:
    return np.asarray((as_of - at) // SECONDS_PER_DAY)


def _paid(orders: OrderFacts, inside: NDArray[np.bool_], n_members: int) -> NDArray[np.int64]:
    # Exact: a member's year is far below 2**53 minor units.
    return np.bincount(orders.member[inside], orders.paid_minor[inside], n_members).astype(np.int64)


def _score(values: NDArray[np.integer], cuts: list[float]) -> NDArray[np.int64]:
    """1 + how many cut points the value is above; values equal to a cut point stay below it."""
    assert all(low <= high for low, high in pairwise(cuts))
    return np.asarray(1 + np.searchsorted(np.asarray(cuts), values, side="left"))
