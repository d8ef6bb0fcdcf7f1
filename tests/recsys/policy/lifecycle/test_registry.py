"""What is in force: a version that somebody else approved and nobody altered, or the draft, and it says so."""

import hashlib
import json
from pathlib import Path

import pytest

from recsys.errors import PolicyError, StoreError
from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.registry import PolicyRegistry, live_policy
from recsys.policy.reading.load import default_policy_text, load_policy
from tests.recsys.policy.lifecycle.lives import ANN, BOB, CY, T


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(default_policy_text(), encoding="utf-8")
    return path


def rewrite(draft: Path, ttl: int) -> None:
    lines = [line for line in draft.read_text().splitlines() if not line.startswith("answer_ttl_s")]
    draft.write_text("\n".join([*lines, f"answer_ttl_s: {ttl}", ""]))


def submit(draft: Path, now: int = T) -> str:
    registry, policy = PolicyRegistry.beside(draft), load_policy(draft)
    version = registry.keep(policy)
    registry.record(
        lambda entries, at: moves.submit(entries, version, name=policy.name, author="", actor=ANN, at=at), now=now
    )
    return version


def approve(draft: Path, version: str, now: int = T, **dates: int) -> None:
    PolicyRegistry.beside(draft).record(
        lambda entries, at: moves.approve(
            entries, version, actor=BOB, at=at, effective_from=dates.get("start"), effective_until=dates.get("end")
        ),
        now=now,
    )


def test_without_a_registry_the_draft_is_served_and_says_that_nobody_reviewed_it(draft: Path) -> None:
    live = live_policy(draft, T)
    assert (live.state, live.reviewed, live.approver, live.since) == ("draft", False, "", None)
    assert live.version == live.policy.policy_id == load_policy(draft).policy_id
    submit(draft)
    assert live_policy(draft, T).state == "draft"


def test_once_a_version_was_approved_an_edit_of_the_file_changes_nothing(draft: Path) -> None:
    version = submit(draft)
    approve(draft, version, T + 3)
    rewrite(draft, 77)
    live = live_policy(draft, T + 9)
    assert (live.version, live.policy.policy_id) == (version, version)
    assert (live.state, live.since, live.until) == ("live", T + 3, None)
    assert (live.author, live.approver, live.reviewed) == (ANN, BOB, True)
    draft.write_text("a: [")
    assert live_policy(draft, T + 9).version == version


def test_dates_decide_which_version_is_in_force(draft: Path) -> None:
    first = submit(draft)
    approve(draft, first)
    rewrite(draft, 77)
    weekend = submit(draft, T + 1)
    approve(draft, weekend, T + 1, start=T + 100, end=T + 200)
    assert [live_policy(draft, T + at).policy.answer_ttl_s for at in (99, 100, 199, 200)] == [900, 77, 77, 900]
    before = live_policy(draft, T + 99)
    assert before.in_force.change is not None
    assert (before.in_force.change.at, before.in_force.change.version) == (T + 100, weekend)
    assert live_policy(draft, T + 150).until == T + 200


def test_a_clock_that_is_set_back_does_not_undo_what_was_done(draft: Path) -> None:
    version = submit(draft, T + 500)
    approve(draft, version, T + 100)
    assert live_policy(draft, T).version == version
    assert live_policy(draft, T).state == "live"


def test_a_version_that_was_altered_or_lost_is_refused(draft: Path) -> None:
    version = submit(draft)
    approve(draft, version)
    path = PolicyRegistry.beside(draft).path_of(version)
    content = path.read_text()
    path.write_text(content.replace('"answer_ttl_s": 900', '"answer_ttl_s": 901'))
    with pytest.raises(StoreError, match="was altered: its SHA-256 is not its name"):
        live_policy(draft, T)
    with pytest.raises(StoreError, match="was altered"):
        submit(draft)
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        live_policy(draft, T)


def test_versions_without_a_journal_do_not_fall_back_to_the_draft(draft: Path) -> None:
    approve(draft, submit(draft))
    folder = PolicyRegistry.beside(draft).folder
    (folder / "journal.jsonl").unlink()
    with pytest.raises(StoreError, match=r"journal"):
        live_policy(draft, T)
    (folder / "journal.head").unlink()
    with pytest.raises(StoreError, match="is gone, and versions are there"):
        live_policy(draft, T)


def test_a_version_that_a_newer_release_does_not_read_names_the_file_and_the_key(draft: Path) -> None:
    version = submit(draft)
    approve(draft, version)
    registry = PolicyRegistry.beside(draft)
    content = json.loads(registry.path_of(version).read_text())
    content["gone_setting"] = 1
    old = json.dumps(content, sort_keys=True)
    old_id = hashlib.sha256(old.encode()).hexdigest()
    registry.path_of(old_id).write_text(old)
    with pytest.raises(PolicyError, match=rf"{old_id}.json is whole, but this release does not read it: gone_setting"):
        registry.load(old_id)


def test_names_of_staff_are_in_the_journal_only(draft: Path) -> None:
    draft.write_text(draft.read_text() + f"\ndrafted_by: {CY}\n")
    version = submit(draft)
    approve(draft, version)
    registry = PolicyRegistry.beside(draft)
    assert json.loads(registry.path_of(version).read_text()).get("drafted_by") is None
    named = {path.name for path in registry.folder.rglob("*") if path.is_file() and '"Bob"' in path.read_text()}
    assert named == {"journal.jsonl"}


def test_a_first_version_that_is_retired_before_its_day_leaves_the_draft_in_force_on_that_day(draft: Path) -> None:
    version = submit(draft)
    approve(draft, version, start=T + 100)
    PolicyRegistry.beside(draft).record(
        lambda entries, at: moves.retire(entries, version, actor=BOB, at=at, reason="not yet"), now=T + 50
    )
    assert [live_policy(draft, T + at).state for at in (60, 100, 900)] == ["draft"] * 3
