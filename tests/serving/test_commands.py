"""The commands: a served workspace end to end, one decision, and keys."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from recsys.errors import BundleError, InputError, StoreError
from recsys.types import Channel, Consent, Relation
from serving.commands import create_key, decide, opted_out
from serving.scopes import Scope
from serving.settings import ClockChoice, Settings
from serving.store.store import Store
from tests.serving.service_world import publish, published_workspace
from tests.worlds import NOW, small_knowledge

_SERVE = "import sys; from pathlib import Path; from serving.commands import serve; "
_PATIENCE_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(workspace: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`recsys serve` in a process of its own; told to stop in the end."""
    command = f"{_SERVE}serve(Path(sys.argv[1]), host='127.0.0.1', port=int(sys.argv[2]))"
    process = subprocess.Popen(
        [sys.executable, "-c", command, str(workspace), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RECSYS_POLL_S": "0.05", "RECSYS_LOG_FLUSH_S": "3600"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=_PATIENCE_S)


def wait_for(client: httpx2.Client, path: str, wanted: object) -> httpx2.Response:
    """Ask until the answer is as wanted, or the patience ends."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            response = client.get(path)
        except httpx2.TransportError:
            continue
        if wanted(response):  # type: ignore[operator]
            return response
    pytest.fail(f"{path} never became what was wanted")


def test_a_served_workspace_greets_swaps_and_stops_without_losing_a_decision(tmp_path: Path) -> None:
    workspace, port = published_workspace(tmp_path / "w"), free_port()
    with served(workspace, port) as process, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        wait_for(client, "/health/ready", lambda response: response.status_code == 200)
        assert process.stdout is not None
        greeting = "".join(process.stdout.readline() for _ in range(5))
        key = next(word for word in greeting.split() if word.startswith("rk_"))
        assert f"http://127.0.0.1:{port}/docs" in greeting
        client.headers["authorization"] = f"Bearer {key}"

        new = publish(workspace, "second", small_knowledge(seed=9))
        wait_for(client, "/v1/models", lambda response: response.json()["current"]["bundle_id"] == new)
        ids = [
            client.post("/v1/slates", json={"member_id": f"m00{n}", "placement": "home"}).json()["decision_id"]
            for n in range(7)
        ]
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=_PATIENCE_S)
        assert process.returncode in (0, -signal.SIGTERM)
        assert key not in out + err
        assert all(json.loads(line)["event"] for line in err.splitlines())
    store = Store.at(Settings(workspace=workspace).database_url)
    assert all(store.decisions.fetch_answer(one) for one in ids)
    store.close()


def test_a_decision_is_shown_with_its_reasons(workspace: Path) -> None:
    report = decide(workspace, member_id="m000", placement="home", n=4, now=NOW, explain=True)
    slate, _, why_not = report.tables
    assert len(slate.rows) == len(report.facts["items"]) == 4
    assert any(row[:2] == ("product", "out_of_stock") and "p001" in row[3] for row in why_not.rows)
    assert report.notes[0].startswith("personalised answer for home (web) at 2023-11-16")
    assert sum(row[2] for row in why_not.rows) == len(report.facts["candidates"]) - len(slate.rows)


def test_a_decision_is_explained_in_chinese(workspace: Path) -> None:
    report = decide(workspace, member_id="m000", placement="home", n=4, now=NOW, explain=True, language="zh")
    assert ("内置规则", "缺货") in {row[4:] for row in report.tables[-1].rows}
    assert {one["reason"]["text"] for one in report.facts["candidates"] if one["removed_by"] == "out_of_stock"} == {
        "缺货"
    }


def test_a_decision_on_the_command_line_knows_what_the_store_knows(workspace: Path) -> None:
    store = Store.at(Settings(workspace=workspace).database_url)
    store.members.record_contacts([("m000", "d1", None), ("m000", "d2", None)], channel=Channel.EMAIL, now=NOW - 10)
    store.close()
    report = decide(workspace, member_id="m000", placement="email", n=None, now=NOW, explain=False)
    assert report.facts["items"] == []
    assert any(note.startswith("fewer than asked for") for note in report.notes)


def test_without_a_published_bundle_a_decision_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="run `recsys publish`"):
        decide(tmp_path, member_id="m", placement="home", n=1, now=NOW, explain=False)


def test_a_workspace_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        create_key(tmp_path / "nowhere")


def test_a_key_is_made_with_its_scopes(workspace: Path) -> None:
    report = create_key(workspace, name="shop", scopes=(Scope.EVENTS_WRITE,))
    store = Store.at(Settings(workspace=workspace).database_url)
    key_id = str(report.facts["key"]).split("_")[1]
    assert store.keys.fetch_all()[key_id].scopes == {Scope.EVENTS_WRITE}
    store.close()


def test_a_store_that_is_down_makes_no_key(workspace: Path) -> None:
    with pytest.raises(StoreError, match="does not answer"):
        create_key(workspace, store_url="postgresql://me@127.0.0.1:1/x")


def test_who_opted_out_is_known_to_training(workspace: Path) -> None:
    store = Store.at(Settings(workspace=workspace).database_url)
    store.members.set_consent("m001", Consent.EMAIL, now=NOW)
    store.members.set_consent("m002", Consent.PERSONALISATION, now=NOW)
    store.members.erase("m003", now=NOW)
    store.close()
    assert opted_out(workspace, ["m000", "m003", "m001", "m002"]).tolist() == [False, True, True, False]
    assert opted_out(workspace, []).shape == (0,)


def test_where_nothing_was_served_nobody_opted_out_and_no_store_is_made(tmp_path: Path) -> None:
    assert not opted_out(tmp_path, ["m000"]).any()
    assert list(tmp_path.iterdir()) == []


def test_while_the_store_is_down_nobody_can_say_who_opted_out(workspace: Path) -> None:
    with pytest.raises(StoreError, match="does not answer"):
        opted_out(workspace, ["m000"], store_url="postgresql://me@127.0.0.1:1/x")


def test_without_an_instant_a_decision_is_for_the_workspace_clock(workspace: Path) -> None:
    (workspace / "workspace.json").write_text(json.dumps({"ingested_at": int(time.time()), "now": NOW}))
    report = decide(workspace, member_id="m000", placement="home", n=1, now=None, explain=False)
    assert NOW <= report.facts["decided_at"] < NOW + 600


def test_settings_come_from_the_environment_and_are_checked(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_MAX_IN_FLIGHT", "7")
    monkeypatch.setenv("RECSYS_CLOCK", "wall")
    settings = Settings(workspace=workspace)
    assert (settings.max_in_flight, settings.clock) == (7, ClockChoice.WALL)
    monkeypatch.setenv("RECSYS_MAX_IN_FLIGHT", "none")
    with pytest.raises(InputError, match=r"RECSYS_MAX_IN_FLIGHT.*'none'"):
        create_key(workspace)


@pytest.mark.parametrize(
    ("relation", "placement", "about"),
    [(Relation.SIMILAR, "product_page", ("p004",)), (Relation.COMPLETE, "basket", ("p004", "p010"))],
)
def test_a_question_about_products_needs_no_member_and_stands_where_it_belongs(
    workspace: Path, relation: Relation, placement: str, about: tuple[str, ...]
) -> None:
    report = decide(
        workspace, member_id="", placement=None, n=3, now=NOW, explain=False, relation=relation, products=about
    )
    assert (report.facts["placement"], report.facts["product_ids"]) == (placement, list(about))
    assert len(report.facts["items"]) == 3
    assert any(", ".join(about) in note for note in report.notes)
