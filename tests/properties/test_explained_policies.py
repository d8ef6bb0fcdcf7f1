"""Under random policies every candidate is explained, and leaving a rule out frees what it alone kept out."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from experiments.benchmarks.policy_world import PolicyWriter
from recsys.decision import Context, Decision
from recsys.engine import Engine
from recsys.members import Contact, LiveFacts, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.file.rule import REMOVALS, Effect
from recsys.policy.file.without import without
from recsys.policy.reading.load import parse_policy
from recsys.reasons import LANGUAGES
from recsys.types import Channel
from recsys.why_not import REASON_CODES
from tests.worlds import DAY, NOW, small_knowledge

SEEDS = range(6)
KNOWLEDGE = small_knowledge(n_members=9, n_products=60, n_offers=12)
MEMBERS = [
    *(Subject(f"m00{number}") for number in range(9)),
    Subject("m002", LiveFacts(contacts=(Contact(Channel.EMAIL, NOW - DAY, "o003"),)), basket=("p004", "p005")),
    Subject("nobody"),
]
CONTEXTS = [Context("home", NOW, explain=True), Context("letter", NOW + 3 * DAY, explain=True)]


@cache
def engine(seed: int) -> Engine:
    written = PolicyWriter(KNOWLEDGE, np.random.default_rng(seed)).policy(40)
    return Engine(KNOWLEDGE, compile_policy(parse_policy(json.dumps(written)), KNOWLEDGE))


def decisions(by: Engine) -> list[Decision]:
    return [decision for context in CONTEXTS for decision in by.decide_many(MEMBERS, context).records()]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_candidate_is_explained_and_scores_are_what_levers_made_of_them(seed: int) -> None:
    n_codes = set()
    for decision in decisions(engine(seed)):
        for one in decision.candidates or ():
            product = np.prod([lever.factor for lever in one.multipliers])
            assert one.score == pytest.approx(one.score_before * product, rel=1e-4)
            assert (one.position is None) == (one.reason is not None)
            if one.reason is not None:
                assert one.reason.code in REASON_CODES
                n_codes.add(one.reason.code)
    assert len(n_codes) > 5


@pytest.mark.parametrize("seed", SEEDS)
def test_texts_are_complete_in_both_languages(seed: int) -> None:
    for language in LANGUAGES:
        context = replace(CONTEXTS[0], language=language)
        for decision in engine(seed).decide_many(MEMBERS, context).records():
            texts = {one.reason.text for one in decision.candidates or () if one.reason is not None}
            assert texts
            assert all(text and "{" not in text for text in texts)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_without_a_rule_only_what_it_removed_is_removed_by_another_or_by_none(seed: int) -> None:
    by = engine(seed)
    policy = by.policy.source
    effects = {placed.rule.id: placed.rule.effect for placed in policy.placed_rules()}
    caps = {rule for rule, effect in effects.items() if effect is Effect.CAP}
    before = decisions(by)
    used = {one.removed_by for decision in before for one in decision.candidates or ()}
    removing = [rule for rule, effect in effects.items() if effect in REMOVALS and rule in used][:2]
    assert removing
    for rule in removing:
        after = decisions(Engine(KNOWLEDGE, compile_policy(without(policy, {rule}), KNOWLEDGE)))
        for was, now in zip(before, after, strict=True):
            ends = {(one.kind, one.id): one.removed_by for one in now.candidates or ()}
            for one in was.candidates or ():
                if one.removed_by is not None and one.removed_by not in caps and one.removed_by != rule:
                    assert ends[one.kind, one.id] == one.removed_by
            assert rule not in ends.values()
