"""The commands of a policy's life from the command line: who acts, what they answer, and with which exit code."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recsys.cli import app
from tests.serving.service_world import published_workspace

runner = CliRunner()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_workspace(tmp_path_factory.mktemp("cli_policy") / "w")


def run(shop: Path, *words: str, code: int = 0) -> dict[str, Any]:
    done = runner.invoke(app, ["policy", *words, "--workspace", str(shop), "--json"])
    assert done.exit_code == code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_from_the_draft_to_what_is_in_force_and_back(shop: Path) -> None:
    assert run(shop, "status")["in_force"]["state"] == "draft"
    first = run(shop, "submit", "--actor", "Ann")["version"]
    refused = run(shop, "approve", first, "--actor", "ann", code=2)
    assert "needs somebody other than its author 'Ann'" in refused["error"]
    assert run(shop, "approve", first[:8], "--actor", "Bob")["state"] == "live"
    draft = shop / "policy.yaml"
    draft.write_text(draft.read_text().replace("answer_ttl_s: 900", "answer_ttl_s: 60"))
    second = run(shop, "submit", "--actor", "Bob", "--reason", "shorter")["version"]
    scheduled = run(shop, "approve", second, "--actor", "Ann", "--from", "2100-01-01", "--until", "2100-01-08")
    assert (scheduled["state"], scheduled["changes"]["settings"]) == ("scheduled", ["answer_ttl_s"])
    assert run(shop, "activate", second, "--actor", "Cy")["state"] == "live"
    rolled = run(shop, "rollback", "--actor", "Ann", "--reason", "too short")
    assert (rolled["to_version"], rolled["in_force"]["version"]) == (first, first)
    assert run(shop, "retire", second, "--actor", "Ann", "--reason", "not again")["state"] == "retired"
    third = run(shop, "submit", "--actor", "Ann")["version"]
    assert third == second
    assert run(shop, "reject", third, "--actor", "Cy", "--reason", "no")["state"] == "rejected"
    run(shop, "submit", "--actor", "Ann")
    assert run(shop, "withdraw", third, "--actor", "Ann")["state"] == "withdrawn"
    moves = [entry["move"] for entry in run(shop, "log")["entries"]]
    assert moves == [
        "submitted", "approved", "submitted", "approved", "activated", "rolled_back", "retired", "submitted",
        "rejected", "submitted", "withdrawn",
    ]  # fmt: skip
    shown = runner.invoke(app, ["policy", "show", "--workspace", str(shop)])
    assert "answer_ttl_s" not in shown.stdout, "the default is not written out"
    assert run(shop, "show", first[:10])["version"] == first


def test_a_broken_registry_is_the_exit_code_of_the_store(shop: Path) -> None:
    journal = shop / "policies" / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[1:])
    assert "altered at line 1" in run(shop, "log", code=6)["error"]
    journal.write_bytes(whole)


@pytest.mark.parametrize("words", [("reject", "abcdef"), ("retire", "abcdef"), ("rollback",)])
def test_a_reason_must_be_given_where_one_is_needed(shop: Path, words: tuple[str, ...]) -> None:
    done = runner.invoke(app, ["policy", *words, "--workspace", str(shop)])
    assert done.exit_code == 2
    assert "--reason" in done.output
