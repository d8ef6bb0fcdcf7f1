"""Whole random policies, with money, campaigns, rests, arms and fallbacks: what is shown passes every rule by hand."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.benchmarks.policy_emitted import RememberingJudge
from experiments.benchmarks.policy_members import mixed_knowledge, random_contexts, random_subjects
from experiments.benchmarks.policy_periods import birthday_by_the_clock, is_on_by_the_clock
from experiments.benchmarks.policy_slates import broken_rules, member_judge
from experiments.benchmarks.policy_world import PolicyWriter
from experiments.benchmarks.policy_world_whole import every_kind_of_offer, with_odd_columns
from recsys.decision import Context
from recsys.engine import Engine
from recsys.policy.calendar.birthday import birthday_distance
from recsys.policy.calendar.times import is_on
from recsys.policy.compile import CompiledPolicy, compile_policy
from recsys.policy.file.calendar import Period
from recsys.policy.reading.load import parse_policy
from recsys.types import ItemKind, Relation
from tests.recsys.policy.small import HOME, KNOWLEDGE, batch_of, compiled

RNG = np.random.default_rng(11)
WORLD = with_odd_columns(every_kind_of_offer(mixed_knowledge(60, 90, 14, rng=RNG), RNG), RNG)
ZONES = ("Europe/London", "Australia/Lord_Howe", "America/St_Johns", "Asia/Shanghai")
DAYS = st.lists(st.sampled_from(["mon", "wed", "sun"]), min_size=1, unique=True)
MONTH_DAYS = st.lists(st.integers(1, 31) | st.just("last"), min_size=1, max_size=3, unique=True)
OF_YEAR = st.sampled_from(["01-01", "02-28", "02-29", "03-01", "03-30", "10-26", "12-31"])
HOURS = st.sampled_from([None, ("00:00", "01:30"), ("01:30", "03:00"), ("22:00", "02:30"), ("02:00", "00:00")])
CHANGES = (1_743_296_400, 1_761_440_400, 1_759_591_800, 1_740_747_600, 1_709_164_800, 1_735_689_600)
"""Where clocks change, in spring, autumn and the south, and where February and the year end."""


def whole(seed: int, n_rules: int) -> dict[str, object]:
    return PolicyWriter(WORLD, np.random.default_rng(seed), failing=0.03, narrow=0.1, whole=True).policy(n_rules)


@pytest.mark.parametrize(("seed", "n_rules"), [(0, 0), (1, 6), (2, 20), (8, 12)])
def test_what_is_shown_passes_every_rule_and_alone_is_as_among_many(seed: int, n_rules: int) -> None:
    policy = parse_policy(json.dumps(whole(seed, n_rules)))
    engine, judge = Engine(WORLD, compile_policy(policy, WORLD)), RememberingJudge(policy, WORLD)
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    for context, relation in zip(random_contexts(8, rng), (None, None, *Relation) * 2, strict=False):
        asked = replace(context, relation=relation)
        drawn = random_subjects(rng.choice(60, 10, replace=False).tolist(), WORLD, context.now, rng)
        subjects = [replace(one, about=(f"p{rng.integers(90):07}", "gone")) for one in drawn]
        together = engine.decide_many(subjects, asked).records()
        assert together[::-1] == engine.decide_many(subjects[::-1], asked).records()
        for subject, decision in zip(subjects, together, strict=True):
            assert decision == engine.decide(subject, asked)
            assert not [*broken_rules(member_judge(judge, subject, asked, decision), decision, policy)]
            found.update(item.kind for item in decision.items)
    assert found[ItemKind.PRODUCT]


def removed(policy: CompiledPolicy, context: Context, seed: int) -> list[tuple[bool, ...]]:
    subjects = random_subjects(range(20), WORLD, context.now, np.random.default_rng(seed))
    batch = batch_of(*subjects, knowledge=WORLD)
    every = np.tile(np.arange(90, dtype=np.int32), (20, 1))
    nobody = np.zeros(20, dtype=np.bool_)
    lost = (
        policy.product_removals(batch, context, every) >= 0,
        policy.offer_removals(batch, context, withhold=nobody) >= 0,
    )
    return [tuple(line) for line in np.concatenate(lost, axis=1).tolist()]


@pytest.mark.parametrize("seed", [1, 2])
def test_of_hundreds_in_a_call_the_last_are_answered_as_alone(seed: int) -> None:
    policy, rng = compile_policy(parse_policy(json.dumps(whole(seed, 20))), WORLD), np.random.default_rng(seed)
    (context,) = random_contexts(1, rng)
    subjects = random_subjects(rng.integers(0, 60, 600).tolist(), WORLD, context.now, rng)
    together = policy.ruling(batch_of(*subjects, knowledge=WORLD), context)
    nobody, every = np.zeros(600, dtype=np.bool_), np.arange(90, dtype=np.int32)
    found = together.product_removals(np.tile(every, (600, 1))), together.offer_removals(withhold=nobody)
    for at in (0, 255, 256, 257, *range(500, 600, 7)):
        alone = policy.ruling(batch_of(subjects[at], knowledge=WORLD), context)
        assert np.array_equal(alone.product_removals(every[None])[0], found[0][at])
        assert np.array_equal(alone.offer_removals(withhold=nobody[:1])[0], found[1][at])


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_the_order_of_rules_and_their_sections_change_the_reason_and_not_what_is_removed(seed: int) -> None:
    content = whole(seed, 30)
    shuffled = dict(reversed(content.items()))
    for section in ("eligibility", "applicability", "suitability", "rules", "reach"):
        shuffled[section] = content[section][::-1]
    moved = [*content["eligibility"], *content["applicability"]]
    elsewhere = {**content, "eligibility": [], "applicability": [], "rules": [*content["rules"], *moved]}
    policies = [compile_policy(parse_policy(json.dumps(one)), WORLD) for one in (content, shuffled, elsewhere)]
    for context in random_contexts(4, np.random.default_rng(seed)):
        first, *others = (removed(policy, context, seed) for policy in policies)
        assert all(first == other for other in others)


@pytest.mark.parametrize("who_reads", ["bulk", "alone"])
@pytest.mark.parametrize("n_tiers", [4, 16])
def test_a_higher_tier_never_reaches_less(who_reads: str, n_tiers: int) -> None:
    tiers = [f"tier {rank}" for rank in range(n_tiers)]
    rank = np.arange(7, dtype=np.int8) * (n_tiers - 1) // 6
    consent = np.full(7, 15, dtype=np.uint8)
    members = replace(KNOWLEDGE.members, tier=rank.astype(np.int8), consent=consent)
    offers = replace(KNOWLEDGE.offers, tier_mask=np.full(6, 0xFFFF, dtype=np.uint16))
    knowledge = replace(KNOWLEDGE, tiers=tuple(tiers), members=members, offers=offers)
    reach = [
        {"id": f"reach_{at}", "owner": "tests", "applies_to": "product", "what": what, "from_tier": tiers[-at]}
        for at, what in enumerate(["product.stock > 0", "100 / (product.stock + 1) > 3", "product.id.endsWith('7')"], 1)
    ]
    policy = compiled(tiers=tiers, reach=reach, knowledge=knowledge)
    names = [f"m{row:03}" for row in range(7)]
    batches = [batch_of(*names, knowledge=knowledge)] if who_reads == "bulk" else [
        batch_of(name, knowledge=knowledge) for name in names
    ]  # fmt: skip
    every = np.arange(30, dtype=np.int32)
    kept = np.concatenate([policy.product_removals(one, HOME, np.tile(every, (len(one), 1))) < 0 for one in batches])
    assert (kept[1:] >= kept[:-1]).all()
    assert kept.sum(axis=1)[0] < kept.sum(axis=1)[-1]


@st.composite
def periods(draw: st.DrawFn) -> Period:
    hours = draw(HOURS)
    some = {} if hours is None else {"hours": {"from": hours[0], "until": hours[1]}}
    first, after = draw(st.lists(OF_YEAR, min_size=2, max_size=2, unique=True))
    when = draw(
        st.sampled_from([
            {"every": "week", "on": draw(DAYS)},
            {"every": "month", "on": draw(MONTH_DAYS)},
            {"every": "year", "from": first, "until": after},
        ])
    )  # fmt: skip
    return Period.model_validate({"id": "period", "kind": "sale", "when": {**when, **some}})


@settings(max_examples=150, deadline=None)
@given(periods(), st.sampled_from(ZONES), st.sampled_from(CHANGES), st.integers(-80 * 3_600, 80 * 3_600))
def test_a_period_is_on_when_a_walk_along_the_clock_says_so(period: Period, zone: str, change: int, shift: int) -> None:
    for now in (change + shift, change + shift // 1_800 * 1_800, change + shift // 1_800 * 1_800 - 1):
        assert is_on(period, now, zone=zone) == is_on_by_the_clock(period, now, zone)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-1, 367), st.sampled_from(ZONES), st.sampled_from(CHANGES), st.integers(-800, 2_000), st.integers(-1, 1)
)
def test_a_birthday_is_as_far_as_a_walk_from_day_to_day(
    days: int, zone: str, as_of: int, later: int, second: int
) -> None:
    now = as_of + later * 86_400 // 2 + second
    found = birthday_distance(np.array([days]), as_of=as_of, now=now, zone=zone)
    assert (found.days_to.item(), found.days_after.item()) == birthday_by_the_clock(days, as_of, now, zone)
