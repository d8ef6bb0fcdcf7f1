"""A higher tier that may be shown less than a lower one is found, unless somebody accepts it."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.offers.definitions import Trigger
from recsys.policy.check.monotone import tier_not_monotone
from tests.recsys.offers.waiting_world import world
from tests.recsys.policy.check.findings import KNOWLEDGE, examined, found, rule

NOT_GOLD = rule("not_gold", "exclude", who="member.tier == 'gold'", applies_to="offer", what="offer.id == 'o003'")


def test_a_rule_that_takes_from_a_tier_what_the_one_below_keeps_is_an_error() -> None:
    assert found(tier_not_monotone, rules=[NOT_GOLD]) == ["error tier_not_monotone rules.0"]
    (problem,) = tier_not_monotone(examined(rules=[NOT_GOLD]))
    assert "'not_gold' takes o003 from gold, which silver keeps" in problem.message


def test_its_owner_may_accept_it() -> None:
    assert found(tier_not_monotone, rules=[{**NOT_GOLD, "accepts": ["tier_not_monotone"]}]) == []


@pytest.mark.parametrize("who", ["member.tier_rank < 2", "member.points > 100", "true"])
def test_rules_that_leave_higher_tiers_as_much_are_none(who: str) -> None:
    assert found(tier_not_monotone, rules=[{**NOT_GOLD, "who": who}]) == []


def test_reach_is_monotone() -> None:
    reach = [{"id": "gifts", "owner": "tests", "what": "offer.id == 'o003'", "from_tier": "gold"}]
    assert found(tier_not_monotone, reach=reach) == []


def test_a_band_that_holds_a_higher_tier_to_less_is_an_error() -> None:
    def bands(**depths: float) -> dict[str, object]:
        return {"depth_bands": [{"id": f"of_{tier}", "tier": tier, "max_depth": most} for tier, most in depths.items()]}

    path = "error tier_not_monotone guardrails.depth_bands.1"
    assert found(tier_not_monotone, guardrails=bands(ordinary=0.3, silver=0.05, gold=0.3)) == [path]
    # No offer is deeper than 0.2 yet.
    assert found(tier_not_monotone, guardrails=bands(ordinary=0.3, silver=0.2, gold=0.3)) == [f"{path}.max_depth"]
    assert found(tier_not_monotone, guardrails=bands(ordinary=0.2, silver=0.3)) == []
    both = {**bands(silver=0.5, gold=0.3), "max_depth": 0.2}
    assert found(tier_not_monotone, guardrails=both) == []


def test_definitions_of_offers_that_leave_a_higher_tier_out_are_warned_of_once() -> None:
    masks = np.full_like(KNOWLEDGE.offers.tier_mask, 0b1111)
    masks[[3, 4]] = 0b0011
    odd = replace(KNOWLEDGE, offers=replace(KNOWLEDGE.offers, tier_mask=masks))
    assert found(tier_not_monotone, odd) == ["warning tier_not_monotone "]
    assert found(tier_not_monotone) == []


def test_a_nudge_towards_the_next_tier_is_no_finding_though_who_is_there_already_does_not_get_it() -> None:
    tiers = [0, 1, 2, 3, 0, 1, 2]
    near = world(
        {"o003": (Trigger.TIER_NEAR, 0)},
        tier=tiers,
        tier_by_rules=tiers,
        next_tier=[1, 2, 3, -1, 1, 2, 3],
        to_next_minor=[100] * 7,
        to_next_orders=[0] * 7,
    )
    assert found(tier_not_monotone, near) == []
