"""Small allocation problems, and every answer to the smallest."""

import itertools

import numpy as np
from hypothesis import strategies as st

from recsys.offers.allocation.problem import Problem
from recsys.offers.allocation.rows import Sense, budget, floor, parity, share_floor, stock


def problem(values, discount, **more):
    values = np.asarray(values, dtype=float)
    keep = more.pop("keep", np.ones(values.shape, dtype=bool))
    return Problem(values, np.asarray(keep), np.asarray(discount, dtype=float), **more)


def activity(one, row, offers):
    """What a row sums to, counted one by one."""
    measures = {"discount": one.discount, "count": np.ones(one.values.shape), **one.measures}
    total = 0.0
    for member, slots in enumerate(offers):
        tier = int(one.tier[member]) if len(one.tier) else 0
        for offer in slots:
            if offer >= 0:
                weight = (row.tiers[tier] if tier < len(row.tiers) else 0.0) if len(row.tiers) else 1.0
                weight *= row.offers[offer] if len(row.offers) else 1.0
                total += weight * measures[row.measure][member, offer]
    return total


def holds(one, row, offers):
    used, spare = activity(one, row, offers), 1e-6 * max(1.0, abs(row.bound))
    return used <= row.bound + spare if row.sense is Sense.AT_MOST else used >= row.bound - spare


def worth(one, offers):
    return sum(one.values[member, offer] for member, slots in enumerate(offers) for offer in slots if offer >= 0)


def every_answer(one):
    """All choices of at most one offer a member."""
    n_members, n_offers = one.values.shape
    eligible = one.keep & ~np.isnan(one.values) & (one.values > -np.inf)
    each = [[-1, *(o for o in range(n_offers) if eligible[m, o])] for m in range(n_members)]
    return [[[offer] for offer in answer] for answer in itertools.product(*each)]


@st.composite
def tiny(draw, *, floors=True, most_members=5):
    """A problem with few members, and rows of every kind."""
    n_members, n_offers = draw(st.integers(1, most_members)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    whole = draw(st.booleans())
    values = rng.normal(2, 5, (n_members, n_offers))
    discount = rng.exponential(3, (n_members, n_offers))
    if whole:
        values, discount = values.round(), discount.round()
    tier = rng.integers(0, 2, n_members)
    benefit = rng.exponential(1, values.shape)
    keep = rng.random(values.shape) < 0.8
    one = Problem(values, keep, discount, tier, {"benefit": benefit})
    rows = [budget("budget", draw(st.sampled_from([0.0, 1.0, 5.0, 20.0])))]
    if draw(st.booleans()):
        rows.append(stock("stock", draw(st.integers(0, 3)), np.eye(n_offers)[0]))
    if draw(st.booleans()):
        sizes = np.bincount(tier, minlength=2).tolist()
        rows += parity("benefit", (0, 1), sizes, delta=draw(st.sampled_from([0.0, 0.3, 2.0])))
    if floors and draw(st.booleans()):
        rows.append(floor("floor", "benefit", np.array([0.0, 1.0]), least=draw(st.sampled_from([0.1, 1.0, 4.0]))))
    if floors and draw(st.booleans()):
        rows.append(share_floor("share", "benefit", np.array([1.0, 0.0]), share=0.2))
    return one, rows
