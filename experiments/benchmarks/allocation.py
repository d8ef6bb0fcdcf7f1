"""Offers given to everybody under shared rows: how far from the linear program, how fast, and whether all rows hold."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from experiments.benchmarks import chosen
from experiments.benchmarks.allocation_cases import WORLDS, free_spend, one_budget, ordinary, twelve_rows
from experiments.benchmarks.allocation_judge import linear_optimum
from experiments.measure import measured
from recsys.offers.allocation.allocate import Allocation, allocate
from recsys.offers.allocation.fairness import price_of_fairness
from recsys.offers.allocation.problem import Problem
from recsys.offers.allocation.rows import Row, Sense, budget
from recsys.report import Progress, Report, Table
from training.memory import peak_rss_mb, restart_peak

_DEFAULTS: dict[str, Any] = {
    "members": 30_000,
    "offers": 10,
    "large": 1_000_000,
    "large_offers": 8,
    "small": 2_000,
    "seeds": 3,
}
_TIGHTNESS = (0.05, 0.2, 1.0, 3.0)
_LEAST_OFFERS = 9


@dataclass(frozen=True, slots=True)
class _Solved:
    """
    One problem's figures.

    Attributes:
        gap: The linear program's optimum less our value, as a share of it. Of the large problems HiGHS is not asked:
            our own bound, which is no less than the optimum, stands for it.
        infeasible: Some row is broken; counted again from the answer.
        seconds, cpu_s: Ours, by the clock and of CPU.
        highs_seconds, highs_cpu_s: Of HiGHS, the model's building included; None where not asked.
        peak_rss_mb: While ours ran, the problem included.
        steps: Times that all members' best choices were looked for.
    """

    name: str
    gap: float
    infeasible: bool
    seconds: float
    cpu_s: float
    highs_seconds: float | None
    highs_cpu_s: float | None
    peak_rss_mb: float
    steps: int


def run(options: Mapping[str, Any], progress: Progress) -> Report:
    """
    Allocate made-up problems of several sizes, ordinary and nasty.

    Args:
        options: ``members`` and ``offers`` of the twelve-row problems that HiGHS solves, too; ``large`` and
            ``large_offers`` of the one-budget problem; ``small``, members of the nasty ones; ``seeds`` of each.
        progress: Told of every problem.

    Raises:
        InputError: An option is unknown or below 1, or there are fewer than nine offers for twelve rows.
    """
    asked = chosen("allocation", options, {**_DEFAULTS})
    asked["offers"] = max(asked["offers"], _LEAST_OFFERS)
    seeds, sizes = range(asked["seeds"]), (asked["members"], asked["offers"])
    progress.step("twelve rows, HiGHS beside", total=len(seeds))
    twelve = [_twelve(seed, sizes, progress) for seed in seeds]
    progress.step("one budget", total=len(seeds))
    large = [_one_budget(seed, (asked["large"], asked["large_offers"]), progress) for seed in seeds]
    progress.step("twelve rows, all members", total=1)
    wide = _solve("twelve rows", *_ordinary(0, (asked["large"], _LEAST_OFFERS)), highs=False)
    progress.advance()
    nasty = list(_nasty(asked["small"], asked["offers"], len(seeds), progress))
    fairness = price_of_fairness(*_ordinary(0, sizes))
    everything = [*twelve, *large, wide, *nasty]
    facts = {
        "benchmark": "allocation",
        **{name: asked[name] for name in _DEFAULTS},
        "gap_12_rows": max(one.gap for one in twelve),
        "gap_one_budget": max(one.gap for one in large),
        "gap_12_rows_large": wide.gap,
        "worst_gap_nasty": max(one.gap for one in nasty),
        "seconds_one_budget": max(one.seconds for one in large),
        "cpu_s_one_budget": max(one.cpu_s for one in large),
        "seconds_12_rows_large": wide.seconds,
        "infeasible": sum(one.infeasible for one in everything),
        "problems": len(everything),
        "highs_seconds": float(np.mean([one.highs_seconds for one in twelve])),
        "highs_cpu_s": float(np.mean([one.highs_cpu_s for one in twelve])),
        "ours_seconds": float(np.mean([one.seconds for one in twelve])),
        "ours_cpu_s": float(np.mean([one.cpu_s for one in twelve])),
        "peak_rss_mb": max(one.peak_rss_mb for one in everything),
        "price_of_fairness": fairness.price,
        "tier_mean_before": fairness.mean_unfair.tolist(),
        "tier_mean_after": fairness.mean_fair.tolist(),
        "solved": [asdict(one) for one in everything],
    }
    return Report(facts, (_table(twelve, large, wide, nasty), _fairness_table(facts)), _notes(facts))


def _ordinary(seed: int, sizes: tuple[int, int]) -> tuple[Problem, tuple[Row, ...]]:
    problem = ordinary(*sizes, np.random.default_rng(seed))
    return problem, twelve_rows(problem)


def _twelve(seed: int, sizes: tuple[int, int], progress: Progress) -> _Solved:
    solved = _solve(f"twelve rows, seed {seed}", *_ordinary(seed, sizes), highs=True)
    progress.advance()
    return solved


def _one_budget(seed: int, sizes: tuple[int, int], progress: Progress) -> _Solved:
    problem = ordinary(*sizes, np.random.default_rng(seed))
    solved = _solve(f"one budget, seed {seed}", problem, one_budget(problem), highs=False)
    progress.advance()
    return solved


def _nasty(n_members: int, n_offers: int, seeds: int, progress: Progress) -> Iterator[_Solved]:
    """Every world, tight and loose, with and without floors; almost no budget; several offers a member."""
    progress.step("nasty problems", total=len(WORLDS) * seeds)
    for world, make in WORLDS.items():
        for seed in range(seeds):
            rng = np.random.default_rng(1_000 + seed)
            problem = make(n_members, n_offers, rng)
            several = Problem(
                problem.values,
                problem.keep,
                problem.discount,
                problem.tier,
                per_member=rng.integers(0, 4, n_members),
            )
            for tightness in _TIGHTNESS:
                for floors in (False, True):
                    name = f"{world}, tightness {tightness}, {'floors' if floors else 'stocks'}, seed {seed}"
                    yield _solve(name, problem, twelve_rows(problem, tightness=tightness, floors=floors), highs=True)
            little = (budget("all offers", 0.001 * free_spend(problem)),)
            yield _solve(f"{world}, little budget, seed {seed}", problem, little, highs=True)
            yield _solve(f"{world}, several a member, seed {seed}", several, twelve_rows(problem), highs=True)
            progress.advance()


def _solve(name: str, problem: Problem, rows: tuple[Row, ...], *, highs: bool) -> _Solved:
    restart_peak()
    ours = measured(partial(allocate, problem, rows))
    peak = peak_rss_mb()
    judged = measured(partial(linear_optimum, problem, rows)) if highs else None
    best = judged.result if judged and judged.result is not None else ours.result.bound
    return _Solved(
        name=name,
        gap=(best - ours.result.value) / max(abs(best), 1e-12),
        infeasible=not all(_holds(problem, row, ours.result) for row in rows),
        seconds=ours.wall_s,
        cpu_s=ours.cpu_s,
        highs_seconds=judged.wall_s if judged else None,
        highs_cpu_s=judged.cpu_s if judged else None,
        peak_rss_mb=peak,
        steps=ours.result.steps,
    )


def _holds(problem: Problem, row: Row, found: Allocation) -> bool:
    """Counted from the answer alone, with nothing of the allocator's."""
    member, slot = np.nonzero(found.offers >= 0)
    offer = found.offers[member, slot]
    use = np.ones(len(member)) if row.measure == "count" else problem.discount[member, offer]
    if len(row.tiers):
        use = use * row.tiers[problem.tier[member]]
    if len(row.offers):
        use = use * row.offers[offer]
    spare = 1e-9 * max(1.0, abs(row.bound))
    total = float(use.sum())
    return total <= row.bound + spare if row.sense is Sense.AT_MOST else total >= row.bound - spare


