"""Full disks, removed files and writers of one version at once: what counts is what was told."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recsys.errors import StoreError
from recsys.policy.lifecycle import journal as journal_module
from recsys.policy.lifecycle.journal import Journal
from recsys.policy.lifecycle.registry import PolicyRegistry, in_force_of, live_policy
from recsys.policy.lifecycle.versions import Entry, Move
from recsys.policy.reading.load import default_policy_text, parse_policy
from tests.recsys.policy.lifecycle.lives import A, approved, submitted


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_move_whose_line_is_durable_is_done_though_there_is_no_room_for_the_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.append(submitted(A))
    write, calls = journal_module.write_aside, []

    def full_at_the_second(path: Path, content: bytes) -> None:
        calls.append(path)
        if len(calls) == 2:
            full_disk()
        write(path, content)

    monkeypatch.setattr(journal_module, "write_aside", full_at_the_second)
    entry = journal.append(approved(A))
    assert journal.read().entries[-1] == entry
    assert len(calls) == 2


@pytest.mark.parametrize("step", ["write_aside", "_append_bytes"])
def test_a_move_for_which_there_is_no_room_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    journal = Journal(tmp_path)
    journal.append(submitted(A))
    before = journal.path.read_bytes()
    monkeypatch.setattr(journal_module, step, full_disk)
    with pytest.raises(StoreError, match=r"cannot be written \(No space left on device\); make the folder"):
        journal.append(approved(A))
    assert journal.path.read_bytes() == before
    assert len(journal.read().entries) == 1


def test_a_line_that_could_not_be_made_durable_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append(submitted(A))
    before, fsync = journal.path.read_bytes(), os.fsync

    def full_at_the_line(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), journal.path.stat()):
            full_disk()
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_line)
    with pytest.raises(StoreError, match="cannot be written"):
        journal.append(approved(A))
    assert journal.path.read_bytes() == before


@pytest.mark.parametrize("n_left", [1, 2])
def test_lines_without_their_head_are_refused_however_few(tmp_path: Path, n_left: int) -> None:
    journal = Journal(tmp_path)
    for step in (submitted(A), approved(A)):
        journal.append(step)
    (tmp_path / "journal.head").unlink()
    journal.path.write_bytes(b"".join(journal.path.read_bytes().splitlines(keepends=True)[:n_left]))
    with pytest.raises(StoreError, match=r"journal\.head is gone.*restore the folder from a backup"):
        journal.read()


@pytest.mark.parametrize("removed", [("journal.head",), ("journal.head", "journal.jsonl"), ("journal.jsonl",)])
def test_an_emptied_journal_beside_versions_does_not_bring_the_draft_back(
    tmp_path: Path, removed: tuple[str, ...]
) -> None:
    draft = tmp_path / "policy.yaml"
    draft.write_text(default_policy_text(), encoding="utf-8")
    registry = PolicyRegistry.beside(draft)
    version = registry.keep(parse_policy(default_policy_text()))
    assert live_policy(draft, 0).state == "draft", "kept, and the submission was cut off"
    for step in (submitted(version), approved(version)):
        registry.journal.append(step)
    registry.journal.path.write_bytes(b"")
    for name in removed:
        (registry.folder / name).unlink()
    with pytest.raises(StoreError, match="journal"):
        live_policy(draft, 10**10)


def test_of_many_who_keep_one_version_at_once_nobody_fails(tmp_path: Path) -> None:
    policy = parse_policy(default_policy_text())
    registry = PolicyRegistry(tmp_path / "policies")
    with ThreadPoolExecutor(8) as pool:
        kept = set()
        for ttl in range(1, 11):
            one = policy.model_copy(update={"answer_ttl_s": ttl})
            kept |= set(pool.map(registry.keep, [one] * 8))
    assert len(kept) == 10
    assert len(list(tmp_path.rglob("*.json"))) == 10


def test_a_head_that_was_set_back_by_more_than_the_line_of_a_crash_is_found(tmp_path: Path) -> None:
    journal, head = Journal(tmp_path), tmp_path / "journal.head"
    journal.append(submitted(A))
    first = head.read_text()
    journal.append(approved(A))
    head.write_text(first)
    assert len(journal.read().entries) == 2, "one behind is a crash between the line and the head"
    journal.append(submitted("b" * 64))
    head.write_text(first)
    with pytest.raises(StoreError, match=r"counts 1 entries, journal\.jsonl has 3"):
        journal.read()


def test_a_record_by_which_nothing_is_in_force_though_something_was_is_refused() -> None:
    entries = [submitted(A)([])]
    entries.append(approved(A)(entries))
    forged = Entry(move=Move.RETIRED, version=A, actor="Eve", at=entries[-1].at + 1, reason="none")
    with pytest.raises(StoreError, match="no version of the policy is in force, though one was"):
        in_force_of([*entries, forged], forged.at)


def test_a_self_approval_whose_hash_is_right_is_refused_without_the_name(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(submitted(A, actor="Eve"))
    journal.append(lambda entries: Entry(move=Move.APPROVED, version=A, actor="eve", at=entries[-1].at))
    with pytest.raises(StoreError, match="entry 2: somebody approved their own version") as caught:
        journal.read()
    assert "eve" not in str(caught.value).lower()
