"""Answers about products: what leads where, what never appears, and what an answer says of itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.decision import Context, Decision, ProductReason
from recsys.engine import Engine
from recsys.knowledge import Knowledge, RankedProducts, RelatedProducts
from recsys.members import LiveFacts, ProductFact, Subject
from recsys.policy.compile import CompiledPolicy, compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import AnswerKind, Consent, EventKind, ItemKind, Relation
from tests.recsys.test_edges import WORLDS
from tests.worlds import NOW, small_bundle, small_knowledge

README = Path(__file__).parents[2] / "recsys" / "README.md"
PRODUCTS = frozenset({ItemKind.PRODUCT})


def ranked(n_lists: int, **lists: tuple[tuple[int, float], ...]) -> RankedProducts:
    """Lists of at most three products by row: ``_4=((7, 0.5),)`` is the list of product 4."""
    products, scores = np.full((n_lists, 3), -1, np.int32), np.full((n_lists, 3), np.nan, np.float32)
    for name, listed in lists.items():
        for at, (product, score) in enumerate(listed):
            products[int(name[1:]), at], scores[int(name[1:]), at] = product, score
    return RankedProducts(products, scores)


def shop() -> Knowledge:
    """
    Product 4 is like 8 and 12 of its own category and goes with 13 and 7; 5 goes with 7, 14 and 8.

    Product 16 has no list at all. Products 20 and 24 sell in category 0 of products 4 and 16.
    """
    knowledge = small_knowledge()
    return replace(
        knowledge,
        related=RelatedProducts(
            similar=ranked(30, _4=((8, 0.9), (12, 0.6), (5, 0.1))),
            together=ranked(30, _4=((13, 0.5), (7, 0.3)), _5=((7, 0.3), (14, 0.25), (8, 0.2)), _8=((15, 0.4),)),
            popular_in_category=ranked(4, _0=((20, 9.0), (4, 5.0), (24, 3.0))),
        ),
    )


def compiled(knowledge: Knowledge, rule: str = "") -> CompiledPolicy:
    """The default policy over a world, with one more rule where one is given."""
    text = default_policy_text(knowledge.tiers, "GBP")
    if rule:
        text = text.replace("\nlevers:", f"\nrules:\n  - {rule}\nlevers:")
    return compile_policy(parse_policy(text), knowledge)


KNOWLEDGE = shop()
ENGINE = Engine(KNOWLEDGE, compiled(KNOWLEDGE))


def ask(relation: Relation, subject: Subject, engine: Engine = ENGINE, **context: object) -> Decision:
    placement = "basket" if relation is Relation.COMPLETE else "product_page"
    return engine.decide(subject, Context(placement, NOW, types=PRODUCTS, relation=relation, **context))


def about(*products: str, member: str = "") -> Subject:
    return Subject(member, about=products)


def shown(decision: Decision) -> list[str]:
    return [item.id for item in decision.items]


def with_rule(rule: str) -> Engine:
    return Engine(KNOWLEDGE, compiled(KNOWLEDGE, rule))


def test_similar_products_come_first_then_what_sells_in_the_category() -> None:
    decision = ask(Relation.SIMILAR, about("p004"))
    assert shown(decision)[:5] == ["p008", "p012", "p005", "p020", "p024"]
    assert [item.source for item in decision.items[:5]] == [*["similar"] * 3, *["popular_in_category"] * 2]
    assert (decision.answer, decision.degraded) == (AnswerKind.RELATED, ())


def test_what_is_bought_together_comes_before_what_goes_with_similar_products() -> None:
    decision = ask(Relation.TOGETHER, about("p004"))
    assert shown(decision)[:4] == ["p013", "p007", "p015", "p014"]  # 15 goes with 8, 14 with 5
    assert [item.source for item in decision.items[:4]] == ["together"] * 2 + ["together_with_similar"] * 2
    assert decision.items[2].reasons[0] == ProductReason(
        "goes_with_similar", "Bought with products like Product 4", "p004"
    )


def test_what_two_products_of_a_basket_lead_to_comes_before_what_one_leads_to() -> None:
    decision = ask(Relation.COMPLETE, Subject("", basket=("p004", "p005")))
    assert shown(decision)[:3] == ["p007", "p013", "p014"]  # .3 + .3, then .5, then .25


def test_what_would_replace_a_product_of_the_basket_does_not_complete_it() -> None:
    """Product 5 leads to 8, which is like 4 and of its category."""
    assert "p008" in {
        item.id for item in ask(Relation.COMPLETE, Subject("", basket=("p005",))).items if item.source == "basket"
    }
    both = ask(Relation.COMPLETE, Subject("", basket=("p004", "p005")))
    assert "p008" not in {item.id for item in both.items if item.source == "basket"}


@pytest.mark.parametrize(
    ("relation", "code", "text", "chinese"),
    [
        (Relation.SIMILAR, "similar_to", "Similar to Product 4", "与“Product 4”相似"),
        (
            Relation.TOGETHER,
            "bought_together_with",
            "Often bought together with Product 4",
            "常与“Product 4”一起购买",
        ),
        (Relation.COMPLETE, "completes_basket", "Goes with Product 4 in your basket", "与购物篮中的“Product 4”相配"),
    ],
)
def test_the_reason_names_the_product_asked_about(relation: Relation, code: str, text: str, chinese: str) -> None:
    asking = Subject("", about=("p004",), basket=("p004",))
    assert ask(relation, asking).items[0].reasons[0] == ProductReason(code, text, "p004")
    assert ask(relation, asking, language="zh").items[0].reasons[0] == ProductReason(code, chinese, "p004")


def test_the_reason_names_the_product_that_says_most() -> None:
    found = {item.id: item for item in ask(Relation.COMPLETE, Subject("", basket=("p005", "p004"))).items}
    assert found["p014"].reasons[0].product_id == "p005"
    assert found["p013"].reasons[0].product_id == "p004"


def test_a_product_without_a_name_is_named_by_its_id() -> None:
    nameless = replace(KNOWLEDGE, catalogue=replace(KNOWLEDGE.catalogue, names=np.zeros(30, dtype="S1")))
    engine = Engine(nameless, ENGINE.policy)
    assert ask(Relation.SIMILAR, about("p004"), engine).items[0].reasons[0].text == "Similar to p004"


@pytest.mark.parametrize("relation", Relation)
def test_neither_the_product_asked_about_nor_the_basket_is_ever_shown(relation: Relation) -> None:
    listed = ("p004", "p020", "p013")
    for member in ("", "m000", "m003"):
        decision = ask(relation, Subject(member, about=listed[:2], basket=listed[2:] + listed[:1]), n=8)
        assert not set(listed[:1] + listed[1:]) & set(shown(decision))
        assert decision.items


def test_an_excluded_product_never_appears_and_why_not_says_so() -> None:
    strict = with_rule("{id: none, owner: tests, what: 'product.id == \"p008\"', effect: exclude}")
    decision = ask(Relation.SIMILAR, about("p004"), strict, explain=True)
    assert "p008" not in shown(decision)
    assert ("p008", "none") in {(one.id, one.rule) for one in decision.why_not}


def test_the_product_asked_about_is_removed_by_a_rule_of_its_own() -> None:
    decision = ask(Relation.SIMILAR, about("p004"), explain=True)
    assert {(one.id, one.rule) for one in decision.why_not} >= {("p004", "asked_about")}  # it sells in its category


def test_similar_products_may_be_of_one_category_and_all_others_may_not() -> None:
    of_one = ranked(30, _4=((8, 0.9), (12, 0.8), (16, 0.7)), _8=((20, 1.0),))
    alike = replace(KNOWLEDGE.related, similar=of_one, together=of_one)
    same = Engine(replace(KNOWLEDGE, related=alike), ENGINE.policy)
    category = KNOWLEDGE.catalogue.category
    n_same = {
        relation: sum(category[int(one[1:])] == 0 for one in shown(ask(relation, about("p004"), same)))
        for relation in (Relation.SIMILAR, Relation.TOGETHER)
    }
    assert n_same[Relation.SIMILAR] > 3 >= n_same[Relation.TOGETHER]


def test_a_rule_can_be_about_one_relation() -> None:
    rule = "{id: r, owner: t, who: 'context.relation == \"together\"', what: 'product.id == \"p007\"', effect: exclude}"
    engine = with_rule(rule)
    assert "p007" not in shown(ask(Relation.TOGETHER, about("p004"), engine))
    assert "p007" in shown(ask(Relation.COMPLETE, Subject("", basket=("p004",)), engine))


@pytest.mark.parametrize("relation", [Relation.SIMILAR, Relation.TOGETHER])
def test_an_unknown_product_is_answered_with_what_is_popular_and_says_so(relation: Relation) -> None:
    decision = ask(relation, about("caviar"))
    assert (decision.answer, decision.degraded) == (AnswerKind.FALLBACK, ("unknown_product", "nothing_related"))
    assert {item.source for item in decision.items} == {"popular"}
    assert len(decision.items) == 8


def test_a_product_that_leads_nowhere_is_answered_with_what_sells_in_its_category_first() -> None:
    decision = ask(Relation.SIMILAR, about("p016"))
    assert shown(decision)[:2] == ["p020", "p004"]
    assert (decision.answer, decision.degraded) == (AnswerKind.FALLBACK, ("nothing_related",))


def test_unknown_ids_of_a_basket_are_passed_over() -> None:
    decision = ask(Relation.COMPLETE, Subject("", basket=("caviar", "p004")))
    assert shown(decision)[0] == "p013"
    assert (decision.answer, decision.degraded) == (AnswerKind.RELATED, ("unknown_product",))
    assert decision.product_ids == ("caviar", "p004")


def test_an_empty_basket_is_completed_with_what_is_popular() -> None:
    decision = ask(Relation.COMPLETE, Subject(""))
    assert (decision.answer, decision.degraded) == (AnswerKind.FALLBACK, ("nothing_related",))
    assert len(decision.items) == 6


def test_a_basket_is_completed_with_the_members_own_habits_where_they_agreed() -> None:
    agreed = ask(Relation.COMPLETE, Subject("m001", basket=("p004",)))
    assert agreed.answer is AnswerKind.PERSONALISED
    assert {"als", "frequency"} & {item.source for item in agreed.items}


@pytest.mark.parametrize("relation", Relation)
def test_without_consent_the_answer_is_that_of_nobody(relation: Relation) -> None:
    bought = ProductFact("p013", EventKind.PURCHASE, NOW - 60)
    facts = LiveFacts((bought,), consent=Consent.EMAIL)
    asking = Subject("", about=("p004",), basket=("p005",))
    nobody = ask(relation, asking)
    refused = ask(relation, replace(asking, member_id="m001", facts=facts))
    assert refused.items == nobody.items
    assert refused.answer is nobody.answer is AnswerKind.RELATED


def test_a_member_is_not_shown_what_they_bought_lately_and_seldom_buy_again() -> None:
    """Product 5 is bought by m000 a day before the cut-off, and its repeat rate is below a fifth."""
    assert "p005" in shown(ask(Relation.SIMILAR, about("p004")))
    assert "p005" not in shown(ask(Relation.SIMILAR, about("p004", member="m000")))


def test_who_is_not_named_is_in_no_experiment() -> None:
    assert (ask(Relation.SIMILAR, about("p004")).arm, ask(Relation.SIMILAR, about("p004")).experiment) == ("", "")
    assert ask(Relation.SIMILAR, about("p004", member="m001")).arm


def test_the_order_of_the_basket_does_not_matter() -> None:
    one, other = (ask(Relation.COMPLETE, Subject("", basket=basket)) for basket in (("p004", "p005"), ("p005", "p004")))
    assert one.items == other.items


def test_different_questions_have_different_ids() -> None:
    asking = Subject("", about=("p004",), basket=("p004",))
    ids = [ask(relation, asking).decision_id for relation in Relation]
    ids += [ask(Relation.SIMILAR, replace(asking, about=("p005",))).decision_id]
    ids += [ENGINE.decide(asking, Context("product_page", NOW, types=PRODUCTS)).decision_id]
    assert len(set(ids)) == 5


def test_questions_about_different_products_are_answered_in_one_call() -> None:
    asking = [about("p004"), about("caviar"), about("p005", "p004", member="m000"), Subject("m002"), about("p016")]
    for relation in Relation:
        context = Context("product_page", NOW, types=PRODUCTS, relation=relation)
        many = ENGINE.decide_many(asking, context).records()
        assert many == [ENGINE.decide(one, context) for one in asking]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("relation", Relation)
def test_a_world_with_little_in_it_answers_about_products(world: str, relation: Relation) -> None:
    knowledge = WORLDS[world]
    engine = Engine(knowledge, compiled(knowledge))
    asking = [Subject("m000", about=("p000",), basket=("p000", "p004")), Subject("", about=("p010",))]
    context = Context("product_page", NOW, relation=relation)
    records = engine.decide_many(asking, context).records()
    assert records == [engine.decide(one, context) for one in asking]
    assert all(one.items or one.shortfall_reason for one in records)


def test_the_only_product_of_a_shop_has_nothing_beside_it() -> None:
    engine = Engine(WORLDS["one product"], compiled(WORLDS["one product"]))
    decision = ask(Relation.SIMILAR, about("p000"), engine)
    assert (shown(decision), decision.degraded) == ([], ("nothing_related",))
    assert decision.shortfall_reason == "not_enough_candidates"


def test_the_example_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = README.read_text(encoding="utf-8").split("```python\n")[1].partition("```")[0]
    workspace = tmp_path / "demo"
    small_bundle(workspace / "serving" / "first", KNOWLEDGE)
    (workspace / "serving" / "current").write_text("first\n")
    (workspace / "policy.yaml").write_text(default_policy_text(KNOWLEDGE.tiers, "GBP"))
    monkeypatch.chdir(tmp_path)
    exec(example.replace("p000042", "p004").replace("p000007", "p005"), {})
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed] == ["related", "fallback", "related"]
    assert "Similar to Product 4" in printed[0]
    assert "in your basket" in printed[2]
