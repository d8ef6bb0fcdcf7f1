"""A version of a policy lives by what people did, and every other move is refused with what is allowed."""

from collections.abc import Sequence

import pytest

from recsys.errors import InputError
from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.past import past_changes
from recsys.policy.lifecycle.versions import Entry, Move, VersionState, fold, live_at, next_change, state_of
from tests.recsys.policy.lifecycle.lives import ANN, BOB, CY, A, B, C, D, T, approved, done, lived, submitted

DAY = 86_400


def states(entries: Sequence[Entry], now: int) -> dict[str, str]:
    versions = fold(entries)
    return {version[0]: state_of(one, versions, now).value for version, one in versions.items()}


def live(entries: Sequence[Entry], now: int) -> str:
    found = live_at(entries, now)
    return found.version[0] if found else ""


def test_what_was_approved_without_dates_is_live_at_once() -> None:
    entries = done(submitted(A, T), approved(A, T + 5))
    assert [live(entries, T + second) for second in (4, 5, 10**9)] == ["", "a", "a"]
    assert states(entries, T + 5) == {"a": "live"}
    assert states(done(submitted(A)), T) == {"a": "submitted"}


def test_a_policy_for_a_weekend_gives_way_to_the_one_before() -> None:
    entries = done(*lived(A), *lived(B, T + 1, start=T + DAY, end=T + 3 * DAY))
    assert [live(entries, T + day * DAY) for day in (0, 1, 2, 3)] == ["a", "b", "b", "a"]
    assert states(entries, T + 2 * DAY) == {"a": "superseded", "b": "live"}
    assert states(entries, T + 3 * DAY) == {"a": "live", "b": "ended"}
    changes = [next_change(entries, T + 1 + day * DAY) for day in (0, 1, 3)]
    assert [(one.at, one.version) if one else None for one in changes] == [(T + DAY, B), (T + 3 * DAY, A), None]
    past = [(one.at - T, (one.version or " ")[0]) for one in past_changes(entries, T + 4 * DAY)]
    assert past == [(0, "a"), (DAY, "b"), (3 * DAY, "a")]


def test_what_is_done_later_does_not_change_what_was_in_force_before() -> None:
    entries = done(*lived(A), *lived(B, T + 10))
    entries.append(moves.rollback(entries, actor=CY, at=T + 20, reason="sold out"))
    assert [live(entries, T + second) for second in (9, 10, 19, 20)] == ["a", "b", "b", "a"]
    assert states(entries, T + 20) == {"a": "live", "b": "rolled_back"}


def test_a_rollback_returns_to_what_would_be_in_force_otherwise() -> None:
    # B was for a weekend that is over: the one before C is A.
    entries = done(*lived(A), *lived(B, T + 1, start=T + 5, end=T + 10), *lived(C, T + 20))
    entry = moves.rollback(entries, actor=ANN, at=T + 30, reason="wrong")
    assert (entry.version, entry.to_version, entry.effective_from) == (C, A, None)
    named = moves.rollback(entries, actor=ANN, at=T + 30, reason="wrong", to_version=B)
    after = [*entries, named]
    assert live(after, T + 30) == "b"
    assert live(after, 10**10) == "b", "its end had come, so it holds for good now"


def test_rolling_back_by_name_passes_over_what_lies_between() -> None:
    entries = done(*lived(A), *lived(B, T + 1), *lived(C, T + 2))
    entries.append(moves.rollback(entries, actor=ANN, at=T + 3, reason="both wrong", to_version=A))
    assert live(entries, T + 3) == "a"
    entries.append(moves.rollback(entries, actor=ANN, at=T + 4, reason="no, B was right", to_version=B))
    assert live(entries, T + 4) == "b"


def test_a_rejected_version_can_be_submitted_and_approved_again() -> None:
    entries = done(submitted(A))
    entries.append(moves.reject(entries, A, actor=BOB, at=T + 1, reason="too deep"))
    assert states(entries, T + 1) == {"a": "rejected"}
    entries.append(submitted(A, T + 2)(entries))
    entries.append(approved(A, T + 3)(entries))
    assert live(entries, T + 3) == "a"


