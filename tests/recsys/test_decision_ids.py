"""The ids of decisions are those of before: whoever attributes an outcome has them."""

from dataclasses import replace

from recsys.decision import Context
from recsys.engine import Engine
from recsys.members import Contact, LiveFacts, ProductFact, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import Channel, Consent, EventKind, ItemKind, Relation
from tests.worlds import NOW, small_knowledge

KNOWLEDGE = small_knowledge()
ENGINE = Engine(KNOWLEDGE, compile_policy(parse_policy(default_policy_text(KNOWLEDGE.tiers, "GBP")), KNOWLEDGE))
FACTS = LiveFacts(
    (ProductFact("p004", EventKind.VIEW, NOW - 60),), ("o003",), (Contact(Channel.EMAIL, NOW - 90, "o004"),),
    Consent.PERSONALISATION, "gold",
)  # fmt: skip
SUBJECTS = [
    Subject("m000"),
    Subject("m001", FACTS, ("p001", "p002"), frozenset({"o002", "p009"}), ("p010",)),
    Subject("nobody", LiveFacts(erased=True)),
]

GOLDEN_PLAIN = [
    "48b0187a56346e879cc3810cacfd47c4",
    "3ee9e2a4038f5a3700bcf68b7752684b",
    "1292ead5d3cb1a5941dc2323ec8f79df",
]
GOLDEN_RICH = [
    "8562c4066389ca3c5d858c69c8417eb1",
    "0d240d0a89edf24377feff1f27e8f446",
    "cb44ba41b7cd614d4da6b593f6d48fb0",
]


def ids(context: Context) -> list[str]:
    """The version of the policy is left out: it moves with every new default of the file."""
    return replace(ENGINE.decide_many(SUBJECTS, context), policy_id="policy").decision_ids()


def test_ids_are_those_of_before() -> None:
    assert ids(Context("home", NOW)) == GOLDEN_PLAIN
    rich = Context(
        "email", NOW, seed=3, n=2, types=frozenset({ItemKind.PRODUCT}), request_id="r", degraded=("x",),
        attributes={"weather": "rain"}, relation=Relation.TOGETHER,
    )  # fmt: skip
    assert ids(rich) == GOLDEN_RICH


def test_explaining_and_the_language_change_no_id() -> None:
    assert ids(Context("home", NOW, explain=True, language="zh")) == GOLDEN_PLAIN
