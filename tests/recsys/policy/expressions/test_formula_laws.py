"""Laws: an expression in atoms, over bits or over columns, says what CEL says of the whole text, row by row."""

import math
from collections.abc import Mapping

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.policy.attributes import Column, six_decimals
from recsys.policy.expressions.cel import Value, compile_expression
from recsys.policy.expressions.formula import Formula, Verdict, atom_verdicts, compile_formula
from recsys.policy.expressions.logic import bits
from recsys.policy.file.attribute_types import AttributeType

INT, DOUBLE, STRING, BOOL = AttributeType.INT, AttributeType.DOUBLE, AttributeType.STRING, AttributeType.BOOL
AVAILABLE = {
    "member.points": INT,
    "member.rate": DOUBLE,
    "member.share": DOUBLE,
    "member.tier": STRING,
    "member.id": STRING,
    "segment.loyal": BOOL,
    "basket.brands": AttributeType.STRINGS,
    "context.shop": STRING,
    "context.hour": INT,
}
TIERS = ("", "gold", "silver", "\u00e9t\u00e9", "\U0001f381", "a\0b", "\ud800")
BRANDS: tuple[list[str], ...] = ([], ["gold"], ["acme", "gold"])
MIN, MAX = -(2**63), 2**63 - 1

WHOLE = st.sampled_from(["0", "1", "-1", "- 1", "7", str(MAX), str(MIN), "-3000"])
DECIMAL = st.sampled_from(["0.0", "-0.0", "0.7", "0.3", "-2.5", "- 0.7", "1e300", "0.0000005"])
TEXT = st.sampled_from(
    ["'gold'", '"silver"', "''", "r'gold'", "'\\u00e9t\\u00e9'", "'a\\000b'", "'''z'''", "'&& || !'"]
)
SIGN = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def one_of(constants: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(constants, max_size=10).map(lambda inside: f"[{', '.join(inside)}]")


def compared(name: str, constants: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda sign, constant: f"{name} {sign} {constant}", SIGN, constants),
        st.builds(lambda sign, constant: f"{constant}{sign}{name}", SIGN, constants),
        one_of(constants).map(lambda held: f"{name} in {held}"),
    )


PART = TEXT | st.sampled_from(["'g'", "'ld'", "'ol'", "'\\u00e9'", "'\U0001f381'", "'silver and more'"])
ASKED_OF_TEXT = st.builds(
    "{}.{}({})".format,
    st.sampled_from(["member.tier", "member.id", "context.shop"]),
    st.sampled_from(["startsWith", "endsWith", "contains"]),
    PART,
)
ATOM = st.one_of(
    ASKED_OF_TEXT,
    compared("member.points", WHOLE),
    compared("context.hour", WHOLE),
    compared("member.rate", DECIMAL),
    compared("member.share", DECIMAL),
    compared("member.tier", TEXT),
    compared("member.id", TEXT),
    compared("context.shop", TEXT),
    compared("segment.loyal", st.sampled_from(["true", "false"])),
    st.sampled_from(
        [
            "segment.loyal",
            "true",
            "!segment.loyal == true",
            "(dyn(3) && true)",
            "dyn(member.points) == 1.0",
            "10 / member.points > 1",
            "member.points + 1 > member.points",
            "1.0 / member.rate > 0.0",
            "'gold' in basket.brands",
            "member.tier in basket.brands",
            "basket.brands.exists(b, b == member.tier && !(b == '' || segment.loyal))",
            "segment.loyal ? member.points > 1 : context.hour > 1",
            "member.tier.startsWith('g')",
            "member.id.matches('^[a-g]+$')",
            "size(member.tier) > context.hour",
            "(member.points - 1) % 2 == 0",
        ]
    ),
)
EXPRESSION = st.recursive(
    ATOM,
    lambda below: st.one_of(
        st.builds("({}) && ({})".format, below, below),
        st.builds("({}) || ({})".format, below, below),
        st.builds("{}\n&&// ) || (\n({})".format, ATOM, below),
        st.builds("!({})".format, below),
        st.builds("!!( ({}) )".format, below),
        st.builds("({0}) && (!({0}) || {1})".format, below, ATOM),
        st.builds("({0}) && !({0}) || ({1})".format, ATOM, below),
        st.builds("({}) ? ({}) : ({})".format, below, ATOM, ATOM),
    ),
    max_leaves=6,
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, -1, 2, 7, -3000, MAX, MIN]),
        st.one_of(st.sampled_from([0.7, 0.3, 0.0, -0.0, math.nan, math.inf, -2.5]), st.floats(width=32)),
        st.one_of(st.sampled_from([0.7, 0.0, -0.0, math.nan, math.inf, 1e300]), st.floats()),
        st.integers(0, len(TIERS) - 1),
        st.sampled_from([b"gold", b"", b"silver", "\u00e9t\u00e9".encode(), "\u20ac\u00a9".encode(), b"a\0b"]),
        st.booleans(),
        st.integers(0, len(BRANDS) - 1),
    ),
    min_size=1,
    max_size=6,
)
SHARED = st.fixed_dictionaries(
    {}, optional={"context.shop": st.sampled_from(["gold", ""]), "context.hour": st.sampled_from([7, 2**70])}
)
MISSING = st.sets(st.sampled_from([name for name in AVAILABLE if not name.startswith("context.")]), max_size=2)


