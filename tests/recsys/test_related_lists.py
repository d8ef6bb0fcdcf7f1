"""How the lists of several products become one: what counts once, what is named, and what carries no weight."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.decision import Decision
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import LiveFacts, Subject
from recsys.types import AnswerKind, Consent, Relation
from tests.recsys.test_related import KNOWLEDGE, about, ask, compiled, ranked, shown, with_rule


def related_by(**lists: tuple[tuple[int, float], ...]) -> Engine:
    """The shop in which products are bought together as given, and none is like another."""
    related = replace(KNOWLEDGE.related, similar=ranked(30), together=ranked(30, **lists))
    return engine_of(replace(KNOWLEDGE, related=related))


def engine_of(knowledge: Knowledge) -> Engine:
    return Engine(knowledge, compiled(knowledge))


def complete(*basket: str, member: str = "", engine: Engine | None = None) -> Decision:
    return ask(Relation.COMPLETE, Subject(member, basket=basket), *([engine] if engine else []))


def test_a_product_that_is_in_the_basket_many_times_counts_once() -> None:
    once, often = complete("p004", "p005"), complete(*["p004"] * 60, "p005")
    assert often.items == once.items
    assert "p005" in {reason.product_id for item in often.items for reason in item.reasons if item.source == "basket"}


def test_of_two_products_that_lead_to_one_the_stronger_is_named() -> None:
    decision = complete("p004", "p005", engine=related_by(_4=((7, 0.2),), _5=((7, 0.4),)))
    assert (shown(decision)[0], decision.items[0].reasons[0].product_id) == ("p007", "p005")


def test_of_two_products_that_lead_to_one_alike_the_first_by_row_is_named() -> None:
    engine = related_by(_4=((7, 0.4),), _5=((7, 0.4),))
    for basket in (("p004", "p005"), ("p005", "p004")):
        assert complete(*basket, engine=engine).items[0].reasons[0].product_id == "p004"


def test_the_order_of_the_basket_does_not_matter_to_what_goes_with_similar_products() -> None:
    """Both 4 and 5 are like 8, which goes with 15."""
    alike = ranked(30, _4=((8, 0.9),), _5=((8, 0.9),))
    related = replace(KNOWLEDGE.related, similar=alike, together=ranked(30, _8=((15, 0.4),)))
    engine = engine_of(replace(KNOWLEDGE, related=related))
    one, other = (complete(*basket, engine=engine) for basket in (("p004", "p005"), ("p005", "p004")))
    assert (one.items[0].id, one.items[0].source) == ("p015", "together_with_similar")
    assert one.items == other.items


def test_what_is_bought_together_equally_often_is_in_the_order_of_rows() -> None:
    decision = complete("p004", engine=related_by(_4=((13, 0.5), (9, 0.5), (11, 0.5))))
    assert shown(decision)[:3] == ["p009", "p011", "p013"]


def test_what_would_replace_a_product_is_not_reached_through_another_that_is_like_it() -> None:
    """Product 5 is like 4 and leads to 8, which is like 4 too and of its category."""
    decision = ask(Relation.TOGETHER, about("p004"))
    assert "p008" not in {item.id for item in decision.items if item.source.startswith("together")}


def test_products_without_a_category_are_not_taken_for_substitutes() -> None:
    category = KNOWLEDGE.catalogue.category.copy()
    category[[4, 8]] = -1
    engine = engine_of(replace(KNOWLEDGE, catalogue=replace(KNOWLEDGE.catalogue, category=category)))
    assert "p008" in {item.id for item in complete("p004", "p005", engine=engine).items if item.source == "basket"}


def test_own_lists_weigh_the_same_whatever_the_scale_of_their_weights() -> None:
    scaled = {name: 1000 * weight for name, weight in KNOWLEDGE.source_weights.items()}
    small = complete("p004", member="m001")
    large = complete("p004", member="m001", engine=engine_of(replace(KNOWLEDGE, source_weights=scaled)))
    assert large.items == small.items


def test_an_answer_that_own_lists_only_reorder_is_personalised_all_the_same() -> None:
    """Whoever asks, 4 leads to 13 and then to 14; the member's own list holds 14 alone, and lifts it."""
    row = KNOWLEDGE.members.members.rows(["m001"])[0]
    products = np.full_like(KNOWLEDGE.sources["als"].products, -1)
    products[row, 0] = 14
    own = {"als": replace(KNOWLEDGE.sources["als"], products=products)}
    engine = engine_of(replace(related_by(_4=((13, 0.5), (14, 0.3))).knowledge, sources=own, source_weights={"als": 1}))
    asking = Subject("m001", LiveFacts(consent=Consent.PERSONALISATION), basket=("p004",))
    nobody, one = (ask(Relation.COMPLETE, who, engine, n=2) for who in (replace(asking, member_id=""), asking))
    assert (shown(nobody), nobody.answer) == (["p013", "p014"], AnswerKind.RELATED)
    assert (shown(one), one.answer) == (["p014", "p013"], AnswerKind.PERSONALISED)
    assert {item.source for item in one.items} == {"basket"}


def test_own_lists_without_weight_make_nothing_personal() -> None:
    silent = replace(KNOWLEDGE, source_weights=dict.fromkeys(KNOWLEDGE.source_weights, 0.0))
    assert complete("p004", member="m001", engine=engine_of(silent)).answer is AnswerKind.RELATED


def test_a_list_that_many_members_share_makes_nothing_personal() -> None:
    shared = {"popular_segment": KNOWLEDGE.sources["als"]}
    engine = engine_of(replace(KNOWLEDGE, sources=shared, source_weights={"popular_segment": 1.0}))
    decision = complete("p004", member="m001", engine=engine)
    assert "popular_segment" in {item.source for item in decision.items}
    assert decision.answer is AnswerKind.RELATED


@pytest.mark.parametrize("pinned", ["p005", "p011"])
def test_a_pin_stands_where_it_should_and_takes_no_reason_away(pinned: str) -> None:
    """Product 5 is similar to 4; 11 is in no list."""
    rule = f"{{id: r, owner: tests, effect: pin, pin: {{id: {pinned}, position: 2}}}}"
    decision = ask(Relation.SIMILAR, about("p004"), with_rule(rule))
    assert shown(decision)[:2] == ["p008", pinned]
    assert decision.items[1].source == ("similar" if pinned == "p005" else "pinned")
