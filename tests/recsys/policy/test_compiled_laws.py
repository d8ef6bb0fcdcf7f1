"""The compiled policy says what its rules say one by one, of every pair, for random policies with all sections."""

import json
from dataclasses import replace
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.benchmarks.policy_judge import Judge
from experiments.benchmarks.policy_world import PolicyWriter
from recsys.decision import Context
from recsys.members import MemberBatch, Subject
from recsys.offers.economics import OfferTerms, offer_values
from recsys.policy.compile import CompiledPolicy, compile_policy
from recsys.policy.expressions.logic import Verdict
from recsys.policy.file.rule import Effect
from recsys.policy.reading.load import parse_policy
from recsys.profile import ColumnSpec, Unit
from recsys.types import Channel, ItemKind
from recsys.vocabulary import encode_id
from tests.recsys.policy.small import KNOWLEDGE, batch_of
from tests.recsys.policy.test_policy_laws import subjects
from tests.worlds import CUT_OFF, DAY


def world():
    """The small world, whose members also have birthdays; one is of nobody knows when."""
    members, profile = KNOWLEDGE.members, KNOWLEDGE.members.profile
    spec = ColumnSpec("days_to_birthday", "int32", Unit.DAYS, "Days until the birthday", 0, 366, unknown=-1)
    days = np.array([0, 3, 40, -1, 364, 2, 9], dtype=np.int32)
    columns = {**profile.columns, "days_to_birthday": days}
    return replace(
        KNOWLEDGE,
        members=replace(members, profile=replace(profile, specs=(*profile.specs, spec), columns=columns)),
    )


WORLD = world()
TERMS = OfferTerms.of(WORLD)
PRODUCTS = np.arange(len(WORLD.catalogue), dtype=np.int32)
POLICIES = {
    seed: parse_policy(PolicyWriter(WORLD, np.random.default_rng(seed), failing=0.1, narrow=0.3).text(n_rules))
    for seed, n_rules in enumerate((4, 20, 40, 40, 150))
}
COMPILED = {seed: compile_policy(policy, WORLD) for seed, policy in POLICIES.items()}
JUDGES = {seed: Judge(policy, WORLD) for seed, policy in POLICIES.items()}

contexts = st.builds(
    Context,
    placement=st.sampled_from(["home", "shelf", "letter", "nowhere"]),
    now=st.integers(CUT_OFF - 5 * DAY, CUT_OFF + 40 * DAY),
    channel=st.none() | st.sampled_from(Channel),
    attributes=st.fixed_dictionaries(
        {},
        optional={
            "store": st.sampled_from(["s0", "s1", "s2"]),
            "weather": st.sampled_from(["rain", "sun", 3]),
            "visits": st.integers(0, 9),
        },
    ),
)
seeds = st.sampled_from(sorted(POLICIES))


def answers(policy: CompiledPolicy, batch: MemberBatch, context: Context) -> list[list[object]]:
    """Everything that the policy says of every product and offer, in words, a list a member."""
    ruling = policy.ruling(batch, context)
    rows = np.tile(PRODUCTS, (len(batch), 1))
    withhold = np.array([len(subject.basket) == 1 for subject in batch.subjects])
    values = offer_values(batch, WORLD, TERMS)
    ids = np.array([encode_id(subject.member_id) for subject in batch.subjects])
    of_offers = ruling.offer_removals(withhold=withhold, values=values, ids=ids)
    removed = [ruling.product_removals(rows).tolist(), of_offers.tolist()]
    boosts = [ruling.product_boost(rows), ruling.offer_boost()]
    caps, pins = ruling.caps(), ruling.pins()
    return [
        [
            *([policy.rule_ids[code] if code >= 0 else None for code in codes[member]] for codes in removed),
            *([dict(policy.levers_of(bits)) for bits in found[member].tolist()] for _, found in boosts),
            *([float(factor) for factor in factors[member]] for factors, _ in boosts),
            {cap.rule_id: bool(cap.applies[member]) for cap in caps},
            {pin.rule_id: bool(pin.applies[member]) for pin in pins},
        ]
        for member in range(len(batch))
    ]


