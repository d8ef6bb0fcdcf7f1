"""An export holds members to their latest word, however long it was stopped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.types import Channel, Consent
from serving.export import run
from serving.export.files import partial_folder
from serving.store.database import open_database
from serving.store.members import MemberStore
from tests.serving.export_world import exported, rows, small_workspace
from tests.worlds import NOW


@pytest.fixture
def own_shop(tmp_path, monkeypatch) -> Path:
    """A workspace of the test's own, exported from without a process more."""

    def here(opener, settings, tasks, *, workers) -> Iterator[object]:
        worker = opener(settings)
        for task in tasks:
            yield worker(task)

    monkeypatch.setattr(run, "map_spawned", here)
    return small_workspace(tmp_path / "w")


def store_of(workspace: Path) -> MemberStore:
    database = open_database(f"sqlite:///{workspace / 'store.db'}")
    database.migrate()
    return MemberStore(database)


def stopped_after(parts: int, shop: Path, out: Path, monkeypatch) -> None:
    """Begin an export and stop it after some parts."""
    whole_pool = run.map_spawned

    def some(opener, settings, tasks, *, workers) -> Iterator[object]:
        for number, done in enumerate(whole_pool(opener, settings, tasks, workers=workers)):
            if number == parts:
                raise KeyboardInterrupt
            yield done

    with monkeypatch.context() as patched:
        patched.setattr(run, "map_spawned", some)
        with pytest.raises(KeyboardInterrupt):
            exported(shop, out)


def test_who_withdrew_or_was_erased_while_it_was_stopped_gets_nothing(own_shop, tmp_path, monkeypatch):
    store, out = store_of(own_shop), tmp_path / "mail"
    stopped_after(3, own_shop, out, monkeypatch)
    untouched = os.stat(partial_folder(out) / "parts" / "part-00001.csv").st_mtime_ns
    store.set_consent("m000", Consent.PERSONALISATION, now=NOW)
    store.erase("m020", now=NOW)
    exported(own_shop, out)
    assert {row["member_id"]: row["status"] for row in rows(out) if row["member_id"] in ("m000", "m001", "m020")} == {
        "m000": "nothing", "m001": "sent", "m020": "nothing",
    }  # fmt: skip
    assert os.stat(out / "part-00001.csv").st_mtime_ns == untouched


def test_who_was_written_to_by_others_while_it_was_stopped_is_not_written_to_beyond_a_cap(
    own_shop, tmp_path, monkeypatch
):
    store, out = store_of(own_shop), tmp_path / "mail"
    stopped_after(3, own_shop, out, monkeypatch)
    untouched = os.stat(partial_folder(out) / "parts" / "part-00001.csv").st_mtime_ns
    for message in ("a", "b"):
        store.record_contacts([("m000", message, None)], channel=Channel.EMAIL, now=NOW + 60)
    exported(own_shop, out)
    assert {row["member_id"]: row["status"] for row in rows(out) if row["member_id"] in ("m000", "m001")} == {
        "m000": "nothing", "m001": "sent",
    }  # fmt: skip
    assert os.stat(out / "part-00001.csv").st_mtime_ns == untouched


def test_who_withdraws_while_it_runs_gets_nothing(own_shop, tmp_path, monkeypatch):
    store = store_of(own_shop)
    whole_pool = run.map_spawned

    def withdrawing(opener, settings, tasks, *, workers) -> Iterator[object]:
        yield from whole_pool(opener, settings, tasks, workers=workers)
        store.set_consent("m000", Consent.PERSONALISATION, now=NOW)

    monkeypatch.setattr(run, "map_spawned", withdrawing)
    exported(own_shop, tmp_path / "mail")
    assert [row["status"] for row in rows(tmp_path / "mail") if row["member_id"] == "m000"] == ["nothing"]
