"""What is told of rules of random policies is so of every member and thing, as the policy itself answers."""

from collections.abc import Iterator

import numpy as np

from experiments.benchmarks.policy_world import PolicyWriter
from recsys.batch import build_batch
from recsys.decision import Context
from recsys.members import Subject
from recsys.policy.check.dead import over_members
from recsys.policy.check.examined import Examined
from recsys.policy.file.rule import REMOVALS
from recsys.types import Channel
from tests.recsys.policy.check.worlds import examined
from tests.worlds import NOW, small_knowledge

WORLD = small_knowledge(n_members=20, n_products=40, n_offers=8)
SEEDS = {2: True, 3: False, 16: True}
ASKED = build_batch([Subject(f"m{row:03}") for row in range(20)] + [Subject("nobody")], WORLD)


def world(seed: int, *, whole: bool) -> Examined:
    writer = PolicyWriter(WORLD, np.random.default_rng(seed), whole=whole, narrow=0.4)
    return examined(writer.text(40), WORLD)


def told(over: Examined, code: str) -> Iterator[str]:
    by_path = {part.path: rule_id for rule_id, part in over.parts().items()}
    for problem in over_members(over):
        if problem.code == code:
            yield by_path.get(problem.path) or by_path[problem.path[:-1]]


def contexts(over: Examined) -> Iterator[Context]:
    for placement in over.policy.placements:
        yield from (Context(placement, NOW, channel=channel) for channel in Channel)


def test_who_holds_for_nobody_does_not_hold() -> None:
    found = 0
    for seed, whole in SEEDS.items():
        over = world(seed, whole=whole)
        for rule_id in told(over, "holds_for_nobody"):
            found += 1
            assert not any(over.compiled.holds(rule_id, ASKED, context).any() for context in contexts(over))
    assert found


def test_what_is_shadowed_removes_no_pair_that_an_earlier_rule_leaves() -> None:
    found = 0
    for seed, whole in SEEDS.items():
        over = world(seed, whole=whole)
        removals = [one for one in over.compiled.rules if one.rule.effect in REMOVALS and one.rule.id in over.parts()]
        for rule_id in told(over, "shadowed"):
            found += 1
            at = [one.rule.id for one in removals].index(rule_id)
            for context in contexts(over):
                left = np.outer(over.compiled.holds(rule_id, ASKED, context), removals[at].removed())
                for one in removals[:at]:
                    if one.rule.applies_to is removals[at].rule.applies_to:
                        left &= ~np.outer(over.compiled.holds(one.rule.id, ASKED, context), one.removed())
                assert not left.any()
    assert found
