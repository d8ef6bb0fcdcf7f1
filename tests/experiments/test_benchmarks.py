"""The benchmarks run to the end at toy size and say what DESIGN 9 asks for; how fast is not tested here."""

import json
import math
import os
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from experiments.benchmarks import bulk, run, world
from experiments.measure import measured
from recsys.decision import Context
from recsys.engine import Engine
from recsys.errors import InputError
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import ItemKind
from training.memory import peak_rss_mb, status_mb


def here(opener, settings, tasks, *, workers):
    work = opener(settings)
    return [work(task) for task in tasks]


def test_an_unknown_benchmark_is_refused():
    with pytest.raises(InputError, match="there are allocation, bulk, "):
        run("nothing", {})


@pytest.mark.parametrize("name", ["bulk", "serve"])
@pytest.mark.parametrize(
    ("options", "message"),
    [({"data": "x"}, "takes no data"), ({"rounds": 0}, "rounds is 0"), ({"products": 10}, "products is 10")],
    ids=["unknown", "zero", "too few"],
)
def test_wrong_options_are_refused(name, options, message):
    with pytest.raises(InputError, match=message):
        run(name, options)


def test_the_made_up_world_fills_the_slates_it_is_measured_on():
    knowledge = world.made_up_knowledge(60, 200, np.random.default_rng(0))
    policy = bulk.with_top_20(parse_policy(default_policy_text(world.TIERS, "GBP")))
    engine = Engine(knowledge, compile_policy(policy, knowledge))
    members = [Subject(f"m{row:08}") for row in range(60)]
    records = engine.decide_many(members, Context(placement=bulk.PLACEMENT, now=world.NOW)).records()
    assert {len(record.items) for record in records} == {20}
    assert any(item.kind is ItemKind.OFFER for record in records for item in record.items)


def test_every_list_of_the_made_up_world_holds_distinct_products():
    knowledge: Knowledge = world.made_up_knowledge(40, 60, np.random.default_rng(0))
    for source in knowledge.sources.values():
        assert all(len(set(row)) == world.N_CANDIDATES for row in source.products.tolist())


def test_bulk_reports_its_figures_and_its_peer(monkeypatch):
    monkeypatch.setattr(bulk, "map_spawned", here)
    report = run("bulk", {"members": 200, "products": 80, "rounds": 1})
    facts = json.loads(json.dumps(report.facts))
    assert {"ratio_to_implicit", "members_per_s", "peak_rss_mb"} <= set(facts)
    assert facts["peers"]["implicit_recommend"]["members_per_s"] > 0
    assert (facts["n_members"], facts["n_products"], facts["made_up"]) == (200, 80, True)
    assert all(math.isfinite(value) for value in facts.values() if isinstance(value, float))
    assert {field.name for field in fields(bulk.Timing)} >= {"members_per_s", "members_per_cpu_s"}


def test_serve_reports_its_figures_and_its_floor():
    report = run("serve", {"members": 100, "products": 80, "requests": 40, "rounds": 1, "connections": 2})
    facts = json.loads(json.dumps(report.facts))
    assert {"rps_ratio", "p99_ratio", "rss_mb", "start_s"} <= set(facts)
    assert facts["peers"]["fastapi_same_bytes"]["requests_per_s"] > 0
    assert facts["start_s"] > 0
    assert facts["rss_mb"] > 20


def test_measured_gives_the_result_and_its_cost():
    done = measured(lambda: sum(range(100_000)))
    assert done.result == 4_999_950_000
    assert done.wall_s > 0
    assert peak_rss_mb() > 10


def test_a_memory_figure_is_read_in_megabytes():
    assert status_mb("VmPeak:\t 9 kB\nVmHWM:\t  2000 kB\n", "VmHWM") == 2.048
    assert math.isnan(status_mb("", "VmHWM"))


def test_the_memory_of_a_child_is_its_own():
    held = bytearray(os.urandom(1) * 80_000_000)
    child = "from training.memory import peak_rss_mb; raise SystemExit(peak_rss_mb() > 70)"
    assert subprocess.run([sys.executable, "-c", child], check=False).returncode == 0
    assert len(held) == 80_000_000
