"""Choosing among offers: no offer is an arm, ties go to the smaller discount, propensities are exact."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.arbitrate import OfferChoice, arbitrate, no_choice
from recsys.exploration import Exploring
from recsys.offers.depth import NO_LADDERS, Ladders
from recsys.offers.economics import OfferValues
from recsys.policy.file.guardrails import Drawing
from tests.worlds import bare_values


def values(mean: list[list[float]], *, sd: float = 0.0, discount: list[list[float]] | None = None) -> OfferValues:
    means = np.array(mean, dtype=np.float64)
    discounts = np.full_like(means, 10.0) if discount is None else np.array(discount, dtype=np.float64)
    return bare_values(
        means, np.full_like(means, sd), discounts, discounts / 2, revenue=means, redemption=discounts.astype(np.int64)
    )


def choose(
    offers: OfferValues,
    *,
    keep: list[list[bool]] | None = None,
    boost: list[list[float]] | None = None,
    price: list[float] | None = None,
    risk_aversion: float = 0.0,
    epsilon: float = 0.0,
    drawing: Drawing = Drawing.UNIFORM,
    draw: NDArray[np.float64] | None = None,
    max_offers: int = 1,
    ladders: Ladders = NO_LADDERS,
) -> OfferChoice:
    shape = offers.mean.shape
    return arbitrate(
        offers,
        np.ones(shape, dtype=np.bool_) if keep is None else np.array(keep),
        boost=np.ones(shape, dtype=np.float32) if boost is None else np.array(boost, dtype=np.float32),
        shadow_price=np.zeros(shape[1]) if price is None else np.array(price),
        risk_aversion=risk_aversion,
        exploring=Exploring(epsilon, drawing=drawing),
        draw=np.full(shape[0], 0.99) if draw is None else draw,
        max_offers=max_offers,
        ladders=ladders,
    )


def test_the_offer_of_most_value_is_chosen_for_each_member() -> None:
    assert choose(values([[1, 5, 3], [7, 2, 9]])).rows.tolist() == [[1], [2]]


def test_no_offer_is_chosen_where_every_offer_costs_more_than_it_brings() -> None:
    choice = choose(values([[-1, -5], [0, 0], [1, -1]]))
    assert choice.rows.tolist() == [[-1], [-1], [0]]


def test_what_a_rule_removed_is_never_chosen() -> None:
    assert choose(values([[9, 1]]), keep=[[False, True]]).rows.tolist() == [[1]]


def test_among_equals_the_smaller_discount_wins() -> None:
    assert choose(values([[4, 4, 4]], discount=[[30, 10, 20]])).rows.tolist() == [[1]]


def test_an_uncertain_gain_must_be_larger() -> None:
    uncertain = values([[4, 3]])
    uncertain.sd[0, 0] = 2.0
    assert choose(uncertain).rows.tolist() == [[0]]
    assert choose(uncertain, risk_aversion=1.0).rows.tolist() == [[1]]


def test_a_lever_cannot_turn_a_loss_into_a_gain() -> None:
    choice = choose(values([[-4, 2, 3]]), boost=[[9, 2, 1]])
    assert choice.rows.tolist() == [[1]]
    assert choice.arbitrated.tolist() == [[-4, 4, 3]]


def test_a_scarce_budget_has_its_price() -> None:
    assert choose(values([[5, 4]], discount=[[10, 10]]), price=[0.2, 0.0]).rows.tolist() == [[1]]


def test_several_offers_come_in_order_and_only_those_worth_something() -> None:
    assert choose(values([[1, 5, -3]]), max_offers=3).rows.tolist() == [[1, 0, -1]]


STEPS = Ladders((np.array([2, 0]),))
"""Of three offers: 2 is the shallower, 0 the deeper, 1 on no ladder."""


def test_no_slate_holds_two_steps_of_a_ladder() -> None:
    surely_deeper = values([[9, 5, 3]], discount=[[8, 10, 2]])
    assert choose(surely_deeper, max_offers=3, ladders=STEPS).rows.tolist() == [[0, 1, -1]]
    assert choose(surely_deeper, max_offers=3).rows.tolist() == [[0, 1, 2]]


def test_the_step_that_is_drawn_stands_alone_of_its_ladder() -> None:
    offers = values([[9, 5, 3]], discount=[[8, 10, 2]])
    drawn = [
        choose(offers, max_offers=3, ladders=STEPS, epsilon=0.5, draw=np.array([draw])).rows[0].tolist()
        for draw in (0.05, 0.2, 0.3, 0.45)
    ]
    assert drawn == [[-1, -1, -1], [0, 1, -1], [1, 0, -1], [2, 1, -1]]


def test_a_lever_lifts_no_step_that_is_deeper_than_need_be() -> None:
    assert choose(values([[5, 1, 5]]), boost=[[9.0, 1.0, 0.5]], ladders=STEPS).rows.tolist() == [[2]]


def test_a_deeper_step_must_pay_for_the_budget_it_takes() -> None:
    offers = values([[9, 0, 5]], discount=[[10, 0, 2]])
    assert choose(offers, ladders=STEPS).rows.tolist() == [[0]]
    steep = choose(offers, price=[0.6, 0, 0.6], ladders=STEPS)
    assert (steep.rows.tolist(), steep.too_deep.tolist()) == ([[2]], [[True, False, False]])


def test_a_deeper_step_must_surely_be_worth_more() -> None:
    offers = values([[6, 0, 5]], sd=1.0)
    assert not choose(offers, ladders=STEPS).too_deep.any()
    assert choose(offers, risk_aversion=1.0, ladders=STEPS).too_deep.tolist() == [[True, False, False]]


def test_of_two_steps_alike_the_one_with_the_smaller_discount_is_left() -> None:
    left = STEPS.best_steps(np.array([[4.0, 1.0, 4.0], [4.0, 1.0, 4.0]]), np.array([[2.0, 0.0, 3.0], [3.0, 0.0, 3.0]]))
    assert left.tolist() == [[4.0, 1.0, 0.0], [4.0, 1.0, 0.0]]


def test_a_slate_without_offers_chooses_none_for_certain() -> None:
    choice = no_choice(2)
    assert choice.rows.shape == choice.arbitrated.shape == (2, 0)
    assert choice.propensity.tolist() == [1.0, 1.0]
    assert not choice.explored.any()


@pytest.mark.parametrize("drawing", list(Drawing))
def test_without_any_offer_defined_no_offer_is_chosen(drawing: Drawing) -> None:
    choice = choose(values([[], []]), epsilon=0.5, drawing=drawing, draw=np.array([0.1, 0.9]), max_offers=2)
    assert choice.rows.tolist() == [[-1, -1], [-1, -1]]
    assert choice.propensity.tolist() == [1.0, 1.0]


def test_more_offers_may_be_asked_for_than_there_are() -> None:
    choice = choose(values([[1, 5]]), max_offers=4, epsilon=0.3, draw=np.array([0.15]))
    assert choice.rows.tolist() == [[0, 1, -1, -1]]


def test_values_that_only_rounding_tells_apart_are_equal() -> None:
    assert 0.1 + 0.2 > 0.3
    assert choose(values([[0.1 + 0.2, 0.3]], discount=[[30, 10]])).rows.tolist() == [[1]]


def test_an_offer_that_may_be_worth_something_is_tried_and_one_that_cannot_is_not() -> None:
    # Two standard deviations reach 0 for the first offer only when it is included; the second stays below.
    drawn = np.array([0.4999])
    assert choose(values([[-1.9, -9]], sd=1.0), epsilon=0.5, draw=drawn).rows.tolist() == [[0]]
    assert choose(values([[-2.0, -9]], sd=1.0), epsilon=0.5, draw=drawn).rows.tolist() == [[-1]]


def test_a_draw_at_the_share_does_not_explore() -> None:
    assert choose(values([[5, 1]]), epsilon=0.25, draw=np.array([0.25])).rows.tolist() == [[0]]
    assert choose(values([[5, 1]]), epsilon=0.25, draw=np.array([np.nextafter(0.25, 0)])).rows.tolist() == [[1]]


def test_the_greedy_choice_is_one_of_the_arms_drawn_from() -> None:
    choice = choose(values([[5, -9]]), epsilon=0.4, draw=np.array([0.9]))
    assert choice.propensity.tolist() == pytest.approx([0.6 + 0.4 / 2])


@pytest.mark.parametrize("drawing", list(Drawing))
@pytest.mark.parametrize("epsilon", [5e-324, 1e-300, 1e-12, 0.0])
def test_a_share_that_is_next_to_nothing_explores_nobody(epsilon: float, drawing: Drawing) -> None:
    draw = np.array([1e-9, 0.5, 1 - 2.0**-53])
    choice = choose(values([[1, 5]] * 3), epsilon=epsilon, drawing=drawing, draw=draw)
    assert choice.rows.tolist() == [[1]] * 3
    assert choice.propensity.tolist() == pytest.approx([1.0] * 3)
    assert not choice.explored.any()


@pytest.mark.parametrize("max_offers", [1, 2])
def test_logging_propensities_are_the_frequencies_of_a_million_draws(max_offers: int) -> None:
    m, epsilon = 1_000_000, 0.2
    mean = np.tile([[3.0, 1.0, -50.0, 2.0]], (m, 1))
    draw = (np.arange(m) + 0.5) / m
    keep = np.tile([[True, True, True, False]], (m, 1))
    ones = np.ones_like(mean)
    offers = bare_values(mean, ones, ones, ones, revenue=ones, redemption=ones.astype(np.int64))
    choice = arbitrate(
        offers,
        keep,
        boost=np.ones((m, 4), dtype=np.float32),
        shadow_price=np.zeros(4),
        risk_aversion=0.0,
        exploring=Exploring(epsilon, drawing=Drawing.UNIFORM),
        draw=draw,
        max_offers=max_offers,
    )
    first = choice.rows[:, 0]
    # Offer 2 may not be worth anything and offer 3 was removed: three arms are left, no_offer among them.
    for arm, expected in ((0, 0.8 + 0.2 / 3), (1, 0.2 / 3), (-1, 0.2 / 3)):
        chosen = first == arm
        assert chosen.mean() == pytest.approx(expected, abs=2e-6)
        assert np.allclose(choice.propensity[chosen], expected)
    assert not np.isin(first, [2, 3]).any()
    assert np.array_equal(choice.explored, first != 0)
    if max_offers == 2:
        assert np.all(choice.rows[first == 1, 1] == 0)
        assert np.all(choice.rows[first == -1, 1] == -1)


@pytest.mark.parametrize("drawing", list(Drawing))
def test_a_member_for_whom_everything_was_removed_gets_no_offer_for_certain(drawing: Drawing) -> None:
    choice = choose(values([[3, 4]]), keep=[[False, False]], epsilon=0.3, drawing=drawing, draw=np.array([0.1]))
    assert choice.rows.tolist() == [[-1]]
    assert choice.propensity.tolist() == [1.0]
    assert not choice.explored[0]
