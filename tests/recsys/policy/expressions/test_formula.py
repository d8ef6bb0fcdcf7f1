"""An expression in atoms: what each reads and compares, as data, and how columns are asked."""

from typing import Any

import numpy as np
import pytest

from recsys.errors import PolicyError
from recsys.policy.attributes import Column, six_decimals
from recsys.policy.expressions.formula import Comparison, Formula, Operator, Verdict, atom_verdicts, compile_formula
from recsys.policy.file.attribute_types import AttributeType

INT, DOUBLE, STRING, BOOL = AttributeType.INT, AttributeType.DOUBLE, AttributeType.STRING, AttributeType.BOOL
AVAILABLE = {
    "member.points": INT,
    "member.rate": DOUBLE,
    "member.tier": STRING,
    "segment.loyal": BOOL,
    "basket.brands": AttributeType.STRINGS,
}
NO, YES, ERROR = Verdict.NO, Verdict.YES, Verdict.ERROR


def compiled(text: str) -> Formula:
    return compile_formula(text, AVAILABLE, where="rule 'a', who")


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("member.tier == 'member.points'", ["member.tier"]),
        ("member.tier == 'a' // member.points", ["member.tier"]),
        ("member // no\n .tier == 'a'", ["member.tier"]),
        (".member.tier == 'a'", ["member.tier"]),
        ("[{'points': 1}].exists(member, member.points == 1)", []),
        ("basket.brands.exists(b, b == member.tier)", ["basket.brands", "member.tier"]),
        ("segment.loyal ? member.points > 1 : member.rate > 1.0", ["member.points", "member.rate", "segment.loyal"]),
        ("true", []),
    ],
)
def test_references_are_exactly_what_is_read(text: str, references: list[str]) -> None:
    assert list(compiled(text).references) == references


def test_atoms_are_the_parts_between_the_logic() -> None:
    formula = compiled(
        "((member.tier=='&& ||') &&// ||\n !(member.points > 3 || !!segment.loyal)) || (true ? true : false)"
    )
    assert [atom.text for atom in formula.atoms] == [
        "member.tier=='&& ||'",
        "member.points > 3",
        "segment.loyal",
        "true ? true : false",
    ]
    assert [atom.references for atom in formula.atoms] == [("member.tier",), ("member.points",), ("segment.loyal",), ()]


def test_what_is_said_twice_is_one_atom_and_what_only_looks_equal_is_two() -> None:
    assert len(compiled("member.tier == 'a' && !(member.tier=='a') || (member.tier == \"a\")").atoms) == 1
    assert len(compiled("1 / 2 == 0 || 1.0 / 2.0 == 0.0 || 1.0 / 0.0 > 0.0 || 1.0 / -0.0 > 0.0").atoms) == 4
    assert len(compiled("b'a' == b'a' || b'b' == b'b' || 1u == 1u || 2u == 2u").atoms) == 4
    assert compiled("member.points>3").atoms[0].key == compiled("true || (member.points > 3)").atoms[1].key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("member.tier == 'golld'", Comparison("member.tier", STRING, Operator.EQUAL, ("golld",))),
        ("'golld' != member.tier", Comparison("member.tier", STRING, Operator.UNEQUAL, ("golld",))),
        ("3 <= member.points", Comparison("member.points", INT, Operator.GREATER_OR_EQUAL, (3,))),
        ("- 3 > member.points", Comparison("member.points", INT, Operator.LESS, (-3,))),
        (f"member.points >= {-(2**63)}", Comparison("member.points", INT, Operator.GREATER_OR_EQUAL, (-(2**63),))),
        ("member.rate < -0.5", Comparison("member.rate", DOUBLE, Operator.LESS, (-0.5,))),
        ("member.points in [1, -2]", Comparison("member.points", INT, Operator.IN, (1, -2))),
        ("member.tier in []", Comparison("member.tier", STRING, Operator.IN, ())),
        ("segment.loyal", Comparison("segment.loyal", BOOL, Operator.EQUAL, (True,))),
        ("segment.loyal != false", Comparison("segment.loyal", BOOL, Operator.UNEQUAL, (False,))),
        ("member.tier.startsWith('g')", Comparison("member.tier", STRING, Operator.STARTS_WITH, ("g",))),
        ("member.tier.endsWith('')", Comparison("member.tier", STRING, Operator.ENDS_WITH, ("",))),
        ("member.tier.contains('ol')", Comparison("member.tier", STRING, Operator.CONTAINS, ("ol",))),
        ("'gold'.contains(member.tier)", None),
        ("'wine' in basket.brands", Comparison("basket.brands", AttributeType.STRINGS, Operator.HOLDS, ("wine",))),
        ("member.points == member.points", None),
        ("member.points + 1 == 3", None),
        ("member.points in [1, member.points]", None),
        ("member.tier in basket.brands", None),
        ("dyn(member.points) == 1.0", None),
        ("member.points == 1 + 1", None),
        ("basket.brands == ['a']", None),
        ("'a' == 'b'", None),
        ("size(member.tier) == 3", None),
    ],
)
def test_a_comparison_of_an_attribute_with_constants_is_told_as_data(text: str, expected: Comparison | None) -> None:
    (atom,) = compiled(text).atoms
    assert atom.comparison == expected


