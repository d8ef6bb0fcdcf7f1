"""Workers that are spawned, never forked, and that end when their parent does, however it ends."""

import multiprocessing
import multiprocessing.resource_tracker
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from recsys.errors import RecsysError

Settings = TypeVar("Settings")
Task = TypeVar("Task")
Result = TypeVar("Result")

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_END_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class _Failure:
    error: RecsysError | None
    text: str


def map_spawned(
    opener: Callable[[Settings], Callable[[Task], Result]],
    settings: Settings,
    tasks: Sequence[Task],
    *,
    workers: int,
) -> Iterator[Result]:
    """
    Do every task in spawned processes with one BLAS thread each.

    A forked process would inherit OpenMP's locks and may hang; a pool of the standard library would leave its
    workers behind when the parent is killed. Here a worker ends as soon as its pipe closes.

    Args:
        opener: Called once a worker, there: opens files and returns what does a task. A function of a module.
        settings: Its argument.
        tasks: In the order in which they are given out.
        workers: At least 1; no more are started than there are tasks.

    Yields:
        Results in the order of completion.

    Raises:
        RecsysError: A task raised one, or a worker died.
        RuntimeError: A task raised anything else; the message holds the worker's traceback.
    """
    waiting = list(reversed(tasks))
    crew: dict[Connection, SpawnProcess] = {}
    try:
        for _ in range(min(max(workers, 1), len(tasks))):
            connection, process = _start(opener, settings)
            crew[connection] = process
            connection.send(waiting.pop())
        busy = set(crew)
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                result: Result = _receive(ready, crew[ready])
                if waiting:
                    ready.send(waiting.pop())
                else:
                    busy.discard(ready)
                yield result
    finally:
        for connection in crew:
            connection.close()
        for process in crew.values():
            process.join(_END_TIMEOUT_S)
            if process.is_alive():
                process.terminate()
                process.join()


def _start(
    opener: Callable[[Settings], Callable[[Task], Result]], settings: Settings
) -> tuple[Connection, SpawnProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, opener, settings), daemon=True)
    with _one_thread(), _interrupts_held_back():
        process.start()
    theirs.close()
    return ours, process


def _receive(connection: Connection, process: SpawnProcess) -> Any:
    try:
        answer = connection.recv()
    except (EOFError, ConnectionResetError):
        process.join(_END_TIMEOUT_S)
        raise RecsysError(
            f"a worker died (exit code {process.exitcode}; -9 usually means too little memory); what is complete is "
            "kept: run the same command again, with fewer --workers if memory was short"
        ) from None
    if isinstance(answer, _Failure):
        if answer.error is not None:
            raise answer.error
        raise RuntimeError(f"a worker failed:\n{answer.text}")
    return answer


def _work(connection: Connection, opener: Callable[[Settings], Callable[[Task], Result]], settings: Settings) -> None:
    # An interrupt from the keyboard reaches the whole group; the parent closes the pipes. See _interrupts_held_back.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    handle: Callable[[Task], Result] | None = None
    while True:
        try:
            task: Task = connection.recv()
        except (EOFError, ConnectionResetError):
            return
        answer: Result | _Failure
        try:
            if handle is None:
                handle = opener(settings)
            answer = handle(task)
        except RecsysError as error:
            answer = _Failure(error, str(error))
        except Exception:  # noqa: BLE001  the parent raises it, with this traceback
            answer = _Failure(None, traceback.format_exc())
        try:
            connection.send(answer)
        except (BrokenPipeError, ConnectionResetError):
            return


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """
    Spawned processes inherit this and never see an interrupt, not even while they import what they need.

    An interrupt of the parent meanwhile reaches it right afterwards.
    """
    # The tracker starts with the first process otherwise, and lets interrupts through again as it does.
    multiprocessing.resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    # The libraries read these when they are imported, which a spawned process does before any of our code runs.
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
