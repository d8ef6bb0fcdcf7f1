"""Spawned workers: results, errors, death, and their end with the parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recsys.errors import InputError, RecsysError
from serving.export.pool import map_spawned

PROGRAM = """
import os, sys, time
sys.path.insert(0, {root!r})
from serving.export.pool import map_spawned

def open_worker(settings):
    return say_who

def say_who(task):
    print(os.getpid(), flush=True)

if __name__ == "__main__":
    results = map_spawned(open_worker, None, [0], workers=1)
    next(results)
    print("done", flush=True)
    time.sleep(60)
"""
INTERRUPTED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from serving.export.pool import map_spawned

if __name__ == "__mp_main__":
    os.kill(os.getpid(), signal.SIGINT)  # as a keyboard does while this process still imports

def open_worker(settings):
    os.kill(os.getpid(), signal.SIGINT)
    return abs

if __name__ == "__main__":
    print(list(map_spawned(open_worker, None, [-3], workers=1)))
    print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""
ROOT = str(Path(__file__).resolve().parents[2])


class Multiplier:
    """What a worker opens: it multiplies, or fails as told."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, task: int) -> int:
        if task == -1:
            raise InputError("minus one is not allowed")
        if task == -2:
            raise ZeroDivisionError("a defect")
        if task == -3:
            os.kill(os.getpid(), signal.SIGKILL)
        if task == -4:
            return int(os.environ["OPENBLAS_NUM_THREADS"])
        return task * self.factor


def test_every_task_is_done_once():
    assert sorted(map_spawned(Multiplier, 3, range(7), workers=2)) == [0, 3, 6, 9, 12, 15, 18]


def test_no_task_starts_no_worker():
    assert list(map_spawned(Multiplier, 3, [], workers=2)) == []


def test_workers_have_one_thread_and_the_parents_setting_stays(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    assert list(map_spawned(Multiplier, 3, [-4], workers=1)) == [1]
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        (-1, InputError, "minus one"),
        (-2, RuntimeError, "ZeroDivisionError: a defect"),
        (-3, RecsysError, "exit code -9.*fewer --workers"),
    ],
    ids=["error", "defect", "killed"],
)
def test_what_goes_wrong_in_a_worker_is_said_by_the_parent(task, error, message):
    with pytest.raises(error, match=message):
        list(map_spawned(Multiplier, 3, [task], workers=1))


def test_an_interrupt_is_the_parents_business_alone(tmp_path):
    program = tmp_path / "parent.py"
    program.write_text(INTERRUPTED.format(root=ROOT))
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[3]\nset()\n", "")


def test_a_worker_that_waits_ends_when_its_parent_is_killed(tmp_path):
    program = tmp_path / "parent.py"
    program.write_text(PROGRAM.format(root=ROOT))
    parent = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert int(parent.stdout.readline()) != parent.pid
    assert parent.stdout.readline() == "done\n"
    # The worker now waits for a task that never comes.
    os.kill(parent.pid, signal.SIGKILL)
    # The worker holds the other end of this pipe: it reads as ended once the worker has ended.
    assert parent.stdout.read() == ""
    parent.wait(10)
    parent.stdout.close()