@pytest.mark.parametrize(
    ("text", "with_error"),
    [("{0} && {1}", [NO, ERROR, ERROR]), ("{0} || {1}", [ERROR, YES, ERROR]), ("!{0} && !{1}", [ERROR, NO, ERROR])],
)
def test_an_error_gives_way_to_what_decides(text: str, with_error: list[Verdict]) -> None:
    logic = compiled(text.format("segment.loyal", "(member.points > 3)")).logic
    for other, expected in zip((NO, YES, ERROR), with_error, strict=True):
        for error, position in ((0, 1), (1, 0)):
            true, errors = (other is YES) << position, (1 << error) | (other is ERROR) << position
            assert logic.verdict(true=true, errors=errors) is expected
            by_atom = np.zeros((2, 1), dtype=np.int8)
            by_atom[error], by_atom[position] = ERROR, other
            assert logic.verdicts(by_atom).tolist() == [expected]


@pytest.mark.parametrize("text", ["a && !a || b", "(a || !a) && b", "!(a && !a) && b", "b || !(!a || a)"])
def test_an_atom_that_is_also_denied_keeps_both_sides(text: str) -> None:
    formula = compiled(text.replace("a", "segment.loyal").replace("b", "(member.points > 3)"))
    number = {atom.references[0]: 1 << place for place, atom in enumerate(formula.atoms)}
    for loyal in (True, False):
        for points in (3, 4):
            true = loyal * number["segment.loyal"] | (points > 3) * number["member.points"]
            expected = formula.verdict({"segment.loyal": loyal, "member.points": points})
            assert formula.logic.verdict(true=true, errors=0) is expected


class Counting:
    """A column's value that remembers what it was asked."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.asked: list[Any] = []

    def __call__(self, key: int) -> str:
        """Of a code of a tier."""
        self.asked.append(key)
        return ("gold", "silver", "bronze")[key % 3]


@pytest.mark.parametrize("text", ["member.tier == 'gold'", "member.tier.startsWith('g')"])
@pytest.mark.parametrize("keys", [np.array([2, 0, 0, 1, 2] * 9, dtype=np.int16), np.array([2, 0, 0, 10**12, 2])])
def test_a_column_of_codes_is_asked_once_for_each_distinct_value(text: str, keys: np.ndarray[Any, Any]) -> None:
    value = Counting()
    verdicts = atom_verdicts(compiled(text).atoms[0], {"member.tier": Column(keys, value)}, len(keys))
    assert verdicts.tolist() == (keys % 3 == 0).tolist()
    assert sorted(value.asked) == sorted(set(keys.tolist()))


def test_two_columns_are_asked_once_for_each_pair() -> None:
    value = Counting()
    columns = {
        "member.tier": Column(np.array([0, 1, 0, 1, 2]), value),
        "member.points": Column(np.array([4, 6, 4, 4, 4]), int),
    }
    atom = compiled("size(member.tier) == member.points").atoms[0]
    assert atom_verdicts(atom, columns, 5).tolist() == [YES, YES, YES, NO, NO]
    assert len(value.asked) == 4


def test_decimals_are_compared_as_they_are_seen_with_six_of_them() -> None:
    keys = np.array([0.7, 0.6999995, 0.6999994, 0.70000052, np.nan, -0.0], dtype=np.float32)
    columns = {"member.rate": Column(keys, six_decimals)}
    for text in ("member.rate == 0.7", "member.rate >= 0.7", "member.rate != 0.7", "member.rate in [0.7, 0.0]"):
        atom = compiled(text).atoms[0]
        expected = [atom.verdict({"member.rate": six_decimals(key)}) for key in keys.tolist()]
        assert atom_verdicts(atom, columns, len(keys)).tolist() == expected
        assert {YES, NO} <= set(expected)


def test_what_is_missing_is_an_error_in_every_row_and_what_is_shared_is_not_missing() -> None:
    atom = compiled("member.points > 3").atoms[0]
    assert atom_verdicts(atom, {}, 3).tolist() == [ERROR] * 3
    assert atom_verdicts(atom, {}, 2, shared={"member.points": 4}).tolist() == [YES] * 2
    assert atom_verdicts(atom, {"member.points": Column(np.zeros(0, np.int64), int)}, 0).tolist() == []


def test_whole_numbers_beyond_64_bits_are_errors() -> None:
    atom = compiled("member.points > 3").atoms[0]
    column = Column(np.array([2**63, 4, 3], dtype=np.uint64), int)
    assert atom_verdicts(atom, {"member.points": column}, 3).tolist() == [ERROR, YES, NO]


def test_a_wrong_pattern_is_refused_when_it_is_loaded() -> None:
    with pytest.raises(PolicyError, match=r"rule 'a', who .*no regular expression"):
        compiled("member.tier.matches('[')")