def judged(judge: Judge, subject: Subject, context: Context) -> list[object]:
    """The same by the judge."""
    one = judge.member(subject, context, withheld=len(subject.basket) == 1)
    things = [(kind, range(len(WORLD.catalogue if kind is ItemKind.PRODUCT else WORLD.offers))) for kind in ItemKind]
    levers = [[one.levers(kind, row) for row in rows] for kind, rows in things]
    return [
        *([one.first(kind, row) for row in rows] for kind, rows in things),
        *levers,
        *(pytest.approx([prod(found.values()) for found in of_kind], rel=1e-5) for of_kind in levers),
        one.shows(Effect.CAP),
        one.shows(Effect.PIN),
    ]


@settings(max_examples=120, deadline=None)
@given(seeds, st.lists(subjects, min_size=1, max_size=2), contexts)
def test_the_masks_are_what_every_rule_says_of_every_pair(seed: int, members: list[Subject], context: Context) -> None:
    together = answers(COMPILED[seed], batch_of(*members, knowledge=WORLD), context)
    for found, subject in zip(together, members, strict=True):
        for mine, theirs in zip(found, judged(JUDGES[seed], subject, context), strict=True):
            assert mine == theirs


@settings(max_examples=80, deadline=None)
@given(seeds, st.lists(subjects, min_size=2, max_size=5), contexts, st.randoms(use_true_random=False))
def test_random_policies_answer_many_as_each_alone(seed, members, context, random) -> None:
    policy = COMPILED[seed]
    together = answers(policy, batch_of(*members, knowledge=WORLD), context)
    assert together == [answers(policy, batch_of(one, knowledge=WORLD), context)[0] for one in members]
    order = random.sample(range(len(members)), len(members))
    shuffled = answers(policy, batch_of(*(members[at] for at in order), knowledge=WORLD), context)
    assert shuffled == [together[at] for at in order]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.lists(subjects, min_size=1, max_size=2), contexts)
def test_an_exclude_more_never_shows_more(seed: int, members: list[Subject], context: Context) -> None:
    writer = PolicyWriter(WORLD, np.random.default_rng(seed), failing=0.1, narrow=0.3)
    content = writer.policy(8)
    more = {**content, "eligibility": [*content["eligibility"], writer.rule("exclude")]}
    batch = batch_of(*members, knowledge=WORLD)
    fewer, stricter = (compile_policy(parse_policy(json.dumps(one)), WORLD) for one in (content, more))
    for before, after in zip(answers(fewer, batch, context), answers(stricter, batch, context), strict=True):
        for was, now in zip(before[:2], after[:2], strict=True):
            assert not [1 for old, new in zip(was, now, strict=True) if old is not None and new is None]


def test_the_random_policies_do_something_of_everything() -> None:
    removed, shown = set(), set()
    for policy in COMPILED.values():
        batch = batch_of(*(f"m{row:03}" for row in range(7)), knowledge=WORLD)
        for now in range(CUT_OFF, CUT_OFF + 30 * DAY, 5 * DAY):
            for member in answers(policy, batch, Context("home", now, attributes={"store": "s1"})):
                removed |= {policy.section_of(one) for of_kind in member[:2] for one in of_kind if one is not None}
                shown |= {type(one) for one in member[2] if one} | {bool(member[6]), bool(member[7])}
    sections = {"native", "guardrails", "reach", "eligibility", "applicability", "suitability", "calendar", "rules"}
    assert removed >= sections
    assert shown >= {dict, True}


@pytest.mark.parametrize("seed", [1, 4])
def test_what_a_rule_names_and_for_whom_it_holds_is_told_by_its_id(seed: int) -> None:
    policy, judge = COMPILED[seed], JUDGES[seed]
    context = Context("home", CUT_OFF + DAY)
    members = [Subject(f"m{row:03}") for row in range(7)]
    batch = batch_of(*members, knowledge=WORLD)
    for placed in POLICIES[seed].placed_rules():
        rule = placed.rule
        if rule.effect is Effect.EXCLUDE and placed.section == "eligibility":
            one = [judge.member(subject, context) for subject in members]
            expected = [judge_of._is_here(rule) and judge_of.holds(rule) for judge_of in one]
            assert policy.holds(rule.id, batch, context).tolist() == expected
            n = len(WORLD.catalogue if rule.applies_to is ItemKind.PRODUCT else WORLD.offers)
            named = [one[0]._named(rule.id, rule.what, rule.applies_to, row) is not Verdict.NO for row in range(n)]
            assert policy.names(rule.id).tolist() == named
