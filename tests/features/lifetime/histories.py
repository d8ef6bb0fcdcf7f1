"""Members whose rates and chances to leave are known, and their orders, for the tests of this folder."""

import numpy as np

from features.lifetime.silence import OrderDays
from features.lifetime.summary import PurchaseSummary, summarise

TRUTH = {"r": 0.8, "alpha_days": 25.0, "a": 0.9, "b": 3.0}


def simulated_orders(n: int = 4000, *, k: int = 1, days: int = 600, leaves_at_once: bool = True) -> OrderDays:
    """
    Orders of members who behave as MBG/CNBD-k says, or BG/CNBD-k where nobody leaves after the first order.

    First orders are on the days 0 to 99. Order times are kept in thousandths of a day, so that the models' continuous
    time holds: a "day" of this history is a thousandth.
    """
    rng = np.random.default_rng(11)
    rate, leave = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha_days"], n), rng.beta(TRUTH["a"], TRUTH["b"], n)
    now = rng.uniform(0, 100, n)
    active, member, day = np.arange(n), [np.arange(n)], [now.copy()]
    if leaves_at_once:
        active = active[rng.random(n) > leave]
    while len(active):
        now[active] += rng.gamma(k, 1 / np.maximum(rate[active], 1e-9))
        active = active[now[active] < days]
        member.append(active)
        day.append(now[active].copy())
        active = active[rng.random(len(active)) > leave[active]]
    members, at = np.concatenate(member), np.concatenate(day)
    return OrderDays(members, np.floor(at * 1000).astype(np.int64), None, n)


def simulated_summary(n: int = 4000, *, k: int = 1, leaves_at_once: bool = True) -> PurchaseSummary:
    """The history's summary after 400 days, in thousandths of a day."""
    orders = simulated_orders(n, k=k, leaves_at_once=leaves_at_once)
    return summarise(orders.member, orders.day, n_members=n, until_day=400_000)
