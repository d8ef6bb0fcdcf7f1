"""`recsys decide` with explain, in Chinese, and with a change: what may be given, and what is refused with a reason."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys.cli import app
from tests.serving.service_world import published_workspace
from tests.worlds import NOW


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_workspace(tmp_path_factory.mktemp("what_if") / "w")


def decide(workspace: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(
        app, ["decide", "-w", str(workspace), "--member", "m001", "--now", str(NOW), *options], env={"COLUMNS": "200"}
    )
    return result.exit_code, result.stdout


def test_explained_in_chinese(workspace: Path) -> None:
    code, text = decide(workspace, "--explain", "--language", "zh")
    assert code == 0
    assert "该优惠不适用于会员当前等级" in text
    assert "GBP" in text


def test_a_change_puts_both_decisions_side_by_side(workspace: Path) -> None:
    options = ["--without-rule", "variety_in_slate", "--without-rule", "max_depth", "--as-tier", "gold"]
    code, text = decide(workspace, *options)
    assert code == 0
    assert "What is shown, and what would be" in text
    assert "Neither decision was made" in text
    code, text = decide(workspace, *options, "--json")
    facts = json.loads(text)
    assert (code, facts["what_if"], set(facts)) == (0, True, {"what_if", "before", "after", "differences", "notes"})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--as-stage", "asleep"], "there is no stage 'asleep'"),
        (["--with-consent", "fax"], "there is no consent 'fax'; there are personalisation, email, push, sms"),
        (["--with-consent", "none"], "there is no consent 'none'"),
        (["--on-birthday", "--as-now", "2024-01-01"], "two different times"),
        (["--without-rule", "varietys_in_slate"], "did you mean 'variety_in_slate'"),
    ],
)
def test_a_change_that_cannot_be_made_is_wrong_input(workspace: Path, options: list[str], said: str) -> None:
    code, text = decide(workspace, *options, "--json")
    assert code == 2
    assert said in json.loads(text)["error"]


@pytest.mark.parametrize(
    "options",
    [
        ["--as-stage", "dormant"],
        ["--on-birthday"],
        ["--as-now", "2023-12-24"],
        ["--without-consent", "personalisation"],
    ],
)
def test_each_change_is_tried(workspace: Path, options: list[str]) -> None:
    code, text = decide(workspace, *options, "--json")
    assert code == 0
    facts = json.loads(text)
    assert facts["differences"]["turned"] or facts["differences"]["value_before_minor"]
