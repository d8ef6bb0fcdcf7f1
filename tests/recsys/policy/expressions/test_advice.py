"""Whoever writes an expression as another language has it is told how it is written here."""

import pytest

from recsys.errors import PolicyError
from recsys.policy.expressions.cel import compile_expression
from recsys.policy.file.attribute_types import AttributeType

AVAILABLE = {
    "offer.kind": AttributeType.STRING,
    "offer.percent_bp": AttributeType.INT,
    "product.margin_rate": AttributeType.DOUBLE,
}


def advice(text: str, available: dict[str, AttributeType] = AVAILABLE) -> str:
    with pytest.raises(PolicyError) as caught:
        compile_expression(text, available, where="rule 'a', what")
    return str(caught.value).partition("; ")[2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("offer.kind = 'gift'", "write ==, not ="),
        ("offer.kind <> 'gift'", "write !=, not <>"),
        ("offer.kind == 'a' and offer.percent_bp > 1", "write &&, not and"),
        ("offer.kind == 'a' OR offer.kind == 'b'", "write ||, not OR"),
        ("not offer.kind == 'a'", "write !, not not"),
        ("not(offer.kind == 'a')", "write !, not not"),
        ("offer.kind == \u201cgift\u201d", "write straight quotes (\" or '), not curly ones"),
        ("offer.percent_bp >= 10.5", "the other side is a whole number: write 10 or 11, not 10.5"),
        ("7.0 < offer.percent_bp", "the other side is a whole number: write 7, not 7.0"),
        ("product.margin_rate >= 3", "decimals go with decimals: write 3.0, not 3"),
        ("product.margin_rate in [1, 2]", "write the numbers of the list as decimals: 3.0, not 3"),
        ("offer.percent_bp in [1.5]", "write the numbers of the list whole: 3, not 3.0"),
        (
            "product.margin_rate > offer.percent_bp",
            "one side is a whole number, the other a decimal: write double(...)",
        ),
        ("offer.percent_bp > 1e999", "one side is a whole number"),
    ],
)
def test_the_sign_or_side_that_is_wrong_is_named_with_its_cure(text: str, expected: str) -> None:
    assert advice(text).startswith(expected)


@pytest.mark.parametrize("text", ["offer.kind >", "offer.kind == 'a = b' &&", "(offer.kind == 'a and b'", "1 == 'a'"])
def test_what_is_wrong_otherwise_or_stands_in_a_text_gets_no_such_advice(text: str) -> None:
    assert advice(text) == ""


def test_an_unknown_attribute_names_the_nearest_eight_of_its_kind_and_where_the_list_is() -> None:
    many = {f"member.column_{number:02}": AttributeType.INT for number in range(60)} | AVAILABLE
    told = advice("product.margin_rat > 0.1", many)
    assert told.startswith("did you mean product.margin_rate? it may read product.margin_rate, member.column_00, ")
    assert told.endswith("member.column_06 and 55 more (`recsys policy names` lists all)")
