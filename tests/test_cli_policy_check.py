"""`recsys policy check` from the command line: its exit codes, and that the report is printed whatever it finds."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recsys.cli import app
from recsys.policy.cases.load import FOLDER
from tests.serving.policy_world import policy_text
from tests.serving.service_world import published_workspace
from tests.worlds import NOW

runner = CliRunner()
_UNUSED = "segments: {rich: 'member.points > 9'}\n"
_FAILS = "cases: [{id: mail, member: {consent: []}, context: {placement: email}, expect: {nothing_because: any_rule}}]"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_workspace(tmp_path_factory.mktemp("cli_policy_check") / "w")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(policy_text(), encoding="utf-8")
    return path


def check(*words: object, code: int) -> dict[str, Any]:
    done = runner.invoke(app, ["policy", "check", *map(str, words), "--json"])
    assert done.exit_code == code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_clean_file_leaves_with_0_and_strict_too(file: Path) -> None:
    assert check(file, "--now", NOW, "--strict", code=0)["problems"] == []


def test_warnings_leave_with_0_and_with_2_if_strict(file: Path) -> None:
    file.write_text(policy_text() + _UNUSED, encoding="utf-8")
    lax, strict = check(file, "--now", NOW, code=0), check(file, "--now", NOW, "--strict", code=2)
    assert (lax["ok"], strict["ok"]) == (True, False)
    assert lax["problems"] == strict["problems"]


def test_errors_leave_with_2_and_the_table_says_where_and_what_to_do(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)  # a short name, which no width of the table breaks
    file.write_text(policy_text() + _UNUSED.replace("points", "poinst"), encoding="utf-8")
    assert check(file, "--now", NOW, code=2)["problems"][0]["code"] == "attribute_unknown"
    done = runner.invoke(app, ["policy", "check", file.name], env={"COLUMNS": "400"})
    assert done.exit_code == 2
    line = len(policy_text().splitlines()) + 1
    assert f"mine.yaml:{line}:25" in done.stdout
    assert "did you mean member.points?" in done.stdout
    assert "... (all: --json)" in done.stdout, "the list of all attributes fills no screen"
    assert "does not pass: 1 error, 0 warnings" in done.stdout


def test_a_file_that_cannot_be_read_is_reported_like_any_other(tmp_path: Path) -> None:
    answer = check(tmp_path / "nowhere.yaml", code=2)
    assert (answer["ok"], answer["policy_id"], answer["problems"][0]["line"]) == (False, None, 1)


def test_without_a_file_the_draft_of_the_workspace_is_checked(shop: Path) -> None:
    answer = check("--workspace", shop, "--now", NOW, code=0)
    assert (answer["file"], answer["bundle_id"] is None) == (str(shop / "policy.yaml"), False)
    done = runner.invoke(app, ["policy", "check", "--json"], env={"RECSYS_WORKSPACE": ""})
    assert done.exit_code == 2
    assert "give FILE, or --workspace" in json.loads(done.stdout)["error"]


def test_a_file_of_another_folder_is_asked_the_cases_that_are_given(shop: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "a.yaml").write_text(_FAILS, encoding="utf-8")
    words = (file, "--workspace", shop, "--now", NOW)
    assert check(*words, code=2)["cases"] == {"n": 1, "failed": 1}
    (tmp_path / "none").mkdir()
    answer = check(*words, "--cases", tmp_path / "none", code=0)
    assert "no_cases" in {one["code"] for one in answer["problems"]}


def test_a_bundle_alone_is_looked_at_as_of_its_cut_off(shop: Path, file: Path) -> None:
    bundle = shop / "serving" / (shop / "serving" / "current").read_text().strip()
    answer = check(file, "--bundle", bundle, code=0)
    assert answer["bundle_id"]
    assert answer["now"] < check(file, code=0)["now"]


def test_a_folder_that_is_no_bundle_is_the_exit_code_of_bundles(file: Path, tmp_path: Path) -> None:
    assert check(file, "--bundle", tmp_path, code=3)["code"] == "bundle_error"
