"""What `bench policy` finds at toy size: its figures are there, its judge can find something, its watchdog bites."""

import json
import os
import signal
from collections import Counter

import numpy as np
import pytest

from experiments.benchmarks import policy, run
from experiments.benchmarks.policy_emitted import Emission, RememberingJudge, World, without_sweeping
from experiments.benchmarks.policy_fuzz import Refusal, fuzz, fuzz_expressions, fuzz_files
from experiments.benchmarks.policy_judge import Judge
from experiments.benchmarks.policy_members import mixed_knowledge, random_contexts, random_subjects
from experiments.benchmarks.policy_peers import EveryPair
from experiments.benchmarks.policy_slates import broken_rules
from experiments.benchmarks.policy_speed import Bulk, together
from experiments.benchmarks.policy_world import PolicyWriter
from recsys.decision import Context
from recsys.engine import Engine
from recsys.errors import InputError
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import parse_policy
from recsys.report import SILENT
from recsys.types import SECONDS_PER_DAY, ItemKind

SIZES = {
    "rules": 20, "products": 300, "offers": 30, "members": 120, "candidates": 40, "asked": 8, "peer_members": 1,
    "bulk_s": 0.05, "emitted": 250, "policies": 2, "judged_products": 200, "judged_offers": 20, "judged_members": 90,
    "fuzz": 40,
}  # fmt: skip
WORLD = mixed_knowledge(60, 200, 12, rng=np.random.default_rng(3))
NOW = WORLD.cut_off + SECONDS_PER_DAY
EXCLUDE = {"id": "no", "owner": "test", "effect": "exclude"}
GOLD = {"id": "no", "owner": "test", "applies_to": "product", "what": "product.stock > 0", "from_tier": "gold"}
DAYS = ["mon", "sat"]
OFFERS = [WORLD.offers.offers.id(row) for row in range(12)]
SOME, SOON, WEEKLY = {"some": {"offers": OFFERS}}, {"ignored_after_days": 1}, {"every": "week", "on": ["mon", "sat"]}
CAP = {"id": "no", "campaign": "some", "channel": "web", "max_messages": 1, "period_days": 9}
BARE = ("name", "currency", "tiers", "placements", "default_placement", "context_attributes")
LAX = {name: PolicyWriter(WORLD, np.random.default_rng(0)).policy(0)[name] for name in BARE}


def here(opener, settings, tasks, *, workers):
    work = opener(settings)
    return (work(task) for task in tasks)


@pytest.fixture(scope="module")
def facts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy, "map_spawned", here)
        report = run("policy", SIZES)
    assert all(table.rows for table in report.tables)
    return json.loads(json.dumps(report.facts))


def random_policy(n_rules, seed):
    return parse_policy(PolicyWriter(WORLD, np.random.default_rng(seed)).text(n_rules))


def test_the_report_has_every_figure(facts):
    assert {"compile_s", "bulk_members_per_s", "bulk_members_per_s_two_processes", "judge_s"} <= facts.keys()
    decide = facts["decide_us"]
    for figures in (decide, decide["cold"], decide["again"], decide["nothing_known_since"]):
        assert 0 < figures["median"] <= figures["p99"]
        assert figures["n"] == SIZES["asked"]
    assert 0 < decide["share_of_decision"] < 1
    assert facts["bulk_members_per_s"] > 0
    assert facts["peers"]["every_pair"]["n_members"] == 1
    assert facts["peers"]["every_pair"]["times_our_decide_us"] > 1


def test_nothing_that_is_shown_is_forbidden_and_alone_is_as_among_many(facts):
    assert facts["violations"] == 0, facts["told"]
    assert facts["n_emitted"] >= SIZES["emitted"]
    assert 0 < facts["n_emitted_offers"] < facts["n_emitted"]
    assert facts["n_compared"] > 0
    assert facts["online_equals_bulk"] == 1, facts["told"]