def compiled(text: str) -> Formula:
    return compile_formula(text, AVAILABLE, where="a test")


def columns_of(rows: list[tuple[int, float, float, int, bytes, bool, int]]) -> dict[str, Column]:
    points, rate, share, tier, ids, loyal, brands = zip(*rows, strict=True)
    return {
        "member.points": Column(np.array(points, dtype=np.int64), int),
        "member.rate": Column(np.array(rate, dtype=np.float32), six_decimals),
        "member.share": Column(np.array(share, dtype=np.float64), float),
        "member.tier": Column(np.array(tier, dtype=np.int8), TIERS.__getitem__),
        "member.id": Column(np.array(ids, dtype="S8"), bytes.decode),
        "segment.loyal": Column(np.array(loyal, dtype=np.bool_), bool),
        "basket.brands": Column(np.array(brands, dtype=np.uint8), BRANDS.__getitem__),
    }


def row_of(columns: Mapping[str, Column], shared: Mapping[str, Value], row: int) -> dict[str, Value]:
    return {**shared, **{name: column.value(column.keys[row].item()) for name, column in columns.items()}}


def bits_of(formula: Formula, attributes: Mapping[str, Value], wanted: Verdict) -> int:
    return sum(1 << number for number, atom in enumerate(formula.atoms) if atom.verdict(attributes) is wanted)


@settings(max_examples=500, deadline=None)
@given(EXPRESSION, ROWS, SHARED, MISSING)
def test_atoms_by_bits_and_by_columns_say_what_the_whole_text_says(
    text: str, rows: list[tuple[int, float, float, int, bytes, bool, int]], shared: dict[str, Value], missing: set[str]
) -> None:
    whole = compile_expression(text, AVAILABLE, where="a test")
    formula = compiled(text)
    columns = {name: column for name, column in columns_of(rows).items() if name not in missing}
    by_atom = np.stack([atom_verdicts(atom, columns, len(rows), shared=shared) for atom in formula.atoms])
    over_columns = formula.logic.verdicts(by_atom)
    for row in range(len(rows)):
        attributes = row_of(columns, shared, row)
        expected = whole.evaluate(attributes)
        assert formula.verdict(attributes) is expected
        true, errors = (bits_of(formula, attributes, wanted) for wanted in (Verdict.YES, Verdict.ERROR))
        assert formula.logic.verdict(true=true, errors=errors) is expected
        assert Verdict(over_columns[row]) is expected
        assert by_atom[:, row].tolist() == [atom.verdict(attributes) for atom in formula.atoms]


@settings(max_examples=300, deadline=None)
@given(EXPRESSION)
def test_the_text_of_an_atom_is_the_atom(text: str) -> None:
    formula = compiled(text)
    for atom in formula.atoms:
        alone = compiled(f"({atom.text}) && true")
        assert (alone.atoms[0].key, alone.atoms[0].references) == (atom.key, atom.references)


@settings(max_examples=200, deadline=None)
@given(EXPRESSION, st.permutations(range(12)), st.integers(0, 2**12 - 1), st.integers(0, 2**12 - 1))
def test_other_numbers_for_the_atoms_change_no_verdict(text: str, numbers: list[int], true: int, errors: int) -> None:
    formula = compiled(text)
    errors &= ~true
    moved_true, moved_errors = (sum(1 << numbers[atom] for atom in bits(mask)) for mask in (true, errors))
    moved = formula.logic.renumbered(numbers)
    assert moved.verdict(true=moved_true, errors=moved_errors) is formula.logic.verdict(true=true, errors=errors)
