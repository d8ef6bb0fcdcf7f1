"""Measurements of speed and memory, each against a peer that is measured in the same run."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recsys.errors import InputError
from recsys.report import SILENT, Progress, Report

BENCHMARKS = (
    "allocation",
    "bulk",
    "clv",
    "cold_start",
    "collaborative",
    "next_basket",
    "next_product",
    "offer_response",
    "offers",
    "policy",
    "profile",
    "redemption",
    "related",
    "retail",
    "scale",
    "serve",
    "uplift",
)
"""Each is a file of this folder with ``run(options) -> Report``; only the one that is asked for is imported."""

_LONG = frozenset({"allocation", "offers", "policy", "uplift"})
"""Those that tell what they are at: ``run(options, progress) -> Report``."""


def run(name: str, options: Mapping[str, Any], progress: Progress = SILENT) -> Report:
    """
    Run a benchmark.

    Args:
        name: One of `BENCHMARKS`.
        options: What the benchmark takes; each says so in its ``run``.
        progress: Told what is done, by those that take minutes without a word.

    Returns:
        Tables, and as facts the figures, those of the peers, CPU-seconds and peak memory.

    Raises:
        InputError: There is no such benchmark, or it knows no such option.
    """
    if name not in BENCHMARKS:
        raise InputError(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    benchmark = importlib.import_module(f"{__name__}.{name}")
    report: Report = benchmark.run(options, progress) if name in _LONG else benchmark.run(options)
    return report


def chosen(name: str, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """
    A benchmark's options with its defaults.

    Raises:
        InputError: An option is unknown to it, or a number is not at least 1.
    """
    unknown = sorted(set(options) - set(defaults))
    if unknown:
        raise InputError(f"the benchmark {name} takes no {', '.join(unknown)}; it takes {', '.join(defaults)}")
    merged = {**defaults, **options}
    for option, value in merged.items():
        if isinstance(value, int) and value < 1:
            raise InputError(f"{option} is {value}; it must be at least 1")
    return merged


def data_folder(name: str, asked: Mapping[str, Any], what: str) -> Path:
    """
    The folder of public data that was given to a benchmark which needs one.

    Raises:
        InputError: None was given; *what* says what it should be.
    """
    if asked["data"] is None:
        raise InputError(f"{name} needs --data DIR, {what}")
    return Path(asked["data"])
