"""How much memory this program has held, without what its parent held."""

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


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
