"""What a policy costs, whether what it forbids is ever shown, and what hostile expressions and files do to it."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from experiments.benchmarks import chosen
from experiments.benchmarks.policy_emitted import Emitted, World, open_emission
from experiments.benchmarks.policy_fuzz import LIMIT_MS, Fuzzed, fuzz_expressions, fuzz_files
from experiments.benchmarks.policy_speed import Bulk, Sizes, open_speed, together
from recsys.report import SILENT, Progress, Report, Table
from serving.export.pool import map_spawned
from training.memory import peak_rss_mb

COMPILE_S, DECIDE_US, BULK_MEMBERS_PER_S = 5.0, 150.0, 20_000.0
"""What compiling and one member should cost at most, and how many members blocks should do at least, at full size."""
_DEFAULTS: dict[str, Any] = {
    "rules": 200, "products": 100_000, "offers": 1_000, "members": 20_000, "candidates": 150, "asked": 3_000,
    "peer_members": 3, "bulk_s": 8, "emitted": 1_000_000, "policies": 40, "judged_products": 2_000,
    "judged_offers": 100, "judged_members": 5_000, "fuzz": 10_000, "hang_s": 30, "seed": 1,
}  # fmt: skip
_N_RULES = (5, 10, 20, 40, 80, 120, 160, 200)


def run(options: Mapping[str, Any], progress: Progress = SILENT) -> Report:
    """
    Measure the policy in four parts.

    Speed: one policy of ``rules`` over ``products`` and ``offers``; ``asked`` distinct members one by one and blocks of
    1,000 for ``bulk_s`` seconds, with ``candidates`` products each and all offers, in a process of its own with one
    thread, and in two at once. Violations: at least ``emitted`` products and offers under ``policies`` random policies
    over a mixed bundle, each judged rule by rule. Fuzz: so many expressions and files.

    Args:
        options: Those of `_DEFAULTS`; absent ones have their value there.
        progress: Told what is done.
    """
    asked = chosen("policy", options, _DEFAULTS)
    speed, bulks, two = _speed(asked, progress)
    emitted, wall_s = _emitted(asked, progress)
    fuzz = _fuzz(asked, progress)
    facts = {
        "benchmark": "policy",
        **{name: asked[name] for name in ("rules", "products", "offers", "candidates")},
        **speed["compile"],
        "decide_us": speed["decide"],
        "bulk_members_per_s": bulks.members_per_s,
        "bulk_members_per_cpu_s": bulks.members_per_cpu_s,
        "bulk_members_per_s_two_processes": two,
        "peers": _peers(speed, bulks),
        **_judged(emitted, wall_s),
        "fuzz": {name: asdict(one) for name, one in fuzz.items()},
        "bench_peak_rss_mb": peak_rss_mb(),
    }
    return Report(facts, (_speeds(facts), _found(facts), _hostile(fuzz)), _notes(facts))


def _speed(asked: Mapping[str, Any], told: Progress) -> tuple[dict[str, Any], Bulk, float | None]:
    names = ("rules", "products", "offers", "members", "asked", "candidates", "peer_members", "bulk_s", "seed")
    sizes = Sizes(**{name: asked[name] for name in names})
    told.step("compile, ask one by one, ask in blocks, ask the peers")
    tasks = ("compile", "decide", "bulk", "peers")
    answers = dict(zip(tasks, map_spawned(open_speed, sizes, tasks, workers=1), strict=True))
    told.step("ask in blocks, in two processes")
    two = together(list(map_spawned(open_speed, sizes, ("bulk", "bulk"), workers=2)))
    return answers, answers.pop("bulk"), two


def _emitted(asked: Mapping[str, Any], told: Progress) -> tuple[list[Emitted], float]:
    told.step("emit and judge", asked["policies"])
    began = time.perf_counter()
    found: list[Emitted] = []
    # Some policies show less than their share, so that the others have a little more to show.
    share = -(-asked["emitted"] * 9 // (8 * asked["policies"]))
    world = World(asked["judged_members"], asked["judged_products"], asked["judged_offers"], share, asked["seed"])
    first = 0
    while first < 4 * asked["policies"] and sum(one.n_products + one.n_offers for one in found) < asked["emitted"]:
        tasks = [(seed, _N_RULES[seed % len(_N_RULES)]) for seed in range(first, first + asked["policies"])]
        for one in map_spawned(open_emission, world, tasks, workers=2):
            found.append(one)
            told.advance()
        first += asked["policies"]
    return sorted(found, key=lambda one: one.seed), time.perf_counter() - began


def _fuzz(asked: Mapping[str, Any], told: Progress) -> dict[str, Fuzzed]:
    parts = {}
    for name, fuzzed in (("expressions", fuzz_expressions), ("files", fuzz_files)):
        told.step(f"hostile {name}", asked["fuzz"])
        parts[name] = fuzzed(asked["fuzz"], asked["seed"], hang_s=asked["hang_s"], progress=told)
    return parts


def _peers(speed: Mapping[str, Any], bulk: Bulk) -> dict[str, Any]:
    """The peers' figures, and how many times ours they are."""
    ours = {"decide_us": speed["decide"]["median"], "members_per_s": bulk.members_per_s}
    return {
        name: {
            **figures,
            "times_our_decide_us": figures["decide_us"] / ours["decide_us"],
            "our_times_in_bulk": ours["members_per_s"] / figures["members_per_s"],
        }
        for name, figures in speed["peers"].items()
    }


