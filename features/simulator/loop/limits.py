"""The limits that every policy keeps: messages a member, messages a week, and money for discounts."""

import numpy as np
from numpy.typing import NDArray

from features.simulator.loop.log import NOTHING, Log
from features.simulator.loop.parameters import WorldConfig
from features.simulator.loop.state import WEEKS_A_YEAR

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Offers = NDArray[np.int64]


def may_contact(config: WorldConfig, log: Log, week: int, subscribed: Bools) -> Bools:
    """Shape (n,): subscribed, and fewer messages in the last ``contact_weeks`` weeks, this one too, than allowed."""
    recent = log.shown[max(0, week - config.limits.contact_weeks + 1) : week] >= 0
    return np.asarray(subscribed & (recent.sum(axis=0) < config.limits.contacts))


def money(config: WorldConfig, log: Log) -> float:
    """The budget of all policy weeks, minor units: a share of the spend of the log's last year, as many weeks of it."""
    last = log.spend_minor[max(0, config.size.history_weeks - WEEKS_A_YEAR) : config.size.history_weeks]
    weekly = float(last.sum(dtype=np.float64)) / max(len(last), 1)
    return config.limits.budget * weekly * config.size.policy_weeks


def admit(config: WorldConfig, wish: Offers, priority: Floats, *, face_minor: Floats, left_minor: float) -> Offers:
    """
    Of the offers that a policy wishes to send, those that capacity and money allow.

    Args:
        config: The limits.
        wish: Shape (n,): offer rows; `NOTHING` for none.
        priority: Shape (n,): the highest are sent first; among equals the first member.
        face_minor: Shape (n,): what the coupon takes off if it is used.
        left_minor: Money not spent yet; a share ``reserve`` of every coupon's face is set aside until the week is over.

    Returns:
        Shape (n,): the wish, or `NOTHING`.
    """
    order = np.lexsort((np.arange(len(wish)), -priority))
    order = order[wish[order] >= 0][: int(config.limits.capacity * len(wish))]
    aside = np.cumsum(face_minor[order]) * config.limits.reserve
    sent = order[aside <= left_minor]
    admitted = np.full(len(wish), NOTHING, dtype=np.int64)
    admitted[sent] = wish[sent]
    return admitted
