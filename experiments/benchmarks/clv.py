"""What members will be worth and when they come back: the parts that the files of a folder allow, in one report."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import threadpoolctl  # type: ignore[import-untyped]  # ships no types

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.clv_curves import write_curves
from recsys.errors import SourceError
from recsys.report import Report

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 1, "resamples": 2_000, "curves": None}

PARTS: Mapping[str, tuple[str, ...]] = {
    "cdnow_sample.parquet": ("clv_lifetime",),
    "groceryElog.parquet": ("clv_lifetime", "timing"),
    "transactions.parquet": ("timing",),
    "baskets.parquet": ("timing",),
}
"""
By the file that tells one kind of folder from another, in order of precedence: the modules here that measure it.

Each has ``measure(folder, options) -> Report`` with ``options`` of ``seed`` and ``resamples``; no two of one folder
give a fact the same name.
"""


def run(options: Mapping[str, Any]) -> Report:
    """
    Measure what a folder's files allow: counts, spend and dormancy, the timing of the next purchase, or both.

    Args:
        options: ``data``, a folder with one of the files of `PARTS`; ``seed`` of all that is drawn; ``resamples`` of
            the bootstrap; ``curves``, a folder for pictures of the calibration.

    Raises:
        InputError: No folder was given.
        SourceError: It holds none of the files.
    """
    asked = chosen("clv", options, _DEFAULTS)
    folder = data_folder("clv", asked, "a folder with dated purchases, such as clv_cdnow or clv_grocery")
    settings = {name: asked[name] for name in ("seed", "resamples")}
    reports: list[Report] = []
    with threadpoolctl.threadpool_limits(limits=1):
        for part in parts_of(folder):
            measure = importlib.import_module(f"{__package__}.{part}").measure
            reports.append(measure(folder, settings))
    report = joined({"benchmark": "clv", "set": folder.name, **settings}, reports)
    if asked["curves"] is None:
        return report
    files = write_curves(report.facts, Path(asked["curves"]))
    return Report(report.facts, report.tables, (*report.notes, *(f"Drawn: {file}" for file in files)))


def parts_of(folder: Path) -> tuple[str, ...]:
    """
    The files of this package that can measure *folder*.

    Raises:
        SourceError: None can.
    """
    for name, parts in PARTS.items():
        if (folder / name).is_file():
            return parts
    raise SourceError(f"{folder} holds none of {', '.join(PARTS)}; give a folder with one of them")


def joined(facts: Mapping[str, Any], reports: Sequence[Report]) -> Report:
    """Several reports as one, facts side by side, tables and notes one after the other."""
    merged = dict(facts)
    for report in reports:
        merged |= report.facts
    return Report(
        merged,
        tuple(table for report in reports for table in report.tables),
        tuple(note for report in reports for note in report.notes),
    )