def _judged(emitted: list[Emitted], wall_s: float) -> dict[str, Any]:
    broken = sum((Counter(one.violations) for one in emitted), Counter[str]())
    n_compared = sum(one.n_compared for one in emitted)
    n_different = sum(one.n_different for one in emitted)
    return {
        "violations": broken.total(),
        "violations_by_rule": dict(broken.most_common(20)),
        "n_emitted": sum(one.n_products + one.n_offers for one in emitted),
        "n_emitted_offers": sum(one.n_offers for one in emitted),
        "n_policies": len(emitted),
        "n_decisions": sum(one.n_decisions for one in emitted),
        "n_empty_decisions": sum(one.n_empty for one in emitted),
        "emit_s": sum(one.decide_s for one in emitted),
        "judge_s": sum(one.judge_s for one in emitted),
        "emit_and_judge_wall_s": wall_s,
        "online_equals_bulk": 1.0 - n_different / max(n_compared, 1),
        "n_compared": n_compared,
        "told": [line for one in emitted for line in one.told][:20],
    }


def _speeds(facts: Mapping[str, Any]) -> Table:
    decide, peers = facts["decide_us"], facts["peers"]
    rows = (
        ("compile, s", facts["compile_s"], f"at most {COMPILE_S:g}", None, None),
        *(
            (f"one member, {name}, us", figures["median"], goal, figures["p99"], figures["cpu_p99"])
            for name, figures, goal in (
                ("warm", decide, f"at most {DECIDE_US:g}"),
                ("cold", decide["cold"], ""),
                ("asked again", decide["again"], ""),
                ("nothing known since", decide["nothing_known_since"], ""),
            )
        ),
        ("the very first, us", decide["cold"]["first"], "", None, None),
        ("a whole decision, us", decide["whole_decision"], "", None, None),
        ("in blocks, members/s", facts["bulk_members_per_s"], f"at least {BULK_MEMBERS_PER_S:,.0f}", None, None),
        ("in blocks, members/CPU-s", facts["bulk_members_per_cpu_s"], "", None, None),
        ("in two processes, members/s", facts["bulk_members_per_s_two_processes"], "", None, None),
        *((f"{name}, one member, us", peer["decide_us"], "", None, None) for name, peer in peers.items()),
        *((f"{name}, members/s", peer["members_per_s"], "", None, None) for name, peer in peers.items()),
    )
    title = f"{facts['rules']} rules x {facts['products']:,} products x {facts['offers']:,} offers, one thread"
    figures = dict.fromkeys(("median", "p99", "p99 in CPU time"), ",.1f")
    return Table(title, ("what", "median", "goal", "p99", "p99 in CPU time"), rows, formats=figures)


def _found(facts: Mapping[str, Any]) -> Table:
    names = (
        "n_emitted", "n_emitted_offers", "n_policies", "n_decisions", "n_empty_decisions", "violations", "n_compared",
        "online_equals_bulk",
    )  # fmt: skip
    return Table("Shown, and judged rule by rule", ("what", "how many"), tuple((name, facts[name]) for name in names))


def _hostile(fuzz: Mapping[str, Fuzzed]) -> Table:
    columns = (
        "n", "crashes", "hangs", "refused", "refused_without_position", "slowest_ms", "slowest_taken_ms", "over_limit",
        "taken_over_limit", "cpu_s", "peak_rss_mb",
    )  # fmt: skip
    rows = tuple((name, *(getattr(one, column) for column in columns)) for name, one in fuzz.items())
    return Table(
        f"Hostile texts; the limit is {LIMIT_MS:g} ms",
        ("what", *columns),
        rows,
        formats=dict.fromkeys(columns, ",.1f"),
    )


def _notes(facts: Mapping[str, Any]) -> tuple[str, ...]:
    decide = facts["decide_us"]
    return (
        f"The policy is {decide['share_of_decision']:.0%} of one decision ({decide['whole_decision']:,.0f} us).",
        f"{facts['n_emitted']:,} things shown were judged in {facts['judge_s']:,.0f} s, by plain loops that share "
        "nothing with the compiled policy but CEL.",
        *facts["told"][:5],
    )
