"""An export from end to end: complete, repeatable, continued after a kill, and true to consents and caps."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.errors import BundleError, InputError, PolicyError, StoreError
from recsys.types import Channel, Consent
from serving.export import run
from serving.export.files import partial_folder
from serving.store.database import open_database
from serving.store.members import MemberStore
from tests.serving.export_world import N_MEMBERS, contents, exported, rows, small_workspace
from tests.worlds import DAY, NOW

ROOT = Path(__file__).resolve().parents[2]
EVERYBODY = [f"m{row:03}" for row in range(N_MEMBERS)]

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.serving.export_world import exported

class KilledAfterTwoChunks:
    steps = 0
    def step(self, title, total=None): pass
    def advance(self, done=1):
        self.steps += done > 0
        if self.steps == 2:
            os.kill(os.getpid(), signal.{name})

if __name__ == "__main__":
    exported(Path({workspace!r}), Path({out!r}), progress=KilledAfterTwoChunks(), now={now})
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    return small_workspace(tmp_path_factory.mktemp("shop") / "w")


@pytest.fixture(scope="module")
def whole(shop) -> Path:
    """An export that nothing stopped, made by spawned workers."""
    out = shop / "whole"
    exported(shop, out, workers=2)
    return out


@pytest.fixture
def in_process(monkeypatch) -> None:
    """The same worker without a process of its own; the pool has its own tests."""

    def here(opener, settings, tasks, *, workers) -> Iterator[object]:
        worker = opener(settings)
        for task in tasks:
            yield worker(task)

    monkeypatch.setattr(run, "map_spawned", here)


@pytest.fixture
def own_shop(tmp_path, in_process) -> Path:
    """A workspace that a test may change."""
    return small_workspace(tmp_path / "w")


def store_of(workspace: Path) -> MemberStore:
    database = open_database(f"sqlite:///{workspace / 'store.db'}")
    database.migrate()
    return MemberStore(database)


def test_every_member_is_there_once(whole):
    found = rows(whole)
    places = [(row["member_id"], row["position"]) for row in found]
    assert len(set(places)) == len(places)
    assert sorted({row["member_id"] for row in found}) == EVERYBODY


def test_the_manifest_counts_what_is_in_the_files(whole, shop, in_process):
    facts = exported(shop, whole).facts
    found = rows(whole)
    assert facts["rows"] == len(found)
    assert facts["members"]["sent"] == len({row["member_id"] for row in found if row["status"] == "sent"})
    assert facts["members"]["nothing_by_reason"] == {"channel_consent_missing": 1}
    listed = "".join(f"{digest}  {name}\n" for name, digest in facts["files"].items())
    told = subprocess.run(["sha256sum"], input=listed, capture_output=True, text=True, check=True, cwd=whole).stdout
    assert told.split()[0] == facts["checksum"]


def test_the_number_of_workers_does_not_change_a_byte(whole, shop, in_process, tmp_path):
    exported(shop, tmp_path / "again", workers=1)
    assert contents(tmp_path / "again") == contents(whole)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_stopped_and_started_again_gives_the_same_bytes(whole, shop, in_process, tmp_path, name):
    out = tmp_path / "mail"
    program = tmp_path / "program.py"
    program.write_text(KILLED.format(root=str(ROOT), workspace=str(shop), out=str(out), name=name, now=NOW))
    done = subprocess.run([sys.executable, str(program)], capture_output=True, check=False)
    assert done.returncode == -getattr(signal, name), done.stderr
    assert not out.exists()
    finished = sorted((partial_folder(out) / "marks").iterdir())
    assert 1 <= len(finished) < 5
    before = {path: os.stat(partial_folder(out) / "parts" / f"{path.stem}.csv").st_mtime_ns for path in finished[:1]}
    report = exported(shop, out, now=None)
    assert report.facts["continued"]
    assert contents(out) == contents(whole)
    assert [os.stat(out / f"{path.stem}.csv").st_mtime_ns for path in before] == list(before.values())


def test_continued_with_other_inputs_is_refused(shop, in_process, tmp_path, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "map_spawned", stop)
    with pytest.raises(KeyboardInterrupt):
        exported(shop, tmp_path / "mail")
    with pytest.raises(InputError, match=r"chunk was 9 and is now 8.*delete that folder"):
        exported(shop, tmp_path / "mail", chunk=8)


def test_a_finished_export_is_left_as_it_is(whole, shop, in_process):
    before = {path: path.stat().st_mtime_ns for path in whole.iterdir()}
    exported(shop, whole)
    assert {path: path.stat().st_mtime_ns for path in whole.iterdir()} == before


@pytest.mark.parametrize("name", ["mail", "mail.csv"])
def test_a_repeated_line_without_an_instant_finds_it_done(own_shop, tmp_path, name):
    out = tmp_path / name
    assert not exported(own_shop, out).facts["already_done"]
    (partial_folder(out) / "marks").mkdir(parents=True)  # an interrupt left it after the last step
    again = exported(own_shop, out, now=None)
    assert again.facts["already_done"]
    assert any(note.startswith("Already done at 20") and "another --out" in note for note in again.notes)
    assert not partial_folder(out).exists()


def test_a_repeated_line_with_other_inputs_is_refused_also_without_an_instant(whole, shop, in_process):
    with pytest.raises(InputError, match=r"finished export of other inputs \(seed was 0 and is now 1\)"):
        exported(shop, whole, now=None, seed=1)


def test_a_place_that_holds_another_export_is_refused(whole, shop, in_process):
    with pytest.raises(InputError, match=r"now was .* and is now"):
        exported(shop, whole, now=NOW + DAY)


def test_a_place_that_holds_something_else_is_refused(shop, in_process, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(InputError, match="no export"):
        exported(shop, tmp_path)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_an_audience_is_answered_in_full_strangers_too(shop, in_process, tmp_path):
    audience = tmp_path / "audience.csv"
    audience.write_text("member_id\nm003\nnobody\nm001\nm003\n")
    report = exported(shop, tmp_path / "mail", audience=audience)
    found = {row["member_id"]: row["reason"] for row in rows(tmp_path / "mail")}
    assert found == {"m001": "", "m003": "", "nobody": "channel_consent_missing"}
    assert report.facts["audience"]["listed"] == 4
    assert any("repeated" in note for note in report.notes)


def test_one_file_is_the_parts_in_order(whole, shop, in_process, tmp_path):
    exported(shop, tmp_path / "mail.csv")
    assert rows(tmp_path / "mail.csv") == rows(whole)


def test_parquet_says_the_same_as_csv(whole, shop, in_process, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra")
    exported(shop, tmp_path / "mail.parquet", format="parquet")
    table = pq.read_table(tmp_path / "mail.parquet").to_pylist()
    assert [row["id"] or "" for row in table] == [row["id"] for row in rows(whole)]
    assert [row["score"] or 0.0 for row in table] == [float(row["score"] or 0) for row in rows(whole)]


def test_the_limit_keeps_the_most_valuable_messages(whole, shop, in_process, tmp_path):
    exported(shop, tmp_path / "some", limit=7)
    worth: dict[str, int] = {}
    for row in rows(whole):
        if row["status"] == "sent":
            worth[row["member_id"]] = worth.get(row["member_id"], 0) + int(row["value_minor"] or 0)
    best = sorted(worth, key=lambda member: (-worth[member], member))[:7]
    found = rows(tmp_path / "some")
    assert sorted({row["member_id"] for row in found if row["status"] == "sent"}) == sorted(best)
    assert sorted({row["member_id"] for row in found}) == EVERYBODY
    assert {row["reason"] for row in found} == {"", "limit_reached", "channel_consent_missing"}


def test_a_limit_above_everybody_changes_nothing_but_the_plan(whole, shop, in_process, tmp_path):
    exported(shop, tmp_path / "all", limit=1_000)
    assert rows(tmp_path / "all") == rows(whole)


def test_todays_consent_and_erasure_hold(own_shop, tmp_path):
    store = store_of(own_shop)
    store.set_consent("m001", Consent.PERSONALISATION, now=NOW)
    store.erase("m002", now=NOW)
    exported(own_shop, tmp_path / "mail")
    reasons = {row["member_id"]: row["reason"] for row in rows(tmp_path / "mail")}
    assert [reasons[member] for member in ("m000", "m001", "m002")] == [
        "",
        "channel_consent_missing",
        "channel_consent_missing",
    ]


def test_contacts_reach_the_cap_also_those_of_a_later_instant(own_shop, tmp_path):
    store = store_of(own_shop)
    for days in (1, 2):
        store.record_contacts([("m001", f"mail-{days}", None)], channel=Channel.EMAIL, now=NOW - days * DAY)
        store.record_contacts([("m002", f"mail-{days}", None)], channel=Channel.EMAIL, now=NOW + days * DAY)
    facts = exported(own_shop, tmp_path / "mail").facts
    reasons = {row["member_id"]: row["reason"] for row in rows(tmp_path / "mail")}
    assert reasons["m001"] in facts["members"]["nothing_by_reason"]
    assert reasons["m001"] not in ("", "channel_consent_missing")
    assert reasons["m002"] == reasons["m001"]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_contacts_are_recorded_once_however_often(own_shop, tmp_path, file_format):
    out = tmp_path / f"mail.{file_format}"
    exported(own_shop, out, format=file_format)
    first = exported(own_shop, out, format=file_format, record_contacts=True)
    exported(own_shop, out, format=file_format, record_contacts=True)
    assert first.facts["contacts_recorded"] == first.facts["members"]["sent"] == N_MEMBERS - 1
    known, unknown = store_of(own_shop).fetch(["m003", "m039"], since=0)
    assert [(contact.channel, contact.contacted_at) for contact in known.contacts] == [(Channel.EMAIL, NOW)]
    assert unknown.contacts == ()


def test_altered_files_are_not_recorded(own_shop, tmp_path):
    exported(own_shop, tmp_path / "mail.csv")
    with (tmp_path / "mail.csv").open("a") as stream:
        stream.write("m001,sent\n")
    with pytest.raises(InputError, match="not as it was exported"):
        exported(own_shop, tmp_path / "mail.csv", record_contacts=True)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"placement": "nowhere"}, InputError, "no placement 'nowhere'; it has .*email"),
        ({"format": "xml"}, InputError, "allowed are csv, parquet"),
        ({"workers": 0}, InputError, "--workers is 0"),
        ({"chunk": 0}, InputError, "--chunk is 0"),
        ({"limit": -1}, InputError, "--limit is -1"),
        ({"n": 0}, InputError, "-n is 0"),
        ({"store_url": "mysql://x"}, StoreError, "mysql"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(shop, in_process, tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        exported(shop, tmp_path / "mail", **changes)
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_without_a_published_bundle_is_refused(tmp_path):
    with pytest.raises(BundleError, match="recsys publish"):
        exported(tmp_path, tmp_path / "mail")


def test_an_altered_bundle_is_refused(own_shop, tmp_path):
    array = own_shop / "serving" / "b1" / "members.tier.npy"
    array.write_bytes(array.read_bytes()[:-1] + b"\1")
    with pytest.raises(BundleError, match="SHA-256"):
        exported(own_shop, tmp_path / "mail")


def test_a_broken_policy_is_refused(own_shop, tmp_path):
    (own_shop / "policy.yaml").write_text("name: [")
    with pytest.raises(PolicyError):
        exported(own_shop, tmp_path / "mail")
