"""Facts of members with rhythms of their own, drawn from a seed, for tests that need more than a few orders."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from features.profile.facts import MemberFacts
from tests.features.profile.small_facts import DAY, START, Line, small_facts

N_DAYS = 200
PRICES = (120, 90, 320, 12_000)
"""Of products 0 to 3, about what they are sold for; above their costs."""


def lived_lines(n_members: int, *, seed: int = 0, n_days: int = N_DAYS) -> list[Line]:
    """
    Lines of members 0 to n - 1.

    Every seventh member never orders, every fifth orders once; the others have an own gap of 3 to 40 days and stop some
    day. Some orders are free, some share a day or an instant with another; amounts differ in cents.
    """
    rng = np.random.default_rng(seed)
    lines: list[Line] = []
    for member in range(n_members):
        if member % 7 == 3:
            continue
        typical, day, end = rng.uniform(3, 40), float(rng.uniform(0, n_days / 2)), rng.uniform(n_days / 2, 2 * n_days)
        first = True
        while day < min(end, n_days) and (first or member % 5):
            at, free = round(day * DAY) / DAY, rng.random() < 0.05
            for product in rng.choice(4, size=rng.integers(1, 4), p=(0.4, 0.3, 0.25, 0.05), replace=False).tolist():
                quantity = int(rng.integers(1, 4))
                paid = 0 if free else int(quantity * PRICES[product] * rng.uniform(0.8, 1.1))
                lines.append(Line(member, at, product, paid, quantity=quantity))
            first = False
            day += float(rng.gamma(4, typical / 4)) if rng.random() > 0.1 else 0.2
    return lines


def lived_facts(n_members: int, *, seed: int = 0, as_of_day: float = N_DAYS, **more: Any) -> MemberFacts:
    """`lived_lines` as facts."""
    return small_facts(lived_lines(n_members, seed=seed), n_members=n_members, as_of_day=as_of_day, **more)


def facts_before(lines: Sequence[Line], at: int, *, n_members: int, timezone: str = "UTC") -> MemberFacts:
    """The facts that are known as of an instant."""
    day = (at - START) / DAY
    known = [line for line in lines if int(START + line.day * DAY) < at]
    facts = small_facts(known, n_members=n_members, as_of_day=day, timezone=timezone)
    assert facts.as_of == at
    return facts
