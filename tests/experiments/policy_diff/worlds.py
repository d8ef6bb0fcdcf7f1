"""Two policies over one small world, compared; and judges that decide one member after the other."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.policy_diff.build import policy_diff
from experiments.policy_diff.compare import Question, compare
from experiments.policy_diff.result import PolicyDiff
from experiments.policy_diff.sides import Side
from experiments.policy_diff.whom import Whom
from recsys.decision import Context, Decision
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.file.schema import Policy
from recsys.policy.reading.load import parse_policy
from recsys.report import SILENT
from recsys.types import STAGES
from tests.worlds import NOW, small_knowledge

POLICY = """
format: 1
name: small
currency: GBP
tiers: [ordinary, silver, gold, diamond]
placements:
  home: {channel: web, capacity: 6, types: [product, offer], max_offers: 1}
  email: {channel: email, capacity: 3, types: [product, offer], max_offers: 1}
  offers: {channel: web, capacity: 3, types: [offer], max_offers: 3}
default_placement: home
"""
RANDOM = """
exploration: {epsilon: 0.4}
experiment:
  key: holdout
  seed: holdout_1
  arms:
    - {name: offers, weight: 0.6, behaviour: full}
    - {name: popular, weight: 0.2, behaviour: popular}
    - {name: nothing, weight: 0.2, behaviour: no_offers}
"""
NO_PRODUCT = 'rules: [{id: no_p005, owner: legal, what: product.id == "p005", effect: exclude}]\n'
NO_EMAIL = "contact: {caps: [{id: no_email, channel: email, max_messages: 0, period_days: 7}]}\n"
NO_OFFERS = "rules: [{id: no_offers, owner: finance, applies_to: offer, effect: exclude}]\n"


def world(n_members: int = 60, *, seed: int = 3, budget_minor: int = -1) -> Knowledge:
    """Several stages, so that groups differ, and several offers are somebody's best; o003 has the budget."""
    knowledge = small_knowledge(n_members, seed=seed)
    stage = (np.arange(n_members) * 7 % 3 + 1).astype(np.int8)
    assert stage.max() < len(STAGES)
    offers, response = knowledge.offers, knowledge.response
    uplift = response.uplift * np.array([2.0, 1.0, 2.0, 0.3, 2.0, 2.0], dtype=np.float32)
    budgets = np.where(np.arange(len(offers)) == 3, budget_minor, -1).astype(np.int64)
    return replace(
        knowledge,
        members=replace(knowledge.members, stage=stage),
        offers=replace(offers, budget_minor=budgets),
        response=replace(response, uplift=uplift),
    )


def policy(*more: str) -> Policy:
    """The small policy and more sections."""
    return parse_policy(POLICY + "".join(more))


def side(letter: str, what: Policy) -> Side:
    """As if it were read from a file."""
    return Side(letter, f"{letter.lower()}.yaml", Path(f"{letter.lower()}.yaml"), what)


def ids(knowledge: Knowledge) -> np.ndarray[Any, Any]:
    """All members of the bundle, and one whom it does not know."""
    return np.union1d(knowledge.members.members.encoded, np.array([b"stranger"]))


def diff_of(
    a: Policy,
    b: Policy,
    knowledge: Knowledge,
    *,
    placements: Sequence[str] = ("home", "email"),
    drawn: int | None = None,
    block: int = 1_000,
    seed: int = 0,
    n_examples: int = 0,
    estimator: Any = None,
) -> PolicyDiff:
    """Compare for everybody, or for the first so many as if they had been drawn."""
    every = ids(knowledge)
    whom = Whom(every[:drawn], len(every), "everybody")
    question = Question(side("A", a), side("B", b), tuple(placements), NOW, seed, whom, n_examples)
    subjects = [Subject(one.decode()) for one in whom.encoded.tolist()]
    blocks = [subjects[start : start + block] for start in range(0, len(subjects), block)]
    return policy_diff(compare(question, knowledge, blocks, progress=SILENT, estimator=estimator))


def one_by_one(what: Policy, knowledge: Knowledge, placement: str, *, seed: int = 0) -> list[Decision]:
    """Every member's decision by itself."""
    engine = Engine(knowledge, compile_policy(what, knowledge))
    context = Context(placement, NOW, seed)
    return [engine.decide(Subject(one.decode()), context) for one in ids(knowledge).tolist()]
