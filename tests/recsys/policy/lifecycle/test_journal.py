"""The journal tells what was altered, survives a crash while it is written, and lets one of many writers win."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import InputError, StoreError
from recsys.policy.lifecycle import journal as journal_module
from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.journal import Journal
from recsys.policy.lifecycle.versions import Entry, Move
from tests.recsys.policy.lifecycle.lives import BOB, CY, A, B, T, approved, lived, submitted


def written(folder: Path, *steps: object) -> Journal:
    journal = Journal(folder)
    for step in steps or (*lived(A), *lived(B, T + 5)):
        journal.append(step)  # type: ignore[arg-type]
    return journal


def test_what_was_appended_is_read_and_chained(tmp_path: Path) -> None:
    journal = written(tmp_path / "policies")
    record = journal.read()
    assert [(one.move.value, one.version[0], one.at - T) for one in record.entries] == [
        ("submitted", "a", 0), ("approved", "a", 0), ("submitted", "b", 5), ("approved", "b", 5),
    ]  # fmt: skip
    assert len(set(record.hashes)) == 4
    assert record.torn == b""
    assert Journal(tmp_path / "none").read().entries == ()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    return written(tmp_path_factory.mktemp("whole"))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_every_single_byte_that_changes_is_found(whole: Journal, data: st.DataObject) -> None:
    content = whole.path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= data.draw(st.integers(1, 255))
    whole.path.write_bytes(bytes(changed))
    try:
        with pytest.raises(StoreError, match=r"journal"):
            whole.read()
    finally:
        whole.path.write_bytes(content)


@pytest.mark.parametrize("gone", [0, 1, 2, 3])
def test_a_removed_line_is_found_with_its_number(tmp_path: Path, gone: int) -> None:
    journal = written(tmp_path)
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(line for at, line in enumerate(lines) if at != gone))
    with pytest.raises(StoreError, match=rf"line {gone + 1}( |;|$)"):
        journal.read()
    with pytest.raises(StoreError):
        journal.append(submitted(A))


def test_an_altered_line_is_found_with_its_number_even_if_it_means_the_same(tmp_path: Path) -> None:
    journal = written(tmp_path)
    text = journal.path.read_text()
    lines = text.splitlines(keepends=True)
    journal.path.write_text("".join([lines[0], lines[1].replace('"hash":', '"hash": '), *lines[2:]]))
    with pytest.raises(StoreError, match="altered at line 2; restore"):
        journal.read()
    journal.path.write_text(text.replace('"actor":"Bob"', '"actor":"Bib"'))
    with pytest.raises(StoreError, match="altered at line 2; restore"):
        journal.read()


def test_a_head_that_was_altered_or_removed_is_found(tmp_path: Path) -> None:
    journal = written(tmp_path)
    head = tmp_path / "journal.head"
    content = head.read_text()
    for wrong in (content.replace("4 ", "2 "), "4 " + "0" * 64, "x"):
        head.write_text(wrong)
        with pytest.raises(StoreError, match="altered"):
            journal.read()
    head.unlink()
    with pytest.raises(StoreError, match=r"journal\.head is gone"):
        journal.read()


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_write_that_a_crash_cut_off_is_no_entry_and_is_put_aside_by_the_next(tmp_path: Path, cut: int) -> None:
    steps = (*lived(A), submitted(B, T + 5))
    journal = written(tmp_path / "crashed", *steps)
    more = written(tmp_path / "whole", *steps, approved(B, T + 5))
    torn = more.path.read_bytes()[: journal.path.stat().st_size + cut]
    journal.path.write_bytes(torn)
    record = journal.read()
    assert (len(record.entries), len(record.torn)) == (3, cut)
    journal.append(approved(B, T + 6))
    assert [one.at - T for one in journal.read().entries] == [0, 0, 5, 6]
    assert (tmp_path / "crashed" / "journal.torn").read_bytes() == torn[-cut:] + b"\n"


def test_a_crash_between_the_line_and_the_head_loses_nothing(tmp_path: Path) -> None:
    journal = written(tmp_path, *lived(A))
    head = (tmp_path / "journal.head").read_text()
    journal.append(submitted(B, T + 1))
    (tmp_path / "journal.head").write_text(head)
    assert len(journal.read().entries) == 3
    journal.append(approved(B, T + 2))
    assert len(journal.read().entries) == 4


def test_a_refused_move_leaves_no_trace(tmp_path: Path) -> None:
    journal = written(tmp_path, submitted(A, actor=BOB))
    before = journal.path.read_bytes()
    with pytest.raises(InputError, match="may not approve"):
        journal.append(approved(A, actor=BOB))
    assert journal.path.read_bytes() == before
    with pytest.raises(InputError, match="not UTF-8"):
        journal.append(lambda entries: Entry(move=Move.REJECTED, version=A, actor=CY, at=T, name="\udcff"))
    assert journal.path.read_bytes() == before


def test_a_platform_without_locks_says_so_and_reads_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = written(tmp_path)
    monkeypatch.setattr(journal_module, "fcntl", None)
    assert len(journal.read().entries) == 4
    with pytest.raises(StoreError, match=r"cannot be locked on this platform \(it has no fcntl\)"):
        journal.append(submitted(A))


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "policies").write_text("a file")
    with pytest.raises(StoreError, match=r"cannot be (locked|read)"):
        written(tmp_path / "policies", submitted(A))


def test_who_reads_while_others_write_sees_whole_states_one_after_the_other(tmp_path: Path) -> None:
    journal = written(tmp_path, submitted(A))
    seen = []
    with ThreadPoolExecutor(2) as pool:
        writing = [
            pool.submit(lambda first=first: [journal.append(submitted(f"{n:064x}")) for n in range(first, first + 15)])
            for first in (100, 200)
        ]
        while not all(one.done() for one in writing):
            seen.append(journal.read().hashes)
        assert all(one.exception() is None for one in writing)
    seen.append(journal.read().hashes)
    assert len(seen[-1]) == 31
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(seen))


def _compete(folder: Path, name: str, outcomes: "multiprocessing.Queue[tuple[str, str]]") -> None:
    """One process: approve what all want to approve, and submit versions of its own."""
    journal = Journal(folder)
    try:
        journal.append(approved(A, T + 1, actor=name))
        outcomes.put((name, "won"))
    except InputError as error:
        outcomes.put((name, str(error)))
    for number in range(10):
        digit = f"{int(name[1:])}{number:x}" * 32
        journal.append(lambda entries, version=digit: _later(entries, version))


def _later(entries: "list[Entry]", version: str) -> Entry:
    return moves.submit(entries, version, name="x", author="", actor="Ann", at=T + 2)


def test_of_approvals_at_once_exactly_one_wins_and_no_entry_is_lost(tmp_path: Path) -> None:
    written(tmp_path, submitted(A))
    spawn = multiprocessing.get_context("spawn")
    outcomes: multiprocessing.Queue[tuple[str, str]] = spawn.Queue()
    processes = [spawn.Process(target=_compete, args=(tmp_path, f"p{n}", outcomes)) for n in range(1, 5)]
    for process in processes:
        process.start()
    told = [outcomes.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    losers = [text for _, text in told if text != "won"]
    assert len(losers) == 3
    assert all("cannot be approved" in text for text in losers)
    assert len(Journal(tmp_path).read().entries) == 1 + 1 + 4 * 10
