"""Whatever people try, in any order: nothing is in force that nobody else approved, and there is no gap."""

import contextlib
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.past import past_changes
from recsys.policy.lifecycle.versions import Entry, Move, fold, live_at, next_change
from tests.recsys.policy.lifecycle.lives import A, B, C, T

PEOPLE = ("Ann", " ANN ", "Bob", "b\u200bob", "Cy")
WHO = {"Ann": 0, " ANN ": 0, "ANN": 0, "Bob": 1, "b\u200bob": 1, "Cy": 2}
HORIZON = 400


@dataclass(frozen=True)
class Attempt:
    """What somebody tries; ``pass`` is to approve at once what Bob submits."""

    move: str
    version: str
    actor: str
    author: str
    wait: int
    start: int | None
    end: int | None
    reason: str


offsets = st.none() | st.integers(-3, 30)
attempts = st.lists(
    st.builds(
        Attempt,
        move=st.sampled_from(
            ["pass", "pass", "pass", "submit", "approve", "activate", "reject", "withdraw", "retire", "rollback"]
        ),
        version=st.sampled_from([A, B, C]),
        actor=st.sampled_from(PEOPLE),
        author=st.sampled_from(["", "Ann", "Cy"]),
        wait=st.sampled_from([0, 0, 0, 1, 5, 12]),
        start=offsets,
        end=offsets,
        reason=st.sampled_from(["why", "why", "why", " "]),
    ),
    min_size=4,
    max_size=30,
)  # fmt: skip


def tried(entries: list[Entry], attempt: Attempt, at: int) -> Entry:
    given = {"actor": attempt.actor, "at": at, "reason": attempt.reason}
    dates = {
        "effective_from": None if attempt.start is None else at + attempt.start,
        "effective_until": None if attempt.end is None else at + attempt.end,
    }
    if attempt.move == "submit":
        return moves.submit(entries, attempt.version, name="p", author=attempt.author, **given)
    if attempt.move == "rollback":
        return moves.rollback(entries, to_version=None if attempt.start is None else attempt.version, **given)
    if attempt.move in ("approve", "activate"):
        return getattr(moves, attempt.move)(entries, attempt.version, **given, **dates)  # type: ignore[no-any-return]
    return getattr(moves, attempt.move)(entries, attempt.version, **given)  # type: ignore[no-any-return]


def played(tries: list[Attempt]) -> list[Entry]:
    entries: list[Entry] = []
    at = T
    for attempt in tries:
        at += attempt.wait
        if attempt.move == "pass":
            with contextlib.suppress(InputError):
                entries.append(tried(entries, replace(attempt, move="submit", actor="Bob"), at))
            attempt = replace(attempt, move="approve")
        with contextlib.suppress(InputError):
            entries.append(tried(entries, attempt, at))
    return entries


def live(entries: list[Entry], now: int) -> str | None:
    found = live_at(entries, now)
    return found.version if found else None


@given(attempts)
@settings(max_examples=80, deadline=None)
def test_nothing_is_in_force_that_nobody_else_approved(tries: list[Attempt]) -> None:
    entries = played(tries)
    for now in range(T, T + HORIZON, 7):
        version = live(entries, now)
        if version is None:
            continue
        about = [one for one in entries if one.version == version and one.at <= now]
        submission = max(at for at, one in enumerate(about) if one.move is Move.SUBMITTED)
        (approval,) = [one for one in about[submission:] if one.move is Move.APPROVED]
        mine = {WHO[about[submission].actor], WHO.get(about[submission].author, WHO[about[submission].actor])}
        assert WHO[approval.actor] not in mine
        assert not [one for one in about[submission:] if one.move in (Move.REJECTED, Move.WITHDRAWN, Move.RETIRED)]


@given(attempts)
@settings(max_examples=80, deadline=None)
def test_once_a_version_was_in_force_one_always_is(tries: list[Attempt]) -> None:
    entries = played(tries)
    found = [live(entries, now) is not None for now in range(T, T + HORIZON)]
    assert found == sorted(found)


@given(attempts)
@settings(max_examples=60, deadline=None)
def test_what_is_done_later_does_not_rewrite_what_was_in_force(tries: list[Attempt]) -> None:
    entries = played(tries)
    for n in range(len(entries)):
        before = entries[n].at - 1
        assert live(entries[:n], before) == live(entries, before)


@given(attempts, st.integers(0, HORIZON))
@settings(max_examples=80, deadline=None)
def test_the_next_change_is_the_first_one_that_time_brings(tries: list[Attempt], later: int) -> None:
    entries = played(tries)
    now = max([T + later, *(one.at for one in entries)])
    current, change = live(entries, now), next_change(entries, now)
    until = change.at if change else now + HORIZON
    assert {live(entries, instant) for instant in range(now, until)} == {current}
    if change:
        assert live(entries, change.at) == change.version != current


@given(attempts)
@settings(max_examples=80, deadline=None)
def test_what_came_into_force_when_is_what_every_instant_says(tries: list[Attempt]) -> None:
    entries = played(tries)
    found: list[tuple[int, str | None]] = []
    for instant in range(T - 1, T + HORIZON):
        version = live(entries, instant)
        if version != (found[-1][1] if found else None):
            found.append((instant, version))
    assert [(one.at, one.version) for one in past_changes(entries, T + HORIZON - 1)] == found


@given(attempts)
@settings(max_examples=50, deadline=None)
def test_the_fold_is_the_same_after_writing_and_reading(tries: list[Attempt]) -> None:
    entries = played(tries)
    read = [Entry.model_validate_json(one.model_dump_json()) for one in entries]
    assert fold(read) == fold(entries) == fold(tuple(entries))
