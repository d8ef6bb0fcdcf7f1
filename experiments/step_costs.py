"""What each step of long work costs: a progress that measures instead of showing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from recsys.report import Progress
from training.memory import peak_rss_mb, restart_peak


@dataclass(frozen=True, slots=True)
class StepCost:
    """
    One step, or several of one name together.

    Attributes:
        times: How often there was such a step.
        cpu_s, wall_s: Seconds, summed; CPU of all threads.
        peak_rss_mb: Highest memory of the process during any of them, MB (10^6 bytes); what other steps left behind
            counts too. Where the system cannot start its count anew (not Linux), the highest so far.
    """

    times: int
    cpu_s: float
    wall_s: float
    peak_rss_mb: float

    def with_next(self, other: "StepCost") -> "StepCost":
        """Both together."""
        return StepCost(
            self.times + other.times,
            self.cpu_s + other.cpu_s,
            self.wall_s + other.wall_s,
            max(self.peak_rss_mb, other.peak_rss_mb),
        )


class StepCosts:
    """
    A `recsys.report.Progress` that keeps what each step cost, and passes everything on.

    Args:
        shown: Who is told too.
    """

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._costs: dict[str, StepCost] = {}
        self._title = ""
        self._began = (0.0, 0.0)

    def step(self, title: str, total: int | None = None) -> None:
        """The step before is done."""
        self._close()
        restart_peak()
        self._title, self._began = title, (time.process_time(), time.perf_counter())
        self._shown.step(title, total)

    def advance(self, done: int = 1) -> None:
        """Told on."""
        self._shown.advance(done)

    def finish(self) -> Mapping[str, StepCost]:
        """The last step is done: all costs by title, in the order in which they first came."""
        self._close()
        return dict(self._costs)

    def _close(self) -> None:
        if self._title:
            cpu, wall = self._began
            cost = StepCost(1, time.process_time() - cpu, time.perf_counter() - wall, peak_rss_mb())
            before = self._costs.get(self._title)
            self._costs[self._title] = cost if before is None else before.with_next(cost)
        self._title = ""
