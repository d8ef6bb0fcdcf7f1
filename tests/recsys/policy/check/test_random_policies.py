"""No valid policy is too odd to be checked, and what is found of it stands somewhere in the file."""

import numpy as np
import pytest

from experiments.benchmarks.policy_world import PolicyWriter
from recsys.policy.check.examined import Examined
from recsys.policy.check.run import check_compiled
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import parse_document
from tests.worlds import NOW, small_knowledge


@pytest.mark.parametrize("seed", range(6))
def test_random_policies_are_checked(seed: int) -> None:
    knowledge = small_knowledge(n_members=20, n_products=40, n_offers=8)
    writer = PolicyWriter(knowledge, np.random.default_rng(seed), whole=seed % 2 == 0)
    document = parse_document(writer.text(8 * seed), source="p.yaml")
    examined = Examined(document, compile_policy(document.policy, knowledge), knowledge, NOW)
    for problem in check_compiled(examined):
        assert problem.message
        assert problem.hint
        assert str(problem.place).startswith("p.yaml:")
