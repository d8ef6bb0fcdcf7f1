"""A cap that allows none of some products keeps them out and leaves the slate to the placement's fallback."""

import pytest

from recsys.engine import Engine
from recsys.members import Subject
from recsys.retrieve import retrieve
from tests.recsys.policy.small import HOME, KNOWLEDGE, batch_of
from tests.recsys.policy.test_placements import policy_of

MEMBERS = ("m006", "nobody", "")
"""Of whom nothing personal is used, so that a third of the products is proposed to none of them."""


def ids_of(rows: set[int]) -> list[str]:
    return sorted(KNOWLEDGE.catalogue.products.id(row) for row in rows)


@pytest.mark.parametrize("together", [True, False])
def test_where_no_candidate_may_be_in_the_slate_the_fallback_is(together: bool) -> None:
    proposed = {int(row) for row in retrieve(batch_of(*MEMBERS), KNOWLEDGE).products.ravel() if row >= 0}
    free = sorted({row for row in range(30) if KNOWLEDGE.catalogue.stock[row] and row not in (2, 3)} - proposed)
    fallback = ids_of(set(free[:2]))
    assert len(fallback) == 2
    none = {"id": "none", "effect": "cap", "cap": {"limit": 0, "per": "all"}}
    what = f"product.id in {ids_of(proposed)}".replace("'", '"')
    engine = Engine(KNOWLEDGE, policy_of({**none, "what": what}, fallback=fallback))
    subjects = [Subject(member) for member in MEMBERS]
    if together:
        decisions = engine.decide_many(subjects, HOME).records()
    else:
        decisions = [engine.decide(subject, HOME) for subject in subjects]
    for decision in decisions:
        shown = [item.id for item in decision.items]
        assert shown[:2] == fallback
        assert not set(shown) & set(ids_of(proposed))


def test_where_a_cap_allows_nothing_at_all_nothing_is_shown() -> None:
    none = {"id": "none", "effect": "cap", "cap": {"limit": 0, "per": "all"}, "who": "member.points >= 0"}
    engine = Engine(KNOWLEDGE, policy_of(none, fallback=["p010"]))
    decision = engine.decide(Subject("m002"), HOME)
    assert not decision.items
    assert decision.shortfall_reason
