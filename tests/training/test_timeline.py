"""Running sums over facts of members against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.timeline import Orders, Timeline

FACTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(-5, 9)), max_size=30)
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 45)), min_size=1, max_size=10)


@given(FACTS, PAIRS)
def test_counts_sums_and_instants_are_those_of_a_loop(facts, pairs):
    member, at, paid = (np.array([fact[i] for fact in facts], dtype=np.int64) for i in range(3))
    line = Timeline.of(member, at, n_members=4, columns={"paid": paid})
    who, when = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in range(2))
    place = line.place(who, when)
    for row, (owner, instant) in enumerate(pairs):
        before = [fact for fact in facts if fact[0] == owner and fact[1] < instant]
        assert line.count(who, place)[row] == len(before)
        assert line.total("paid", who, place)[row] == sum(fact[2] for fact in before)
        if before:
            assert line.last_at(who, place)[row] == max(fact[1] for fact in before)
            assert line.first_at(who, place)[row] == min(fact[1] for fact in before)
        else:
            assert np.isnan(line.last_at(who, place)[row])
            assert np.isnan(line.first_at(who, place)[row])


def test_an_instant_before_all_time_is_not_taken_for_another_member():
    line = Timeline.of(np.array([0, 1]), np.array([90, 100]), n_members=2)
    assert line.count(np.array([1]), line.place(np.array([1]), np.array([-50]))).tolist() == [0]


def test_orders_hold_what_their_lines_hold(dataset):
    orders, lines = Orders.of(dataset), dataset.purchases
    assert len(orders.member) == lines.n_orders
    assert orders.paid_minor.sum() == lines.paid_minor.sum()
    for number in (0, 7, lines.n_orders - 1):
        own = lines.order == number
        assert orders.member[number] == lines.member[own][0]
        assert orders.first_at[number] == lines.at[own].min()
        assert orders.last_at[number] == lines.at[own].max()
        assert orders.paid_minor[number] == lines.paid_minor[own].sum()
