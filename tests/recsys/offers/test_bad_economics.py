"""Decisions about offers where money is odd: nothing earned, nothing left, nobody eligible, everybody harmed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.decision import Context, Decision
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import NO_OFFER
from tests.worlds import NOW, small_knowledge

PLAIN = small_knowledge()
TEXT = default_policy_text().replace("behaviour: no_offers", "behaviour: full")
CERTAIN = TEXT.replace("epsilon: 0.05", "epsilon: 0")
MEMBERS = [Subject(one) for one in ("m004", "m000", "m006", "nobody")]


def responding(knowledge: Knowledge = PLAIN, **columns: Any) -> Knowledge:
    """With the same figure everywhere in each of these columns of the response."""
    response = knowledge.response
    filled = {name: np.full_like(getattr(response, name), value) for name, value in columns.items()}
    return replace(knowledge, response=replace(response, **filled))


def offered(**columns: Any) -> Knowledge:
    """With the same figure for every offer in each of these columns of their definitions."""
    offers = PLAIN.offers
    filled = {name: np.full_like(getattr(offers, name), value) for name, value in columns.items()}
    return replace(responding(uplift=0.5), offers=replace(offers, **filled))


def decide(knowledge: Knowledge, text: str = CERTAIN, placement: str = "offers") -> list[Decision]:
    engine = Engine(knowledge, compile_policy(parse_policy(text), knowledge))
    return engine.decide_many(MEMBERS, Context(placement, NOW, seed="s", explain=True)).records()


def chosen(decisions: list[Decision]) -> set[str | None]:
    assert all(np.isfinite(one.logging_propensity) and 0 < one.logging_propensity <= 1 for one in decisions)
    return {one.offer_choice for one in decisions}


def test_who_earns_nothing_on_an_order_gives_nothing_for_one() -> None:
    members = replace(PLAIN.members, margin_rate=np.zeros_like(PLAIN.members.margin_rate))
    knowledge = replace(responding(uplift=0.5), members=members, stranger_margin_rate=0.0)
    decisions = decide(knowledge)
    assert chosen(decisions) == {NO_OFFER}
    assert {one.shortfall_reason for one in decisions} == {"no_offer_is_best"}


def test_a_budget_of_zero_buys_nothing_and_says_so() -> None:
    decisions = decide(offered(budget_minor=0))
    assert chosen(decisions) == {NO_OFFER}
    assert all(one.economics is None and not one.items for one in decisions)
    assert {one.shortfall_reason for one in decisions} == {"out_of_budget"}


def test_where_nobody_is_eligible_for_anything_the_slate_is_empty_with_a_reason() -> None:
    decisions = decide(offered(valid_until=NOW - 1))
    assert chosen(decisions) == {NO_OFFER}
    for one in decisions:
        assert (one.items, one.economics, one.logging_propensity) == ((), None, 1.0)
        assert one.shortfall_reason
        assert {why.id for why in one.why_not if why.kind == "offer"} == {f"o{row:03}" for row in range(6)}


@pytest.mark.parametrize("text", [CERTAIN, TEXT], ids=["certain", "exploring"])
def test_where_every_offer_harms_none_is_given_and_the_member_is_a_sleeping_dog(text: str) -> None:
    decisions = decide(responding(uplift=-0.3, uplift_sd=0.001), text)
    assert chosen(decisions) == {NO_OFFER}
    assert {one.economics.response_class for one in decisions if one.economics} == {"sleeping_dog"}
    assert all(one.logging_propensity == 1.0 for one in decisions)


@pytest.mark.parametrize(("p_order", "uplift"), [(0.0, -0.5), (1.0, 0.5), (0.0, 0.5), (1.0, -0.5)])
def test_chances_of_nothing_and_of_certainty_are_kept_within_their_bounds(p_order: float, uplift: float) -> None:
    knowledge = responding(p_order=p_order, uplift=uplift, uplift_sd=0.0, redeem=1.0)
    for one in decide(knowledge, TEXT, "home"):
        assert np.isfinite(one.logging_propensity)
        known = one.member_id in {"m004", "m000"}
        if known and (p_order == 1.0 or uplift < 0):  # who orders anyway, or cannot order less, gives no cause
            assert one.offer_choice == NO_OFFER
        for item in one.items:
            assert np.isfinite(item.score)


def test_a_catalogue_without_a_price_leaves_values_finite_and_closes_no_gap() -> None:
    free = replace(PLAIN.catalogue, price_minor=np.full_like(PLAIN.catalogue.price_minor, -1))
    knowledge = replace(offered(min_spend_minor=50_000), catalogue=free)
    for one in decide(knowledge):
        for item in one.items:
            assert np.isfinite(item.score)
            assert item.gap is None or item.gap.product_ids == ()


def test_members_who_buy_nothing_cost_no_division() -> None:
    none = np.zeros_like(PLAIN.members.basket_minor)
    knowledge = replace(responding(uplift=0.5), members=replace(PLAIN.members, basket_minor=none))
    with np.errstate(all="raise", under="ignore"):
        decisions = decide(knowledge)
    assert {one.offer_choice for one in decisions if one.member_id in {"m004", "m000"}} == {NO_OFFER}
