"""What a policy costs: compiling it, asking it for one member and for many, and the same without compiling it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.policy_emitted import RememberingJudge
from experiments.benchmarks.policy_members import mixed_knowledge, random_subjects
from experiments.benchmarks.policy_peers import EveryPair, Things
from experiments.benchmarks.policy_world import PolicyWriter
from experiments.benchmarks.world import NOW
from experiments.measure import Measured, measured
from recsys.batch import build_batch
from recsys.decision import Context
from recsys.engine import Engine
from recsys.members import MemberBatch, Subject
from recsys.policy.compile import CompiledPolicy, compile_policy
from recsys.policy.reading.load import parse_policy
from recsys.retrieve import retrieve
from recsys.types import Consent, ItemKind, KeepMask, Rows
from training.memory import peak_rss_mb

BLOCK = 1_000
_COMPILED = 3
_HOME = Context("home", NOW, attributes={"store": "s1", "weather": "rain", "visits": 2})


@dataclass(frozen=True, slots=True)
class Sizes:
    """
    Of the world and of the work.

    Attributes:
        rules, products, offers, members: Of the policy and the bundle.
        asked: Distinct members who are asked about one by one, cold and then warm.
        candidates: Products of each member at most.
        peer_members: Of the peers, which take seconds a member.
        bulk_s: Seconds that blocks are asked about.
        seed: Of everything.
    """

    rules: int
    products: int
    offers: int
    members: int
    asked: int
    candidates: int
    peer_members: int
    bulk_s: float
    seed: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Microseconds that asking took, one a member."""

    wall_us: NDArray[np.float64]
    cpu_us: NDArray[np.float64]

    def facts(self) -> dict[str, float]:
        """Median and 99th percentile, by the clock and in CPU time."""
        by_clock, by_cpu = (np.percentile(one, [50, 99]).tolist() for one in (self.wall_us, self.cpu_us))
        figures = dict(zip(("median", "p99", "cpu_median", "cpu_p99"), (*by_clock, *by_cpu), strict=True))
        return {**figures, "n": len(self.wall_us)}


@dataclass(frozen=True, slots=True)
class Block:
    """Members with their candidates, ready to be asked about."""

    batch: MemberBatch
    candidates: Rows
    withhold: KeepMask


@dataclass(frozen=True, slots=True)
class Bulk:
    """When each block of a process was done, by a clock that all processes share, and how many members it had."""

    began: float
    done: tuple[float, ...]
    n_members: tuple[int, ...]
    cpu_s: float

    @property
    def members_per_s(self) -> float:
        """By the clock."""
        return sum(self.n_members) / (self.done[-1] - self.began)

    @property
    def members_per_cpu_s(self) -> float:
        """In CPU time of the one thread."""
        return sum(self.n_members) / self.cpu_s


def ask(policy: CompiledPolicy, block: Block, context: Context) -> None:
    """All that one decision asks of a policy, whose bounds on money need no values."""
    ruling = policy.ruling(block.batch, context)
    ruling.pins()
    ruling.product_removals(block.candidates)
    ruling.slate_removals()
    ruling.product_boost(block.candidates)
    ruling.caps()
    ruling.offer_removals(withhold=block.withhold)
    ruling.offer_boost()


