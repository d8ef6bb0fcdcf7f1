"""What a piece of work costs: CPU-seconds of all threads, wall time, and the memory of this process alone."""

import re
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Result = TypeVar("Result")

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Measured(Generic[Result]):
    """
    A result and its cost.

    Attributes:
        result: What the work gave.
        wall_s, cpu_s: Seconds.
    """

    result: Result
    wall_s: float
    cpu_s: float


def measured(work: Callable[[], Result]) -> Measured[Result]:
    """Do the work once and time it."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return Measured(result, time.perf_counter() - wall, time.process_time() - cpu)


def peak_rss_mb() -> float:
    """
    Highest resident memory of this program so far, MB (10^6 bytes).

    On Linux this is VmHWM: ``ru_maxrss`` of a child also counts what its parent held when it was started.
    """
    if _STATUS.exists():
        return status_mb(_STATUS.read_text(), "VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def restart_peak() -> None:
    """Let `peak_rss_mb` begin anew at what is held now; without effect where the system cannot (not Linux)."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")


def status_mb(status: str, field: str) -> float:
    """One memory figure of a Linux process status, MB (10^6 bytes)."""
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) * 1024 / 1e6 if found else float("nan")
