"""`recsys decide --as-case`: marketing makes a case by example, and what no case can say is refused."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from recsys.cli import app
from tests.serving.service_world import published_workspace
from tests.worlds import NOW


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_workspace(tmp_path_factory.mktemp("cases") / "workspace")


def decide(workspace: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["decide", "-w", str(workspace), "--now", str(NOW), *options])
    return result.exit_code, result.stdout


def test_what_is_printed_is_a_file_of_cases(workspace: Path) -> None:
    code, text = decide(workspace, "--member", "m001", "--as-tier", "gold", "--as-case", "gold_home")
    assert code == 0
    (case,) = yaml.safe_load(text)["cases"]
    assert (case["id"], case["member"]) == ("gold_home", {"id": "m001", "tier": "gold"})
    assert case["expect"]["offers_removed"]["o001"] == "offer_not_valid"


def test_a_consent_is_what_the_member_agrees_to_in_the_case(workspace: Path) -> None:
    code, text = decide(
        workspace, "--member", "m001", "--placement", "email", "--without-consent", "email", "--as-case", "x", "--json"
    )
    (case,) = yaml.safe_load(json.loads(text)["yaml"])["cases"]
    assert code == 0
    assert case["member"]["consent"] == ["personalisation", "push", "sms"]
    assert case["expect"] == {"nothing_because": "channel_consent_missing"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--member", "m001", "--as-case", "x", "--without-rule", "max_depth"), "a case is about the whole policy"),
        (("--member", "m001", "--as-case", "x", "--n", "3"), "a case asks for a whole slate"),
        (("--as-case", "x", "--similar-to", "p004"), "not about products"),
        (("--member", "m001", "--as-case", "Not An Id"), "cannot be that of a case"),
    ],
)
def test_what_no_case_can_say_is_refused(workspace: Path, options: tuple[str, ...], words: str) -> None:
    code, text = decide(workspace, "--json", *options)
    assert code == 2
    assert words in text