class Speed:
    """A world with a policy of many rules."""

    def __init__(self, sizes: Sizes) -> None:
        """Make it, and compile the policy."""
        self._sizes = sizes
        rng = np.random.default_rng(sizes.seed)
        self._knowledge = mixed_knowledge(sizes.members, sizes.products, sizes.offers, rng=rng)
        self._text = PolicyWriter(self._knowledge, rng).text(sizes.rules)
        self._parsed = measured(lambda: parse_policy(self._text))
        self._policy = compile_policy(self._parsed.result, self._knowledge)
        agreed = (self._knowledge.members.consent & np.uint8(Consent.PERSONALISATION)) != 0
        self._rows = rng.permutation(np.flatnonzero(agreed))
        self._subjects = random_subjects(self._rows.tolist(), self._knowledge, _HOME.now, rng)

    def __call__(self, task: str) -> Any:
        """One of the measurements, by name."""
        tasks: dict[str, Callable[[], Any]] = {
            "compile": self.compiled,
            "decide": self.decided,
            "bulk": self.bulk,
            "peers": self.peers,
        }
        return tasks[task]()

    def compiled(self) -> dict[str, float]:
        """Compiling, again and again; the median."""
        runs = [measured(lambda: compile_policy(self._parsed.result, self._knowledge)) for _ in range(_COMPILED)]
        return {
            "compile_s": median(run.wall_s for run in runs),
            "compile_cpu_s": median(run.cpu_s for run in runs),
            "parse_s": self._parsed.wall_s,
            "n_rules": len(self._policy.rules),
            "n_bytes": len(self._text),
            "peak_rss_mb": peak_rss_mb(),
        }

    def decided(self) -> dict[str, Any]:
        """
        One member after the other: just after compiling, then others, then these again, of whom every value was seen.
        """
        n = max(min(self._sizes.asked, len(self._subjects) // 3), 1)
        first, second, third = (self._subjects[at * n : (at + 1) * n] for at in range(3))
        fresh = compile_policy(self._parsed.result, self._knowledge)
        cold, warm = self._asked(fresh, first), self._asked(fresh, second)
        plain = self._asked(fresh, [Subject(one.member_id) for one in third])
        engine = Engine(self._knowledge, fresh)
        engine.decide(second[0], _HOME)
        whole = [measured(partial(engine.decide, one, _HOME)) for one in second[: max(n // 4, 1)]]
        again = self._asked(fresh, second)
        few = float(np.median(again.wall_us[: len(whole)]))
        decide_us = median(run.wall_s for run in whole) * 1e6
        return {
            **warm.facts(),
            "cold": {"first": float(cold.wall_us[0]), **cold.facts()},
            "again": again.facts(),
            "nothing_known_since": plain.facts(),
            "whole_decision": decide_us,
            "share_of_decision": few / decide_us,
        }

    def bulk(self) -> Bulk:
        """Blocks of members for some seconds, after one pass that warms up."""
        blocks = [self._block(self._subjects[at : at + BLOCK]) for at in range(0, len(self._subjects), BLOCK)]
        full = [block for block in blocks if len(block.batch) == BLOCK] or blocks
        for block in full:
            ask(self._policy, block, _HOME)
        done: list[float] = []
        counts: list[int] = []
        cpu, began = time.process_time(), time.monotonic()
        while not done or done[-1] - began < self._sizes.bulk_s:
            block = full[len(done) % len(full)]
            ask(self._policy, block, _HOME)
            done.append(time.monotonic())
            counts.append(len(block.batch))
        return Bulk(began, tuple(done), tuple(counts), time.process_time() - cpu)

    def peers(self) -> dict[str, dict[str, float]]:
        """Without compiling: every rule of every pair, for some of the same members."""
        judge = RememberingJudge(self._parsed.result, self._knowledge)
        every_pair = EveryPair(self._parsed.result, judge)
        subjects = self._subjects[: self._sizes.peer_members]
        things = [self._things(subject) for subject in subjects]
        members = [judge.member(subject, _HOME) for subject in subjects]
        naive = [measured(partial(every_pair.ask, *pair)) for pair in zip(members, things, strict=True)]
        return {"every_pair": _figures(naive)}

    def _asked(self, policy: CompiledPolicy, subjects: list[Subject]) -> Asked:
        blocks = [self._block([subject]) for subject in subjects]
        wall, cpu = np.empty(len(blocks)), np.empty(len(blocks))
        for at, block in enumerate(blocks):
            thread, clock = time.thread_time_ns(), time.perf_counter_ns()
            ask(policy, block, _HOME)
            wall[at], cpu[at] = time.perf_counter_ns() - clock, time.thread_time_ns() - thread
        return Asked(wall / 1e3, cpu / 1e3)

    def _block(self, subjects: list[Subject]) -> Block:
        nobody: KeepMask = np.zeros(len(subjects), dtype=np.bool_)
        batch = build_batch(subjects, self._knowledge, impersonal=nobody)
        return Block(batch, retrieve(batch, self._knowledge).products[:, : self._sizes.candidates], nobody)

    def _things(self, subject: Subject) -> Things:
        rows = self._block([subject]).candidates[0]
        return ((ItemKind.PRODUCT, rows[rows >= 0].tolist()), (ItemKind.OFFER, range(len(self._knowledge.offers))))


def together(parts: list[Bulk]) -> float | None:
    """Members a second of all processes, of the blocks done while all of them were at work; absent without such."""
    began, ended = max(part.began for part in parts), min(part.done[-1] for part in parts)
    rates = []
    for part in parts:
        done = np.array(part.done)
        inside = (done > began) & (done <= ended)
        if inside.sum() < 2:
            return None
        spent = done[inside][-1] - done[inside][0]
        rates.append(np.array(part.n_members)[inside][1:].sum() / spent)
    return float(sum(rates))


def open_speed(sizes: Sizes) -> Speed:
    """For a worker of its own."""
    return Speed(sizes)


def _figures(runs: list[Measured[int]]) -> dict[str, float]:
    return {
        "decide_us": median(run.wall_s for run in runs) * 1e6,
        "members_per_s": len(runs) / sum(run.wall_s for run in runs),
        "n_members": len(runs),
    }