def test_other_dates_need_another_person_again() -> None:
    entries = done(*lived(A), *lived(B, T, start=T + DAY))
    with pytest.raises(InputError, match="'Ann' wrote version bbbbbbbbbbbb"):
        moves.activate(entries, B, actor=ANN, at=T + 1)
    entries.append(moves.activate(entries, B, actor=CY, at=T + 1))
    assert live(entries, T + 1) == "b"
    assert fold(entries)[B].approver == CY


@pytest.mark.parametrize("typed", ["Ann", " ann ", "ANN", "Ａｎｎ", "A\u200bnn", "a nn".replace(" ", "\u2060")])
def test_nobody_approves_their_own_version_however_they_type_their_name(typed: str) -> None:
    with pytest.raises(InputError, match="may not approve it: it needs somebody other than its author 'Ann'"):
        approved(A, actor=typed)(done(submitted(A, actor=ANN)))


def test_neither_author_nor_submitter_approves() -> None:
    entries = done(submitted(A, actor=BOB, author=ANN))
    for actor in (ANN, BOB):
        with pytest.raises(InputError, match="its author 'Ann' and its submitter 'Bob'"):
            approved(A, actor=actor)(entries)
    assert approved(A, actor=CY)(entries).move is Move.APPROVED


def test_names_in_other_encodings_are_one_name() -> None:
    with pytest.raises(InputError, match="may not approve"):
        approved(A, actor="Rene\u0301")(done(submitted(A, actor="REN\u00c9")))


ONE_OF_EACH = done(
    *lived(A), *lived(B, T + 1, end=T + 5), *lived(C, T + 20), *lived(D, T + 20, start=T + DAY),
    submitted("e" * 64, T + 20),
)  # fmt: skip
E, F, G, H = (letter * 64 for letter in "efgh".replace("g", "0").replace("h", "1"))
MORE = [*ONE_OF_EACH]
for version in (F, G, H):
    MORE.append(submitted(version, T + 20)(MORE))
MORE.append(moves.reject(MORE, F, actor=BOB, at=T + 20, reason="no"))
MORE.append(moves.withdraw(MORE, G, actor=ANN, at=T + 20))
MORE.append(approved(H, T + 20)(MORE))
MORE.append(moves.retire(MORE, H, actor=ANN, at=T + 20, reason="done"))

ALLOWED = {
    "superseded": {"activate", "retire"},
    "ended": {"activate", "retire"},
    "live": {"activate", "retire"},
    "scheduled": {"activate", "retire"},
    "submitted": {"approve", "reject"},
    "rejected": {"submit"},
    "withdrawn": {"submit"},
    "retired": {"submit"},
}


def move(name: str, entries: Sequence[Entry], version: str) -> Entry:
    at = T + 30
    if name == "submit":
        return moves.submit(entries, version, name="x", author="", actor=BOB, at=at)
    dates = {"effective_from": at + 7} if name in ("approve", "activate") and version == C else {}
    return getattr(moves, name)(entries, version, actor=BOB, at=at, reason="because", **dates)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["submit", "approve", "reject", "activate", "retire"])
@pytest.mark.parametrize("version", [A, B, C, D, E, F, G, H], ids=lambda one: str(one)[0])
def test_a_move_is_done_or_refused_with_the_state_and_what_is_allowed(name: str, version: str) -> None:
    state = states(MORE, T + 30)[version[0]]
    if name in ALLOWED[state]:
        assert move(name, MORE, version).version == version
        return
    with pytest.raises(
        InputError, match=rf"is {state} and cannot be .*; allowed is: .*\((anybody|somebody|its author)"
    ):
        move(name, MORE, version)


