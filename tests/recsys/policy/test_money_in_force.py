"""Bounds on money hold in what the engine decides, not only where they are asked for by name."""

from typing import Any

import numpy as np
import pytest

from recsys.decision import Context
from recsys.engine import Engine
from recsys.members import Subject
from recsys.policy.money_limits import lowers_price
from recsys.types import ItemKind
from tests.recsys.policy.small import compiled
from tests.worlds import NOW, small_knowledge

KNOWLEDGE = small_knowledge(n_members=60)
SUBJECTS = [Subject(f"m{row:03}") for row in range(59)]
LOWERS_PRICE = {f"o{row:03}" for row in np.flatnonzero(lowers_price(KNOWLEDGE.offers)).tolist()}


def shown(guardrails: dict[str, Any]) -> list[set[str]]:
    """The offers that each member gets on a page of three offers."""
    places = {"home": {"channel": "web", "capacity": 4, "types": ["offer"], "max_offers": 3}}
    policy = compiled(knowledge=KNOWLEDGE, guardrails=guardrails, placements=places)
    decided = Engine(KNOWLEDGE, policy).decide_many(SUBJECTS, Context("home", NOW, types=frozenset({ItemKind.OFFER})))
    return [{item.id for item in decided.record(at).items} for at in range(len(SUBJECTS))]


def test_without_bounds_offers_that_lower_the_price_are_shown() -> None:
    assert sum(bool(offers & LOWERS_PRICE) for offers in shown({})) > 30


@pytest.mark.parametrize(
    "guardrails",
    [
        {"min_no_discount_share": 1.0},
        {"max_discount_rate": 0.0},
        {"budgets": [{"id": "nothing", "amount_minor": 0}]},
        {"budgets": [{"id": "pennies", "what": 'offer.kind != "points_multiplier"', "amount_minor": 1}]},
        {"max_depth": 0.0},
    ],
    ids=str,
)
def test_a_bound_that_leaves_nothing_leaves_no_discount(guardrails: dict[str, Any]) -> None:
    assert not set().union(*shown(guardrails)) & LOWERS_PRICE


def test_an_offer_as_deep_as_the_bound_stays() -> None:
    ten_percent = "o002"
    for bound, stays in ((0.1, True), (0.0999, False)):
        for guardrails in ({"max_depth": bound}, {"depth_bands": [{"id": "tenth", "max_depth": bound}]}):
            assert (ten_percent in set().union(*shown(guardrails))) is stays
    deep = {"depth_bands": [{"id": "deep", "kind": "percent_off", "min_depth": 0.1}]}
    assert ten_percent in set().union(*shown(deep))


def test_a_share_of_members_gets_no_discount_and_the_others_what_they_got() -> None:
    before, after = shown({}), shown({"min_no_discount_share": 0.4})
    without = [one for one, offers in enumerate(after) if not offers & LOWERS_PRICE and before[one] & LOWERS_PRICE]
    assert 10 < len(without) < 40
    assert all(after[one] == before[one] for one in range(len(after)) if one not in without)
