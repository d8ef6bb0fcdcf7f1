"""Nudges compete with coupons in one choice, and the answer says what they tell."""

from dataclasses import replace
from typing import Any

import numpy as np

from recsys.decision import Decision, Reason
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.loyalty.worth import TierWorth
from recsys.members import Subject
from recsys.offers.definitions import Trigger
from tests.recsys.offers.waiting_world import world
from tests.recsys.policy.small import HOME, compiled
from tests.worlds import DAY, NOW

TOLD = {
    "next_expiry_at": [NOW + 9 * DAY + 1] * 2, "next_expiry_points": [1_200] * 2, "points": [5_000, 0],
    "points_ever_expired": [10**6] * 2,
}  # fmt: skip


def waiting(uplift: float, *, point_worth_minor: float = 0.0, **columns: Any) -> Knowledge:
    """A world in which o003 is the only offer that adds anything, and waits for points that expire."""
    knowledge = world({"o003": (Trigger.POINTS_EXPIRING, 0)}, **TOLD | columns)
    response = knowledge.response
    added = np.zeros_like(response.uplift)
    added[..., 3] = uplift
    return replace(
        knowledge,
        response=replace(response, uplift=added, uplift_sd=np.full_like(added, 1e-4)),
        point_worth_minor=point_worth_minor,
    )


def decide(knowledge: Knowledge, member: str, language: str = "en") -> Decision:
    policy = compiled(economics={"risk_aversion": 0.0}, knowledge=knowledge)
    return Engine(knowledge, policy).decide(Subject(member), replace(HOME, explain=True, language=language))


def test_a_nudge_that_pays_is_shown_with_the_members_own_numbers() -> None:
    decision = decide(waiting(0.3), "m000")
    (shown,) = (item for item in decision.items if item.id == "o003")
    assert decision.offer_choice == "o003"
    assert shown.reasons[0] == Reason("points_expiring", "Your 1,200 points expire in 9 days")
    (chinese,) = (item for item in decide(waiting(0.3), "m000", "zh").items if item.id == "o003")
    assert chinese.reasons[0].text == "您的1,200积分将于9天后到期"


def test_who_has_no_points_is_not_told_of_any() -> None:
    decision = decide(waiting(0.3), "m001")
    assert decision.offer_choice == "no_offer"
    assert {one.id: one.removed_by for one in decision.candidates or ()}["o003"] == "not_triggered"


def test_points_that_would_have_lapsed_are_the_price_of_the_nudge() -> None:
    def worth(point_worth_minor: float) -> int | None:
        candidates = decide(waiting(0.3, point_worth_minor=point_worth_minor), "m000").candidates or ()
        return next(one.value_minor for one in candidates if one.id == "o003")

    free, dear = worth(0.0), worth(0.5)
    assert free is not None
    assert dear is not None
    # Who never used any redeems 600 minor units' worth on each order, of which hardly one would have come.
    chance = 0.3 + 1 - np.exp(-0.01 * 14)
    assert free - dear == round(600 * chance)


def test_a_nudge_whose_points_cost_more_than_it_adds_is_not_shown() -> None:
    assert decide(waiting(0.3, point_worth_minor=2.0), "m000").offer_choice == "no_offer"


def test_a_tier_at_risk_is_worth_more_than_its_orders() -> None:
    told = {
        "tier": [2],
        "tier_by_rules": [2],
        "tier_falls_to": [1],
        "tier_falls_at": [NOW + DAY],
        "to_keep_minor": [100],
    }

    def worth(tier_worth: TierWorth) -> int:
        knowledge = world({"o003": (Trigger.TIER_AT_RISK, 0)}, **told)
        candidates = decide(replace(knowledge, tier_worth=tier_worth), "m000").candidates or ()
        return next(one.value_minor or 0 for one in candidates if one.id == "o003")

    assert worth(TierWorth((0.0,) * 4, (0.0,) * 4, 3_000.0)) > worth(TierWorth())
