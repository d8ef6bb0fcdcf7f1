"""`recsys profile`: one question at a time, exit codes, JSON, and whom the store says to leave out."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from features.workspace import Workspace
from recsys.cli import app
from recsys.types import Consent
from serving.settings import Settings
from serving.store.store import Store
from tests.experiments.profile_world import HARDER, PROGRAMME, open_workspace
from tests.features.small_workspace import NOW


@pytest.fixture
def club(tmp_path: Path) -> Path:
    return open_workspace(tmp_path)


def ask(workspace: Path, *options: str) -> tuple[int, dict[str, Any]]:
    shown = CliRunner().invoke(app, ["profile", "--workspace", str(workspace), "--json", *options])
    assert shown.stdout.count("\n") == 1
    return shown.exit_code, json.loads(shown.stdout)


def tell(workspace: Path, member_id: str, *, erase: bool) -> None:
    """What the service takes down when a member withdraws or asks to be forgotten."""
    store = Store.at(Settings(workspace=workspace).database_url)
    try:
        store.database.migrate()
        if erase:
            store.members.erase(member_id, now=NOW)
        else:
            said = Consent.PERSONALISATION
            store.members.set_consent(member_id, Consent.NONE, said=said, before=Consent.NONE, now=NOW)
    finally:
        store.close()


def test_all_members_in_tables_and_as_json(club: Path) -> None:
    code, facts = ask(club)
    assert (code, facts["n_members"], facts["tiers"]["by_rules"]) == (0, 4, True)
    shown = CliRunner().invoke(app, ["profile", "-w", str(club)])
    assert shown.exit_code == 0
    assert "Members by tier, by the programme's rules" in shown.stdout
    assert "count and sum" in shown.stderr
    assert "count and sum" not in shown.stdout


def test_one_member_another_programme_and_a_first_programme(club: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(HARDER)
    assert ask(club, "--member", "m1")[1]["groups"]["tier"]["tier_by_rules"]["value"] == "gold"
    assert ask(club, "--instead", str(other))[1]["moves"] == [[2, 0], [1, 1]]
    (club / "programme.yaml").unlink()
    assert ask(club, "--write-programme")[1]["path"] == str(club / "programme.yaml")
    code, refused = ask(club, "--write-programme")
    assert (code, refused["code"]) == (2, "input_error")


@pytest.mark.parametrize("erase", [False, True], ids=["withdrawn", "erased"])
def test_who_left_since_the_ingest_is_left_out_of_everything(club: Path, tmp_path: Path, erase: bool) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(HARDER)
    tell(club, "m1", erase=erase)
    facts = ask(club)[1]
    assert (facts["n_members"], facts["n_left_out"]) == (3, 1)
    assert ask(club, "--instead", str(other))[1]["moves"] == [[2, 0], [1, 0]]
    assert ask(club, "--member", "m1")[0] == 2


def test_nothing_is_said_of_who_may_not_be_shown(club: Path) -> None:
    code, refused = ask(club, "--member", "m4")
    assert code == 2
    assert set(refused) == {"error", "code", "exit"}
    assert refused["error"].replace("m4", "zz") == ask(club, "--member", "zz")[1]["error"]


@pytest.mark.parametrize(
    "options",
    [
        ("--member", "m1", "--instead", "a.yaml"),
        ("--write-programme", "--member", "m1"),
        ("--member", "m1", "--out", "a.parquet"),
        ("--instead", "a.yaml", "--report", "a.html"),
    ],
    ids=" ".join,
)
def test_two_questions_at_once_are_refused(club: Path, options: tuple[str, ...]) -> None:
    code, refused = ask(club, *options)
    assert code == 2
    assert "one at a time" in refused["error"]


def broken(folder: Path, case: str) -> Path:
    workspace = folder / "nowhere" if case == "no workspace" else open_workspace(folder)
    match case:
        case "an old format":
            path = workspace / "workspace.json"
            path.write_text(path.read_text().replace('"format": 2', '"format": 1'))
        case "a broken programme":
            (workspace / "programme.yaml").write_text(PROGRAMME.replace("spend_minor: 1000", "spend_minor: much"))
        case "a tier that the workspace lacks":
            (workspace / "programme.yaml").write_text(PROGRAMME.replace("gold", "platinum"))
        case "a currency that is none":
            (workspace / "programme.yaml").write_text(PROGRAMME.replace("GBP", "XYZ"))
        case "tables that are gone":
            for file in (workspace / "tables" / "members").iterdir():
                file.unlink()
    return workspace


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("no workspace", "is not a workspace"),
        ("an old format", "has format 1, this version reads 2"),
        ("a broken programme", "spend_minor"),
        ("a tier that the workspace lacks", "has the tier 'platinum'"),
        ("a currency that is none", "'XYZ' is no currency"),
        ("tables that are gone", "no files of the table 'members'"),
    ],
)
def test_what_is_wrong_is_said_with_the_code_of_wrong_input(tmp_path: Path, case: str, message: str) -> None:
    code, refused = ask(broken(tmp_path, case))
    assert (code, refused["exit"]) == (2, 2)
    assert message in refused["error"]


def test_an_instant_that_nobody_has_seen_is_refused(club: Path) -> None:
    code, refused = ask(club, "--as-of", "2024-04-11")
    assert code == 2
    assert "up to" in refused["error"]
    assert ask(club, "--as-of", "2024-02-20")[1]["n_members"] == 3


def test_a_training_configuration_that_is_wrong_is_refused(club: Path, tmp_path: Path) -> None:
    config = tmp_path / "train.yaml"
    config.write_text("profile: {rfm: {windows: 3}}\n")
    code, refused = ask(club, "--config", str(config))
    assert code == 2
    assert "profile.rfm.windows" in refused["error"]


def test_wrong_input_is_refused_before_libraries_are_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "experiments.profile_commands", None)
    assert ask(tmp_path / "nowhere")[0] == 2


def test_the_workspace_stays_as_it_is(club: Path) -> None:
    before = sorted(path.relative_to(club) for path in club.rglob("*"))
    ask(club)
    ask(club, "--member", "m1")
    assert sorted(path.relative_to(club) for path in club.rglob("*")) == before
    assert Workspace.open(club).now == NOW
