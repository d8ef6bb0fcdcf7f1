"""How members are asked: alternatives, tables that remember and forget, many threads, and what it means in numbers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.members import Subject
from recsys.policy.attributes import MEMBER_ATTRIBUTES, six_decimals
from recsys.policy.expressions.formula import compile_formula
from recsys.policy.expressions.logic import Verdict
from recsys.policy.masks import lever_table, multiplied
from recsys.policy.members import memo
from recsys.policy.members.clauses import MAX_CLAUSES, clauses_of
from tests.recsys.policy.small import HOME, batch_of, compiled
from tests.recsys.policy.test_compiled_laws import COMPILED, WORLD, answers

ATOMS = ["member.points > 1", "member.is_birthday_month", "member.segment == 0", "member.tier == 'gold'"]


def texts(depth: int = 3) -> st.SearchStrategy[str]:
    """Expressions over some atoms."""
    if not depth:
        return st.sampled_from(ATOMS)
    inner = texts(depth - 1)
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.sampled_from(ATOMS),
        inner.map(lambda one: f"!({one})"),
        several.map(lambda many: " && ".join(f"({one})" for one in many)),
        several.map(lambda many: " || ".join(f"({one})" for one in many)),
    )


@settings(max_examples=150, deadline=None)
@given(texts(), st.lists(st.sampled_from(Verdict), min_size=len(ATOMS), max_size=len(ATOMS)))
def test_alternatives_say_true_false_and_error_as_cel_does(text: str, verdicts: list[Verdict]) -> None:
    formula = compile_formula(text, MEMBER_ATTRIBUTES, where="a test")
    of_atom = [verdicts[ATOMS.index(atom.text)] for atom in formula.atoms]
    yes, no, error = (sum(1 << at for at, one in enumerate(of_atom) if one == verdict) for verdict in (1, 0, 2))
    found = clauses_of(formula.logic)
    if found is None:
        return
    certain = any(not (one.plain & ~yes or one.negated & ~no) for one in found)
    possible = any(not (one.plain & no or one.negated & yes) for one in found)
    expected = formula.logic.verdict(true=yes, errors=error)
    assert (certain, possible) == (expected is Verdict.YES, expected is not Verdict.NO)


def test_an_expression_with_too_many_alternatives_is_asked_as_a_whole() -> None:
    sides = " && ".join(f"(member.points == {at} || member.segment == {at})" for at in range(9))
    either = f"!({sides})"
    assert clauses_of(compile_formula(sides, MEMBER_ATTRIBUTES, where="a test").logic) is None
    assert len(clauses_of(compile_formula(either, MEMBER_ATTRIBUTES, where="a test").logic) or ()) <= MAX_CLAUSES
    policy = compiled(
        {"id": "it", "effect": "exclude", "who": sides}, {"id": "not", "effect": "exclude", "who": either}
    )
    batch = batch_of("m000", "m001", "m005")
    assert policy.holds("it", batch, HOME).tolist() == [False, False, False]
    assert policy.holds("not", batch, HOME).tolist() == [True, True, True]


def test_tables_that_are_full_start_anew_and_answer_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [Subject(f"m{row % 7:03}", basket=("p004",) * (row % 3)) for row in range(21)]
    policy = COMPILED[4]
    before = answers(policy, batch_of(*members, knowledge=WORLD), HOME)
    monkeypatch.setattr(memo, "MOST_VALUES", 1)
    assert answers(policy, batch_of(*members, knowledge=WORLD), HOME) == before
    assert [answers(policy, batch_of(one, knowledge=WORLD), HOME)[0] for one in members] == before


def test_threads_that_ask_at_once_get_what_each_gets_alone() -> None:
    policy = COMPILED[3]
    batches = [batch_of(f"m{row % 7:03}", knowledge=WORLD) for row in range(40)]
    alone = [answers(policy, batch, HOME) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda batch: answers(policy, batch, HOME), batches)) == alone


@given(st.lists(st.floats(width=32, allow_nan=True), min_size=1, max_size=20))
def test_many_decimals_are_rounded_as_each_alone(values: list[float]) -> None:
    many = memo._six_decimals(np.array(values, dtype=np.float32))
    assert np.array_equal(many, [six_decimals(value) for value in values], equal_nan=True)


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=64), st.integers(0, 2**64 - 1))
def test_levers_multiply(factors: list[float], bits: int) -> None:
    some = bits & (1 << len(factors)) - 1
    expected = np.prod([factor for at, factor in enumerate(factors) if some >> at & 1])
    found = multiplied(np.array([[0, some]], dtype=np.uint64), lever_table(factors))
    assert found.tolist() == [[1, pytest.approx(float(expected), rel=1e-5)]]


def test_failures_are_counted_once_a_call_for_all_that_is_asked_of_the_members() -> None:
    rule = {"id": "it", "effect": "exclude", "who": "member.points / (member.points - 100) > 0"}
    policy = compiled(rule, {"id": "never", "effect": "exclude", "who": "member.points / 0 > 1", "until": "2020-01-01"})
    batch = batch_of("m000", "m001", "m001")
    ruling = policy.ruling(batch, HOME)
    assert policy.errors.counts() == {}
    rows = np.zeros((3, 1), dtype=np.int32)
    assert ruling.product_removals(rows).tolist() == ruling.product_removals(rows).tolist()
    assert policy.errors.counts() == {("it", "who"): 2}
