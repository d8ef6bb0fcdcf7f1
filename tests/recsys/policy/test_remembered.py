"""What is remembered between calls changes no answer: however little of it fits, and whoever asked before."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.members import LiveFacts, Subject
from recsys.policy import compiled as compiled_policy
from recsys.policy import lever_names, standing
from recsys.policy.compile import compile_policy
from recsys.policy.lever_names import LeverNames
from recsys.policy.masks import lever_table
from tests.recsys.policy.small import HOME, KNOWLEDGE, batch_of, compiled, offers_removed
from tests.recsys.policy.test_compiled_laws import POLICIES, WORLD, answers

MEMBERS = [Subject(f"m{row % 7:03}", basket=("p004",) * (row % 3)) for row in range(14)]


def test_memories_that_hold_next_to_nothing_answer_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = compile_policy(POLICIES[4], WORLD)
    contexts = [replace(HOME, now=HOME.now + day * 86_400) for day in range(3)]
    expected = [answers(policy, batch_of(*MEMBERS, knowledge=WORLD), context) for context in contexts]
    for module, limit in (
        (standing, "_MOST_BYTES"),
        (standing, "_MOST_SHOWN"),
        (lever_names, "_MOST_BYTES"),
        (compiled_policy, "_MOST_CIRCUMSTANCES"),
    ):
        monkeypatch.setattr(module, limit, 1)
    for _ in range(2):
        for context, together in zip(contexts, expected, strict=True):
            alone = [answers(policy, batch_of(one, knowledge=WORLD), context)[0] for one in MEMBERS]
            assert alone == together


def test_what_one_member_holds_is_not_removed_for_the_next_who_is_alike() -> None:
    policy = compiled({"id": "it", "effect": "exclude", "applies_to": "offer", "what": "offer.id == 'o001'"})
    offer = KNOWLEDGE.offers.offers.id(0)
    before = offers_removed(policy, batch_of("m000"))
    holding = offers_removed(policy, batch_of(Subject("m000", LiveFacts(held_offers=(offer,)))))
    assert holding[0][offer] == "offer_already_held"
    assert offers_removed(policy, batch_of("m000")) == before
    assert offer not in before[0]


def test_attributes_that_are_equal_but_of_other_types_are_other_circumstances() -> None:
    rule: dict[str, object] = {
        "id": "it",
        "effect": "exclude",
        "who": "context.visits > 0",
        "what": "product.id == 'p001'",
    }
    policy = compiled(rule, context_attributes={"visits": "int"})
    batch = batch_of("m000")
    sent = [(1, 0), (True, 1), (1.0, 2), (1, 2)]
    for value, n_failed in sent:
        assert policy.holds("it", batch, replace(HOME, attributes={"visits": value})).tolist() == [True]
        policy.product_removals(batch, replace(HOME, attributes={"visits": value}), np.array([[1]], dtype=np.int32))
        assert policy.errors.counts().get(("it", "who"), 0) == n_failed


def test_a_zero_below_nothing_is_a_zero() -> None:
    rule: dict[str, object] = {
        "id": "it",
        "effect": "boost",
        "factor": 2.0,
        "until": "2100-01-01",
        "who": "1.0 / context.rate > 0.0",
    }
    policy = compiled(rule, context_attributes={"rate": "double"})
    found = [policy.holds("it", batch_of("m000"), replace(HOME, attributes={"rate": zero})) for zero in (-0.0, 0.0)]
    assert [one.tolist() for one in found] == [[True], [True]]


def test_things_that_the_same_levers_name_are_multiplied_alike() -> None:
    names = np.array([5, 0, 2, 5, 1], dtype=np.uint64)
    levers, factors = LeverNames.of(names), lever_table([2.0, 3.0, 7.0])
    factor, bits = levers.all_of_one(0b101, factors)
    assert (factor.tolist(), bits.tolist()) == ([[14, 1, 1, 14, 2]], [[5, 0, 0, 5, 1]])
    many = levers.of_all(np.array([[0b101], [0b010]], dtype=np.uint64), factors)
    assert (many[0].tolist(), many[1].tolist()) == (
        [[14, 1, 1, 14, 2], [1, 1, 3, 1, 1]],
        [[5, 0, 0, 5, 1], [0, 0, 2, 0, 0]],
    )
