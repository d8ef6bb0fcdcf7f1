"""Facts and histories that points cannot be posted from, and what is said about them."""

from typing import Any

import pytest

from recsys.errors import InputError
from recsys.loyalty.points import post_points
from recsys.loyalty.points_balances import redemption_worth
from recsys.loyalty.points_facts import Earnings, PointsFacts
from recsys.loyalty.points_rules import PointsRules, RedemptionRules
from tests.recsys.loyalty.points_by_hand import YEAR, give_back, lot, post
from tests.recsys.loyalty.points_reference import LONDON, instant, rules


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        pytest.param([lot("2024-01-10", 0, 1)], "the points of a lot is 0; it may be 1 to", id="no points"),
        pytest.param([lot("2024-01-10", 5, 1, 3)], "the member row of a lot is 3; it may be 0 to 2", id="no member"),
        pytest.param([lot("2024-01-10", 5, 1), lot("2024-01-11", 5, 1)], "lot 1 is there twice", id="lot twice"),
        pytest.param([lot("2024-08-10", 5, 1)], "the instant of a lot is .* correct", id="after now"),
        pytest.param([give_back("2024-01-10", 5, 4)], "names lot 4, which nobody here has earned", id="no lot"),
        pytest.param(
            [lot("2024-01-10", 5, 4, 1), give_back("2024-01-12", 5, 4)], "another member holds", id="lot of another"
        ),
        pytest.param(
            [lot("2024-01-10", 5, 4), give_back("2024-01-09", 5, 4)], "earned later", id="before it was earned"
        ),
        pytest.param(
            [lot("2024-01-10", 5, 4), give_back("2024-01-11", 3, 4, 1), give_back("2024-01-12", 3, 4, 2)],
            "returns take 6 points of lot 4, which earned 5", id="more than earned",
        ),
    ],
)  # fmt: skip
def test_an_impossible_fact_is_refused(facts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        post(*facts, now="2024-07-01T00:00")


def test_facts_before_the_first_rules_are_refused() -> None:
    late = [PointsRules.model_validate({"from": "2024-02-01", "earning": {"per_minor": 100}})]
    with pytest.raises(InputError, match="before the rules of 2024-02-01"):
        post(lot("2024-01-31T23:59:59", 5, 1), now="2024-07-01T00:00", history=late)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        pytest.param(251, "251 points are asked for and the balance is 250", id="more than there is"),
        pytest.param(199, "the smallest redemption is 200, the balance is 250", id="too few"),
    ],
)
def test_a_redemption_outside_the_rules_is_refused_before_it_is_posted(points: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        redemption_worth(points, balance=250, redemption=RedemptionRules(minimum=200))


def test_a_fact_before_the_state_it_is_posted_to_is_refused() -> None:
    state = post(lot("2024-01-10", 5, 1), now="2024-03-01").closing
    late = PointsFacts.of(Earnings.of([lot("2024-02-10", 5, 2)]))
    with pytest.raises(InputError, match="the instant of a lot is"):
        post_points(late, [rules()], calendar=LONDON, now=instant("2024-04-01"), opening=state)
    with pytest.raises(InputError, match="before that; post forward"):
        post_points(PointsFacts.of(), [rules()], calendar=LONDON, now=instant("2024-02-01"), opening=state)


def test_inactivity_and_dates_do_not_mix_in_one_history() -> None:
    later = PointsRules.model_validate(
        {"from": "2024-06-01", "earning": {"per_minor": 100}, "expiry": {"inactivity_months": 3}}
    )
    with pytest.raises(InputError, match="use inactivity_months in all of them or in none"):
        post(now="2024-07-01", history=[rules(YEAR), later])


def test_a_return_of_a_lot_that_is_not_among_the_lots_is_refused() -> None:
    with pytest.raises(InputError, match="names lot 4, which nobody here has earned"):
        post(lot("2024-01-10", 5, 3), give_back("2024-01-11", 5, 4), now="2024-07-01T00:00")
