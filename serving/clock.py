"""The one file of the service that reads the time, so that historic workspaces can be served as if they were live."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from recsys.errors import InputError
from recsys.types import SECONDS_PER_DAY, EpochSeconds
from serving.settings import ClockChoice

Clock = Callable[[], EpochSeconds]

LIVE_WITHIN_DAYS = 60
"""A workspace whose latest fact is younger than this when it was ingested is taken for live."""


def wall() -> EpochSeconds:
    """The true time."""
    return int(time.time())


def workspace_lag_s(workspace: Path) -> int:
    """
    How far the facts of a workspace lay behind the true time when they were ingested, in seconds; at least 0.

    Zero where the workspace does not say.

    Raises:
        InputError: ``workspace.json`` cannot be read as what it should be.
    """
    path = workspace / "workspace.json"
    if not path.exists():
        return 0
    try:
        described = json.loads(path.read_text())
        return max(0, int(described["ingested_at"]) - int(described["now"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not a workspace description ({error!r}); it needs whole numbers 'ingested_at' and 'now'; "
            "run `recsys ingest` again"
        ) from error


def clock_of(choice: ClockChoice, workspace: Path) -> tuple[Clock, int]:
    """
    The clock of a service, and how many seconds it lies behind the true time.

    Historic receipts end years ago: by the true time every offer in them has ended. The workspace clock runs as if
    the facts had ended when they were ingested; it never jumps, and a restart does not set it back. ``auto`` takes it
    where the facts were older than `LIVE_WITHIN_DAYS` at ingestion.
    """
    lag = 0 if choice is ClockChoice.WALL else workspace_lag_s(workspace)
    if choice is ClockChoice.AUTO and lag <= LIVE_WITHIN_DAYS * SECONDS_PER_DAY:
        lag = 0
    return (lambda: wall() - lag), lag
