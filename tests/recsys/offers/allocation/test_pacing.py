"""Budgets last as long as they should, and no longer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.offers.allocation.pacing import PacedPrice, Period, allowance, even, weekly

COST = 50


def simulated(period, demand, *, price, rng, batches=40):
    """A period lived through: members come, and an offer is given where its worth exceeds its price."""
    spent_by_day = []
    for day, n_members in enumerate(demand):
        today = allowance(period, day=day, spent_minor=sum(spent_by_day))
        paced = PacedPrice(price, float(today), step=0.2)
        for _ in range(batches):
            spent = 0
            for worth in rng.exponential(60, n_members // batches):
                if worth > paced.price * COST and paced.affords(spent + COST):
                    spent += COST
            paced = paced.after(spent, target_minor=today / batches)
        price = paced.price
        spent_by_day.append(today - int(paced.left_minor))
    return spent_by_day


@pytest.mark.parametrize("first_price", [0.001, 0.5, 20.0])
def test_a_period_ends_within_its_budget_and_uses_nearly_all_where_demand_suffices(first_price):
    period = even(14, 280_000)
    spent = simulated(period, [2_000] * 14, price=first_price, rng=np.random.default_rng(1))
    assert 0.95 * period.budget_minor < sum(spent) <= period.budget_minor


def test_demand_that_swings_threefold_is_followed():
    period = weekly([1, 1, 1, 1, 2, 3, 2], n_days=21, first_weekday=2, budget_minor=300_000)
    swing = np.random.default_rng(2)
    demand = [int(800 * weight * swing.uniform(0.6, 1.8)) for weight in period.profile]
    spent = simulated(period, demand, price=1.0, rng=np.random.default_rng(3))
    assert 0.95 * period.budget_minor < sum(spent) <= period.budget_minor


def test_a_budget_without_enough_demand_is_left_over_not_wasted():
    spent = simulated(even(3, 300_000), [400] * 3, price=1.0, rng=np.random.default_rng(4))
    assert sum(spent) <= 400 * 3 * COST


def test_the_price_settles_where_spending_meets_the_target():
    rng = np.random.default_rng(5)
    paced = PacedPrice(1.0, 1e9)
    for _ in range(3_000):
        spent = float((rng.exponential(60, 100) > paced.price * COST).sum() * COST)
        paced = paced.after(spent, target_minor=0.25 * 100 * COST)
    assert paced.price * COST == pytest.approx(60 * np.log(4), rel=0.1)  # a quarter of an exponential lies above


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=20),
    st.integers(0, 10**9),
    st.lists(st.floats(0, 1), min_size=20, max_size=20),
)
def test_days_together_never_get_more_than_the_budget(profile, budget, shares):
    period, spent = Period(budget, tuple(profile)), 0
    for day in range(len(profile)):
        today = allowance(period, day=day, spent_minor=spent)
        assert 0 <= today <= budget - spent
        spent += int(today * shares[day])
    assert spent <= budget


@settings(max_examples=30)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=9).filter(any), st.integers(0, 10**6))
def test_who_spends_each_allowance_spends_all_of_it(profile, budget):
    period, spent = Period(budget, tuple(profile)), 0
    for day in range(len(profile)):
        spent += allowance(period, day=day, spent_minor=spent)
    assert spent == budget


def test_an_overspent_day_is_taken_back_from_those_that_follow():
    period = even(4, 1_000)
    assert allowance(period, day=1, spent_minor=400) == 200
    assert allowance(period, day=1, spent_minor=1_400) == 0


@pytest.mark.parametrize("day", [-1, 4])
def test_outside_the_period_nothing_is_spent(day):
    assert allowance(even(4, 1_000), day=day, spent_minor=0) == 0


def test_a_day_gets_its_part_of_the_volume_that_is_left():
    period = Period(1_000, (1.0, 3.0, 4.0))
    assert [allowance(period, day=day, spent_minor=0) for day in range(3)] == [125, 428, 1_000]


def test_days_without_expected_volume_share_equally():
    assert allowance(Period(900, (5.0, 0.0, 0.0)), day=1, spent_minor=300) == 300


def test_a_price_stays_within_its_limits_and_one_batch_moves_it_by_e_at_most():
    wild = PacedPrice(1.0, 1e12).after(1e9, target_minor=1.0)
    assert wild.price == pytest.approx(np.e)
    cheap = PacedPrice(1e-4, 100.0)
    assert cheap.after(0.0, target_minor=10.0).price == 1e-4


def test_a_target_of_nothing_raises_the_price_only_where_something_is_spent():
    assert PacedPrice(1.0, 10.0).after(5.0, target_minor=0.0).price > 1
    assert PacedPrice(1.0, 10.0).after(0.0, target_minor=0.0).price < 1


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="it needs 0 or more"):
        Period(-1, (1.0,))
    with pytest.raises(InputError, match="over 0 days"):
        Period(1, ())
    with pytest.raises(InputError, match="negative or no number"):
        Period(1, (1.0, float("nan")))
    with pytest.raises(InputError, match="7 weights"):
        weekly([1.0], n_days=3, first_weekday=0, budget_minor=5)
    with pytest.raises(InputError, match="ask affords first"):
        PacedPrice(1.0, 5.0).after(6.0, target_minor=5.0)
