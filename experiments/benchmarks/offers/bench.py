"""What policies of offers earn in half a year, in weekly worlds whose truth they do not see."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.benchmarks import chosen
from experiments.benchmarks.offers.compare import Compared, Task, opener
from experiments.benchmarks.offers.plot import write_plot
from experiments.benchmarks.offers.report import policy_table, told, world_facts, world_table
from features.simulator.loop.parameters import WorldConfig, read_world, world_named
from recsys.errors import InputError
from recsys.report import SILENT, Progress, Report
from serving.export.pool import map_spawned

OTHER_WORLDS = ("deal_hunters", "luxury", "tired", "sure_things")
"""Run beside the main world, to see whether policies come out in the same order."""

_DEFAULTS: dict[str, Any] = {
    "world": None,
    "seeds": 5,
    "other_seeds": 3,
    "first_seed": 1,
    "members": None,
    "workers": 2,
    "out": None,
}


def run(options: Mapping[str, Any], progress: Progress = SILENT) -> Report:
    """
    Let every policy decide for 26 weeks in the same worlds, and count profit against no contact.

    Args:
        options: ``world``, a YAML file: only that world is run; by default the main one and four others.
            ``seeds``, ``other_seeds``: worlds drawn from each file, from ``first_seed`` on. ``members``: in place of
            the file's. ``workers``: processes. ``out``: folder for pictures.
        progress: Told of each world that is done.

    Raises:
        InputError: An option is unknown or no number, the file is no world or draws nobody at random, or ``out`` cannot
            be written.
    """
    asked = chosen("offers", _numbers(options), _DEFAULTS)
    began = time.perf_counter()
    configs = [_sized(config, asked["members"]) for config in _configs(asked["world"])]
    if asked["out"] is not None:
        _writable(Path(asked["out"]))
    tasks = [
        Task(config, asked["first_seed"] + number, whole=main)
        for main, config in zip((True, *(False for _ in configs[1:])), configs, strict=True)
        for number in range(asked["seeds"] if main else asked["other_seeds"])
    ]
    progress.step("worlds", len(tasks))
    done: list[Compared] = []
    for compared in map_spawned(opener, None, tasks, workers=asked["workers"]):
        done.append(compared)
        progress.advance()
    runs = {
        config.name: sorted((one for one in done if one.world == config.name), key=lambda one: one.seed)
        for config in configs
    }
    facts = {name: world_facts(compared) for name, compared in runs.items()}
    main = facts[configs[0].name]
    notes = told(main)
    if asked["out"] is not None:
        weeks = {config.name: config.size.policy_weeks for config in configs}
        files = [
            write_plot(compared, Path(asked["out"]) / f"offers-{name}.png", decided_weeks=weeks[name])
            for name, compared in runs.items()
        ]
        notes += tuple(f"Drawn: {file}" for file in files)
    return Report(
        {
            "benchmark": "offers",
            "world": configs[0].name,
            **main,
            "worlds": {
                name: {key: one[key] for key in _OF_OTHERS} for name, one in facts.items() if name != configs[0].name
            },
            "elapsed_s": time.perf_counter() - began,
        },
        (*(policy_table(name, one) for name, one in facts.items()), world_table(facts)),
        notes,
    )


_OF_OTHERS = (
    "profit", "oracle_share", "vs_propensity", "vs_propensity_value", "over_propensity", "over_propensity_value",
    "over_uplift", "discount_vs_deepest", "order", "same_order",
    "seeds", "world",
)  # fmt: skip


def _numbers(options: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in options.items():
        number = isinstance(value, int) and not isinstance(value, bool)
        if name in _WHOLE and value is not None and not (number and value >= 1):
            raise InputError(f"{name} is {value!r}; it must be a whole number of at least 1")
    return options


_WHOLE = frozenset({"seeds", "other_seeds", "first_seed", "members", "workers"})


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"out is {folder}, where no file can be written ({error.strerror}); name another folder"
        ) from error


def _configs(file: str | Path | None) -> list[WorldConfig]:
    if file is not None:
        config = read_world(Path(file))
        if not config.logs.random_share:
            raise InputError(
                f"{file}: logs.random_share is 0, so nothing of the log is drawn at random and no uplift could be"
                " learnt; give a share above 0"
            )
        return [config]
    return [world_named(name) for name in ("main", *OTHER_WORLDS)]


def _sized(config: WorldConfig, members: int | None) -> WorldConfig:
    if members is None:
        return config
    if members < _FEWEST:
        raise InputError(f"members is {members}; give at least {_FEWEST}, so that something can be learnt")
    return config.model_copy(update={"size": config.size.model_copy(update={"members": members})})


_FEWEST = 200
