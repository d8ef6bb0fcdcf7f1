"""What a decision tells of money: what it saved, the gap it proposes to close, and the price of short budgets."""

from dataclasses import replace

import numpy as np

from recsys.decision import Context, Decision
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from tests.worlds import NOW, small_knowledge

PLAIN = small_knowledge()
TEXT = default_policy_text().replace("epsilon: 0.05", "epsilon: 0").replace("behaviour: no_offers", "behaviour: full")


def decide(
    knowledge: Knowledge = PLAIN, *, placement: str = "home", price: np.ndarray | None = None, **asked
) -> Decision:
    engine = Engine(knowledge, compile_policy(parse_policy(TEXT), knowledge), shadow_price=price)
    return engine.decide(Subject("m004", **asked), Context(placement=placement, now=NOW, seed="s"))


def far_thresholds(missing: int) -> Knowledge:
    """Every offer asks for so much more than the member's usual order."""
    usual = int(PLAIN.members.basket_minor[4])
    least = np.full(len(PLAIN.offers), usual + missing, dtype=np.int64)
    generous = np.full_like(PLAIN.response.uplift, 0.4)
    return replace(
        PLAIN,
        offers=replace(PLAIN.offers, min_spend_minor=least),
        response=replace(PLAIN.response, uplift=generous),
    )


def test_a_decision_tells_what_the_deepest_offer_would_have_cost() -> None:
    economics = decide().economics
    assert economics is not None
    assert economics.deepest_offer_id in {"o000", "o003", "o004", "o005"}
    assert economics.discount_avoided_minor >= economics.deadweight_avoided_minor >= 0
    assert economics.response_class in {"persuadable", "sure_thing", "lost_cause", "sleeping_dog"}


def test_where_offers_were_not_asked_for_there_is_nothing_to_tell() -> None:
    assert decide(placement="product_page").economics is None


def test_an_offer_whose_threshold_is_far_says_what_is_missing_and_what_closes_it() -> None:
    decision = decide(far_thresholds(300))
    (offer,) = [one for one in decision.items if one.kind == "offer"]
    assert offer.gap is not None
    assert offer.gap.missing_minor == 300
    assert offer.gap.product_ids
    assert offer.gap.added_minor >= 300
    shown = {one.id for one in decision.items if one.kind == "product"}
    assert "add 3.00 to reach" in offer.gap.text
    assert not {"p001", "p002", "p003"} & ({*offer.gap.product_ids} | shown)  # not in stock or not on sale


def test_also_where_no_products_are_asked_for() -> None:
    offers = decide(far_thresholds(300), placement="offers").items
    assert len(offers) > 1
    for one in offers:
        assert one.gap is not None
        assert bool(one.gap.product_ids) == (one.id != "o002")  # two cheap products are all that it is valid for


def test_what_the_caller_does_not_want_closes_no_gap() -> None:
    def closing(excluded: frozenset[str]) -> set[str]:
        decision = decide(far_thresholds(300), placement="offers", exclude_ids=excluded)
        return {one for offer in decision.items if offer.gap for one in offer.gap.product_ids}

    first = closing(frozenset())
    assert first
    assert not first & closing(frozenset(first))


def test_a_decision_knows_the_ladders_of_its_offers() -> None:
    ladder = np.array([0, -1, -1, 0, 0, 0], dtype=np.int16)
    generous = np.full_like(PLAIN.response.uplift, 0.4)
    response = replace(PLAIN.response, uplift=generous)
    items = decide(replace(PLAIN, response=response), placement="offers").items
    knowledge = replace(PLAIN, response=response, offers=replace(PLAIN.offers, ladder=ladder))
    of_ladder = {"o000", "o003", "o004", "o005"}
    assert len(of_ladder & {one.id for one in items}) > 1
    assert len(of_ladder & {one.id for one in decide(knowledge, placement="offers").items}) == 1


def test_a_basket_that_reaches_the_threshold_has_no_gap() -> None:
    prices = PLAIN.catalogue.price_minor
    basket = tuple(f"p{row:03}" for row in np.argsort(-prices)[:5].tolist())
    (offer,) = [one for one in decide(far_thresholds(300), basket=basket).items if one.kind == "offer"]
    assert offer.gap is None


def test_a_budget_that_is_short_makes_its_offer_worth_less() -> None:
    free = decide(placement="offers")
    best = free.offer_choice
    assert best != "no_offer"
    row = PLAIN.offers.offers.row(best)
    priced = decide(placement="offers", price=np.where(np.arange(6) == row, 1_000.0, 0.0))
    assert priced.decision_id != free.decision_id == decide(placement="offers", price=np.zeros(6)).decision_id
    assert priced.offer_choice != best
    assert best not in {one.id for one in priced.items}
    assert {one.id for one in priced.items} == {one.id for one in free.items} - {best}


def test_why_a_short_budget_keeps_an_offer_back_is_told_apart_from_no_gain() -> None:
    free = decide(placement="offers")
    row = PLAIN.offers.offers.row(str(free.offer_choice))
    engine = Engine(
        PLAIN,
        compile_policy(parse_policy(TEXT), PLAIN),
        shadow_price=np.where(np.arange(6) == row, 1_000.0, 0.0),
    )
    decision = engine.decide(Subject("m004"), Context(placement="offers", now=NOW, seed="s", explain=True))
    reasons = {one.id: one.reason.code for one in decision.candidates or () if one.reason is not None}
    assert reasons[str(free.offer_choice)] == "budget_is_short"
    assert "budget_is_short" not in {code for offer, code in reasons.items() if offer != free.offer_choice}


def test_who_has_too_few_points_is_not_shown_what_costs_them() -> None:
    cost = np.array([0, 0, 0, 301, 300, 400], dtype=np.int64)
    knowledge = replace(PLAIN, offers=replace(PLAIN.offers, points_cost=cost))
    engine = Engine(knowledge, compile_policy(parse_policy(TEXT), knowledge))
    asked = Context(placement="offers", now=NOW, seed="s", explain=True)
    for member, removed in (("m003", {"o003", "o005"}), ("m004", set()), ("nobody", {"o003", "o004", "o005"})):
        found = {one.id for one in engine.decide(Subject(member), asked).why_not if one.rule == "not_enough_points"}
        assert found == removed
