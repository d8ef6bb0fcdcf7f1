"""Versions, people and moves for the tests of the lifecycle."""

from collections.abc import Callable, Sequence
from functools import partial

from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.versions import Entry

A, B, C, D = (letter * 64 for letter in "abcd")
ANN, BOB, CY = "Ann", "Bob", "Cy"
T = 1_700_000_000
Step = Callable[[Sequence[Entry]], Entry]


def submitted(version: str, at: int = T, *, actor: str = ANN, author: str = "") -> Step:
    """Somebody proposes a version."""
    return partial(_submit, version=version, name=version[0], author=author, actor=actor, at=at)


def _submit(entries: Sequence[Entry], *, version: str, **more: object) -> Entry:
    return moves.submit(entries, version, **more)  # type: ignore[arg-type]


def approved(version: str, at: int = T, *, actor: str = BOB, start: int | None = None, end: int | None = None) -> Step:
    """Somebody approves it."""
    return lambda entries: moves.approve(
        entries, version, actor=actor, at=at, effective_from=start, effective_until=end
    )


def done(*steps: Step) -> list[Entry]:
    """What the journal holds after moves that are all allowed."""
    entries: list[Entry] = []
    for step in steps:
        entries.append(step(entries))
    return entries


def lived(version: str, at: int = T, **dates: int | None) -> tuple[Step, Step]:
    """A version submitted and approved."""
    return submitted(version, at), approved(version, at, **dates)  # type: ignore[arg-type]
