"""How long work shows itself: bars on a terminal, plain lines in a log."""

import time

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

_LINE_EVERY_S = 5.0


class LineProgress:
    """One plain line a step, and one every few seconds within it: for files, pipes and schedulers' logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = ""
        self._total: int | None = None
        self._done = 0
        self._began = 0.0
        self._spoke = 0.0

    def step(self, title: str, total: int | None = None) -> None:
        """Say that the step before is done, and begin the next."""
        self.close()
        self._title, self._total, self._done = title, total, 0
        self._began = self._spoke = time.monotonic()
        self._say(f"{title} ...")

    def advance(self, done: int = 1) -> None:
        """Count, and now and then say how far it is."""
        self._done += done
        if time.monotonic() - self._spoke >= _LINE_EVERY_S:
            self._spoke = time.monotonic()
            of = f" of {self._total:,}" if self._total else ""
            self._say(f"{self._title}: {self._done:,}{of}")

    def close(self, *, completed: bool = True) -> None:
        """Say that the last step is done, or that it was given up."""
        if self._title:
            ended = "done in" if completed else "stopped after"
            self._say(f"{self._title}: {ended} {time.monotonic() - self._began:.1f} s")
        self._title = ""

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class BarProgress:
    """One bar a step, for a terminal."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None

    def step(self, title: str, total: int | None = None) -> None:
        """Complete the bar before, and open the next."""
        self._complete()
        self._bars.start()
        self._task = self._bars.add_task(escape(title), total=total)

    def advance(self, done: int = 1) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.advance(self._task, done)

    def close(self, *, completed: bool = True) -> None:
        """Complete the last bar, or leave it where it stopped, and leave the terminal as it was."""
        if completed:
            self._complete()
        self._bars.stop()

    def _complete(self) -> None:
        if self._task is not None:
            task = self._bars.tasks[-1]
            finished = task.total if task.total is not None else max(task.completed, 1)
            self._bars.update(self._task, total=finished, completed=finished)
        self._task = None
