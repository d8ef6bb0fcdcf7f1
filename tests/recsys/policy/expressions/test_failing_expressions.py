"""What a rule means where its expression cannot be evaluated: nothing is shown that would not be otherwise."""

from dataclasses import replace

import pytest

from tests.recsys.policy.small import HOME, batch_of, boost, candidates, compiled, products_removed

MEMBERS = ("m000", "m001", "m002", "m003", "stranger")


@pytest.mark.parametrize(
    ("effect", "n_removed"),
    [({"effect": "exclude"}, 30), ({"effect": "require", "what": "product.id == 'p004'"}, 29)],
)
def test_whom_a_limit_cannot_judge_it_binds(effect: dict[str, object], n_removed: int) -> None:
    for who in ("context.weather == 'rain'", "member.points / 0 == 1"):
        policy = compiled({"id": "it", "who": who, **effect}, context_attributes={"weather": "string"})
        batch = batch_of(*MEMBERS)
        assert [len(line) for line in products_removed(policy, batch)] == [n_removed] * 5
        assert policy.errors.counts() == {("it", "who"): 5}
        assert policy.errors.examples()["it", "who"]


def test_what_a_limit_cannot_judge_it_removes() -> None:
    what = "product.price_minor / (product.stock - 50) > -1"  # every product but p001 and p007 has a stock of 50
    for effect in ("exclude", "require"):
        policy = compiled({"id": "it", "effect": effect, "what": what})
        removed = products_removed(policy, batch_of("m000"))[0]
        assert {product for product, rule in removed.items() if rule == "it"} >= {"p004", "p029"}
        assert policy.errors.counts() == {("it", "what"): 28}
        assert policy.errors.total() == 28


def test_a_favour_that_cannot_be_judged_is_not_done() -> None:
    policy = compiled(
        boost("a", 2.0, who="member.points / 0 == 1"),
        boost("b", 2.0, what="product.price_minor / 0 == 1"),
        {"id": "c", "effect": "pin", "pin": {"id": "p004", "position": 1}, "who": "member.points / 0 == 1"},
    )
    batch = batch_of(*MEMBERS)
    factor, bits = policy.product_boost(batch, HOME, candidates(batch))
    assert factor.max() == 1
    assert not bits.any()
    assert not policy.pins(batch, HOME)[0].applies.any()
    assert policy.errors.counts() == {("b", "what"): 30, ("a", "who"): 5, ("c", "who"): 5}


def test_a_cap_that_cannot_be_judged_caps() -> None:
    rule = {"id": "it", "effect": "cap", "cap": {"limit": 1, "per": "all"}, "what": "product.price_minor / 0 == 1"}
    cap = compiled({**rule, "who": "member.points / 0 == 1"}).caps(batch_of("m000"), HOME)[0]
    assert cap.applies.all()
    assert (cap.group == 0).all()


@pytest.mark.parametrize("sent", [{"weather": 3}, {"weather": "a\0rain"}, {"weather": "\ud800"}, {"rain": "rain"}, {}])
def test_an_attribute_of_the_wrong_type_is_as_absent(sent: dict[str, str]) -> None:
    policy = compiled(
        {"id": "it", "effect": "exclude", "who": "context.weather == 'a'"}, context_attributes={"weather": "string"}
    )
    assert len(products_removed(policy, batch_of("m000"), replace(HOME, attributes=sent))[0]) == 30
    assert policy.errors.total() == 1


def test_a_whole_number_will_do_for_a_decimal_and_a_truth_value_not_for_a_number() -> None:
    attributes = {"rate": "double", "rank": "int"}
    policy = compiled({"id": "it", "effect": "exclude", "who": "context.rate > 0.5"}, context_attributes=attributes)
    assert "it" in products_removed(policy, batch_of("m000"), replace(HOME, attributes={"rate": 1}))[0].values()
    assert policy.errors.total() == 0
    policy = compiled({"id": "it", "effect": "exclude", "who": "context.rank > 0"}, context_attributes=attributes)
    products_removed(policy, batch_of("m000"), replace(HOME, attributes={"rank": True}))
    assert policy.errors.total() == 1
