"""Is anything shown that a rule forbids, and is one decision alone the same as among many: judged rule by rule."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.benchmarks.policy_judge import Judge, MemberJudge
from experiments.benchmarks.policy_members import mixed_knowledge, random_contexts, random_subjects
from experiments.benchmarks.policy_slates import broken_rules, member_judge
from experiments.benchmarks.policy_world import PolicyWriter
from experiments.benchmarks.policy_world_whole import every_kind_of_offer, with_odd_columns
from recsys.decision import Context, Decision
from recsys.engine import Engine
from recsys.members import Subject
from recsys.policy.compile import CompiledPolicy, compile_policy
from recsys.policy.expressions.cel import Value, Verdict
from recsys.policy.file.attribute_types import AttributeType
from recsys.policy.file.rule import REMOVALS, Effect
from recsys.policy.file.schema import Policy
from recsys.policy.reading.load import parse_policy
from recsys.types import ItemKind

BLOCK = 250
_ALONE = 25
"""Members of each block who are also decided for alone."""
_TOLD = 20
_STRICT = 20
"""Rules of a policy that keeps even those that remove almost everything."""
_SWEEPING = 0.15
_LARGEST_MEMORY = 2_000_000


@dataclass(frozen=True, slots=True)
class World:
    """Sizes of the bundle, and the least that is emitted under each policy."""

    members: int
    products: int
    offers: int
    emitted: int
    seed: int


@dataclass(frozen=True, slots=True)
class Emitted:
    """
    What came of one random policy.

    Attributes:
        seed, n_rules: Of the policy.
        n_products, n_offers: Shown and judged.
        n_decisions, n_empty: Decisions, and those that show nothing.
        n_compared, n_different: Decisions made twice, alone and among many, and those in which a field differs.
        violations: What was shown that a rule forbids: how often, by rule or law.
        told: Some of the violations and differences, with all that is needed to see them again.
        decide_s, judge_s: Seconds by the clock.
    """

    seed: int
    n_rules: int
    n_products: int = 0
    n_offers: int = 0
    n_decisions: int = 0
    n_empty: int = 0
    n_compared: int = 0
    n_different: int = 0
    violations: Mapping[str, int] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    decide_s: float = 0.0
    judge_s: float = 0.0


class Emission:
    """Emits under one random policy after the other, over one bundle."""

    def __init__(self, world: World) -> None:
        """Make the bundle."""
        self._world = world
        rng = np.random.default_rng(world.seed)
        made = mixed_knowledge(world.members, world.products, world.offers, rng=rng)
        self._knowledge = with_odd_columns(every_kind_of_offer(made, rng), rng)

    def __call__(self, task: tuple[int, int]) -> Emitted:
        """Under the policy of a seed with so many rules, until enough was emitted, or nothing more comes."""
        seed, n_rules = task
        rng = np.random.default_rng((self._world.seed, seed))
        content = PolicyWriter(self._knowledge, rng, whole=bool(seed % 2)).policy(n_rules)
        policy = parse_policy(json.dumps(content))
        if n_rules > _STRICT:
            content = without_sweeping(content, compile_policy(policy, self._knowledge))
            policy = parse_policy(json.dumps(content))
        judge = RememberingJudge(policy, self._knowledge)
        engine = Engine(self._knowledge, compile_policy(policy, self._knowledge))
        tally = _Tally(seed)
        limit = 4 * self._world.emitted // BLOCK + 20
        for context in random_contexts(limit, rng):
            if tally.n_shown >= self._world.emitted:
                break
            rows = rng.choice(self._world.members, min(BLOCK, self._world.members), replace=False).tolist()
            subjects = random_subjects(rows, self._knowledge, context.now, rng)
            began = time.perf_counter()
            decisions = engine.decide_many(subjects, context).records()
            tally.decide_s += time.perf_counter() - began
            tally.compare(engine, subjects[:_ALONE], context, decisions)
            began = time.perf_counter()
            for subject, decision in zip(subjects, decisions, strict=True):
                tally.judge(member_judge(judge, subject, context, decision), decision, policy)
            tally.judge_s += time.perf_counter() - began
        return tally.result(n_rules)


@dataclass(frozen=True)
class RememberingJudge(Judge):
    """The judge, but an expression is evaluated once for each set of values that it reads."""

    _seen: dict[tuple[object, ...], Verdict] = field(default_factory=dict, repr=False)

    def verdict(self, text: str, types: Mapping[str, AttributeType], facts: Mapping[str, Value]) -> Verdict:
        """As the judge's."""
        expression = self._expressions.get(text)
        if expression is None:
            return super().verdict(text, types, facts)
        values = [facts.get(name) for name in expression.references]
        key = (text, *(tuple(value) if isinstance(value, list) else value for value in values), *map(type, values))
        found = self._seen.get(key)
        if found is None:
            found = super().verdict(text, types, facts)
            if len(self._seen) < _LARGEST_MEMORY:
                self._seen[key] = found
        return found


