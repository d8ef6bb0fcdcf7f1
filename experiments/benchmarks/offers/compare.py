"""All policies in one world and seed: the same members, the same luck, the same limits."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from experiments.benchmarks.offers.ours import ours
from experiments.benchmarks.offers.policies import Contacts, Deepest, Nothing, Oracle, Propensity, Uplift
from experiments.benchmarks.offers.study import Study, studied
from features.simulator.loop.history import Past, lived
from features.simulator.loop.parameters import WorldConfig
from features.simulator.loop.run import Outcome, run_policy
from features.simulator.loop.truth import Hardness, hardness
from features.simulator.loop.week import World

POLICIES = ("none", "deepest", "propensity", "propensity_value", "uplift", "ours", "oracle")
"""In every world; the main world has `MORE` besides."""

MORE = ("ours_20x",)
_TIMES = 20
_OTHER_SHOP = 1_000_003
_OTHER_LUCK = 2_000_003


@dataclass(frozen=True, slots=True)
class Task:
    """
    One world to run.

    Attributes:
        config: Its numbers.
        seed: Of its members and luck.
        whole: With the 20-fold log, and ours against itself under other luck.
    """

    config: WorldConfig
    seed: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """
    What came of it.

    Attributes:
        world, seed: Which.
        hardness: How hard the world is.
        outcomes: By policy.
        learning_s: By policy, CPU-seconds of learning from the log.
        other_luck: Profit of ours against none under other luck after the log, minor units; None where not asked for.
    """

    world: str
    seed: int
    hardness: Hardness
    outcomes: dict[str, Outcome]
    learning_s: dict[str, float]
    other_luck: float | None


def opener(_: None) -> Callable[[Task], Compared]:
    """For `serving.export.pool.map_spawned`."""
    return compare


def compare(task: Task) -> Compared:
    """Run all policies of a world and seed."""
    with threadpool_limits(limits=1):
        world = World.of(task.config, task.seed)
        past = lived(world)
        drawn = ~np.isnan(past.log.p_nothing)
        random = float(drawn.sum() / max((drawn | (past.log.shown >= 0)).sum(), 1))
        outcomes, learning, study = _run_all(world, past)
        other = None
        if task.whole:
            began = time.process_time()
            wider = with_other_shop(study, task)
            learning["ours_20x"] = learning["ours"] + time.process_time() - began
            outcomes["ours_20x"] = run_policy(world, past, ours(wider))
            other = _other_luck(world, past, study)
    hard = hardness(world, past.state, past.weeks, random)
    return Compared(task.config.name, task.seed, hard, outcomes, learning, other)


def _run_all(world: World, past: Past) -> tuple[dict[str, Outcome], dict[str, float], Study]:
    n_categories, seed = len(world.config.shopping.margins), world.draws.seed
    learning = dict.fromkeys(POLICIES, 0.0)
    found = {
        name: run_policy(world, past, policy) for name, policy in (("none", Nothing()), ("deepest", Deepest.of(world)))
    }
    began = time.process_time()
    study = studied(world.offers, past.log, n_categories, seed=seed)
    learning["ours"] = time.process_time() - began
    found["ours"] = run_policy(world, past, ours(study))
    began = time.process_time()
    contacts = Contacts.read(world.offers, past.log, n_categories, seed=seed)
    propensity = Propensity.fit(world.offers, contacts, found["ours"].sent, seed=seed)
    learning["propensity"] = time.process_time() - began
    valued = replace(propensity, tracker=copy.deepcopy(propensity.tracker), valued=True)
    learning["propensity_value"] = learning["propensity"]
    uplift = Uplift.fit(contacts, propensity, seed=seed)
    learning["uplift"] = time.process_time() - began
    found["propensity"] = run_policy(world, past, propensity)
    found["propensity_value"] = run_policy(world, past, valued)
    found["uplift"] = run_policy(world, past, uplift)
    found["oracle"] = run_policy(world, past, Oracle())
    return {name: found[name] for name in POLICIES}, learning, study


def with_other_shop(study: Study, task: Task) -> Study:
    """
    The study with 20 times the randomised contacts in the log.

    The other 19 parts are the waves of a second shop of the same kind, all of them drawn; its members are others, so
    nothing more is known of any member here.
    """
    logs, size = task.config.logs, task.config.size
    members = round(size.members * (_TIMES - 1) * logs.random_share)
    config = task.config.model_copy(
        update={
            "logs": logs.model_copy(update={"random_share": 1.0}),
            "size": size.model_copy(update={"members": members}),
        }
    )
    world = World.of(config, task.seed + _OTHER_SHOP)
    log = lived(world).log
    other = Study.begun(world.offers, log, len(config.shopping.margins), prognosis=study.prognosis, scales=study.scales)
    other.traces.sd = study.traces.sd
    other.effects, other.uses, other.due = study.effects, study.uses.copy(), study.due.copy()
    for _ in range(log.n_weeks):
        other.take_in(log)
    wider = copy.deepcopy(study)
    wider.evidence = study.evidence.plus(other.evidence)
    wider.learn()
    return wider


def _other_luck(world: World, past: Past, study: Study) -> float:
    """Profit of ours less that of none where all luck after the log is other luck, minor units."""
    stream = world.draws.seed + _OTHER_LUCK
    pair = [run_policy(world, past, policy, stream=stream).profit_minor.sum() for policy in (ours(study), Nothing())]
    return float(pair[0] - pair[1])
