"""What the segment weighs is learnt: little where members are true to their own, much where they are not."""

import numpy as np
import pytest

from features.profile.evidence import Dimension, Faded
from features.profile.prior_weight import fit_prior_weight
from tests.features.profile.small_facts import Line, small_facts

N = 300
PRODUCTS = (0, 1, 2)


def weight(product_of, *, n_members=N, n_orders=6, dimension=Dimension.CATEGORY, **more):
    """Learnt from orders of one product each: *product_of* says which, of member and order."""
    lines = [Line(m, 10.0 * n, product_of(m, n), 100) for m in range(n_members) for n in range(n_orders)]
    facts = small_facts(lines, n_members=n_members, **more)
    return fit_prior_weight(facts, dimension, Faded.of(facts, 1_000.0), 7.0)


def drawn(seed):
    rng = np.random.default_rng(seed)
    table = rng.choice(PRODUCTS, p=(0.6, 0.3, 0.1), size=(N, 6))
    return lambda member, order: int(table[member, order])


def test_who_returns_to_the_same_needs_no_prior():
    assert weight(lambda member, order: member % 3) < 0.5


def test_where_every_order_is_drawn_anew_the_segment_says_all():
    assert weight(drawn(4)) > 10


def test_members_between_the_two_are_weighed_between():
    fresh = drawn(4)
    assert 0.5 < weight(lambda member, order: fresh(member, order) if (member + order) % 4 == 1 else member % 3) < 10


def test_the_last_order_is_foretold_by_earlier_ones_only():
    """All change in the last order, so that the own past says nothing; who knew the last order would trust it."""
    assert weight(lambda member, order: member % 3 if order < 5 else (member + 1 + member // 3 % 2) % 3) > 50


@pytest.mark.parametrize(
    ("n_members", "n_orders", "dimension"),
    [(99, 6, Dimension.CATEGORY), (N, 1, Dimension.CATEGORY), (0, 0, Dimension.STORE)],
    ids=["few members", "one order each", "nobody"],
)
def test_where_too_few_tell_the_settings_stand(n_members, n_orders, dimension):
    assert weight(lambda member, order: member % 3, n_members=n_members, n_orders=n_orders, dimension=dimension) == 7.0
