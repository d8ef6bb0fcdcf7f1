"""Law: what is said of plain atoms without CEL is what CEL says of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.policy.expressions.cel import Value
from recsys.policy.expressions.formula import compile_formula
from recsys.policy.expressions.logic import Verdict
from recsys.policy.expressions.quick import verdict_of
from recsys.policy.file.attribute_types import AttributeType

AVAILABLE = {
    "a.x": AttributeType.INT,
    "a.y": AttributeType.INT,
    "a.rate": AttributeType.DOUBLE,
    "a.words": AttributeType.STRINGS,
}
MIN, MAX = -(2**63), 2**63 - 1
WHOLE = st.sampled_from([0, 1, -1, 2, 7, -7, 3_000_000_000, -3_000_000_000, 2**31, MAX, MAX - 1, MIN, MIN + 1])
LEAF = st.sampled_from(["a.x", "a.y", "0", "1", "3", "-2", "- 2", "7", str(MAX), str(MIN), "3000000000"])
NUMBER = st.recursive(
    LEAF,
    lambda below: st.builds("({} {} {})".format, below, st.sampled_from(["+", "-", "*", "%", "/"]), below),
    max_leaves=4,
)
SIGN = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
TEXTS = st.lists(st.sampled_from(["gold", "", "\u00e9t\u00e9", "a\0b", "a", "\ud800"]), max_size=3)
TEXT = st.sampled_from(["'gold'", "''", "'a'", "'a\\000b'", "'\\u00e9t\\u00e9'"])
PLAIN = st.one_of(
    st.builds("{} {} {}".format, NUMBER, SIGN, NUMBER),
    st.builds("{} in a.words".format, TEXT),
    st.builds("dyn(a.x) {} {}".format, SIGN, st.sampled_from(["3u", "3u - 4u", "1.5", "a.rate"])),
)
ATTRIBUTES: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {"a.words": TEXTS}, optional={"a.x": WHOLE | st.sampled_from([2**70, 1.0, True, "1"]), "a.y": WHOLE}
)


@settings(max_examples=400, deadline=None)
@given(PLAIN, ATTRIBUTES)
def test_plain_atoms_are_what_cel_says(text: str, attributes: dict[str, Value]) -> None:
    for atom in compile_formula(text, AVAILABLE, where="a test").atoms:
        assert verdict_of(atom)(attributes) is atom.verdict(attributes)


@pytest.mark.parametrize("text", ["a.x + 1 > a.y", "a.x % 7 == 2", "'gold' in a.words"])
def test_plain_atoms_do_not_ask_cel(text: str) -> None:
    (atom,) = compile_formula(text, AVAILABLE, where="a test").atoms
    ask = verdict_of(atom)
    assert ask != atom.verdict
    assert ask({"a.x": 9, "a.y": 3, "a.words": ["gold"]}) is Verdict.YES
    assert ask({"a.x": 3, "a.y": 9, "a.words": ["silver"]}) is Verdict.NO
    assert ask({}) is Verdict.ERROR
