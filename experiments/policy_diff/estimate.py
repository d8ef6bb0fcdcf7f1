"""The port by which an estimate from logged decisions comes to stand beside what the model expects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.types import EpochSeconds, Rows

ESTIMATED = ("margin_minor", "discount_minor", "revenue_minor", "orders")
"""Figures that an estimate may stand beside: all are means a member, B less A."""

NO_ESTIMATE = (
    "off-policy estimate: empty, because nothing estimates yet what members did under logged decisions; once it does, "
    "it stands beside what the model expects, with its own interval"
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """
    A difference between two policies, estimated from decisions that were logged and what followed them.

    Attributes:
        value: Mean a member, B less A, in the unit of its figure.
        low, high: Ends of its interval.
        method: Which estimator, for example ``doubly robust``.
        n: Logged decisions that it rests on.
    """

    value: float
    low: float
    high: float
    method: str
    n: int


@dataclass(frozen=True, slots=True)
class DecidedOffers:
    """
    The offer choices that one policy made for the members of one placement.

    Attributes:
        policy_id, placement: Of whom and where.
        now: The instant they were decided for.
        member_ids: Shape (m,), dtype ``S``: UTF-8.
        choice: Shape (m,): row of the first offer in the bundle; UNKNOWN_ROW for no_offer.
        propensity: Shape (m,), float64: probability that the policy makes that choice for that member.
    """

    policy_id: str
    placement: str
    now: EpochSeconds
    member_ids: NDArray[np.bytes_]
    choice: Rows
    propensity: NDArray[np.float64]


class OffPolicyEstimator(Protocol):
    """Estimates from a log what the difference between two policies is worth."""

    def estimate(self, policy_a_decisions: DecidedOffers, policy_b_decisions: DecidedOffers) -> Mapping[str, Estimate]:
        """
        Differences by figure of `ESTIMATED`; those it cannot estimate are absent.

        Args:
            policy_a_decisions, policy_b_decisions: The same members in the same order, one placement.
        """