def test_hostile_texts_are_read_or_refused_with_a_position(facts):
    for name in ("expressions", "files"):
        found = facts["fuzz"][name]
        assert found["n"] == SIZES["fuzz"]
        assert (found["crashes"], found["hangs"], found["refused_without_position"]) == (0, 0, 0), found["told"]
        assert 0 < found["refused"] < found["n"]
        assert found["cpu_s"] > 0
        assert found["peak_rss_mb"] > 10


def test_an_option_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="takes no rounds"):
        run("policy", {"rounds": 3})


@pytest.mark.parametrize(
    ("part", "rule"),
    [
        ({"eligibility": [{**EXCLUDE, "what": "product.price_minor > 900"}]}, "no"),
        ({"applicability": [{**EXCLUDE, "applies_to": "offer", "who": "member.tier_rank < 2"}]}, "no"),
        ({"rules": [{**EXCLUDE, "effect": "require", "what": "product.stock > 3"}]}, "no"),
        ({"rules": [{**EXCLUDE, "effect": "cap", "cap": {"limit": 3, "per": "all"}}]}, "no"),
        ({"diversity": [{"id": "no", "owner": "test", "per": "all", "limit": 5, "who": "member.points < 2500"}]}, "no"),
        (
            {
                "reach": [
                    {
                        "id": "no",
                        "owner": "test",
                        "applies_to": "product",
                        "what": "product.stock > 0",
                        "from_tier": "gold",
                    }
                ]
            },
            "no",
        ),
        (
            {
                "calendar": [
                    {"id": "day", "kind": "sale", "when": {"every": "week", "on": ["mon", "sat"]}, "rules": [EXCLUDE]}
                ]
            },
            "no",
        ),
        ({"contact": {"caps": [{"id": "no", "max_messages": 1, "period_days": 9}]}}, "no"),
        ({"guardrails": {"max_depth": 0.05}}, "max_depth"),
        ({"guardrails": {"min_margin_rate": 0.301}}, "min_margin"),
        ({"guardrails": {"max_discount_rate": 0.02}}, "max_discount_rate"),
        ({"guardrails": {"min_no_discount_share": 0.6}}, "no_discount"),
        ({"guardrails": {"budgets": [{"id": "no", "amount_minor": 150}]}}, "no"),
        ({"guardrails": {"depth_bands": [{"id": "no", "kind": "percent_off", "max_depth": 0.05}]}}, "no"),
        ({"campaigns": SOME, "contact": {"caps": [CAP]}}, "no"),
        ({"contact": {"quiet_hours": [{"id": "no", "channels": ["web"], "from": "07:30", "until": "02:00"}]}}, "no"),
        ({"contact": {"cooldowns": [{"id": "no", "after": "redeemed", "of": "kind", "days": 30}]}}, "no"),
        ({"contact": {"cooldowns": [{"id": "no", "after": "ignored", "of": "any", "days": 9, **SOON}]}}, "no"),
        ({"calendar": [{"id": "no", "kind": "sale", "when": WEEKLY, "offers": OFFERS}]}, "no"),
        ({"recently_bought": {"days": 300, "unless_repeat_rate_at_least": 0.9}}, "recently_bought"),
    ],
)
def test_the_judge_finds_what_is_shown_without_a_rule(part, rule):
    lax, strict = (parse_policy(json.dumps({**LAX, **added})) for added in ({}, part))
    judge = RememberingJudge(strict, WORLD)
    engine = Engine(WORLD, compile_policy(lax, WORLD))
    found, of_itself = Counter(), Counter()
    for context in random_contexts(12, np.random.default_rng(1)):
        subjects = random_subjects(range(20), WORLD, context.now, np.random.default_rng(2))
        for subject, decision in zip(subjects, engine.decide_many(subjects, context).records(), strict=True):
            found.update(one for one, _ in broken_rules(judge.member(subject, context), decision, strict))
            itself = RememberingJudge(lax, WORLD).member(subject, context)
            of_itself.update(one for one, _ in broken_rules(itself, decision, lax))
    assert found.keys() == {rule}
    assert not of_itself


