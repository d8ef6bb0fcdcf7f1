"""What learners of uplift earn on public randomised tests: the test that the files of a folder hold."""

import importlib
from collections.abc import Mapping
from typing import Any

import threadpoolctl  # type: ignore[import-untyped]  # ships no types

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.uplift_cases import HILLSTROM, STARBUCKS
from recsys.errors import InputError, SourceError
from recsys.report import Progress, Report

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 1, "resamples": 200, "contact_cost_minor": 5, "splits": 10}

PARTS: Mapping[str, str] = {HILLSTROM: "uplift_mail", STARBUCKS: "uplift_promotion"}
"""By the file that tells one kind of folder from another: the module here that measures it."""


def run(options: Mapping[str, Any], progress: Progress) -> Report:
    """
    Measure the randomised test of a folder.

    Args:
        options: ``data``, a folder with one of the files of `PARTS`; ``seed`` of all that is drawn; ``resamples`` of
            the bootstrap; ``contact_cost_minor`` of one e-mail in cents, and ``splits`` in halves, of the mail test.
        progress: Told what is done.

    Raises:
        InputError: No folder was given, or one split only.
        SourceError: It holds none of the files.
    """
    asked = chosen("uplift", options, _DEFAULTS)
    if asked["splits"] == 1:
        raise InputError("splits is 1; it must be at least 2, because one split alone has no interval")
    folder = data_folder("uplift", asked, "a folder with a randomised test, such as hillstrom_email")
    for name, part in PARTS.items():
        if (folder / name).is_file():
            with threadpoolctl.threadpool_limits(limits=1):
                report: Report = importlib.import_module(f"{__package__}.{part}").measure(folder, asked, progress)
            return report
    raise SourceError(f"{folder} holds none of {', '.join(PARTS)}; give a folder with one of them")
