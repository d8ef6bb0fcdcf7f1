"""What a piece of work costs: CPU-seconds of all threads, and wall time; its memory is `training.memory`'s."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")


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