def test_a_judge_that_remembers_says_the_same():
    strict = random_policy(60, 7)
    judges = Judge(strict, WORLD), RememberingJudge(strict, WORLD)
    for context in random_contexts(4, np.random.default_rng(4)):
        for subject in random_subjects(range(8), WORLD, context.now, np.random.default_rng(5)):
            one, other = (judge.member(subject, context) for judge in judges)
            for kind, n in ((ItemKind.PRODUCT, 40), (ItemKind.OFFER, 12)):
                assert [one.first(kind, row) for row in range(n)] == [other.first(kind, row) for row in range(n)]


def test_the_same_policy_emits_the_same_and_at_least_what_is_asked():
    world = World(members=60, products=200, offers=12, emitted=400, seed=1)
    one, other = Emission(world)((0, 10)), Emission(world)((0, 10))
    counted = ("n_products", "n_offers", "n_decisions", "n_empty", "n_compared", "violations")
    assert [getattr(one, name) for name in counted] == [getattr(other, name) for name in counted]
    assert one.n_products + one.n_offers >= 400


def test_rules_that_remove_almost_everything_are_left_out():
    content = PolicyWriter(WORLD, np.random.default_rng(0)).policy(10)
    rule = {"id": "sweeping", "owner": "test", "effect": "exclude", "what": "product.price_minor > 0"}
    little = {**rule, "id": "little", "what": f"product.id == '{WORLD.catalogue.products.id(3)}'"}
    needed = {**rule, "id": "needed", "effect": "require"}
    content["rules"] = [rule, little, needed]
    kept = without_sweeping(content, compile_policy(parse_policy(json.dumps(content)), WORLD))
    assert [one["id"] for one in kept["rules"]] == ["little", "needed"]


def test_peers_ask_every_pair():
    holds = {**EXCLUDE, "who": "member.points >= 0", "what": "product.price_minor > 900"}
    rules = [holds, {**holds, "id": "never", "who": "member.points < 0"}]
    strict = parse_policy(json.dumps({**LAX, "rules": rules}))
    judge = RememberingJudge(strict, WORLD)
    member = judge.member(Subject("m00000007"), Context("home", NOW))
    expected = int((WORLD.catalogue.price_minor > 900).sum())
    things = ((ItemKind.PRODUCT, range(200)),)
    assert EveryPair(strict, judge).ask(member, things) == expected


def test_two_processes_count_only_while_both_are_at_work():
    one = Bulk(0.0, (1.0, 2.0, 3.0, 4.0), (10, 10, 10, 10), 4.0)
    other = Bulk(1.5, (2.5, 3.5, 9.0), (10, 10, 10), 4.0)
    assert together([one, other]) == pytest.approx(10 / 1.0 + 10 / 1.0)
    assert together([one, Bulk(5.0, (6.0, 7.0), (10, 10), 1.0)]) is None


def texts():
    return iter(["good", "bad", "raises", "hangs", "good", "dies", "unplaced", "good"])


def open_reader():
    def read(text):
        match text:
            case "bad" | "unplaced":
                return Refusal("wrong", placed=text == "bad")
            case "raises":
                raise RecursionError("too deep")
            case "hangs":
                signal.pause()
            case "dies":
                os._exit(3)
        return None

    return read


def test_a_watchdog_counts_crashes_and_hangs_and_goes_on():
    found = fuzz(texts, open_reader, hang_s=2, progress=SILENT)
    assert (found.n, found.crashes, found.hangs) == (8, 2, 1)
    assert (found.refused, found.refused_without_position) == (2, 1)
    assert any("ended with 3: 'dies'" in line for line in found.told)
    assert any("hang: 'hangs'" in line for line in found.told)


@pytest.mark.parametrize("fuzzed", [fuzz_expressions, fuzz_files])
def test_the_same_seed_becomes_the_same(fuzzed):
    one, other = (fuzzed(24, 5, hang_s=30, progress=SILENT) for _ in range(2))
    assert (one.n, one.refused, one.crashes) == (other.n, other.refused, other.crashes)