def test_all_states_were_met_above() -> None:
    met = set(states(MORE, T + 30).values()) | {"rolled_back"}
    assert met == {state.value for state in VersionState}


def test_only_its_author_or_submitter_withdraws_a_version() -> None:
    entries = done(submitted(A, actor=ANN, author=CY))
    with pytest.raises(InputError, match=r"'Bob' may not withdraw .* others reject it, with a reason"):
        moves.withdraw(entries, A, actor=BOB, at=T)
    assert {moves.withdraw(entries, A, actor=who, at=T).move for who in (ANN, CY)} == {Move.WITHDRAWN}
    with pytest.raises(InputError, match=r"may not reject .*; withdraw it instead"):
        moves.reject(entries, A, actor=ANN, at=T, reason="mine")


@pytest.mark.parametrize("blank", ["", "  ", "\u200b", "\t\n"])
def test_a_blank_actor_or_reason_is_refused(blank: str) -> None:
    entries = done(*lived(A), *lived(B))
    with pytest.raises(InputError, match="say who does it, with --actor"):
        submitted(C, actor=blank)(entries)
    with pytest.raises(InputError, match="rolling back needs a reason"):
        moves.rollback(entries, actor=ANN, at=T, reason=blank)
    with pytest.raises(InputError, match="retiring needs a reason"):
        moves.retire(entries, A, actor=ANN, at=T, reason=blank)
    with pytest.raises(InputError, match="rejecting needs a reason"):
        moves.reject(done(submitted(A)), A, actor=BOB, at=T, reason=blank)


def test_dates_that_cannot_be_decided_are_refused() -> None:
    entries = done(*lived(A), *lived(B, start=T + DAY), submitted(C))
    with pytest.raises(InputError, match=r"version bbbbbbbbbbbb \(b\) starts at 2023-11-15T22:13:20\+00:00 too"):
        approved(C, start=T + DAY)(entries)
    with pytest.raises(InputError, match="is not after the start"):
        approved(C, start=T + 5, end=T + 5)(entries)
    with pytest.raises(InputError, match="is not after the start"):
        approved(C, end=T - 1)(entries)
    with pytest.raises(InputError, match="lies before now"):
        approved(C, start=T - 1)(entries)


def test_there_is_never_a_time_without_a_policy() -> None:
    with pytest.raises(InputError, match=r"from 2023-11-14T22:13:29\+00:00 on no version would be in force"):
        approved(A, end=T + 9)(done(submitted(A)))
    entries = done(*lived(A))
    with pytest.raises(
        InputError, match=r"cannot be retired: from .* on no version would be in force; approve another"
    ):
        moves.retire(entries, A, actor=BOB, at=T, reason="old")
    with pytest.raises(InputError, match="the only version that holds now"):
        moves.rollback(entries, actor=BOB, at=T, reason="old")
    with pytest.raises(InputError, match="no version is in force, so there is none to roll back"):
        moves.rollback(done(submitted(A)), actor=BOB, at=T, reason="old")


def test_versions_are_found_by_the_beginning_of_their_id() -> None:
    entries = done(submitted(A), submitted("a" * 63 + "b", T))
    assert moves.find_version(entries, A).version == A
    with pytest.raises(InputError, match="several versions begin so"):
        moves.find_version(entries, "aaaaaaa")
    for text in ("bbbbbb", "", "aaa"):
        with pytest.raises(InputError, match="no version that was submitted begins so"):
            moves.find_version(entries, text)


def test_a_forged_approval_is_no_history() -> None:
    forged = Entry(move=Move.APPROVED, version=A, actor=ANN, at=T)
    with pytest.raises(InputError, match="entry 2: somebody approved their own version"):
        fold([*done(submitted(A)), forged])
    with pytest.raises(InputError, match="entry 1 is about a version that nobody submitted"):
        fold([forged])


