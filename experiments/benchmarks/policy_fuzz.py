"""Hostile expressions and files read one by one in a process of their own, with an eye on hangs and crashes."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from experiments.benchmarks.hostile import ATTRIBUTES, VALID, VALUES, expressions, files
from recsys.errors import PolicyError
from recsys.policy.expressions.formula import compile_formula
from recsys.policy.reading.load import default_policy_text, load_policy
from recsys.report import Progress
from training.memory import peak_rss_mb

LIMIT_MS = 5.0
"""Longest that what is taken may need."""
_TOLD_CHARACTERS = 120
_END_S = 10.0
_TOLD_EVERY = 1_000
_SPLIT = 64

Reader = Callable[[str], "Refusal | None"]


class Refusal(NamedTuple):
    """Why a text is refused: its code, and does it say where?"""

    code: str
    placed: bool


class _Read(NamedTuple):
    """One text: how long it took, what became of it, and what the process held at most so far."""

    number: int
    cpu_ms: float
    wall_ms: float
    refusal: Refusal | None
    error: str
    cpu_s: float
    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """
    What became of so many hostile texts.

    Attributes:
        n: Texts.
        crashes: That ended the process, or raised anything but a `PolicyError`.
        hangs: That took longer than the watchdog waits.
        refused, refused_without_position: Those refused, and those of them without line and column.
        slowest_ms, slowest_wall_ms: Of all, in CPU time and by the clock.
        slowest_taken_ms: Of those not refused, in CPU time.
        over_limit, taken_over_limit: That took more CPU time than LIMIT_MS, and those of them not refused.
        cpu_s, peak_rss_mb: Of the process.
        told: What crashed, hung, or was refused without a position, and the slowest.
    """

    n: int
    crashes: int
    hangs: int
    refused: int
    refused_without_position: int
    slowest_ms: float
    slowest_wall_ms: float
    slowest_taken_ms: float
    over_limit: int
    taken_over_limit: int
    cpu_s: float
    peak_rss_mb: float
    told: tuple[str, ...]


def fuzz_expressions(n: int, seed: int, *, hang_s: float, progress: Progress) -> Fuzzed:
    """Each is compiled and, where it is taken, evaluated: as a whole and by its atoms."""
    return fuzz(partial(_expressions, n, seed), open_expressions, hang_s=hang_s, progress=progress)


def fuzz_files(n: int, seed: int, *, hang_s: float, progress: Progress) -> Fuzzed:
    """Each is written to a file and loaded as a policy."""
    return fuzz(partial(_files, n, seed), open_files, hang_s=hang_s, progress=progress)


def fuzz(
    texts: Callable[[], Iterator[str]], opener: Callable[[], Reader], *, hang_s: float, progress: Progress
) -> Fuzzed:
    """
    Read every text; after a crash or a hang a new process goes on with the next.

    Args:
        texts: The same each time. A function of a module, or a partial of one.
        opener: What reads them, made where they are read. A function of a module.
        hang_s: Longest wait for one text.
        progress: Told of every text.
    """
    reads: list[_Read] = []
    cpu_s = [0.0]
    n = sum(1 for _ in texts())
    while len(reads) < n:
        child, last = _Child(texts, opener, skip=len(reads)), 0.0
        for read in child.reads(hang_s):
            reads.append(read)
            last = read.cpu_s or last
            if len(reads) % _TOLD_EVERY == 0:
                progress.advance(_TOLD_EVERY)
        cpu_s.append(last)
    return _summed(reads, texts, sum(cpu_s))


class _Child:
    """A process that reads texts from one on, until the last or until something goes wrong."""

    def __init__(self, texts: Callable[[], Iterator[str]], opener: Callable[[], Reader], *, skip: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_read_all, args=(theirs, texts, opener, skip), daemon=True)
        self._process.start()
        theirs.close()
        self._next = skip

    def reads(self, hang_s: float) -> Iterator[_Read]:
        try:
            self._ours.recv()  # it has imported everything
            while True:
                if not self._ours.poll(hang_s):
                    yield self._failed("hang")
                    return
                read = self._ours.recv()
                if read is None:
                    return
                self._next = read.number + 1
                yield read
        except EOFError:
            self._process.join(_END_S)
            yield self._failed(f"crash: the process ended with {self._process.exitcode}")
        finally:
            self._ours.close()
            self._process.kill()
            self._process.join()

    def _failed(self, error: str) -> _Read:
        return _Read(self._next, 0.0, 0.0, None, error, 0.0, 0.0)


def _read_all(
    connection: Connection, texts: Callable[[], Iterator[str]], opener: Callable[[], Reader], skip: int
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reader = opener()
    connection.send(None)
    for number, text in enumerate(islice(texts(), skip, None), start=skip):
        cpu, wall, error, refusal = time.process_time(), time.perf_counter(), "", None
        try:
            refusal = reader(text)
        except (Exception, RecursionError) as wrong:  # noqa: BLE001  anything but a PolicyError counts as a crash
            error = f"crash: {type(wrong).__name__}: {wrong}"[:_TOLD_CHARACTERS]
        spent = time.process_time()
        took = ((spent - cpu) * 1e3, (time.perf_counter() - wall) * 1e3)
        connection.send(_Read(number, *took, refusal, error, spent, peak_rss_mb() if number % _SPLIT == 0 else 0.0))
    connection.send(None)


def open_expressions() -> Reader:
    """What reads expressions, warmed up."""
    for text in VALID:
        _read_expression(text)
    return _read_expression


def open_files() -> Reader:
    """What reads files, warmed up."""
    folder = TemporaryDirectory(prefix="recsys-fuzz-")

    def read(text: str) -> Refusal | None:
        path = Path(folder.name) / "policy.yaml"
        path.write_bytes(text.encode(errors="surrogatepass"))
        try:
            load_policy(path)
        except PolicyError as error:
            code = error.problems[0].code if error.problems else ""
            return Refusal(code, bool(error.problems) and all(one.place is not None for one in error.problems))
        return None

    for text in (default_policy_text(), "rules: [{}]", "name: [") * 3:
        read(text)
    return read


def _read_expression(text: str) -> Refusal | None:
    try:
        formula = compile_formula(text, ATTRIBUTES, where="hostile")
    except PolicyError as error:
        return Refusal(error.code or "", error.offset is not None)
    formula.verdict(VALUES)
    for atom in formula.atoms:
        atom.verdict(VALUES)
    return None


def _expressions(n: int, seed: int) -> Iterator[str]:
    return expressions(n, seed)


def _files(n: int, seed: int) -> Iterator[str]:
    return files(n, seed)


def _summed(reads: list[_Read], texts: Callable[[], Iterator[str]], cpu_s: float) -> Fuzzed:
    refused = [read for read in reads if read.refusal is not None]
    taken = [read for read in reads if read.refusal is None and not read.error]
    unplaced = [read for read in refused if read.refusal and not read.refusal.placed]
    slowest = sorted(reads, key=lambda read: -read.cpu_ms)[:3]
    wrong = [read for read in reads if read.error]
    named = {read.number: read for read in (*wrong[:10], *unplaced[:10], *slowest)}
    told = [
        f"no. {number}, {named[number].cpu_ms:.1f} ms, {_became(named[number])}: {text[:_TOLD_CHARACTERS]!r}"
        for number, text in enumerate(texts())
        if number in named
    ]
    over = [read for read in reads if read.cpu_ms > LIMIT_MS]
    return Fuzzed(
        n=len(reads),
        crashes=sum(read.error.startswith("crash") for read in wrong),
        hangs=sum(read.error.startswith("hang") for read in wrong),
        refused=len(refused),
        refused_without_position=len(unplaced),
        slowest_ms=max((read.cpu_ms for read in reads), default=0.0),
        slowest_wall_ms=max((read.wall_ms for read in reads), default=0.0),
        slowest_taken_ms=max((read.cpu_ms for read in taken), default=0.0),
        over_limit=len(over),
        taken_over_limit=sum(read.refusal is None for read in over),
        cpu_s=cpu_s,
        peak_rss_mb=max((read.peak_rss_mb for read in reads), default=0.0),
        told=tuple(told),
    )


def _became(read: _Read) -> str:
    return read.error or (f"refused as {read.refusal.code}" if read.refusal else "taken")
