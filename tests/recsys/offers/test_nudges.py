from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.knowledge import Knowledge
from recsys.loyalty.worth import YEAR_DAYS, TierWorth
from recsys.offers.definitions import Trigger
from recsys.offers.nudges import SPEND_LOST_WITH_A_TIER, NudgeCosts, nudge_costs
from tests.recsys.offers.waiting_world import asked, world
from tests.worlds import DAY, NOW

WORTH = TierWorth((0.0, 0.01, 0.03, 0.08), (0.0, 100.0, 300.0, 400.0), 2 * YEAR_DAYS)


def costs_of(trigger: Trigger, n: int, *, bought: int | None = None, **columns: Any) -> NudgeCosts:
    """What one nudge, o004, costs: of the first n members in turned order, then of a stranger."""
    knowledge = worthy(world({"o004": (trigger, 0)}, **columns))
    found = nudge_costs(asked(knowledge, n, bought=bought), knowledge, NOW)
    assert found.offers.tolist() == [4]
    assert found.with_order[-1, 0] == found.anyway[-1, 0] == 0
    return found


def worthy(knowledge: Knowledge) -> Knowledge:
    return replace(knowledge, point_worth_minor=0.5, tier_worth=WORTH)


def one_each(column: np.ndarray) -> list[float]:
    return column[:-1, 0][::-1].tolist()


POINTS = {
    "next_expiry_at": [NOW + DAY] * 3 + [NOW],
    "next_expiry_points": [1_200, 1_200, 1_200, 1_200],
    "points": [5_000, 800, 5_000, 5_000],
    "points_ever_redeemed": [0, 400, 10_800, 0],
    "points_ever_expired": [0, 0, 0, 0],
}


def test_points_that_would_have_lapsed_cost_their_worth() -> None:
    found = costs_of(Trigger.POINTS_EXPIRING, 4, **POINTS)
    assert one_each(found.with_order) == [600, 400, 600, 0]
    # Redeemed of all that left: 600 of 1,200; 400 + 400 of 1,200; 10,800 + 600 of 12,000.
    assert one_each(found.anyway) == pytest.approx([300, 400 * 800 / 1_200, 600 * 0.95, 0])


def test_who_lets_points_lapse_would_not_have_used_these() -> None:
    lapsed = POINTS | {"points_ever_expired": [10_800, 0, 0, 0]}
    assert one_each(costs_of(Trigger.POINTS_EXPIRING, 4, **lapsed).anyway)[0] == pytest.approx(600 * 0.05)


def test_the_cost_is_that_of_the_orders_less_what_they_would_have_cost_anyway() -> None:
    found = costs_of(Trigger.POINTS_EXPIRING, 1, **POINTS)
    p_without, p_with = np.array([0.4, 0.0]), np.array([[0.5], [0.0]])
    assert found.expected(p_without, p_with).tolist() == [[0.5 * 600 - 0.4 * 300], [0]]


TIER = {"tier": [1] * 3, "tier_by_rules": [1] * 3, "basket_minor": [5_000] * 3, "orders_per_day": [0.02] * 3}
YEAR = 0.02 * YEAR_DAYS * 5_000


def test_reaching_a_tier_costs_its_benefits_for_a_term_by_the_part_of_the_gap_that_an_order_fills() -> None:
    found = costs_of(
        Trigger.TIER_NEAR, 3, next_tier=[2, 2, 3], to_next_minor=[5_000, 8_000, -1], to_next_orders=[-1, 2, 1], **TIER
    )
    to_gold, to_diamond = 2 * (0.02 * YEAR + 200), 2 * (0.07 * YEAR + 300)
    assert one_each(found.with_order) == pytest.approx([to_gold, to_gold / 2, to_diamond], rel=1e-6)
    assert one_each(found.anyway) == one_each(found.with_order)


def test_orders_that_come_anyway_reach_the_tier_as_well() -> None:
    found = costs_of(Trigger.TIER_NEAR, 1, next_tier=[2], to_next_minor=[1_000], to_next_orders=[-1], **TIER)
    assert found.expected(np.array([0.5, 0.5]), np.array([[0.5], [0.5]])).tolist() == [[0], [0]]


def test_a_kept_tier_saves_the_margin_that_goes_with_it_and_costs_its_benefits() -> None:
    told = TIER | {"tier": [3, 2, 2], "tier_by_rules": [3, 2, 2]}
    found = costs_of(
        Trigger.TIER_AT_RISK, 3, tier_falls_to=[2, 1, -1], tier_falls_at=[NOW + 9, NOW + 9, -1],
        to_keep_minor=[2_500, 20_000, -1], to_keep_orders=[-1, -1, -1], **told,
    )  # fmt: skip
    margin = 2 * SPEND_LOST_WITH_A_TIER * 0.3 * YEAR
    expected = [2 * (0.05 * YEAR + 100) - margin, 0.25 * (2 * (0.02 * YEAR + 200) - margin), 0]
    assert one_each(found.with_order) == pytest.approx(expected, rel=1e-6)


def test_a_tier_without_benefits_is_worth_keeping() -> None:
    knowledge = world({"o004": (Trigger.TIER_AT_RISK, 0)}, tier_falls_to=[0], tier_falls_at=[NOW + 9],
                      to_keep_minor=[100], **TIER)  # fmt: skip
    free = replace(knowledge, tier_worth=TierWorth((0.0,) * 4, (0.0,) * 4, 100.0))
    assert nudge_costs(asked(free, 1), free, NOW).with_order[0, 0] < 0


@pytest.mark.parametrize("trigger", [Trigger.BIRTHDAY, Trigger.WIN_BACK, Trigger.WELCOME])
def test_what_has_no_price_costs_nothing(trigger: Trigger) -> None:
    assert not costs_of(trigger, 3, **POINTS).with_order.any()


def test_who_bought_since_is_not_known_to_be_near() -> None:
    gap = {"next_tier": [2] * 2, "to_next_minor": [1_000] * 2, "to_next_orders": [-1] * 2}
    found = one_each(costs_of(Trigger.TIER_NEAR, 2, bought=0, **gap, **TIER).with_order)
    assert found[0] == 0
    assert found[1] > 0


def test_each_nudge_costs_what_its_own_trigger_tells_and_offers_that_give_are_no_nudges() -> None:
    waits = {"o001": (Trigger.POINTS_EXPIRING, 0), "o003": (Trigger.BIRTHDAY, 0), "o004": (Trigger.POINTS_EXPIRING, 9)}
    knowledge = worthy(world(waits, **POINTS))
    found = nudge_costs(asked(knowledge, 2), knowledge, NOW)
    assert found.offers.tolist() == [1, 3, 4]
    assert found.with_order[:-1][::-1].tolist() == [[600, 0, 600], [400, 0, 400]]
    plain = world(**POINTS)
    assert nudge_costs(asked(plain, 2), plain, NOW).with_order.shape == (3, 0)


def test_what_is_not_known_of_points_and_tiers_costs_nothing() -> None:
    knowledge = world({"o004": (Trigger.POINTS_EXPIRING, 0), "o005": (Trigger.TIER_NEAR, 0)}, next_tier=[2],
                      to_next_minor=[1_000], **POINTS, **{k: v for k, v in TIER.items() if k != "points"})  # fmt: skip
    assert not nudge_costs(asked(knowledge, 3), knowledge, NOW).with_order.any()
