"""Nothing that a text says breaks the reader of expressions or files: it works, or is refused with a place."""

from itertools import islice

import pytest

from experiments.benchmarks.hostile import ATTRIBUTES, VALUES, expressions, files
from recsys.errors import PolicyError
from recsys.policy.expressions.formula import compile_formula
from recsys.policy.expressions.logic import Verdict
from recsys.policy.reading.load import parse_policy

N_EXPRESSIONS = 640
N_FILES = 160


def refusal_of(text: str) -> PolicyError | None:
    """Why it is refused; ``None`` where it is taken and every part of it evaluates."""
    try:
        formula = compile_formula(text, ATTRIBUTES, where="a test")
    except PolicyError as error:
        return error
    assert formula.verdict(VALUES) in Verdict
    assert all(atom.verdict(VALUES) in Verdict for atom in formula.atoms)
    return None


def refusal_of_file(text: str) -> PolicyError | None:
    """Why it is refused; ``None`` where it is a policy."""
    try:
        parse_policy(text)
    except PolicyError as error:
        return error
    return None


def test_a_hostile_expression_evaluates_or_is_refused_with_its_line_and_column() -> None:
    refused = 0
    for text in expressions(N_EXPRESSIONS, seed=11):
        error = refusal_of(text)
        if error is None:
            continue
        refused += 1
        assert error.offset is not None, text
        line, column = error.offset
        lines = text.split("\n")
        assert 1 <= line <= len(lines), text
        assert 1 <= column <= len(lines[line - 1]) + 1, text
        assert error.code, text
    assert N_EXPRESSIONS / 2 < refused < 0.95 * N_EXPRESSIONS


def test_a_hostile_file_is_a_policy_or_is_refused_with_its_line_and_column() -> None:
    refused = 0
    for text in files(N_FILES, seed=11):
        error = refusal_of_file(text)
        if error is None:
            continue
        refused += 1
        assert error.problems, text[:200]
        place = error.problems[0].place
        assert place is not None, text[:200]
        assert place.line >= 1, text[:200]
        assert place.column >= 1, text[:200]
    assert N_FILES / 2 < refused < N_FILES


def test_the_same_seed_gives_the_same_texts_and_another_seed_others() -> None:
    for hostile in (expressions, files):
        assert list(hostile(40, seed=1)) == list(hostile(40, seed=1))
        assert list(hostile(40, seed=1)) != list(hostile(40, seed=2))
        assert list(islice(hostile(200, seed=1), 40)) == list(hostile(40, seed=1))


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("segment.loyal && " + "a" * 1_000, "expression_too_long", (1, 1_001)),
        ("segment.loyal\n&& '\0'", "expression_not_text", (2, 5)),
        ("'\u00e9' == '\ud800'", "expression_not_text", (1, 9)),
        ("true &&\n " + "(" * 17 + "true" + ")" * 17, "expression_too_deep", (2, 18)),
        ("member.points > " + "+".join(["1"] * 40), "expression_too_deep", (1, 94)),
        ("[" + "1," * 300 + "1] == []", "expression_too_long", (1, 241)),
        ("basket.brands.all(b,\n basket.brands.all(c, b == c))", "expression_too_costly", (2, 19)),
        ("context.shop.matches(member.tier)", "pattern_not_written_out", (1, 21)),
        ("segment.loyal ||\ncontext.shop.matches('(a|b|c){0,1000}')", "pattern_too_costly", (2, 21)),
        (r"context.shop.matches('\\pL')", "pattern_too_costly", (1, 21)),
        ("context.shop.matches('[')", "pattern_invalid", (1, 21)),
        ("segment.loyal &&\n member.pionts > 3", "attribute_unknown", (2, 8)),
        ("segment.loyal && member.points", "expression_invalid", (1, 15)),
        (" member.points", "expression_not_bool", (1, 2)),
        ("member.rate >\n 3", "expression_invalid", (1, 13)),
        ("member.tier == 'gold", "expression_invalid", (1, 16)),
        ("", "expression_invalid", (1, 1)),
    ],
)
def test_a_refusal_names_the_place(text: str, code: str, place: tuple[int, int]) -> None:
    error = refusal_of(text)
    assert error is not None
    assert (error.code, error.offset) == (code, place)
    assert str(error).startswith("a test")
    assert f"line {place[0]}, column {place[1]}" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "basket.brands.exists(b, b.matches('^acme[0-9]{1,3}$'))",
        "basket.categories.exists(c, c == 'wine') && basket.brands.exists(b, b == 'acme')",
        " && ".join([f"member.points != {number}" for number in range(40)]),
        "((((((((((((((((segment.loyal))))))))))))))))",
    ],
)
def test_what_people_write_is_within_the_bounds(text: str) -> None:
    assert refusal_of(text) is None
