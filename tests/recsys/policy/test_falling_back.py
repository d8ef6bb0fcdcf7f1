"""Who falls back does so by the rules that hold for them, whoever else is in the call; purchases rest to the second."""

import json

import pytest

from recsys.engine import Engine
from recsys.members import LiveFacts, ProductFact, Subject
from recsys.retrieve import retrieve
from recsys.types import EventKind
from tests.recsys.policy.small import HOME, batch_of, compiled, products_removed
from tests.recsys.policy.test_placements import policy_of
from tests.worlds import DAY, NOW, small_knowledge

WIDE = small_knowledge(n_products=60)
"""More products than any member's lists propose."""


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0), (0, 1, 2)])
def test_each_falls_back_on_what_their_own_rules_leave(order: tuple[int, ...]) -> None:
    proposed = retrieve(batch_of("m000", "m001", knowledge=WIDE), WIDE).products
    left = [f"p{row:03}" for row in range(10, 60) if row not in proposed]
    allowed = {0: left[:3:2], 1: left[1:4:2]}
    rules = [
        {
            "id": f"only_{row}",
            "effect": "require",
            "who": f"member.points == {100 * row}",
            "what": f"product.id in {json.dumps(ids)}",
        }
        for row, ids in allowed.items()
    ]
    engine = Engine(WIDE, policy_of(*rules, knowledge=WIDE, fallback=left[:2]))
    decisions = engine.decide_many([Subject(f"m00{row}") for row in order], HOME).records()
    for row, decision in zip(order, decisions, strict=True):
        shown = {item.id for item in decision.items}
        assert shown == set(allowed[row]) if row in allowed else len(shown) == 3


@pytest.mark.parametrize(("second", "rests"), [(0, False), (1, True)])
def test_a_purchase_rests_for_whole_days_to_the_second(second: int, rests: bool) -> None:
    fact = ProductFact("p020", EventKind.PURCHASE, NOW - 3 * DAY + second)
    subject = Subject("m001", LiveFacts(product_facts=(fact,)))
    policy = compiled(recently_bought={"days": 3})
    for batch in (batch_of(subject), batch_of(subject, "m002")):
        assert ("p020" in products_removed(policy, batch)[0]) is rests