def _table(twelve: list[_Solved], large: list[_Solved], wide: _Solved, nasty: list[_Solved]) -> Table:
    groups = {
        "twelve rows": twelve,
        "one budget, large": large,
        "twelve rows, large": [wide],
        "nasty, small": nasty,
    }
    rows = []
    for name, group in groups.items():
        timed = [one.highs_cpu_s for one in group if one.highs_cpu_s is not None]
        rows.append(
            (
                name,
                len(group),
                f"{max(one.gap for one in group):.1e}",
                sum(one.infeasible for one in group),
                max(one.seconds for one in group),
                max(one.cpu_s for one in group),
                max(timed) if timed else None,
                round(max(one.peak_rss_mb for one in group)),
            )
        )
    columns = ("problems", "n", "worst gap", "infeasible", "seconds", "cpu_s", "HiGHS cpu_s", "peak_rss_mb")
    formats = {"seconds": ",.2f", "cpu_s": ",.2f", "HiGHS cpu_s": ",.2f"}
    return Table("Allocation: the worst of each group", columns, tuple(rows), formats=formats)


def _fairness_table(facts: Mapping[str, Any]) -> Table:
    pairs = zip(facts["tier_mean_before"], facts["tier_mean_after"], strict=True)
    rows = tuple((f"tier {tier}", before, after) for tier, (before, after) in enumerate(pairs))
    return Table("Mean discount a member, minor units", ("tier", "without fairness", "with"), rows)


def _notes(facts: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"Price of fairness in the first problem: {facts['price_of_fairness']:.3%} of its value.",
        "Gaps are to HiGHS's optimum of the linear program; of the large problems to our own bound, which is no less.",
    )