def test_who_once_proposed_a_version_never_approves_it_whoever_proposes_it_again() -> None:
    entries = done(submitted(A, actor=ANN, author=CY))
    entries.append(moves.withdraw(entries, A, actor=ANN, at=T))
    entries.append(submitted(A, actor=BOB)(entries))
    for own in (ANN, CY, BOB):
        with pytest.raises(InputError, match="may not approve it: it needs somebody other than"):
            approved(A, actor=own)(entries)
        with pytest.raises(InputError, match="entry 4: somebody approved their own version"):
            fold([*entries, Entry(move=Move.APPROVED, version=A, actor=own, at=T)])
    assert approved(A, actor="Dot")(entries).move is Move.APPROVED
    assert moves.withdraw(entries, A, actor=ANN, at=T).move is Move.WITHDRAWN
    entries.append(moves.withdraw(entries, A, actor=BOB, at=T))
    entries.append(submitted(A, actor="Dot")(entries))
    for own in (ANN, CY, BOB, "Dot"):
        with pytest.raises(InputError, match="may not approve it"):
            approved(A, actor=own)(entries)


def test_what_was_rolled_back_is_not_brought_back_by_who_wrote_it() -> None:
    entries = done(*lived(A), *lived(B, T + 1))
    entries.append(moves.rollback(entries, actor=CY, at=T + 2, reason="wrong"))
    with pytest.raises(InputError, match=r"'Ann' wrote version b.* and may not bring back"):
        moves.rollback(entries, actor=ANN, at=T + 3, reason="mine", to_version=B)
    entries.append(moves.rollback(entries, actor=CY, at=T + 3, reason="it was right", to_version=B))
    assert live(entries, T + 3) == "b"


def test_a_rollback_to_a_version_with_an_end_keeps_that_end() -> None:
    entries = done(*lived(A), *lived(B, T + 1, end=T + 100), *lived(C, T + 2))
    entries.append(moves.rollback(entries, actor=ANN, at=T + 10, reason="wrong", to_version=B))
    assert [live(entries, T + second) for second in (10, 99, 100)] == ["b", "b", "a"]


def test_what_was_never_in_force_is_not_rolled_back_to() -> None:
    entries = done(*lived(A), *lived(B, T + 1), *lived(C, T + 2, start=T + 50), submitted(D, T + 3))
    for version, state in ((C, "scheduled"), (D, "submitted")):
        with pytest.raises(InputError, match=f"is {state} and cannot be rolled back to"):
            moves.rollback(entries, actor=CY, at=T + 10, reason="no", to_version=version)
    with pytest.raises(InputError, match="is in force already"):
        moves.rollback(entries, actor=CY, at=T + 10, reason="no", to_version=B)


def test_a_start_may_be_this_very_second_and_six_characters_name_a_version() -> None:
    entries = done(submitted(A))
    entries.append(moves.approve(entries, A[:6], actor=BOB, at=T + 3, effective_from=T + 3))
    assert live(entries, T + 3) == "a"
    with pytest.raises(InputError, match="at least 6 characters"):
        moves.retire(entries, A[:5], actor=BOB, at=T + 3, reason="x")


def test_a_forged_activation_is_no_history() -> None:
    entries = done(*lived(A), *lived(B))
    forged = Entry(move=Move.ACTIVATED, version=A, actor=ANN, at=T)
    with pytest.raises(InputError, match="entry 5: somebody approved their own version"):
        fold([*entries, forged])


def test_a_start_that_was_moved_forward_does_not_come_again_at_its_old_date() -> None:
    entries = done(*lived(A), *lived(B, T + 1, start=T + 10))
    entries.append(moves.activate(entries, B, actor=CY, at=T + 5))
    entries.append(submitted(C, T + 7)(entries))
    entries.append(approved(C, T + 7)(entries))
    past = [(one.at - T, (one.version or " ")[0]) for one in past_changes(entries, T + 20)]
    assert past == [(0, "a"), (5, "b"), (7, "c")]
    with pytest.raises(InputError, match=r"before the last entry of .* correct the clock"):
        submitted(D, T + 6)(entries)