def without_sweeping(content: Mapping[str, Any], compiled: CompiledPolicy) -> dict[str, Any]:
    """A policy without the rules that alone remove much of a bundle: of many random ones some remove all the rest."""

    def kept(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [rule for rule in rules if _removes(rule, compiled) <= _SWEEPING]

    lists = {name: kept(content[name]) for name in ("reach", "eligibility", "applicability", "suitability", "rules")}
    return {**content, **lists, "calendar": [{**one, "rules": kept(one["rules"])} for one in content["calendar"]]}


def _removes(rule: Mapping[str, Any], compiled: CompiledPolicy) -> float:
    """The share of the bundle that a rule removes for those whom it is about."""
    effect = rule.get("effect", Effect.EXCLUDE)
    if effect not in REMOVALS:
        return 0.0
    named = float(compiled.names(rule["id"]).mean())
    return named if effect == Effect.EXCLUDE else 1.0 - named


class _Tally:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._shown: Counter[ItemKind] = Counter()
        self._violations: Counter[str] = Counter()
        self._told: list[str] = []
        self._n = Counter[str]()
        self.decide_s = self.judge_s = 0.0

    @property
    def n_shown(self) -> int:
        return self._shown.total()

    def compare(self, engine: Engine, subjects: list[Subject], context: Context, decisions: list[Decision]) -> None:
        for subject, decision in zip(subjects, decisions, strict=False):
            alone = engine.decide(subject, context)
            self._n["compared"] += 1
            if alone != decision:
                self._n["different"] += 1
                self._tell(f"alone {alone}, among many {decision}", subject, context)

    def judge(self, judge: MemberJudge, decision: Decision, policy: Policy) -> None:
        self._n["decisions"] += 1
        self._n["empty"] += not decision.items
        self._shown.update(item.kind for item in decision.items)
        for rule, what in broken_rules(judge, decision, policy):
            self._violations[rule] += 1
            self._tell(f"{rule} forbids {what}", judge.subject, judge.context)

    def result(self, n_rules: int) -> Emitted:
        return Emitted(
            seed=self._seed,
            n_rules=n_rules,
            n_products=self._shown[ItemKind.PRODUCT],
            n_offers=self._shown[ItemKind.OFFER],
            n_decisions=self._n["decisions"],
            n_empty=self._n["empty"],
            n_compared=self._n["compared"],
            n_different=self._n["different"],
            violations=dict(self._violations),
            told=tuple(self._told),
            decide_s=self.decide_s,
            judge_s=self.judge_s,
        )

    def _tell(self, what: str, subject: Subject, context: Context) -> None:
        if len(self._told) < _TOLD:
            self._told.append(f"policy of seed {self._seed}: {what}; {subject}; {context}")


def open_emission(world: World) -> Emission:
    """For a worker of its own."""
    return Emission(world)
