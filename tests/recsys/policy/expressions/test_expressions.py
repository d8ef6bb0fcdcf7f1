"""CEL behind its adapter: types, references, errors as values, and budgets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import PolicyError
from recsys.policy.attributes import CONTEXT_ATTRIBUTES, MEMBER_ATTRIBUTES, OFFER_ATTRIBUTES
from recsys.policy.expressions.cel import MAX_LENGTH, Expression, Verdict, compile_expression
from recsys.policy.file.schema import AttributeType

AVAILABLE = {
    **MEMBER_ATTRIBUTES,
    **CONTEXT_ATTRIBUTES,
    "context.rate": AttributeType.DOUBLE,
    "context.shop": AttributeType.STRING,
}


def compiled(text: str) -> Expression:
    return compile_expression(text, AVAILABLE, where="rule 'a', who")


def refused(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        compiled(text)
    return str(caught.value)


def test_only_the_attributes_it_names_are_needed() -> None:
    expression = compiled("member.tier == 'gold' && context.hour > 8")
    assert expression.references == ("context.hour", "member.tier")
    assert expression.evaluate({"member.tier": "gold", "context.hour": 9}) is Verdict.YES
    assert expression.evaluate({"member.tier": "gold", "context.hour": 8}) is Verdict.NO


def test_a_name_hidden_by_a_comment_is_found_all_the_same() -> None:
    assert "member.tier" in compiled("member. // why not\n tier == 'gold'").references


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("member.tier == 'gold'", {}),
        ("member.points / 0 > 1", {"member.points": 3}),
        ("member.points + 9223372036854775807 > 0", {"member.points": 3}),
        ("member.points > 1", {"member.points": 2**70}),
        ("member.points > 1", {"member.points": 1.5}),
        ("context.shop.matches('[')", {"context.shop": "a"}),
        ("context.shop == 'a'", {"context.shop": "\ud800"}),
    ],
)
def test_what_cannot_be_evaluated_is_an_error_value_with_a_reason(text: str, attributes: dict[str, object]) -> None:
    expression = compiled(text)
    assert expression.evaluate(attributes) is Verdict.ERROR  # type: ignore[arg-type]
    assert expression.error(attributes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("member.tirr == 'gold'", "did you mean member.tier?"),
        ("member['tier'] == 'gold'", "'member', which is not known"),
        ("product.category == 'x'", "it may read context.channel"),
        ("member.points > 3.5", "found no matching overload"),
        ("context.rate > 3", "write 3.0, not 3"),
        ("member.tier == 3", "no matching overload"),
        ("member.tier", "gives STRING, not true or false"),
        ("", "Syntax error"),
        ("member.tier == 'gold", "line 1, column 16"),
        ("member.tier == 'a\0'", "NUL"),
        ("'\ud800' == 'a'", "half a character"),
        ("(" * 300 + "true" + ")" * 300, "recursion limit"),
        ("true" + " " * MAX_LENGTH, "at most 1000"),
        ("[1].all(x, [1].all(y, x == y))", "loops 2 times"),
    ],
)
def test_a_wrong_expression_is_refused_with_a_hint(text: str, expected: str) -> None:
    message = refused(text)
    assert message.startswith("rule 'a', who")
    assert expected in message


def test_an_offer_knows_its_tiers_as_a_list() -> None:
    expression = compile_expression("offer.tiers.exists(t, t == 'gold')", OFFER_ATTRIBUTES, where="a test")
    assert expression.evaluate({"offer.tiers": ["silver", "gold"]}) is Verdict.YES


SIGNS = [*"=<>!()[]{}?:.,'\"+-*/%x1\n", "==", "&&", "||", "//"]
WORDS = ["in", "true", "null", "2.0", "'a'", "b'\\xff'", "9223372036854775808", "1e400", "size", "timestamp", "matches"]
TOKENS = st.sampled_from([*SIGNS, *WORDS, "member.tier", "member.points", "context.rate"])


@settings(max_examples=400, deadline=None)
@given(st.lists(TOKENS, max_size=14))
def test_any_text_is_either_refused_or_evaluates(tokens: list[str]) -> None:
    try:
        expression = compiled(" ".join(tokens))
    except PolicyError:
        return
    values = {"member.tier": "gold", "member.points": 7, "context.rate": 0.5}
    assert expression.evaluate(values) in Verdict
