"""Which rows a workspace has, and what one offer's discount costs by them."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.offers.allocation.allocate import allocate
from recsys.offers.allocation.prices import LimitPrices
from recsys.offers.allocation.problem import Problem
from recsys.offers.allocation.rows import DISCOUNT, budget, parity, stock
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from serving.allocation.collect import REDEMPTIONS, Collected
from serving.allocation.limits import Period, price_by_offer, rows_of
from serving.allocation.section import AllocationSection
from tests.worlds import NOW, small_knowledge

KNOWLEDGE = small_knowledge()


def collected(offers=(1, 3)) -> Collected:
    """Two members, and two of the six offers."""
    values = np.array([[30.0, 40.0], [20.0, 60.0]])
    discount = np.array([[10.0, 20.0], [30.0, 40.0]])
    redeem = np.array([[0.1, 0.2], [0.3, 0.4]])
    problem = Problem(values, np.ones((2, 2), dtype=bool), discount, np.array([0, 2]), {REDEMPTIONS: redeem})
    return Collected(problem, np.array(offers), np.array([5.0, 7.0]))


def priced(*price: float, closed: tuple[int, ...] = ()) -> LimitPrices:
    return LimitPrices(np.array(price), np.isin(np.arange(len(price)), closed))


def rows(budgets, limits, *, days=1, total=None, section=None):
    offers = replace(KNOWLEDGE.offers, budget_minor=np.array(budgets), total_limit=np.array(limits))
    policy = compile_policy(parse_policy(default_policy_text()), KNOWLEDGE)
    period = Period(NOW, days, total)
    return rows_of(collected(), offers, policy, section or AllocationSection(), period=period)


def test_budgets_and_limits_of_the_offers_at_hand_are_rows_and_no_bound_is_none():
    found = rows([9, 100, 9, -1, 9, 9], [9, -1, 9, 50, 9, 9])
    assert [(row.name, row.measure, row.bound) for row in found] == [
        ("offer o001", DISCOUNT, 100),
        ("limit of o003", REDEMPTIONS, 50),
    ]
    assert found[0].offers.tolist() == [1, 0]
    assert found[1].offers.tolist() == [0, 1]


def test_today_gets_its_part_by_the_week_s_volume_and_contacts_are_today_s_already():
    monday_to_sunday = tuple(float(day) for day in (1, 1, 1, 1, 1, 1, 1))
    plain = AllocationSection(contacts=70, weekly_volume=monday_to_sunday)
    found = rows([-1, 140, -1, -1, -1, -1], [-1] * 6, days=7, total=700, section=plain)
    assert [(row.name, row.bound) for row in found] == [("all offers", 100), ("offer o001", 20), ("contacts", 70)]
    # NOW is a Thursday of the week: five times the volume of any other day.
    busy = AllocationSection(weekly_volume=(1, 1, 1, 5, 1, 1, 1))
    assert rows([-1] * 6, [-1] * 6, days=7, total=1_100, section=busy)[0].bound == 500


def test_money_rows_price_discount_as_they_are_and_tiers_rows_not_at_all():
    one = collected()
    asked = (
        budget("all", 60),
        budget("second", 50, np.array([0.0, 1.0])),
        *parity(DISCOUNT, (0, 2), [1, 0, 1], delta=0),
    )
    given = np.array([[0.0, 1.0], [0.0, 1.0]])
    assert price_by_offer(one, asked, priced(0.5, 0.25, 9.0, 9.0), given).tolist() == [0.5, 0.75]


def test_rows_that_count_are_turned_into_money_at_the_mean_discount():
    one = collected()
    asked = (stock("messages", 1), budget("unused", 1, np.zeros(2)))
    second_alone = np.array([[0.0, 1.0], [0.0, 0.0]])
    found = price_by_offer(one, asked, priced(8.0, 3.0), second_alone)
    # The second was given once, for 20; the first to nobody, and costs 20 on average.
    assert found.tolist() == pytest.approx([8 / 20, 8 / 20])


def test_a_row_with_nothing_to_spend_closes_its_offers_whatever_it_counts():
    asked = (budget("all", 60), stock("first", 0, np.array([1.0, 0.0])))
    found = price_by_offer(collected(), asked, priced(0.5, 0.0, closed=(1,)), np.ones((2, 2)))
    assert found.tolist() == [5, 0.5]


def test_an_allocation_under_a_limit_of_redemptions_keeps_it():
    found = rows([-1] * 6, [-1, -1, -1, 0, -1, -1])
    answer = allocate(collected().problem, found)
    assert answer.offers[:, 0].tolist() == [0, 0]
